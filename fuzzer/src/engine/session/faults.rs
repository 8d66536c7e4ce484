//! Crashes and hangs: which are new, and what is saved of them.

use super::{
    Session, Submission,
    finds::{Kind, Needs},
};
use crate::{
    engine::{error::FuzzError, events::Event},
    report::summary::Ending,
};
use std::path::Path;
use tine_controller::Outcome;

/// No more crashes are saved than this.
const MOST_CRASHES: u64 = 25_600;

/// No more hangs are saved than this.
const MOST_HANGS: u64 = 512;

/// No more sequences are saved that were not seen to do it again.
const MOST_UNPROVEN: u64 = 100;

impl Session {
    /// Saves an input that crashed the target, if the crash is a new one.
    ///
    /// # Errors
    /// When it cannot be written, or the target cannot be run any more.
    pub(super) fn crashed(
        &mut self,
        submission: &Submission<'_>,
        outcome: Outcome,
    ) -> Result<(), FuzzError> {
        if self.stop.control.broke_off(outcome) {
            return Ok(());
        }
        self.tally.counters.total_crashes += 1;
        let input = submission.sent;
        let is_new = self.learn_fault(outcome, input);
        if !is_new || self.tally.counters.saved_crashes >= MOST_CRASHES {
            return Ok(());
        }
        self.finds.explain_crashes()?;
        let name = self.name(Kind::crash(outcome), &submission.origin);
        let runs = self.tally.runs;
        let limit = self.stop.generous_limit();
        let inputs = self.target.history();
        let is_processed = submission.is_processed;
        let needs = self.needs(inputs, is_processed, false, limit, Outcome::is_crash)?;
        let needs = self.bounded(needs);
        let file = self.finds.save_crash(&name, input, &needs)?;
        self.coverage.saved_fault(outcome, input);
        self.crash_saved(&file, outcome, runs);
        Ok(())
    }

    /// Saves an input that only a sanitizer objects to.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn crashed_sanitizer(
        &mut self,
        submission: &Submission<'_>,
        kind: Kind,
        outcome: Outcome,
    ) -> Result<(), FuzzError> {
        if self.tally.counters.saved_crashes >= MOST_CRASHES {
            return Ok(());
        }
        let name = self.name(kind, &submission.origin);
        self.finds.explain_crashes()?;
        let input = submission.sent;
        let file = self.finds.save_crash(&name, input, &Needs::Input)?;
        self.crash_saved(&file, outcome, self.tally.runs);
        Ok(())
    }

    /// Notes a crash that was saved after this many runs.
    fn crash_saved(&mut self, path: &Path, outcome: Outcome, runs: u64) {
        self.tally.crashed(runs);
        self.tally.emit(&Event::Crash { path, outcome });
        if self.stop.limits.until_crash {
            self.stop.end(Ending::Crash);
        }
    }

    /// Remembers the fault of the last run, and says whether it is a new one.
    pub(super) fn learn_fault(&mut self, outcome: Outcome, input: &[u8]) -> bool {
        self.coverage
            .learn_fault(outcome, self.target.trace(), input)
    }

    /// What is saved of what a fault needs: of those that were not seen to do it again,
    /// only the first ones.
    fn bounded(&mut self, needs: Needs) -> Needs {
        if !matches!(needs, Needs::Unknown(_)) {
            return needs;
        }
        let unproven = &mut self.tally.counters.unproven;
        *unproven += 1;
        if *unproven > MOST_UNPROVEN {
            return Needs::Input;
        }
        needs
    }

    /// Saves an input that took too long, if that is new and it takes too long
    /// with a longer limit, too.
    ///
    /// # Errors
    /// When it cannot be written, or the target cannot be run any more.
    pub(super) fn timed_out(&mut self, submission: &Submission<'_>) -> Result<(), FuzzError> {
        self.tally.counters.total_timeouts += 1;
        if self.stop.limits.wishes.ignore_timeouts {
            return Ok(());
        }
        let input = submission.sent;
        let is_new = self.learn_fault(Outcome::TimedOut, input);
        if !is_new || self.tally.counters.saved_hangs >= MOST_HANGS {
            return Ok(());
        }
        let name = self.name(Kind::Hang, &submission.origin);
        let inputs = self.target.history();
        let limit = self.stop.limits.hang;
        let is_confirmed = self.stop.limits.run < limit;
        let mut alone = false;
        if is_confirmed {
            let outcome = match self.run(input, submission.is_processed, limit) {
                Ok(outcome) => outcome,
                Err(error) => return self.lost(error, submission),
            };
            self.tally.runs += 1;
            let is_new = self.target.take(&self.coverage);
            if outcome.is_crash() {
                return self.crashed(submission, outcome);
            }
            alone = outcome.is_timeout();
            if self.stop.limits.wishes.keep_timeouts && is_new && !alone {
                self.keep(submission)?;
                return Ok(());
            }
        }
        let needs = if alone {
            Needs::Input
        } else {
            let is_processed = submission.is_processed;
            self.needs(
                inputs,
                is_processed,
                is_confirmed,
                limit,
                Outcome::is_timeout,
            )?
        };
        if is_confirmed && !alone && !matches!(needs, Needs::Sequence(_)) {
            // The machine was busy.
            return Ok(());
        }
        let needs = self.bounded(needs);
        let path = &self.finds.save_hang(&name, input, &needs)?;
        self.coverage.saved_fault(Outcome::TimedOut, input);
        self.tally.hung();
        self.tally.emit(&Event::Hang { path });
        Ok(())
    }
}
