//! Testcases whose files are deleted or changed while the session runs.

use super::{
    State,
    corpus::{Flaw, FlawKind},
    error::FuzzError,
    judge::Engine,
};
use crate::report::counted;
use libafl::{
    corpus::{Corpus, CorpusId},
    state::HasCorpus,
};

/// So many sentences about single testcases; then they are told of ever more seldom.
const MOST_SENTENCES: u64 = 10;

impl Engine {
    /// Brings a testcase's input into memory. Returns whether there is one.
    pub(super) fn is_at_hand(
        &mut self,
        state: &mut State,
        id: CorpusId,
    ) -> Result<bool, FuzzError> {
        state.corpus().get(id)?;
        self.see_flaws(state);
        Ok(!self.queue.entry(id).dropped)
    }

    /// Tells of files that are not as they were, and goes on without those that are
    /// gone.
    pub(super) fn see_flaws(&mut self, state: &mut State) {
        for Flaw { id, path, kind } in state.corpus_mut().take_flaws() {
            let path = path.display();
            match kind {
                FlawKind::Changed(len) => {
                    self.queue.shortened(id, len);
                    self.progress.changed += 1;
                    let changed = self.progress.changed;
                    if changed <= MOST_SENTENCES {
                        self.progress.note(format_args!(
                            "{path} was changed by somebody: it goes on as it is now, with {}",
                            counted(len as u64, "byte")
                        ));
                    } else if changed.is_power_of_two() {
                        let count = counted(changed, "testcase");
                        self.progress
                            .note(format_args!("{count} changed by somebody so far"));
                    }
                }
                FlawKind::Gone(error) => {
                    if !self.queue.drop_entry(id) {
                        continue;
                    }
                    self.progress.dropped += 1;
                    let dropped = self.progress.dropped;
                    if dropped <= MOST_SENTENCES {
                        self.progress.note(format_args!(
                            "{path} is not a testcase any more, and is left out from now on: \
                             {error}"
                        ));
                    } else if dropped.is_power_of_two() {
                        let count = counted(dropped, "testcase");
                        self.progress.note(format_args!(
                            "{count} left out so far for reasons like this"
                        ));
                    }
                }
            }
        }
    }
}
