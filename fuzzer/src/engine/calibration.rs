//! Running a new testcase a few more times: how long it takes, and whether it
//! covers the same each time.

use super::{
    State, error::FuzzError, executor::ForkServerExecutor, frequency::Frequencies, judge::Engine,
    queue::Measured, trace::Trace,
};
use crate::report::name::{Operation, Origin};
use libafl::{corpus::CorpusId, state::HasExecutions};
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// So many runs.
const RUNS: u32 = 7;

/// So many where `AFL_FAST_CAL` is set, or [`RUNS`] when it does not cover the same each
/// time.
const FAST_RUNS: u32 = 3;

/// So many when it does not cover the same each time.
const RUNS_IF_VARIABLE: u32 = 12;

/// The edges whose counts differed between runs of one testcase.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VariableEdges {
    masks: Vec<u8>,
    count: u64,
}

impl VariableEdges {
    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Which of eight edges vary.
    #[must_use]
    pub fn mask(&self, word: usize) -> u8 {
        self.masks.get(word).copied().unwrap_or_default()
    }

    /// Adds those in which two runs differ, and hands them out. Returns whether they do.
    pub(super) fn add(
        &mut self,
        first: &Trace,
        other: &Trace,
        mut found: impl FnMut(usize, u8),
    ) -> bool {
        let mut differ = false;
        first.differences(other, |word, mask| {
            differ = true;
            found(word, mask);
            if word >= self.masks.len() {
                self.masks.resize(word + 1, 0);
            }
            self.count += u64::from((mask & !self.masks[word]).count_ones());
            self.masks[word] |= mask;
        });
        differ
    }
}

impl Engine {
    /// How many runs a testcase gets, and how many when it does not cover the same each
    /// time.
    const fn calibration_runs(&self, origin: &Origin<'_>) -> (u32, u32) {
        let wishes = &self.limits.wishes;
        // A testcase that was imported is its own source.
        if wishes.seeds_run_once && matches!(origin.operation, Operation::Calibration) {
            (1, 1)
        } else if wishes.fast_calibration {
            (FAST_RUNS, RUNS)
        } else {
            (RUNS, RUNS_IF_VARIABLE)
        }
    }

    /// Measures the testcase that was just added. The executor has its first
    /// run still.
    pub(super) fn calibrate(
        &mut self,
        state: &mut State,
        executor: &mut ForkServerExecutor,
        id: CorpusId,
        input: &[u8],
        origin: &Origin<'_>,
        limit: Duration,
    ) -> Result<(), FuzzError> {
        let began = Instant::now();
        let first = executor.trace().clone();
        let mut variable = false;
        let mut spent = Duration::ZERO;
        let mut done = 0;
        let runs = self.calibration_runs(origin);
        while done < if variable { runs.1 } else { runs.0 } {
            if self.control.signal().is_some() {
                break;
            }
            let start = Instant::now();
            let outcome = match executor.run_within(input, limit) {
                Ok(outcome) => outcome,
                Err(error) => {
                    self.lost(state, error, input, Some(origin))?;
                    variable = true;
                    break;
                }
            };
            // What a fresh child does once is no part of what the testcase takes.
            spent += start.elapsed().saturating_sub(executor.set_up_time());
            done += 1;
            *state.executions_mut() += 1;
            let (map, trace) = executor.coverage();
            let is_new = self.virgin.take(map, trace);
            if outcome.is_crash() && !self.limits.explore_crashes {
                // It did not crash before: a matter of chance.
                self.crashed(state, executor, input, origin, outcome)?;
                variable = true;
                break;
            }
            if outcome.is_timeout() {
                self.counters.total_timeouts += 1;
                break;
            }
            if is_new {
                self.virgin.learn(executor.trace());
            }
            // As afl-fuzz does: otherwise each run would show something new in them.
            let virgin = &mut self.virgin;
            let ignore = |word, mask| virgin.ignore(word, mask);
            variable |= self.variable.add(&first, executor.trace(), ignore);
        }
        let time = if done > 0 { spent / done } else { limit };
        self.counters.slowest = self.counters.slowest.max(time);
        self.counters.calibration += began.elapsed();
        let exec_us = time.as_micros() as u64;
        let asks = self.queue.schedule.counts_traces();
        self.queue.measured(
            id,
            Measured {
                exec_us,
                footprint: first.footprint(),
                variable,
                slot: asks.then(|| Frequencies::slot(&first)),
            },
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::VariableEdges;
    use crate::engine::trace::Trace;

    #[test]
    fn each_variable_edge_counts_once() {
        let trace = |counts: [u8; 8]| {
            let mut trace = Trace::default();
            trace.push(5, u64::from_ne_bytes(counts));
            trace
        };
        let first = trace([1, 0, 4, 0, 0, 0, 0, 9]);
        let mut edges = VariableEdges::default();
        let mut found = Vec::new();
        let mut add =
            |other| edges.add(&first, &trace(other), |word, mask| found.push((word, mask)));
        assert!(!add([1, 0, 7, 0, 0, 0, 0, 9]), "same buckets");
        assert!(add([1, 1, 8, 0, 0, 0, 0, 9]));
        assert!(add([1, 1, 4, 0, 0, 0, 0, 0]));
        assert_eq!(edges.count(), 3);
        assert_eq!(found, [(5, 0b110), (5, 0b1000_0010)]);
    }
}
