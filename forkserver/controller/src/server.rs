//! A running fork server: start, run, restart, end.

use crate::{
    CoverageMap, Dialect, LossReason, Outcome, RunError, StartError, TargetConfig,
    handshake::{self, Failure},
    input::InputPort,
    signatures::Signatures,
    spawn::{self, Spawned},
};
use std::{
    ffi::OsStr,
    os::{fd::AsRawFd, unix::process::ExitStatusExt},
    process::Child,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};
use tine_ipc::{
    pipe,
    poll::{self, Ready},
    shm::Segment,
    signal,
};
use tine_protocol::{
    TargetError, WaitStatus, env,
    handshake::controller::{Agreement, HandshakeError},
    layout::{
        control::{self, ControlPage},
        coverage,
    },
    run::{PidWord, RunRequest, StatusWord},
    words::WORD_SIZE,
};

/// How often a lost server is started again for one input before it is given up.
const MAX_RESTARTS_IN_A_ROW: u32 = 3;

/// How long a runtime may take to report a child that was killed. Killing takes
/// microseconds; a machine that is badly overloaded takes longer.
const REPORT_LIMIT: Duration = Duration::from_secs(5);

/// How long a process that closed its pipe may take to end by itself.
const END_LIMIT: Duration = Duration::from_millis(500);

/// What is known of a target once its fork server runs.
#[derive(Debug, Clone)]
pub struct TargetInfo {
    /// The protocol that its runtime speaks.
    pub dialect: Dialect,
    /// Size of the coverage map in bytes.
    pub map_size: usize,
    /// How many of these are counters, if the runtime said it (tine's does).
    pub edges: Option<usize>,
    /// It has a persistent loop.
    pub persistent: bool,
    /// It starts the fork server itself, with `__AFL_INIT()`.
    pub deferred: bool,
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
    page: Segment,
    input: InputPort,
    process: Process,
    restarts: u64,
    last_loss: Option<LossReason>,
}

/// The server's process and what is known of its child.
#[derive(Debug)]
struct Process {
    spawned: Spawned,
    control_page: bool,
    /// What the next request says about the last child.
    request: RunRequest,
    /// The newest child, for peers that send its pid.
    child: Option<i32>,
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
    pub fn start(config: TargetConfig) -> Result<Self, StartError> {
        let signatures =
            Signatures::of_file(&config.program).map_err(|source| StartError::Unreadable {
                program: config.program.clone(),
                source,
            })?;
        let mut input = InputPort::new(&config.input)?;
        let page = new_control_page()?;
        let mut map = new_map(coverage::FIRST_MAP_SIZE)?;
        let (process, info) = loop {
            match boot(&config, signatures, &mut input, &page, &mut map)? {
                Boot::Up(process, info) => break (process, info),
                Boot::NeedsMap(size) => map = new_map(size)?,
            }
        };
        Ok(Self {
            config,
            signatures,
            info,
            map,
            page,
            input,
            process,
            restarts: 0,
            last_loss: None,
        })
    }

