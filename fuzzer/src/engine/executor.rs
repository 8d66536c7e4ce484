//! Runs inputs by the controller's fork server, and holds what the last run covered.

use super::{custom::Shared, history::History, trace::Trace};
use std::time::Duration;
use tine_controller::{CoverageMap, ForkServer, LossReason, Outcome, Pid, RunError, TargetInfo};

/// Runs inputs in the children of a fork server.
#[derive(Debug)]
pub struct ForkServerExecutor {
    server: ForkServer,
    /// What the last run covered, once it was taken from the shared map.
    trace: Trace,
    /// What the child ran, if one child runs many inputs.
    history: Option<History>,
    /// Mutators of the user's that have a say in each run.
    pub(super) custom: Option<Shared>,
    /// They have had their say about the next inputs.
    pub(super) is_processed: bool,
}

impl ForkServerExecutor {
    /// Over a server that runs. Of a persistent child, so many of the last inputs
    /// are remembered.
    #[must_use]
    pub fn new(server: ForkServer, remembered: usize) -> Self {
        let trace = Trace::with_capacity(server.map().words());
        let remembers = server.info().persistent && remembered > 0;
        Self {
            server,
            trace,
            history: remembers.then(|| History::new(remembered)),
            custom: None,
            is_processed: false,
        }
    }

    /// Runs the target. Its counters stay in the shared map until they are
    /// taken, and must be taken before the next run.
    ///
    /// # Errors
    /// When the input cannot be handed over, or the server is lost for good.
    #[inline]
    pub fn run(&mut self, input: &[u8]) -> Result<Outcome, RunError> {
        self.run_within(input, self.server.timeout())
    }

    /// As [`Self::run`], with a time limit of its own.
    ///
    /// # Errors
    /// As [`Self::run`].
    #[inline]
    pub fn run_within(&mut self, input: &[u8], limit: Duration) -> Result<Outcome, RunError> {
        if let Some(custom) = self.custom.clone() {
            return self.run_custom(&custom, input, |this, input| this.run_plain(input, limit));
        }
        self.run_plain(input, limit)
    }

    #[inline]
    fn run_plain(&mut self, input: &[u8], limit: Duration) -> Result<Outcome, RunError> {
        let Some(history) = &mut self.history else {
            return self.server.run_with_timeout(input, limit);
        };
        if !self.server.has_waiting_child() {
            history.clear();
        }
        history.push(input);
        let restarts = self.server.restarts();
        let result = self.server.run_with_timeout(input, limit);
        if self.server.restarts() != restarts {
            // The server was lost, and the input run again by a fresh child.
            history.clear();
            history.push(input);
        }
        result
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
    pub const fn set_up_time(&self) -> Duration {
        self.server.set_up_time()
    }

    /// The next run is the first one of a fresh child.
    pub fn discard_child(&mut self) {
        self.server.discard_child();
    }

    /// The counters, and the trace that they are to be taken to.
    #[inline]
    pub(super) fn coverage(&mut self) -> (&CoverageMap, &mut Trace) {
        (self.server.map(), &mut self.trace)
    }

    /// What the last run covered, once it was taken from the map.
    #[must_use]
    pub const fn trace(&self) -> &Trace {
        &self.trace
    }

    /// Whether the harness rejected an input since this was asked the last time: it
    /// returned -1, for an input that belongs in no corpus.
    #[must_use]
    pub fn take_rejection(&self) -> bool {
        self.server.take_rejections() > 0
    }

    /// Gives the runs that come another time limit.
    pub fn set_timeout(&mut self, limit: Duration) {
        self.server.set_timeout(limit);
    }

    /// What the target said about itself.
    #[must_use]
    pub const fn info(&self) -> &TargetInfo {
        self.server.info()
    }

    /// The fork server.
    #[must_use]
    pub const fn server(&self) -> &ForkServer {
        &self.server
    }

    /// How often the fork server was lost and started again.
    #[must_use]
    pub const fn restarts(&self) -> u64 {
        self.server.restarts()
    }

    /// How often it was looked for daemons of the target.
    #[cfg(test)]
    pub fn looks_for_daemons(&self) -> u64 {
        self.server.daemon_sweeps()
    }

    /// Why it was started again the last time.
    #[must_use]
    pub const fn last_loss(&self) -> Option<LossReason> {
        self.server.last_loss()
    }

    /// Process id of the fork server, if there is one.
    #[must_use]
    pub fn server_pid(&self) -> Option<Pid> {
        self.server.server_pid()
    }
}
