//! Runs inputs: by the controller's fork server, or, in tests of the engine, by a
//! function.
//!
//! | file | what |
//! |---|---|
//! | `history` | the last inputs that a persistent child ran |
//! | `fake` | a target without a process, for tests |

#[cfg(test)]
pub mod fake;
mod history;

use super::coverage::{Coverage, Trace, Verdict};
#[cfg(test)]
use fake::FakeTarget;
use history::History;
use std::time::Duration;
use tine_controller::{ForkServer, LossReason, Outcome, RunError, TargetInfo};

/// Runs inputs, and holds what the last run covered.
#[derive(Debug)]
pub struct Executor {
    target: Target,
    /// What the last run covered, once it was taken from the shared map.
    trace: Trace,
    /// What the child ran, if one child runs many inputs.
    history: Option<History>,
}

/// What runs them. There is one kind but in tests, so that nothing is chosen at run time.
#[derive(Debug)]
enum Target {
    Server(Box<ForkServer>),
    #[cfg(test)]
    Fake(FakeTarget),
}

impl Executor {
    /// Over a server that runs. Of a persistent child, this many of the last inputs are
    /// remembered.
    #[must_use]
    pub fn new(server: ForkServer, remembered: usize) -> Self {
        let trace = Trace::with_capacity(server.map().words());
        let remembers = server.info().persistent && remembered > 0;
        Self {
            target: Target::Server(Box::new(server)),
            trace,
            history: remembers.then(|| History::new(remembered)),
        }
    }

    /// Over a function.
    #[cfg(test)]
    #[must_use]
    pub fn of_fake(target: FakeTarget) -> Self {
        Self {
            target: Target::Fake(target),
            trace: Trace::default(),
            history: None,
        }
    }

    /// Runs the target, no longer than `limit`. Its counters stay in the shared map until
    /// they are taken by [`Self::judge`] or [`Self::take`], which must be done before the
    /// next run.
    ///
    /// # Errors
    /// When the input cannot be handed over, or the server is lost for good.
    #[inline]
    pub fn run(&mut self, input: &[u8], limit: Duration) -> Result<Outcome, RunError> {
        match &mut self.target {
            Target::Server(server) => run(server, self.history.as_mut(), input, limit),
            #[cfg(test)]
            Target::Fake(fake) => fake.run(input),
        }
    }

    /// Has the last run judged, and keeps what it covered.
    #[inline]
    pub fn judge(&mut self, coverage: &Coverage, outcome: Outcome) -> Verdict {
        match &self.target {
            Target::Server(server) => coverage.judge(outcome, server.map(), &mut self.trace),
            #[cfg(test)]
            Target::Fake(fake) => coverage.judge(outcome, fake.map(), &mut self.trace),
        }
    }

    /// Keeps what the last run covered, without a verdict. Returns whether it covered
    /// something new.
    #[inline]
    pub fn take(&mut self, coverage: &Coverage) -> bool {
        match &self.target {
            Target::Server(server) => coverage.take(server.map(), &mut self.trace),
            #[cfg(test)]
            Target::Fake(fake) => coverage.take(fake.map(), &mut self.trace),
        }
    }

    /// What the last run covered.
    #[must_use]
    pub const fn trace(&self) -> &Trace {
        &self.trace
    }

    /// The inputs that the last run's child ran, as far back as they are
    /// remembered; that of the last run is the last one. Of a child that runs one
    /// input only, nothing is remembered.
    #[must_use]
    pub fn history(&self) -> Vec<Vec<u8>> {
        self.history.as_ref().map_or_else(Vec::new, History::inputs)
    }

    /// Time that the last run spent on the first pass of a fresh child, which does not
    /// count.
    #[must_use]
    pub fn set_up_time(&self) -> Duration {
        match &self.target {
            Target::Server(server) => server.set_up_time(),
            #[cfg(test)]
            Target::Fake(_) => Duration::ZERO,
        }
    }

    /// The next run is the first one of a fresh child.
    pub fn discard_child(&mut self) {
        match &mut self.target {
            Target::Server(server) => server.discard_child(),
            #[cfg(test)]
            Target::Fake(_) => {}
        }
    }

    /// Whether the harness rejected an input since this was asked the last time: it
    /// returned -1, for an input that belongs in no corpus.
    #[must_use]
    pub fn take_rejection(&self) -> bool {
        match &self.target {
            Target::Server(server) => server.take_rejections() > 0,
            #[cfg(test)]
            Target::Fake(_) => false,
        }
    }

    /// What the target said about itself.
    #[must_use]
    pub fn info(&self) -> &TargetInfo {
        match &self.target {
            Target::Server(server) => server.info(),
            #[cfg(test)]
            Target::Fake(fake) => fake.info(),
        }
    }

    /// The fork server; tests have none.
    #[must_use]
    pub fn server(&self) -> Option<&ForkServer> {
        match &self.target {
            Target::Server(server) => Some(server),
            #[cfg(test)]
            Target::Fake(_) => None,
        }
    }

    /// Number of times that the fork server was lost and started again.
    #[must_use]
    pub fn restarts(&self) -> u64 {
        self.server().map_or(0, ForkServer::restarts)
    }

    /// Why it was started again the last time.
    #[must_use]
    pub fn last_loss(&self) -> Option<LossReason> {
        self.server().and_then(ForkServer::last_loss)
    }

    /// Number of times that it was looked for daemons of the target.
    #[cfg(test)]
    pub fn looks_for_daemons(&self) -> u64 {
        self.server().map_or(0, ForkServer::daemon_sweeps)
    }
}

/// Runs an input, which becomes a part of the child's history.
#[inline]
fn run(
    server: &mut ForkServer,
    history: Option<&mut History>,
    input: &[u8],
    limit: Duration,
) -> Result<Outcome, RunError> {
    let Some(history) = history else {
        return server.run_with_timeout(input, limit);
    };
    if !server.has_waiting_child() {
        history.clear();
    }
    history.push(input);
    let restarts = server.restarts();
    let result = server.run_with_timeout(input, limit);
    if server.restarts() != restarts {
        // The server was lost, and the input run again by a fresh child.
        history.clear();
        history.push(input);
    }
    result
}
