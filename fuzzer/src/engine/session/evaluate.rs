//! One run and what follows from it.

use super::{Evaluated, Session, Submission, finds::Kind};
use crate::{
    engine::{
        corpus::CorpusId,
        coverage::{Novelty, Verdict},
        error::FuzzError,
        events::Event,
    },
    report::{counted, name::Origin},
};
use std::time::Duration;
use tine_controller::{Outcome, RunError};

/// This many inputs in a row may kill the fork server.
const MOST_LOST: u32 = 10;

/// No more inputs that kill the fork server are saved than this.
const MOST_KEPT: u32 = 64;

impl Session {
    /// Runs an input, and keeps it if it is new.
    ///
    /// # Errors
    /// When the target cannot be run any more, or a find cannot be written.
    #[inline]
    pub fn evaluate(&mut self, submission: &Submission<'_>) -> Result<Evaluated, FuzzError> {
        if self.mutation.custom.is_some() {
            return self.evaluate_custom(submission);
        }
        self.evaluate_sent(submission)
    }

    /// As [`Self::evaluate`], for an input that is given to the target as it is.
    #[inline]
    pub(super) fn evaluate_sent(
        &mut self,
        submission: &Submission<'_>,
    ) -> Result<Evaluated, FuzzError> {
        let limit = self.stop.limits.run;
        let evaluated = match self.run(submission.sent, submission.is_processed, limit) {
            Ok(outcome) => {
                self.tally.runs += 1;
                let verdict = self.target.judge(&self.coverage, outcome);
                self.corpus.queue.ran(self.target.trace());
                self.tally.counters.lost = 0;
                match verdict {
                    Verdict::Known | Verdict::New => {
                        self.handled(submission, verdict == Verdict::New)?
                    }
                    Verdict::Crash { is_new } => self.failed(submission, outcome, is_new)?,
                    Verdict::Timeout => {
                        self.timed_out(submission)?;
                        Evaluated::Failed
                    }
                }
            }
            Err(error) => {
                self.lost(error, submission)?;
                Evaluated::Failed
            }
        };
        if self.stop.is_due(self.tally.runs) {
            self.attend()?;
        }
        Ok(evaluated)
    }

    /// Runs an input, with what user-supplied mutators do before and after it.
    #[inline]
    pub(super) fn run(
        &mut self,
        input: &[u8],
        is_processed: bool,
        limit: Duration,
    ) -> Result<Outcome, RunError> {
        match &mut self.mutation.custom {
            None => self.target.run(input, limit),
            Some(custom) => custom.run(input, is_processed, |sent| self.target.run(sent, limit)),
        }
    }

    /// What follows from an input that the target handles.
    #[inline]
    fn handled(
        &mut self,
        submission: &Submission<'_>,
        is_new: bool,
    ) -> Result<Evaluated, FuzzError> {
        let is_unseen = !self.stop.limits.explore_crashes && self.wants_sanitizer(is_new);
        let evaluated = if is_new {
            Evaluated::Kept(self.keep(submission)?)
        } else {
            Evaluated::Known
        };
        if is_unseen {
            self.sanitize(submission)?;
        }
        Ok(evaluated)
    }

    /// What follows from a crash. Where crashes are explored, one that covers something
    /// new is a testcase as well.
    fn failed(
        &mut self,
        submission: &Submission<'_>,
        outcome: Outcome,
        is_new: bool,
    ) -> Result<Evaluated, FuzzError> {
        if !self.stop.limits.explore_crashes {
            self.crashed(submission, outcome)?;
            return Ok(Evaluated::Failed);
        }
        let mut evaluated = Evaluated::Known;
        if self.stop.control.broke_off(outcome) {
            return Ok(evaluated);
        }
        if is_new {
            evaluated = Evaluated::Kept(self.keep(submission)?);
        }
        self.crashed(submission, outcome)?;
        Ok(evaluated)
    }

    /// Puts an input that covers something new into the queue. The target has its run
    /// still.
    pub(super) fn keep(&mut self, submission: &Submission<'_>) -> Result<CorpusId, FuzzError> {
        let has_new_edges = self.coverage.learn(self.target.trace()) == Novelty::Edges;
        let name = self.name(Kind::Testcase { has_new_edges }, &submission.origin);
        let number = self.finds.keep(&name, submission.kept())?;
        let changed = self.tell_custom(&name, submission.parent)?;
        if submission.origin.import().is_some() {
            self.exchange.imported += 1;
        } else {
            self.tally.counters.found += 1;
        }
        self.tally.found();
        self.tally.emit(&Event::Testcase {
            path: &self.finds.folder.queue().join(&name),
            has_new_edges,
            is_import: submission.origin.import().is_some(),
        });
        let input = changed.as_deref().unwrap_or(submission.kept());
        let id = self.add(name, number, input, submission.parent);
        self.calibrate(id, submission, self.stop.generous_limit())?;
        Ok(id)
    }

    /// Adds an input, which is on disk already as `name`, to the corpus.
    pub(super) fn add(
        &mut self,
        name: String,
        number: u32,
        input: &[u8],
        parent: Option<CorpusId>,
    ) -> CorpusId {
        let id = self.corpus.add(name, number, input, parent);
        self.exchange.publish(input);
        id
    }

    /// The name of a find that is made now.
    pub(super) fn name(&mut self, kind: Kind, origin: &Origin<'_>) -> String {
        let name = self.finds.name(kind, origin, self.tally.moment());
        match &mut self.mutation.custom {
            Some(custom) if kind.is_described() && origin.import().is_none() => {
                custom.described(name)
            }
            _ => name,
        }
    }

    /// An input that kills the fork server is set aside.
    ///
    /// # Errors
    /// When one after another does, or it cannot be written.
    pub(super) fn lost(
        &mut self,
        error: RunError,
        submission: &Submission<'_>,
    ) -> Result<(), FuzzError> {
        if self.stop.control.signal().is_some() {
            // The session ends anyway, and may have ended the server itself.
            return Ok(());
        }
        if error.is_of_input() && self.finds.next.lost < MOST_KEPT {
            let name = self.name(Kind::Lost, &submission.origin);
            let path = &self.finds.set_aside(&name, submission.sent)?;
            self.tally.emit(&Event::Lost { path });
        }
        self.count_loss(error)
    }

    /// As [`Self::lost`], for an input that is on disk already.
    pub(super) fn count_loss(&mut self, error: RunError) -> Result<(), FuzzError> {
        if self.stop.control.signal().is_some() {
            return Ok(());
        }
        let counters = &mut self.tally.counters;
        counters.lost += 1;
        if !error.is_of_input() || counters.lost > MOST_LOST {
            return Err(error.into());
        }
        counters.passed_over += 1;
        let skipped = counters.passed_over;
        // With exponential back-off: there may be thousands.
        if skipped.is_power_of_two() {
            let count = counted(skipped, "input");
            self.tally
                .note(format_args!("{count} passed over so far: {error}"));
        }
        Ok(())
    }
}
