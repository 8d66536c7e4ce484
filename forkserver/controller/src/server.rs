//! A running fork server: start, run, restart, end.

use crate::{
    CompareLog, CoverageMap, Dialect, Launch, LossReason, Outcome, RunError, StartError,
    TargetConfig,
    boot::{Boot, boot, new_map},
    channel::{AnyChannel, Channel, Context, ExecChannel, PipeChannel, Run, RunFailure},
    first_pass::FirstPasses,
    input::InputPort,
    late::{self, LateModule},
    leftovers::Leftovers,
    signatures::Signatures,
};
use std::{
    io, thread,
    time::{Duration, Instant},
};
use tine_protocol::{TargetError, layout::coverage};

/// How often a lost server is started again for one input before it is given up.
const MAX_RESTARTS_IN_A_ROW: u32 = 3;

/// A lost server is started anew so often, with these pauses in between: what keeps
/// it from starting may pass.
const RESTART_PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(1000)];

/// How often a target is started until its map fits. One that does not say how much
/// it needs is given eight times as much each time.
const MAX_MAPS: u32 = 6;

/// How long a fork server that cannot fork is asked again. Other programs come and go.
const FORK_LIMIT: Duration = Duration::from_secs(10);

/// What is known of a target once its fork server runs.
#[derive(Debug, Clone)]
pub struct TargetInfo {
    /// The protocol that its runtime speaks.
    pub dialect: Dialect,
    /// Size of the coverage map in bytes.
    pub map_size: usize,
    /// How many of these are counters, if the runtime said it (tine's does).
    pub edges: Option<usize>,
    /// How many bytes at the end of the map are room for modules that the target loads
    /// later.
    pub room: usize,
    /// It has a persistent loop.
    pub persistent: bool,
    /// It starts the fork server itself, with `__AFL_INIT()`.
    pub deferred: bool,
    /// It has coverage and a fork server. Otherwise it is executed for each run, and
    /// the other facts say nothing.
    pub instrumented: bool,
    /// It reads its input from shared memory.
    pub shm_input: bool,
    /// Tokens that the target brought along.
    pub dictionary: Vec<Vec<u8>>,
}

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

impl ForkServer {
    /// Starts the target and shakes hands.
    ///
    /// The map is enlarged and the target started again if it has more
    /// counters than it was given room for.
    ///
    /// # Errors
    /// When the target cannot be executed, ends, does not answer or does not
    /// agree; when the system gives no segment, pipe or file.
    pub fn start(mut config: TargetConfig) -> Result<Self, StartError> {
        if config.launch == Launch::Exec {
            return Self::without_server(config);
        }
        let mut signatures =
            Signatures::of_file(&config.program).map_err(|source| StartError::Unreadable {
                program: config.program.clone(),
                source,
            })?;
        signatures.persistent |= config.enforce.persistent;
        signatures.deferred |= config.enforce.deferred;
        // Before there are segments, which the warden is not to hold.
        let leftovers = Leftovers::new();
        let mut input = InputPort::new(&config.input)?;
        let mut context = Context::new(leftovers)?;
        let mut log = config.compare_log.then(CompareLog::create).transpose()?;
        if let (Some(log), Some(limit)) = (&log, &mut config.memory_limit) {
            *limit = limit.saturating_add(log.size() as u64);
        }
        let chosen = config.map_size.unwrap_or(coverage::FIRST_MAP_SIZE);
        let mut map = new_map(chosen.clamp(coverage::PAGE_SIZE, coverage::MAX_MAP_SIZE))?;
        let mut attempts = 0;
        let (connection, info) = loop {
            let booted = boot(
                &config,
                signatures,
                &mut input,
                &mut context,
                log.as_ref(),
                &mut map,
            );
            attempts += 1;
            match booted? {
                Boot::Up(connection, info) => break (connection, info),
                Boot::NeedsMap(size) if attempts < MAX_MAPS => map = new_map(size)?,
                Boot::NeedsMap(size) => {
                    return Err(StartError::MapGrows {
                        program: config.program,
                        attempts,
                        size,
                    });
                }
            }
        };
        if let Some(log) = &mut log {
            log.expect(info.dialect);
        }
        let channel = PipeChannel::new(&config, context, connection);
        Ok(Self {
            first_passes: FirstPasses::new(config.startup_timeout),
            set_up: Duration::ZERO,
            config,
            signatures,
            info,
            map,
            map_used: 0,
            log,
            input,
            channel: AnyChannel::Pipe(channel),
            restarts: 0,
            last_loss: None,
        })
    }

