//! When a session ends, and which runs take too long.

use crate::{
    engine::{config::Limits, control::Control},
    report::summary::Ending,
};
use std::time::Duration;

/// When a session ends.
#[derive(Debug)]
pub struct Stop {
    /// Signals and ticks.
    pub control: Control,
    /// Limits of the session and of its runs.
    pub limits: Limits,
    ending: Option<Ending>,
}

impl Stop {
    /// Not yet.
    #[must_use]
    pub const fn new(control: Control, limits: Limits) -> Self {
        Self {
            control,
            limits,
            ending: None,
        }
    }

    /// Whether it is time to look at what need not be done for each run, after `runs` of
    /// them.
    #[inline]
    #[must_use]
    pub fn is_due(&self, runs: u64) -> bool {
        self.control.is_due() || runs >= self.limits.runs
    }

    /// Whether the session is to end, and why.
    #[must_use]
    pub const fn ending(&self) -> Option<Ending> {
        self.ending
    }

    /// Whether the session ends, or is about to: searching runs nothing that would
    /// notice.
    #[must_use]
    pub fn is_ending(&self) -> bool {
        self.ending.is_some() || self.control.signal().is_some()
    }

    /// Ends the session; the first reason is the one that counts.
    pub fn end(&mut self, ending: Ending) {
        self.ending.get_or_insert(ending);
    }

    /// Ends the session if one of its limits is reached: after `runs` runs and this time,
    /// `this_part` of it in this process, of which `idle` found nothing.
    pub fn check(&mut self, runs: u64, this_part: Duration, run_time: Duration, idle: Duration) {
        let limits = &self.limits;
        if let Some(signal) = self.control.signal() {
            self.end(Ending::Signal(signal));
        } else if runs >= limits.runs {
            self.end(Ending::Runs);
        } else if limits.time.is_some_and(|limit| this_part >= limit) {
            self.end(Ending::Time);
        } else if let Some(variable) = limits.wishes.end(this_part, run_time, idle) {
            self.end(Ending::Variable(variable));
        }
    }

    /// A limit for runs of testcases that were within the limit before: the
    /// machine may be busy.
    #[must_use]
    pub fn generous_limit(&self) -> Duration {
        const MORE: Duration = Duration::from_millis(50);
        let limit = self.limits.run;
        (limit + MORE).max(limit * 5 / 4)
    }
}
