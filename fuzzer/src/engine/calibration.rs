//! Running a new testcase a few more times: how long it takes, and whether it
//! covers the same each time.

use super::{
    State, error::FuzzError, executor::ForkServerExecutor, judge::Engine, queue::Measured,
    trace::Trace,
};
use crate::report::name::Origin;
use libafl::{corpus::CorpusId, state::HasExecutions};
use std::time::{Duration, Instant};

/// So many runs.
const RUNS: u32 = 7;

/// So many when it does not cover the same each time.
const RUNS_IF_VARIABLE: u32 = 12;

/// The edges whose counts differed between runs of one testcase.
#[derive(Debug, Clone, Default)]
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

    /// Those in a word of the map, as a mask.
    #[must_use]
    pub fn mask(&self, word: usize) -> u8 {
        self.masks.get(word).copied().unwrap_or_default()
    }

    /// Adds those in which two runs differ. Returns whether they do.
    fn add(&mut self, first: &Trace, other: &Trace) -> bool {
        let mut differ = false;
        first.differences(other, |word, mask| {
            differ = true;
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
    /// Measures the testcase that was just added. The executor has its first
    /// run still.
    pub(super) fn calibrate(
        &mut self,
        state: &mut State,
        executor: &mut ForkServerExecutor,
        id: CorpusId,
        input: &[u8],
        origin: &Origin,
        limit: Duration,
    ) -> Result<(), FuzzError> {
        let began = Instant::now();
        let first = executor.trace().clone();
        let mut variable = false;
        let mut spent = Duration::ZERO;
        let mut done = 0;
        while done < if variable { RUNS_IF_VARIABLE } else { RUNS } {
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
            spent += start.elapsed();
            done += 1;
            *state.executions_mut() += 1;
            let (map, trace) = executor.coverage();
            let is_new = self.virgin.take(map, trace);
            if outcome.is_crash() {
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
            variable |= self.variable.add(&first, executor.trace());
        }
        let time = if done > 0 { spent / done } else { limit };
        self.counters.slowest = self.counters.slowest.max(time);
        self.counters.calibration += began.elapsed();
        let exec_us = time.as_micros() as u64;
        self.queue.measured(
            id,
            Measured {
                exec_us,
                footprint: first.footprint(),
                variable,
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
        assert!(
            !edges.add(&first, &trace([1, 0, 7, 0, 0, 0, 0, 9])),
            "same buckets"
        );
        assert!(edges.add(&first, &trace([1, 1, 8, 0, 0, 0, 0, 9])));
        assert!(edges.add(&first, &trace([1, 1, 4, 0, 0, 0, 0, 0])));
        assert_eq!(edges.count(), 3);
    }
}
