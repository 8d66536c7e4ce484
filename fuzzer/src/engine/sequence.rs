//! Crashes and hangs of persistent targets that an input does not cause alone:
//! which of the inputs before it in the same child it takes.

use super::{State, error::FuzzError, executor::ForkServerExecutor, judge::Engine};
use libafl::state::HasExecutions;
use std::time::{Duration, Instant};
use tine_controller::Outcome;

/// How long it is tried to find out. The fuzzer has better things to do.
const PATIENCE: Duration = Duration::from_secs(1);

/// What it takes for a fault to show.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// The input alone.
    Input,
    /// These inputs, one after another in one child; the last one is the input.
    Sequence(Vec<Vec<u8>>),
    /// Nobody knows. These were run before it, and it is the last one.
    Unknown(Vec<Vec<u8>>),
}

impl Engine {
    /// Finds out what the fault of the last of `inputs` takes, by running first that
    /// one in a fresh child, then twice as many of the last ones each time. `alone`
    /// says that the first of these was done, in vain.
    pub(super) fn needs(
        &mut self,
        state: &mut State,
        executor: &mut ForkServerExecutor,
        mut inputs: Vec<Vec<u8>>,
        alone: bool,
        limit: Duration,
        is_fault: fn(&Outcome) -> bool,
    ) -> Result<Needs, FuzzError> {
        // Nothing is remembered.
        if inputs.is_empty() || (alone && inputs.len() == 1) {
            return Ok(Needs::Input);
        }
        let end = Instant::now() + PATIENCE;
        let mut count = if alone { 2 } else { 1 };
        loop {
            let first = inputs.len() - count;
            if self.replay(state, executor, &inputs[first..], limit, end, is_fault)? {
                return Ok(if count == 1 {
                    Needs::Input
                } else {
                    Needs::Sequence(inputs.split_off(first))
                });
            }
            if inputs.len() == 1 {
                // The first one of its child, and a matter of chance. It was run all the
                // same: how many runs a session takes is no matter of when children end.
                return Ok(Needs::Input);
            }
            let is_over = Instant::now() >= end || self.control.signal().is_some();
            if count == inputs.len() || is_over {
                return Ok(Needs::Unknown(inputs));
            }
            count = (count * 2).min(inputs.len());
        }
    }

    /// Runs these inputs in one fresh child. Whether the last one is a fault.
    fn replay(
        &mut self,
        state: &mut State,
        executor: &mut ForkServerExecutor,
        inputs: &[Vec<u8>],
        limit: Duration,
        end: Instant,
        is_fault: fn(&Outcome) -> bool,
    ) -> Result<bool, FuzzError> {
        executor.discard_child();
        let mut outcome = Outcome::LoopDone;
        for input in inputs {
            // The child is gone: what follows would be run by another one.
            if outcome != Outcome::LoopDone || Instant::now() >= end {
                return Ok(false);
            }
            outcome = match executor.run_within(input, limit) {
                Ok(outcome) => outcome,
                Err(error) => {
                    self.lost(state, error, input, None)?;
                    return Ok(false);
                }
            };
            *state.executions_mut() += 1;
            // The counters must not be there in the next run.
            let (map, trace) = executor.coverage();
            self.virgin.take(map, trace);
        }
        Ok(is_fault(&outcome) && !self.control.broke_off(outcome))
    }
}
