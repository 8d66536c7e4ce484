//! A running target: one input after another, whatever happens to its fork server.

mod start;

use crate::{
    CompareLog, CoverageMap, LossReason, Outcome, RunError, TargetConfig, TargetInfo,
    channel::{AnyChannel, BatchRun, Channel, Run, RunFailure},
    first_pass::FirstPasses,
    input::InputPort,
    late::{self, LateModule},
    signatures::Signatures,
};
use std::{
    io, thread,
    time::{Duration, Instant},
};
use tine_ipc::Pid;
use tine_protocol::TargetError;

/// Limit of consecutive restarts of the server for one input.
const MAX_RESTARTS_IN_A_ROW: u32 = 3;

/// Time limit of a fork server that cannot fork. Other programs come and go.
const FORK_LIMIT: Duration = Duration::from_secs(10);

/// A target's fork server. Dropping it ends the server and its child.
#[derive(Debug)]
pub struct ForkServer {
    config: TargetConfig,
    signatures: Signatures,
    info: TargetInfo,
    map: CoverageMap,
    /// Bytes of it that were in use when the target last said so; 0 before.
    map_used: u32,
    log: Option<CompareLog>,
    input: InputPort,
    channel: AnyChannel,
    first_passes: FirstPasses,
    /// Time that the last run spent on a first pass.
    set_up: Duration,
    restarts: u64,
    last_loss: Option<LossReason>,
}

/// Result of a batch of inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Batch {
    /// Number of inputs that were run.
    pub count: usize,
    /// Outcome of the last of them; `None` if there was none.
    pub last: Option<Outcome>,
}

impl ForkServer {
    /// The number of runs since this was asked the last time whose harness returned -1,
    /// which means that the input belongs in no corpus. Such a run covers nothing. Only
    /// tine's driver counts them, for inputs by shared memory.
    #[must_use]
    pub fn take_rejections(&self) -> u32 {
        self.input.take_rejections()
    }

    /// Runs the target on `input` under the configured limit.
    ///
    /// The counters are added to what the map holds: the caller takes or clears
    /// them between runs.
    ///
    /// A fresh persistent child runs its first input twice, each time as it was given, and
    /// the second pass counts: in the first one a program also does what it does once.
    /// The first pass is under a limit of its own. If the child does not stop at its end
    /// (it crashes, exits, takes too long), that is the run.
    ///
    /// # Errors
    /// When the input cannot be handed over, or the server is lost and cannot
    /// be brought back. A lost server that comes back is no error; it is
    /// counted by [`Self::restarts`].
    #[inline]
    pub fn run(&mut self, input: &[u8]) -> Result<Outcome, RunError> {
        self.run_with_timeout(input, self.config.timeout)
    }

