//! What is counted and shown.

use crate::{
    engine::{clock::Clock, counters::Counters, events::Event, progress::Progress},
    report::{name::Moment, stats::Earlier},
};
use std::fmt;

/// What is counted and shown.
#[derive(Debug)]
pub struct Tally {
    /// Number of runs, those of earlier parts of the session included.
    pub runs: u64,
    /// Everything else that is counted.
    pub counters: Counters,
    /// The clock, and who is told.
    pub progress: Progress,
}

impl Tally {
    /// Continues an earlier part of the session.
    #[must_use]
    pub fn new(progress: Progress, earlier: &Earlier) -> Self {
        Self {
            runs: earlier.runs,
            counters: Counters {
                total_timeouts: earlier.total_timeouts,
                total_crashes: earlier.total_crashes,
                cycles_before: earlier.cycles_done,
                last_find: earlier.last_find,
                last_crash: earlier.last_crash,
                last_hang: earlier.last_hang,
                runs_at_last_crash: earlier.runs,
                passed_over: earlier.lost_inputs,
                restarts_before: earlier.restarts,
                ..Counters::default()
            },
            progress,
        }
    }

    /// Says a sentence.
    pub fn note(&mut self, sentence: fmt::Arguments<'_>) {
        self.progress.note(sentence);
    }

    /// Tells those who want to know.
    pub fn emit(&mut self, event: &Event<'_>) {
        self.progress.events.emit(event);
    }

    /// Now.
    #[must_use]
    pub fn moment(&self) -> Moment {
        Moment {
            milliseconds: self.progress.clock.run_time().as_millis() as u64,
            runs: self.runs,
        }
    }

    /// Notes a new testcase.
    pub fn found(&mut self) {
        let gap = self.progress.clock.note_find();
        self.counters.found_at(Clock::now(), gap);
    }

    /// Notes a crash that was saved after this many runs.
    pub fn crashed(&mut self, runs: u64) {
        self.counters.saved_crashes += 1;
        self.counters.last_crash = Clock::now();
        self.counters.runs_at_last_crash = runs;
    }

    /// Notes a hang that was saved.
    pub fn hung(&mut self) {
        self.counters.saved_hangs += 1;
        self.counters.last_hang = Clock::now();
    }
}
