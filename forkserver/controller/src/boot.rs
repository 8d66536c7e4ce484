//! From an executable file to a fork server that answers.

use crate::{
    CompareLog, CoverageMap, StartError, TargetConfig, TargetInfo,
    channel::{Connection, Context},
    control_page::ControlPage,
    handshake::{self, HandshakeFailure, Peer},
    input::InputPort,
    leftovers::Leftovers,
    signatures::Signatures,
    spawn,
};
use std::{
    ffi::OsStr,
    os::{
        fd::{AsFd, BorrowedFd},
        unix::process::ExitStatusExt,
    },
    process::Child,
    time::{Duration, Instant},
};
use tine_ipc::{
    Pid, pipe,
    poll::{self, Ready},
    process,
    shm::Segment,
    signal,
};
use tine_protocol::{
    TargetError, WaitStatus, env,
    handshake::controller::{Agreement, HandshakeError},
    layout::coverage,
};

/// Time limit of a process that closed its pipe to end by itself.
const END_LIMIT: Duration = Duration::from_millis(500);

/// Result of starting a target.
pub(crate) enum Boot {
    Up(Connection, TargetInfo),
    /// It has to be started again with a map of this many bytes.
    NeedsMap(usize),
}

/// Starts the target and shakes hands, with the map that there is.
pub(crate) fn boot(
    config: &TargetConfig,
    signatures: Signatures,
    input: &mut InputPort,
    context: &mut Context,
    log: Option<&CompareLog>,
    map: &mut CoverageMap,
) -> Result<Boot, StartError> {
    let stdin = input.stdin().map_err(|source| StartError::Input {
        what: "for standard input".into(),
        source,
    })?;
    map.clear();
    let Context { page, leftovers } = context;
    let mut variables = variables(config, signatures, input, page, map);
    variables.push(leftovers.variable());
    variables.extend(log.map(CompareLog::variable));
    let mut spawned = spawn::spawn(config, &variables, stdin, leftovers.watched())
        .inspect_err(|_| leftovers.release())?;
    let shaken = handshake::shake(
        Peer {
            pid: spawned.pid(),
            control: spawned.control.as_fd(),
            status: spawned.status.as_fd(),
        },
        true,
        config.startup_timeout,
    );
    let (agreement, dictionary) = match shaken {
        Ok(agreed) => agreed,
        Err(failed) => {
            let is_ending = matches!(
                failed.failure,
                HandshakeFailure::Ended | HandshakeFailure::Left
            );
            let status = end_failed(&mut spawned.process, leftovers, is_ending);
            leftovers.kill_all();
            return handshake_failure(config, map.capacity(), failed, status);
        }
    };
    if process::has_ended(spawned.pid()) != Ok(false) {
        let is_held = is_held(spawned.status.as_fd());
        let status = end_failed(&mut spawned.process, leftovers, true);
        leftovers.kill_all();
        let program = config.program.clone();
        return Err(if is_held {
            StartError::Daemonised { program, status }
        } else {
            StartError::Died {
                program,
                status,
                stage: "about to request its first run",
                memory_limit: config.memory_limit,
                said_hello: true,
            }
        });
    }
    let map_size = agreement
        .map_size
        .map_or(coverage::DEFAULT_MAP_SIZE, |size| size as usize);
    if map_size > map.capacity() {
        kill(&mut spawned.process, leftovers);
        leftovers.kill_all();
        return Ok(Boot::NeedsMap(map_size));
    }
    map.set_len(map_size);
    map.clear();
    input.shared = agreement.shm_input;
    let info = info(&agreement, map_size, signatures, page, &dictionary);
    leftovers.server_is_up();
    let connection = Connection {
        spawned,
        has_control_page: agreement.control_page,
    };
    Ok(Boot::Up(connection, info))
}

fn info(
    agreement: &Agreement,
    map_size: usize,
    signatures: Signatures,
    page: &ControlPage,
    dictionary: &[u8],
) -> TargetInfo {
    let (edges, room) = (page.edges(), page.room());
    TargetInfo {
        dialect: agreement.dialect,
        map_size,
        room: if agreement.control_page {
            room.min(map_size)
        } else {
            0
        },
        edges: (agreement.control_page && (1..=map_size).contains(&edges)).then_some(edges),
        persistent: signatures.persistent,
        deferred: signatures.deferred,
        instrumented: true,
        shm_input: agreement.shm_input,
        dictionary: handshake::tokens(dictionary),
    }
}

/// The environment variables that tell the runtime what it needs.
fn variables(
    config: &TargetConfig,
    signatures: Signatures,
    input: &InputPort,
    page: &ControlPage,
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
    failed: handshake::FailedHandshake,
    status: Option<WaitStatus>,
) -> Result<Boot, StartError> {
    let program = config.program.clone();
    let handshake::FailedHandshake {
        failure,
        stage,
        said_hello,
    } = failed;
    Err(match failure {
        HandshakeFailure::Disagreed(HandshakeError::Target(TargetError::MapSize)) => {
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
        HandshakeFailure::Disagreed(source) => StartError::Handshake {
            program,
            source,
            memory_limit: config.memory_limit,
        },
        HandshakeFailure::TimedOut => StartError::TimedOut {
            program,
            limit: config.startup_timeout,
            stage,
        },
        HandshakeFailure::Left => StartError::Daemonised { program, status },
        HandshakeFailure::Ended => StartError::Died {
            program,
            status,
            stage,
            memory_limit: config.memory_limit,
            said_hello,
        },
    })
}

/// Returns whether some process still holds the other end of the status pipe.
fn is_held(status: BorrowedFd<'_>) -> bool {
    match poll::readable(status, Duration::ZERO) {
        Ok(Ready::Yes) => !matches!(pipe::receive_some(status, &mut [0; 4]), Ok(0) | Err(_)),
        Ok(Ready::TimedOut | Ready::Interrupted) => true,
        Err(_) => false,
    }
}

/// Ends a process that did not become a fork server, and its group. Returns its wait
/// status if it ended by itself, which it has time for if it `is_ending`.
fn end_failed(child: &mut Child, leftovers: &Leftovers, is_ending: bool) -> Option<WaitStatus> {
    let pid = Pid::of(child);
    let limit = if is_ending { END_LIMIT } else { Duration::ZERO };
    let deadline = Instant::now() + limit;
    let mut pause = Duration::from_micros(100);
    // It is not reaped yet: its number, which is its group's too, stays its own.
    let by_itself = loop {
        match process::has_ended(pid) {
            Ok(false) if Instant::now() < deadline => std::thread::sleep(pause),
            Ok(ended) => break ended,
            Err(_) => break false,
        }
        pause = (pause * 2).min(Duration::from_millis(20));
    };
    let status = kill(child, leftovers)?;
    by_itself.then_some(status)
}

/// Kills a process that waits for us, with its group, and reaps it.
fn kill(child: &mut Child, leftovers: &Leftovers) -> Option<WaitStatus> {
    let _ = signal::send_group(Pid::of(child), signal::KILL);
    leftovers.release();
    let status = child.wait().ok()?;
    Some(WaitStatus(status.into_raw()))
}

/// A map of `size` bytes, rounded up to pages.
pub(crate) fn new_map(size: usize) -> Result<CoverageMap, StartError> {
    let size = size.next_multiple_of(coverage::PAGE_SIZE);
    Segment::create(size)
        .inspect(Segment::keep_from_children)
        .map(CoverageMap::new)
        .map_err(|source| StartError::Segment { size, source })
}