    /// As [`Self::run`], with a limit of its own.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn run_with_timeout(
        &mut self,
        input: &[u8],
        timeout: Duration,
    ) -> Result<Outcome, RunError> {
        let mut attempts = 0;
        let mut since = None;
        self.set_up = Duration::ZERO;
        loop {
            self.input.deliver(input)?;
            let ran = if self.needs_fresh_child() {
                self.run_fresh_child(input, timeout)?
            } else {
                self.channel.run(timeout)
            };
            self.note_modules();
            self.channel.count_run();
            let reason = match ran {
                Ok(run) => return Ok(self.outcome(run)),
                Err(
                    RunFailure::NoProcess
                    | RunFailure::Lost(LossReason::Reported(TargetError::Fork)),
                ) => {
                    self.wait_to_fork(&mut since)?;
                    continue;
                }
                Err(RunFailure::Exec(errno)) => {
                    return Err(RunError::Exec {
                        program: self.config.program.clone(),
                        source: io::Error::from_raw_os_error(errno.0),
                    });
                }
                // The server is up, and says so; its child has ended.
                Err(RunFailure::Lost(LossReason::Reported(TargetError::Stop(errno)))) => {
                    return Err(RunError::CannotStop { errno });
                }
                Err(RunFailure::Lost(reason)) => reason,
            };
            attempts += 1;
            self.restart(reason)?;
            if reason == LossReason::Stuck {
                // The run was over its limit, and the server with it.
                return Ok(Outcome::TimedOut);
            }
            if attempts == MAX_RESTARTS_IN_A_ROW {
                return Err(RunError::Lost { attempts, reason });
            }
        }
    }

    /// Runs inputs one after another, each with this limit: until none is left, one does
    /// not end by itself, or `is_last` says of the counters of one that no more are to be
    /// run. Then the map has the counters of the last one; those of the others are cleared.
    ///
    /// # Errors
    /// As [`Self::run`], of the input after those that were run.
    pub fn run_batch(
        &mut self,
        inputs: &[&[u8]],
        timeout: Duration,
        mut is_last: impl FnMut(&CoverageMap) -> bool,
    ) -> Result<Batch, RunError> {
        let mut batch = Batch::default();
        while let Some(input) = inputs.get(batch.count) {
            if batch.count > 0 {
                self.map.clear();
            }
            let handed_over = if self.needs_fresh_child() {
                None
            } else {
                self.channel.run_batch(&inputs[batch.count..], timeout)
            };
            let outcome = match handed_over {
                Some(BatchRun {
                    count,
                    last: Ok(run),
                }) => {
                    batch.count += count;
                    self.note_modules();
                    self.outcome(run)
                }
                // The one that failed is run alone: what is to be done about it is the same.
                Some(BatchRun {
                    count,
                    last: Err(_),
                }) if count > 1 => {
                    batch.count += count - 1;
                    continue;
                }
                _ => {
                    batch.count += 1;
                    self.run_with_timeout(input, timeout)?
                }
            };
            batch.last = Some(outcome);
            if !matches!(outcome, Outcome::Exited(_) | Outcome::LoopDone) || is_last(&self.map) {
                break;
            }
        }
        Ok(batch)
    }

    /// Returns whether the next run is the first one of a fresh persistent child.
    fn needs_fresh_child(&self) -> bool {
        self.info.persistent && !self.channel.has_waiting_child()
    }

    fn outcome(&self, run: Run) -> Outcome {
        match run {
            Run::Ended(status) => Outcome::of_status(status, self.config.crash_exit_code),
            Run::TimedOut => Outcome::TimedOut,
        }
    }

    /// Has a child forked, and runs the input that was delivered in its first pass; then
    /// again, if the child is there for another one.
    #[cold]
    fn run_fresh_child(
        &mut self,
        input: &[u8],
        timeout: Duration,
    ) -> Result<Result<Run, RunFailure>, RunError> {
        let began = Instant::now();
        let limit = self.first_passes.limit(timeout);
        let ran = self.channel.run(limit);
        if !self.channel.has_waiting_child() {
            if matches!(ran, Ok(Run::TimedOut)) {
                self.first_passes.was_cut_off();
            }
            return Ok(ran);
        }
        self.set_up = began.elapsed();
        self.first_passes.came_to_end(self.set_up);
        self.note_modules();
        self.map.clear();
        if let Some(log) = &mut self.log {
            log.clear();
        }
        // The first pass may have changed the input, or read it to its end.
        self.input.deliver(input)?;
        Ok(self.channel.run(timeout))
    }

    /// Takes note of modules that a run loaded: more of the map may be in use.
    #[inline]
    fn note_modules(&mut self) {
        let used = self.channel.context().page.map_used();
        if used != self.map_used {
            self.set_map_used(used);
        }
    }

    #[cold]
    fn set_map_used(&mut self, used: u32) {
        self.map_used = used;
        self.map.set_used(used as usize);
        let edges = self.channel.context().page.edges();
        self.info.edges = (1..=self.info.map_size).contains(&edges).then_some(edges);
    }

    /// Modules that some run loaded after the fork server started, as far as a target of
    /// tine's says so; and how many more there were than it can name.
    #[must_use]
    pub fn late_modules(&self) -> (Vec<LateModule>, usize) {
        late::modules(&self.channel.context().page)
    }

    /// Number of modules that [`Self::late_modules`] knows of.
    #[must_use]
    pub fn count_late_modules(&self) -> usize {
        late::count(&self.channel.context().page)
    }

    /// The server could not fork: pauses before it is asked again. `since` is when it
    /// could not for the first time.
    #[cold]
    fn wait_to_fork(&self, since: &mut Option<Instant>) -> Result<(), RunError> {
        const PAUSE: Duration = Duration::from_millis(20);
        let tried = since.get_or_insert_with(Instant::now).elapsed();
        if tried >= FORK_LIMIT {
            return Err(RunError::NoProcess { tried });
        }
        thread::sleep(PAUSE);
        Ok(())
    }

    /// Returns whether a persistent child has finished its pass and waits for the next
    /// input. Otherwise the next run is the first one of a fresh child.
    #[must_use]
    pub fn has_waiting_child(&self) -> bool {
        self.channel.has_waiting_child()
    }

    /// Time that the last run spent on the first pass of a fresh persistent child, before
    /// the pass that counted; zero where there was none.
    #[must_use]
    pub const fn set_up_time(&self) -> Duration {
        self.set_up
    }

    /// Ends a persistent child that waits: the next run is the first one of a fresh
    /// child.
    pub fn discard_child(&mut self) {
        self.channel.discard_child();
    }

    /// Changes the limit of a run.
    pub fn set_timeout(&mut self, timeout: Duration) {
        self.config.timeout = timeout;
    }

    /// The limit of a run.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        self.config.timeout
    }

    /// Facts that the target reported about itself.
    #[must_use]
    pub const fn info(&self) -> &TargetInfo {
        &self.info
    }

    /// The counters.
    #[must_use]
    pub const fn map(&self) -> &CoverageMap {
        &self.map
    }

    /// Number of sweeps for daemons of the target so far: between two runs, one in tens of
    /// thousands.
    #[must_use]
    pub fn daemon_sweeps(&self) -> u64 {
        self.channel.context().leftovers.sweeps()
    }

    /// The compare log, if the configuration asks for one. It is cleared by being
    /// taken.
    pub const fn compare_log(&mut self) -> Option<&mut CompareLog> {
        self.log.as_mut()
    }

    /// Number of times that the server was lost and restarted.
    #[must_use]
    pub const fn restarts(&self) -> u64 {
        self.restarts
    }

    /// Reason of the last restart.
    #[must_use]
    pub const fn last_loss(&self) -> Option<LossReason> {
        self.last_loss
    }

    /// Process id of the fork server, if there is one.
    #[must_use]
    pub fn server_pid(&self) -> Option<Pid> {
        self.channel.server_pid()
    }
}

impl Drop for ForkServer {
    fn drop(&mut self) {
        self.channel.end();
    }
}

#[cfg(test)]
mod tests;