    /// Runs the target on `input` under the configured limit.
    ///
    /// The counters are added to what the map holds: the caller takes or clears
    /// them between runs.
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
        loop {
            self.input.deliver(input)?;
            let reason = match self.process.run(&self.page, timeout) {
                Ok(Run::Ended(status)) => {
                    return Ok(Outcome::of_status(status, self.config.crash_exit_code));
                }
                Ok(Run::TimedOut) => return Ok(Outcome::TimedOut),
                Err(reason) => reason,
            };
            attempts += 1;
            self.last_loss = Some(reason);
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

    fn restart(&mut self, reason: LossReason) -> Result<(), RunError> {
        self.process.end(&self.page);
        self.restarts += 1;
        let lost = |source| RunError::Restart {
            reason,
            source: Box::new(source),
        };
        let booted = boot(
            &self.config,
            self.signatures,
            &mut self.input,
            &self.page,
            &mut self.map,
        );
        match booted.map_err(lost)? {
            Boot::Up(process, info) => {
                self.process = process;
                self.info = info;
                Ok(())
            }
            // It fitted when it was started first.
            Boot::NeedsMap(size) => Err(lost(StartError::Handshake {
                program: self.config.program.clone(),
                source: HandshakeError::MapSize(size.try_into().unwrap_or(u32::MAX)),
                memory_limit: self.config.memory_limit,
            })),
        }
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

    /// Process id of the fork server.
    #[must_use]
    pub fn server_pid(&self) -> i32 {
        self.process.server_pid()
    }
}

impl Drop for ForkServer {
    fn drop(&mut self) {
        self.process.end(&self.page);
    }
}

/// How a run ended, before the exit code is judged.
enum Run {
    Ended(WaitStatus),
    TimedOut,
}

impl Process {
    fn server_pid(&self) -> i32 {
        self.spawned.process.id() as i32
    }

    fn run(&mut self, page: &Segment, timeout: Duration) -> Result<Run, LossReason> {
        let request = self.request.to_word().to_ne_bytes();
        pipe::send(self.spawned.control.as_raw_fd(), &request).map_err(|_| LossReason::Ended)?;
        self.request = RunRequest::Go;

        let expected = if self.control_page {
            WORD_SIZE
        } else {
            2 * WORD_SIZE
        };
        let mut answer = Answer {
            bytes: [0; 2 * WORD_SIZE],
            filled: 0,
            expected,
        };
        if self.await_answer(&mut answer, timeout)? {
            return answer.status().map(Run::Ended);
        }
        // Over the limit. The status of a killed child still comes.
        self.request = RunRequest::WasKilled;
        self.kill_child(page);
        if !self.await_answer(&mut answer, REPORT_LIMIT)? {
            return Err(LossReason::Stuck);
        }
        let status = answer.status()?;
        // It may have ended by itself in the last moment.
        let killed = status.signal() == Some(signal::KILL);
        Ok(if killed {
            Run::TimedOut
        } else {
            Run::Ended(status)
        })
    }

    /// Reads until the answer is complete (`true`) or the limit passes.
    fn await_answer(&mut self, answer: &mut Answer, limit: Duration) -> Result<bool, LossReason> {
        let fd = self.spawned.status.as_raw_fd();
        let started = Instant::now();
        let mut rest = limit;
        loop {
            match poll::readable(fd, rest).map_err(|_| LossReason::Ended)? {
                Ready::TimedOut => return Ok(false),
                Ready::Interrupted => {}
                Ready::Yes => {
                    if answer.receive(fd)? {
                        return Ok(true);
                    }
                    self.child = answer.child()?;
                }
            }
            rest = limit.saturating_sub(started.elapsed());
        }
    }

    /// Kills the child and its process group.
    fn kill_child(&self, page: &Segment) {
        if self.control_page {
            let child = control(page).child_pid.load(Ordering::Relaxed);
            // Before it leads its group the child can only be killed alone.
            let _ = signal::send_group(child, signal::KILL);
            let _ = signal::send(child, signal::KILL);
        } else if let Some(child) = self.child {
            let _ = signal::send(child, signal::KILL);
        }
    }

    /// Ends the child and the server, and reaps the server.
    fn end(&mut self, page: &Segment) {
        let server = self.server_pid();
        if matches!(self.spawned.process.try_wait(), Ok(None)) {
            // Stopped first, so that it forks no more while its child is killed.
            let _ = signal::send(server, signal::STOP);
            self.kill_child(page);
            let _ = signal::send_group(server, signal::KILL);
            let _ = self.spawned.process.wait();
        } else {
            self.kill_child(page);
            let _ = signal::send_group(server, signal::KILL);
        }
        control(page).child_pid.store(0, Ordering::Relaxed);
        self.child = None;
    }
}

/// The words that answer a run request, as far as they have come.
struct Answer {
    bytes: [u8; 2 * WORD_SIZE],
    filled: usize,
    expected: usize,
}

impl Answer {
    /// Reads what there is; `true` when the answer is complete.
    fn receive(&mut self, fd: i32) -> Result<bool, LossReason> {
        let count = pipe::receive_some(fd, &mut self.bytes[self.filled..self.expected])
            .map_err(|_| LossReason::Ended)?;
        if count == 0 {
            return Err(LossReason::Ended);
        }
        self.filled += count;
        Ok(self.filled == self.expected)
    }

    fn word(&self, index: usize) -> u32 {
        let at = index * WORD_SIZE;
        let mut word = [0; WORD_SIZE];
        word.copy_from_slice(&self.bytes[at..at + WORD_SIZE]);
        u32::from_ne_bytes(word)
    }

    /// The pid, once it is there; `None` for a peer that sends none.
    fn child(&self) -> Result<Option<i32>, LossReason> {
        if self.expected == WORD_SIZE || self.filled < WORD_SIZE {
            return Ok(None);
        }
        match PidWord::decode(self.word(0)) {
            PidWord::Pid(pid) => Ok(Some(pid)),
            PidWord::Error(error) => Err(LossReason::Reported(error)),
            PidWord::Invalid(word) => Err(LossReason::Garbage(word)),
        }
    }

    fn status(&self) -> Result<WaitStatus, LossReason> {
        self.child()?;
        match StatusWord::decode(self.word(self.expected / WORD_SIZE - 1)) {
            StatusWord::Status(status) => Ok(status),
            StatusWord::Error(error) => Err(LossReason::Reported(error)),
        }
    }
}

/// What starting a target came to.
enum Boot {
    Up(Process, TargetInfo),
    /// It has to be started again with a map of this many bytes.
    NeedsMap(usize),
}

fn boot(
    config: &TargetConfig,
    signatures: Signatures,
    input: &mut InputPort,
    page: &Segment,
    map: &mut CoverageMap,
) -> Result<Boot, StartError> {
    let stdin = input.stdin().map_err(|source| StartError::Input {
        what: "for standard input".into(),
        source,
    })?;
    map.set_len(map.capacity());
    map.clear();
    let variables = variables(config, signatures, input, page, map);
    let mut spawned = spawn::spawn(config, &variables, stdin)?;
    let shaken = handshake::shake(
        spawned.control.as_raw_fd(),
        spawned.status.as_raw_fd(),
        true,
        config.startup_timeout,
    );
    let (agreement, dictionary) = match shaken {
        Ok(agreed) => agreed,
        Err(failed) => {
            let status = end_failed(&mut spawned.process);
            return handshake_failure(config, map.capacity(), failed, status);
        }
    };
    let map_size = agreement
        .map_size
        .map_or(coverage::DEFAULT_MAP_SIZE, |size| size as usize);
    if map_size > map.capacity() {
        end_failed(&mut spawned.process);
        return Ok(Boot::NeedsMap(map_size));
    }
    map.set_len(map_size);
    map.clear();
    input.shared = agreement.shm_input;
    let info = info(&agreement, map_size, signatures, page, &dictionary);
    let process = Process {
        spawned,
        control_page: agreement.control_page,
        request: RunRequest::Go,
        child: None,
    };
    Ok(Boot::Up(process, info))
}

fn info(
    agreement: &Agreement,
    map_size: usize,
    signatures: Signatures,
    page: &Segment,
    dictionary: &[u8],
) -> TargetInfo {
    let edges = control(page).edges.load(Ordering::Relaxed) as usize;
    TargetInfo {
        dialect: agreement.dialect,
        map_size,
        edges: (agreement.control_page && (1..=map_size).contains(&edges)).then_some(edges),
        persistent: signatures.persistent,
        deferred: signatures.deferred,
        shm_input: agreement.shm_input,
        dictionary: handshake::tokens(dictionary),
    }
}

/// The environment variables that tell the runtime what it needs.
fn variables(
    config: &TargetConfig,
    signatures: Signatures,
    input: &InputPort,
    page: &Segment,
    map: &CoverageMap,
) -> Vec<(&'static str, String)> {
    let mut variables = vec![
        (
            env::name(env::COVERAGE_SHM_ID),
            map.segment_id().to_string(),
        ),
        (env::name(env::INPUT_SHM_ID), input.segment_id().to_string()),
        (env::name(env::CONTROL_PAGE_SHM_ID), page.id().to_string()),
        (env::name(env::MAP_SIZE), map.capacity().to_string()),
        ("GLIBC_TUNABLES", tunables(config)),
    ];
    if std::env::var_os("LD_BIND_LAZY").is_none() {
        // Symbols are bound once, in the server, not again in every child.
        variables.push(("LD_BIND_NOW", "1".into()));
    }
    if signatures.persistent {
        variables.push((env::name(env::PERSISTENT), "1".into()));
    }
    if signatures.deferred {
        variables.push((env::name(env::DEFERRED), "1".into()));
    }
    variables
}

/// The tunables of libc that the target gets: the user's, and no restartable
/// sequences. With these the kernel writes to a page of each thread whenever it
/// is scheduled: one page fault more in each child, and one in the server.
fn tunables(config: &TargetConfig) -> String {
    const VARIABLE: &str = "GLIBC_TUNABLES";
    const NO_RSEQ: &str = "glibc.pthread.rseq=0";
    let configured = config.env.iter().rev().find(|(name, _)| name == VARIABLE);
    let users = configured
        .map(|(_, value)| value.clone())
        .or_else(|| std::env::var_os(VARIABLE));
    match users.as_deref().and_then(OsStr::to_str) {
        Some(users) if !users.is_empty() => format!("{NO_RSEQ}:{users}"),
        _ => NO_RSEQ.into(),
    }
}

fn handshake_failure(
    config: &TargetConfig,
    map_size: usize,
    failed: handshake::Failed,
    status: Option<WaitStatus>,
) -> Result<Boot, StartError> {
    let program = config.program.clone();
    let handshake::Failed {
        failure,
        stage,
        said_hello,
    } = failed;
    Err(match failure {
        Failure::Disagreed(HandshakeError::Target(TargetError::MapSize)) => {
            // It does not say how much it needs.
            const GROWTH: usize = 8;
            if map_size >= coverage::MAX_MAP_SIZE {
                StartError::MapTooLarge {
                    program,
                    limit: coverage::MAX_MAP_SIZE,
                }
            } else {
                return Ok(Boot::NeedsMap(
                    (map_size * GROWTH).min(coverage::MAX_MAP_SIZE),
                ));
            }
        }
        Failure::Disagreed(source) => StartError::Handshake {
            program,
            source,
            memory_limit: config.memory_limit,
        },
        Failure::TimedOut => StartError::TimedOut {
            program,
            limit: config.startup_timeout,
            stage,
        },
        Failure::Ended => StartError::Died {
            program,
            status,
            stage,
            memory_limit: config.memory_limit,
            said_hello,
        },
    })
}

/// Ends a process that did not become a fork server. Returns its wait status if
/// it ended by itself.
fn end_failed(process: &mut Child) -> Option<WaitStatus> {
    let deadline = Instant::now() + END_LIMIT;
    let mut pause = Duration::from_micros(100);
    let status = loop {
        match process.try_wait() {
            Ok(Some(status)) => break Some(WaitStatus(status.into_raw())),
            Ok(None) if Instant::now() < deadline => std::thread::sleep(pause),
            Ok(None) | Err(_) => break None,
        }
        pause = (pause * 2).min(Duration::from_millis(20));
    };
    let _ = signal::send_group(process.id() as i32, signal::KILL);
    if status.is_none() {
        let _ = process.wait();
    }
    status
}

fn new_map(size: usize) -> Result<CoverageMap, StartError> {
    let size = size.next_multiple_of(coverage::PAGE_SIZE);
    Segment::create(size)
        .map(CoverageMap::new)
        .map_err(|source| StartError::Segment { size, source })
}

fn new_control_page() -> Result<Segment, StartError> {
    let size = control::SEGMENT_SIZE;
    let page = Segment::create(size).map_err(|source| StartError::Segment { size, source })?;
    let words = control(&page);
    words.magic.store(control::MAGIC, Ordering::Relaxed);
    words.version.store(control::VERSION, Ordering::Relaxed);
    Ok(page)
}

#[allow(unsafe_code)]
fn control(page: &Segment) -> &ControlPage {
    // SAFETY: ControlPage is repr(C) and consists of atomics only, for which
    // every bit pattern is a value.
    unsafe { page.atomics::<ControlPage>(0) }.expect("the control page fits its segment")
}
