//! Testcases whose files are deleted or changed while the session runs.

use super::Session;
use crate::{
    engine::corpus::{CorpusId, InputProblem, Problem},
    report::counted,
};

/// Number of sentences about single testcases; then they are told of with exponential
/// back-off.
const MOST_SENTENCES: u64 = 10;

impl Session {
    /// Brings a testcase's input into memory. Returns whether there is one.
    pub fn is_at_hand(&mut self, id: CorpusId) -> bool {
        self.corpus.inputs.get(id);
        self.see_problems();
        !self.corpus.queue.entry(id).dropped
    }

    /// Tells of files that are not as they were, and goes on without those that are
    /// gone.
    pub fn see_problems(&mut self) {
        for InputProblem { id, path, problem } in self.corpus.inputs.take_problems() {
            let path = path.display();
            let (queue, progress) = (&mut self.corpus.queue, &mut self.tally.progress);
            match problem {
                Problem::Changed(len) => {
                    queue.shortened(id, len);
                    progress.changed += 1;
                    let changed = progress.changed;
                    if changed <= MOST_SENTENCES {
                        progress.note(format_args!(
                            "{path} was changed by somebody: it goes on as it is now, with {}",
                            counted(len as u64, "byte")
                        ));
                    } else if changed.is_power_of_two() {
                        let count = counted(changed, "testcase");
                        progress.note(format_args!("{count} changed by somebody so far"));
                    }
                }
                Problem::Gone(error) => {
                    if !queue.drop_entry(id) {
                        continue;
                    }
                    progress.dropped += 1;
                    let dropped = progress.dropped;
                    if dropped <= MOST_SENTENCES {
                        progress.note(format_args!(
                            "{path} is not a testcase any more, and is left out from now on: \
                             {error}"
                        ));
                    } else if dropped.is_power_of_two() {
                        let count = counted(dropped, "testcase");
                        progress.note(format_args!(
                            "{count} left out so far for reasons like this"
                        ));
                    }
                }
            }
        }
    }
}
