//! The executor.

use crate::{CompareObserver, CoverageObserver};
use libafl::{
    Error,
    executors::{Executor, ExitKind, HasObservers, HasTimeout, SetTimeout},
    inputs::ToTargetBytesConverter,
    mutators::Tokens,
    state::HasExecutions,
};
use libafl_bolts::tuples::{Handle, MatchName, MatchNameRef, RefIndexable};
use std::{fmt, time::Duration};
use tine_controller::{ForkServer, Outcome, RunError};
use tine_protocol::layout::input::MAX_INPUT;

/// Runs inputs through a fork server.
///
/// `OT` is the tuple of observers, `C` the type of the one that receives the counters
/// ([`ForkServerBuilder::coverage`](crate::ForkServerBuilder::coverage)).
///
/// Dropping it ends the fork server and its child.
pub struct TineExecutor<OT, C = CoverageObserver> {
    server: ForkServer,
    observers: OT,
    coverage: Option<Handle<C>>,
    compares: Option<Handle<CompareObserver>>,
    last_outcome: Option<Outcome>,
    lost: Lost,
}

/// Inputs that killed the fork server on every attempt.
#[derive(Debug, Default)]
struct Lost {
    total: u64,
    in_a_row: u32,
    most_in_a_row: u32,
}

impl<OT, C> TineExecutor<OT, C> {
    pub(crate) fn new(
        server: ForkServer,
        observers: OT,
        coverage: Option<Handle<C>>,
        compares: Option<Handle<CompareObserver>>,
        most_in_a_row: u32,
    ) -> Self {
        Self {
            server,
            observers,
            coverage,
            compares,
            last_outcome: None,
            lost: Lost {
                most_in_a_row,
                ..Lost::default()
            },
        }
    }

    /// The fork server: what the target said of itself, restarts, process id.
    #[must_use]
    pub const fn server(&self) -> &ForkServer {
        &self.server
    }

    /// How the last run ended: with the signal or the exit code, which LibAFL's
    /// [`ExitKind`] does not tell. `None` before the first run, and after an input on
    /// which the fork server was lost.
    #[must_use]
    pub const fn last_outcome(&self) -> Option<Outcome> {
        self.last_outcome
    }

    /// Number of inputs that killed the fork server on every attempt. They were reported
    /// as [`ExitKind::Ok`] without coverage.
    #[must_use]
    pub const fn lost_inputs(&self) -> u64 {
        self.lost.total
    }

    /// The tokens that the target brought along, for LibAFL's token mutators.
    #[must_use]
    pub fn tokens(&self) -> Tokens {
        let mut tokens = Tokens::new();
        tokens.add_tokens(&self.server.info().dictionary);
        tokens
    }
}

impl<OT, C> TineExecutor<OT, C>
where
    C: AsMut<CoverageObserver>,
    OT: MatchName,
{
    /// Runs the target on `input` and fills the observers. [`Executor::run_target`] does
    /// the same and counts the execution.
    ///
    /// Of an input that is longer than a mebibyte, the target gets the first mebibyte.
    ///
    /// # Errors
    /// When the input cannot be handed over, or the fork server is lost and cannot be
    /// brought back.
    pub fn run(&mut self, input: &[u8]) -> Result<Option<Outcome>, RunError> {
        let input = &input[..input.len().min(MAX_INPUT)];
        self.last_outcome = match self.server.run(input) {
            Ok(outcome) => {
                self.lost.in_a_row = 0;
                self.fill();
                Some(outcome)
            }
            Err(error) => {
                // What is left of the attempts belongs to no run.
                self.server.map().clear();
                if let Some(log) = self.server.compare_log() {
                    log.clear();
                }
                self.lost.total += u64::from(error.is_of_input());
                self.lost.in_a_row += 1;
                if !error.is_of_input() || self.lost.in_a_row > self.lost.most_in_a_row {
                    return Err(error);
                }
                None
            }
        };
        Ok(self.last_outcome)
    }

    /// Takes the counters and the log of the last run, so that both are empty for the next.
    fn fill(&mut self) {
        match self
            .coverage
            .as_ref()
            .and_then(|handle| self.observers.get_mut(handle))
        {
            Some(coverage) => coverage.as_mut().fill(self.server.map()),
            None => self.server.map().clear(),
        }
        if let Some(handle) = &self.compares
            && let Some(log) = self.server.compare_log()
        {
            match self.observers.get_mut(handle) {
                Some(compares) => compares.fill(log),
                None => log.clear(),
            }
        }
    }
}

impl<C, EM, I, OT, S, Z> Executor<EM, I, S, Z> for TineExecutor<OT, C>
where
    C: AsMut<CoverageObserver>,
    OT: MatchName,
    S: HasExecutions,
    Z: ToTargetBytesConverter<I, S>,
{
    #[inline]
    fn run_target(
        &mut self,
        fuzzer: &mut Z,
        state: &mut S,
        _manager: &mut EM,
        input: &I,
    ) -> Result<ExitKind, Error> {
        *state.executions_mut() += 1;
        let bytes = fuzzer.convert_to_target_bytes(state, input);
        match self.run(&bytes) {
            Ok(Some(outcome)) if outcome.is_crash() => Ok(ExitKind::Crash),
            Ok(Some(outcome)) if outcome.is_timeout() => Ok(ExitKind::Timeout),
            Ok(_) => Ok(ExitKind::Ok),
            Err(error) => Err(Error::runtime(error.to_string())),
        }
    }
}

impl<OT, C> HasObservers for TineExecutor<OT, C> {
    type Observers = OT;

    #[inline]
    fn observers(&self) -> RefIndexable<&Self::Observers, Self::Observers> {
        RefIndexable::from(&self.observers)
    }

    #[inline]
    fn observers_mut(&mut self) -> RefIndexable<&mut Self::Observers, Self::Observers> {
        RefIndexable::from(&mut self.observers)
    }
}

impl<OT, C> HasTimeout for TineExecutor<OT, C> {
    fn timeout(&self) -> Duration {
        self.server.timeout()
    }
}

impl<OT, C> SetTimeout for TineExecutor<OT, C> {
    fn set_timeout(&mut self, timeout: Duration) {
        self.server.set_timeout(timeout);
    }
}

impl<OT: fmt::Debug, C> fmt::Debug for TineExecutor<OT, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TineExecutor")
            .field("server", &self.server)
            .field("observers", &self.observers)
            .field("last_outcome", &self.last_outcome)
            .field("lost", &self.lost)
            .finish_non_exhaustive()
    }
}
