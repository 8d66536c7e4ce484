//! Running a new testcase a few more times: how long it takes, and whether it
//! covers the same each time.

use super::{Session, Submission};
use crate::{
    engine::{
        corpus::{CorpusId, Frequencies, Measured},
        error::FuzzError,
    },
    report::name::Operation,
};
use std::time::{Duration, Instant};

/// Number of runs.
const RUNS: u32 = 7;

/// Number of runs where `AFL_FAST_CAL` is set, or [`RUNS`] when it does not cover the same
/// each time.
const FAST_RUNS: u32 = 3;

/// Number of runs when it does not cover the same each time.
const RUNS_IF_VARIABLE: u32 = 12;

impl Session {
    /// How many runs a testcase gets, and how many when it does not cover the same each
    /// time.
    const fn calibration_runs(&self, operation: Operation<'_>) -> (u32, u32) {
        let wishes = &self.stop.limits.wishes;
        if wishes.seeds_run_once && matches!(operation, Operation::Calibration) {
            (1, 1)
        } else if wishes.fast_calibration {
            (FAST_RUNS, RUNS)
        } else {
            (RUNS, RUNS_IF_VARIABLE)
        }
    }

    /// Measures the testcase that was just added. The target has its first run still.
    ///
    /// # Errors
    /// When the target cannot be run any more, or a find cannot be written.
    pub(super) fn calibrate(
        &mut self,
        id: CorpusId,
        submission: &Submission<'_>,
        limit: Duration,
    ) -> Result<(), FuzzError> {
        let began = Instant::now();
        let first = self.target.trace().clone();
        let mut variable = false;
        let mut spent = Duration::ZERO;
        let mut done = 0;
        let runs = self.calibration_runs(submission.origin.operation);
        while done < if variable { runs.1 } else { runs.0 } {
            if self.stop.control.signal().is_some() {
                break;
            }
            let start = Instant::now();
            let outcome = match self.run(submission.sent, submission.is_processed, limit) {
                Ok(outcome) => outcome,
                Err(error) => {
                    self.lost(error, submission)?;
                    variable = true;
                    break;
                }
            };
            // What a fresh child does once is no part of what the testcase takes.
            spent += start.elapsed().saturating_sub(self.target.set_up_time());
            done += 1;
            self.tally.runs += 1;
            let is_new = self.target.take(&self.coverage);
            if outcome.is_crash() && !self.stop.limits.explore_crashes {
                // It did not crash before: a matter of chance.
                self.crashed(submission, outcome)?;
                variable = true;
                break;
            }
            if outcome.is_timeout() {
                self.tally.counters.total_timeouts += 1;
                break;
            }
            if is_new {
                self.coverage.learn(self.target.trace());
            }
            variable |= self.coverage.compare(&first, self.target.trace());
        }
        let time = if done > 0 { spent / done } else { limit };
        let counters = &mut self.tally.counters;
        counters.slowest = counters.slowest.max(time);
        counters.calibration += began.elapsed();
        let counts_traces = self.corpus.queue.schedule().counts_traces();
        self.corpus.queue.measured(
            id,
            Measured {
                exec_us: time.as_micros() as u64,
                footprint: first.footprint(),
                variable,
                slot: counts_traces.then(|| Frequencies::slot(&first)),
            },
        );
        Ok(())
    }
}
