//! Inputs with an unseen trace go to the binaries with sanitizers.

use super::{
    Session, Submission,
    finds::{Kind, signal},
};
use crate::engine::error::FuzzError;
use std::fmt;

impl Session {
    /// Whether the sanitizers are to run the input of the last run.
    #[inline]
    pub(super) fn wants_sanitizer(&mut self, is_new: bool) -> bool {
        match &mut self.sanitized {
            Some(sanitized) => sanitized.wants(self.target.trace(), is_new),
            None => false,
        }
    }

    /// Runs an input, which the plain binary has run without a fault, with the
    /// sanitizers. The target has that run still.
    ///
    /// # Errors
    /// When a find cannot be written.
    #[cold]
    pub(super) fn sanitize(&mut self, submission: &Submission<'_>) -> Result<(), FuzzError> {
        let Some(sanitized) = &mut self.sanitized else {
            return Ok(());
        };
        let tally = &mut self.tally;
        let note = |sentence: fmt::Arguments<'_>| tally.note(sentence);
        let crash = sanitized.run(submission.sent, &self.stop.control, note);
        let Some((binary, outcome)) = crash else {
            return Ok(());
        };
        self.tally.counters.total_crashes += 1;
        if !sanitized.learn(self.target.trace()) {
            return Ok(());
        }
        let signal = signal(outcome);
        let kind = Kind::SanitizerCrash { signal, binary };
        self.crashed_sanitizer(submission, kind, outcome)
    }
}
