//! Crashes and hangs of persistent targets that an input does not cause alone:
//! which of the inputs before it in the same child it takes.

use super::{Session, finds::Needs};
use crate::engine::error::FuzzError;
use std::time::{Duration, Instant};
use tine_controller::Outcome;

/// How long it is tried to find out. The fuzzer has better things to do.
const PATIENCE: Duration = Duration::from_secs(1);

impl Session {
    /// Finds out what the fault of the last of `inputs` takes, by running first that
    /// one in a fresh child, then twice as many of the last ones each time. `alone`
    /// says that the first of these was done, in vain.
    ///
    /// # Errors
    /// When the target cannot be run any more.
    pub(super) fn needs(
        &mut self,
        mut inputs: Vec<Vec<u8>>,
        is_processed: bool,
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
            let outcome = self.replay(&inputs[first..], is_processed, limit, Some(end))?;
            if outcome.is_some_and(|outcome| is_fault(&outcome)) {
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
            let is_over = Instant::now() >= end || self.stop.control.signal().is_some();
            if count == inputs.len() || is_over {
                return Ok(Needs::Unknown(inputs));
            }
            count = (count * 2).min(inputs.len());
        }
    }

    /// Runs these inputs in one fresh child. Returns how the last one ended; `None` if
    /// that child, or the time until `end`, was over before.
    ///
    /// # Errors
    /// When the target cannot be run any more.
    pub(super) fn replay(
        &mut self,
        inputs: &[Vec<u8>],
        is_processed: bool,
        limit: Duration,
        end: Option<Instant>,
    ) -> Result<Option<Outcome>, FuzzError> {
        self.target.discard_child();
        let mut last = None;
        for input in inputs {
            let is_late = end.is_some_and(|end| Instant::now() >= end);
            // What follows would be run by another child.
            let is_gone = last.is_some_and(|outcome| outcome != Outcome::LoopDone);
            if is_late || is_gone {
                return Ok(None);
            }
            match self.run(input, is_processed, limit) {
                Ok(outcome) => last = Some(outcome),
                Err(error) => {
                    self.count_loss(error)?;
                    return Ok(None);
                }
            }
            self.tally.runs += 1;
            // The counters must not be there in the next run.
            self.target.take(&self.coverage);
        }
        Ok(last.filter(|outcome| !self.stop.control.broke_off(*outcome)))
    }
}
