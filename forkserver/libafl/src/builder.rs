//! Configuration of an executor.

use crate::{CompareObserver, CoverageObserver, SetUpError, TineExecutor};
use libafl_bolts::{
    Named,
    tuples::{Handle, Handled, MatchName, MatchNameRef},
};
use std::{ffi::OsString, path::PathBuf, time::Duration};
use tine_controller::{ForkServer, InputRoute, TargetConfig, TargetOutput};

/// Number of consecutive inputs that may each kill the fork server, as `tine fuzz` has it.
const LOST_INPUTS: u32 = 10;

/// Configures the fork server and names the observers that it fills.
///
/// `C` is the type of the observer of the coverage map: [`CoverageObserver`], or what
/// LibAFL's `track_indices` or `track_novelties` makes of it.
#[derive(Debug)]
pub struct ForkServerBuilder<C = CoverageObserver> {
    config: TargetConfig,
    coverage: Option<Handle<C>>,
    compares: Option<Handle<CompareObserver>>,
    lost_inputs: u32,
}

impl TineExecutor<()> {
    /// Begins the configuration of an executor for a program.
    #[must_use]
    pub fn builder(program: impl Into<PathBuf>) -> ForkServerBuilder {
        ForkServerBuilder::new(TargetConfig::new(program))
    }
}

impl ForkServerBuilder {
    /// A target with the settings of `config`, without observers.
    #[must_use]
    pub fn new(config: TargetConfig) -> Self {
        Self {
            config,
            coverage: None,
            compares: None,
            lost_inputs: LOST_INPUTS,
        }
    }
}

impl<C> ForkServerBuilder<C> {
    /// Names the observer that receives a copy of the counters after each run.
    #[must_use]
    pub fn coverage<N>(self, observer: &N) -> ForkServerBuilder<N>
    where
        N: AsMut<CoverageObserver> + Named,
    {
        ForkServerBuilder {
            config: self.config,
            coverage: Some(observer.handle()),
            compares: self.compares,
            lost_inputs: self.lost_inputs,
        }
    }

    /// Names the observer that receives the compare log after each run. The target is
    /// started with a log: it should be a build that logs its comparisons
    /// (`tine-cc --cmplog`, or AFL++'s with `AFL_LLVM_CMPLOG`).
    #[must_use]
    pub fn compares(mut self, observer: &CompareObserver) -> Self {
        self.compares = Some(observer.handle());
        self.config.compare_log = true;
        self
    }

    /// Adds an argument of the target.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.config.args.push(argument.into());
        self
    }

    /// Sets how a target that does not read shared memory gets its input. The default is
    /// its standard input.
    #[must_use]
    pub fn input(mut self, route: InputRoute) -> Self {
        self.config.input = route;
        self
    }

    /// Sets the time limit of a run. The default is a second.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.config.timeout = limit;
        self
    }

    /// Sets the time limit of the whole handshake. The default is ten seconds.
    #[must_use]
    pub fn startup_timeout(mut self, limit: Duration) -> Self {
        self.config.startup_timeout = limit;
        self
    }

    /// Sets the limit of the target's address space, in bytes. The default is none. Do
    /// not set it with sanitizers, which reserve terabytes.
    #[must_use]
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.config.memory_limit = Some(bytes);
        self
    }

    /// Sets an exit code that counts as a crash.
    #[must_use]
    pub fn crash_exit_code(mut self, code: i32) -> Self {
        self.config.crash_exit_code = Some(code);
        self
    }

    /// Lets the target write to this process's standard output and error.
    #[must_use]
    pub fn show_output(mut self) -> Self {
        self.config.output = TargetOutput::Inherit;
        self
    }

    /// Sets how many consecutive inputs may kill the fork server, each of them on every
    /// attempt, before a run is an error. The default is 10; 0 makes the first one an
    /// error.
    #[must_use]
    pub const fn lost_inputs(mut self, most: u32) -> Self {
        self.lost_inputs = most;
        self
    }

    /// Starts the target and shakes hands.
    ///
    /// # Errors
    /// When the target does not start, or an observer is not in `observers`.
    pub fn start<OT>(self, mut observers: OT) -> Result<TineExecutor<OT, C>, SetUpError>
    where
        C: AsMut<CoverageObserver>,
        OT: MatchName,
    {
        if let Some(handle) = &self.compares
            && observers.get(handle).is_none()
        {
            return Err(missing(handle));
        }
        if let Some(handle) = &self.coverage
            && observers.get(handle).is_none()
        {
            return Err(missing(handle));
        }
        let server = ForkServer::start(self.config)?;
        if let Some(handle) = &self.coverage
            && let Some(coverage) = observers.get_mut(handle)
        {
            if server.info().map_size == 0 {
                return Err(SetUpError::NoCoverage {
                    name: handle.name().to_string(),
                });
            }
            coverage.as_mut().attach(server.info());
        }
        Ok(TineExecutor::new(
            server,
            observers,
            self.coverage,
            self.compares,
            self.lost_inputs,
        ))
    }
}

fn missing<T>(handle: &Handle<T>) -> SetUpError {
    SetUpError::MissingObserver {
        name: handle.name().to_string(),
    }
}
