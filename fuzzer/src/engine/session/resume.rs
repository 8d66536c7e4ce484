//! What an earlier session learned of its queue is taken over, and what this one learns
//! is written for the next.

use super::Session;
use crate::{
    engine::{
        corpus::CorpusId,
        state_file::{self, Identity, Known, Saved, SavedEntry, Unusable},
    },
    report::{folder::STATE_FILE, store::StoreError},
};
use std::{
    borrow::Cow,
    fs,
    time::{Duration, Instant},
};
use xxhash_rust::xxh3::xxh3_64;

/// A calibration that took this long is kept as soon as it is over.
const PRECIOUS: Duration = Duration::from_secs(2);

impl Session {
    /// Takes over what an earlier session learned, as far as it is about this target.
    /// Says why not, if not.
    pub(super) fn recall_state(&mut self) -> Known {
        let Some(identity) = self.state_file.identity else {
            return Known::default();
        };
        let path = self.finds.folder.path().join(STATE_FILE);
        let saved = match state_file::read(&path, &identity) {
            Ok(saved) => saved,
            // As afl-fuzz leaves a folder.
            Err(Unusable::Missing) => return Known::default(),
            Err(reason) => {
                self.tally.note(format_args!(
                    "all testcases are calibrated afresh, because {} is of no use: {reason}",
                    path.display()
                ));
                return Known::default();
            }
        };
        self.tally.counters.recall(&saved.counters);
        let (maps, known) = saved.into_parts();
        self.coverage.restore(maps);
        known
    }

    /// Puts a testcase into the corpus with what is known of it. Returns its depth;
    /// `None` if nothing is known.
    pub(super) fn restore(&mut self, known: &mut Known, name: &str) -> Option<u32> {
        if known.is_empty() {
            return None;
        }
        let file = fs::metadata(self.finds.folder.queue().join(name)).ok()?;
        let SavedEntry {
            name: hash,
            common,
            entry,
        } = known.take(name, file.len())?;
        let mut entry = entry.into_owned();
        if self.corpus.queue.schedule().counts_traces() && !known.counts_traces {
            // Its path is not known without a run. Nobody else is likely to be there.
            entry.slot = hash as u32;
        }
        let depth = entry.depth;
        self.corpus.restore(name.to_owned(), entry, common);
        Some(depth)
    }

    /// Writes the state file if it is time to.
    pub(super) fn save_state_if_due(&mut self) {
        if self.state_file.is_due() {
            self.save_state();
        }
    }

    /// Writes the state file soon if it was much work to learn what is in it.
    pub fn save_what_is_precious(&mut self) {
        if self.tally.progress.clock.this_part() >= PRECIOUS {
            self.save_state();
        }
    }

    /// Writes the state file. Without it no find is lost: it is told of when that
    /// cannot be done, and the session goes on.
    pub fn save_state(&mut self) {
        let Some(identity) = self.state_file.identity else {
            return;
        };
        let began = Instant::now();
        if let Err(error) = self.try_to_save_state(identity) {
            self.tally.note(format_args!(
                "the next session will calibrate more testcases: {error}"
            ));
        }
        self.state_file.sync(self.finds.folder.queue());
        self.state_file.written(began.elapsed());
    }

    /// Waits until the last finds are on the disk, too: for the end of a session.
    pub fn finish_syncing(&mut self) {
        let folder = self.finds.folder.queue();
        self.state_file.finish(&folder);
    }

    fn try_to_save_state(&self, identity: Identity) -> Result<(), StoreError> {
        let queue = &self.corpus.queue;
        let frequencies = queue.frequencies();
        let entries = queue.entries().iter().enumerate();
        let entries = entries.map(|(index, entry)| SavedEntry {
            name: xxh3_64(self.corpus.inputs.name(CorpusId::new(index)).as_bytes()),
            common: frequencies.map_or(1, |all| all.get(entry.slot)),
            entry: Cow::Borrowed(entry),
        });
        let saved = Saved {
            identity,
            maps: self.coverage.maps(),
            counters: self.tally.counters,
            next: self.finds.next,
            cycles_without_finds: queue.cycles_without_finds(),
            counts_traces: queue.schedule().counts_traces(),
            entries: entries.collect(),
        };
        state_file::write(self.finds.folder.path(), &saved)
    }
}