    /// For a target that is executed for each run.
    fn without_server(config: TargetConfig) -> Result<Self, StartError> {
        let leftovers = Leftovers::new();
        let input = InputPort::new(&config.input)?;
        let map = new_map(coverage::PAGE_SIZE)?;
        let channel = ExecChannel::new(&config, &input, Context::new(leftovers)?)?;
        Ok(Self {
            signatures: Signatures::default(),
            info: TargetInfo {
                dialect: Dialect::Classic,
                map_size: 0,
                edges: None,
                room: 0,
                persistent: false,
                deferred: false,
                instrumented: false,
                shm_input: false,
                dictionary: Vec::new(),
            },
            map,
            map_used: 0,
            input,
            channel: AnyChannel::Exec(channel),
            first_passes: FirstPasses::new(config.startup_timeout),
            set_up: Duration::ZERO,
            log: None,
            restarts: 0,
            last_loss: None,
            config,
        })
    }

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
            let ran = if self.info.persistent && !self.channel.has_waiting_child() {
                self.run_fresh_child(input, timeout)?
            } else {
                self.channel.run(timeout)
            };
            self.learn_of_modules();
            self.channel.count_run();
            let reason = match ran {
                Ok(Run::Ended(status)) => {
                    return Ok(Outcome::of_status(status, self.config.crash_exit_code));
                }
                Ok(Run::TimedOut) => return Ok(Outcome::TimedOut),
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
                // The run was over its limit and took the server along.
                return Ok(Outcome::TimedOut);
            }
            if attempts == MAX_RESTARTS_IN_A_ROW {
                return Err(RunError::Lost { attempts, reason });
            }
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
        self.learn_of_modules();
        self.map.clear();
        if let Some(log) = &mut self.log {
            log.clear();
        }
        // The first pass may have changed the input, or read it to its end.
        self.input.deliver(input)?;
        Ok(self.channel.run(timeout))
    }

    /// A run may have loaded a module, and counted in more of the map.
    #[inline]
    fn learn_of_modules(&mut self) {
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

    /// How many modules [`Self::late_modules`] knows of.
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

    #[cold]
    fn restart(&mut self, reason: LossReason) -> Result<(), RunError> {
        self.channel.end();
        self.restarts += 1;
        self.last_loss = Some(reason);
        for pause in RESTART_PAUSES {
            match self.boot_again() {
                Ok(()) => return Ok(()),
                // That does not pass.
                Err(StartError::MapChanged { .. }) => break,
                Err(_) => thread::sleep(pause),
            }
        }
        self.boot_again().map_err(|source| RunError::Restart {
            reason,
            source: Box::new(source),
        })
    }

    fn boot_again(&mut self) -> Result<(), StartError> {
        let booted = boot(
            &self.config,
            self.signatures,
            &mut self.input,
            self.channel.context_mut(),
            self.log.as_ref(),
            &mut self.map,
        );
        let before = self.info.map_size;
        let changed = |now| StartError::MapChanged {
            program: self.config.program.clone(),
            before,
            now,
        };
        match booted? {
            Boot::Up(connection, info) => {
                self.channel.reconnect(connection);
                if info.map_size != before {
                    self.channel.end();
                    return Err(changed(info.map_size));
                }
                self.info = info;
                // The map is looked at as a whole until the next run says what is used.
                self.map_used = 0;
                Ok(())
            }
            // It fitted when it was started first.
            Boot::NeedsMap(size) => Err(changed(size)),
        }
    }

    /// Whether a persistent child has finished its pass and waits for the next
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

    /// What the target said about itself.
    #[must_use]
    pub const fn info(&self) -> &TargetInfo {
        &self.info
    }

    /// The counters.
    #[must_use]
    pub const fn map(&self) -> &CoverageMap {
        &self.map
    }

    /// How often it was looked for daemons of the target: between two runs, once in
    /// tens of thousands.
    #[must_use]
    pub fn looks_for_daemons(&self) -> u64 {
        self.channel.context().leftovers.sweeps()
    }

    /// The compare log, if the configuration asks for one. It is cleared by being
    /// taken.
    pub const fn compare_log(&mut self) -> Option<&mut CompareLog> {
        self.log.as_mut()
    }

    /// How often the server was lost and started again.
    #[must_use]
    pub const fn restarts(&self) -> u64 {
        self.restarts
    }

    /// Why it was started again the last time.
    #[must_use]
    pub const fn last_loss(&self) -> Option<LossReason> {
        self.last_loss
    }

    /// Process id of the fork server; 0 without one.
    #[must_use]
    pub fn server_pid(&self) -> i32 {
        self.channel.server_pid()
    }
}

impl Drop for ForkServer {
    fn drop(&mut self) {
        self.channel.end();
    }
}
