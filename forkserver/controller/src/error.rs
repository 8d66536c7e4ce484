//! Errors, a sentence each, with the way out.

use crate::signal_name;
use std::{borrow::Cow, io, path::PathBuf, time::Duration};
use tine_ipc::Errno;
use tine_protocol::{TargetError, WaitStatus, handshake::controller::HandshakeError};

/// Reason why a fork server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The target's file could not be read.
    #[error("cannot read {}: {source}", .program.display())]
    Unreadable {
        /// The target.
        program: PathBuf,
        /// Error of the system.
        source: io::Error,
    },
    /// A shared-memory segment could not be made.
    #[error(
        "cannot create a shared-memory segment of {size} bytes: {source} ({})",
        segment_hint(*.source)
    )]
    Segment {
        /// Size asked for, in bytes.
        size: usize,
        /// Error of the system.
        source: Errno,
    },
    /// The input could not be set up.
    #[error("cannot prepare the input {what}: {source}")]
    Input {
        /// The file, or what stands for it.
        what: String,
        /// Error of the system.
        source: io::Error,
    },
    /// The pipes could not be made.
    #[error("cannot create the control and status pipes: {source}{}", shortage(.source.0))]
    Pipe {
        /// Error of the system.
        source: Errno,
    },
    /// The pipes cannot be put where the target expects them.
    #[error(
        "a fork server has its pipes on the descriptors 198 and 199, and no more than {limit} \
         descriptors are allowed here: raise the hard limit (`ulimit -Hn 1024` as root, \
         `docker run --ulimit nofile=1024`), or give -n"
    )]
    DescriptorLimit {
        /// The hard limit.
        limit: u64,
    },
    /// The target could not be executed.
    #[error(
        "cannot execute {}: {source}{}",
        .program.display(), shortage(.source.raw_os_error().unwrap_or(0))
    )]
    Spawn {
        /// The target.
        program: PathBuf,
        /// Error of the system.
        source: io::Error,
    },
    /// The target ended during the handshake.
    #[error("{} {} while tine was {stage}: {}", .program.display(), death(*.status), death_hint(*.status, *.memory_limit, *.said_hello))]
    Died {
        /// The target.
        program: PathBuf,
        /// Its wait status, if it was seen.
        status: Option<WaitStatus>,
        /// Where the handshake stood.
        stage: &'static str,
        /// Its limit of address space in bytes, if any.
        memory_limit: Option<u64>,
        /// Set if it said hello before.
        said_hello: bool,
    },
    /// The target lives but does not answer.
    #[error(
        "{} did not answer within {} s; tine was {stage}. A constructor, or code before the fork \
         server starts, may hang or wait for something: `tine doctor -- TARGET` looks for the cause; \
         raise the limit with AFL_FORKSRV_INIT_TMOUT=MILLISECONDS if it is only slow",
        .program.display(), .limit.as_secs_f32()
    )]
    TimedOut {
        /// The target.
        program: PathBuf,
        /// The limit that passed.
        limit: Duration,
        /// Where the handshake stood.
        stage: &'static str,
    },
    /// The two sides did not agree.
    #[error(
        "the handshake with {} failed: {source}; {}",
        .program.display(), handshake_hint(*.source, *.memory_limit)
    )]
    Handshake {
        /// The target.
        program: PathBuf,
        /// The violation.
        source: HandshakeError,
        /// Its limit of address space in bytes, if any.
        memory_limit: Option<u64>,
    },
    /// The target's process ended, and another one that it left behind answers.
    #[error(
        "{} {} while another process of it went on as the fork server: tine cannot look after that \
         one; have it stay in the foreground (no fork, no daemon) until the fork server starts",
        .program.display(), death(*.status)
    )]
    Daemonised {
        /// The target.
        program: PathBuf,
        /// Wait status of the process.
        status: Option<WaitStatus>,
    },
    /// The target needs a larger map each time it is started.
    #[error(
        "{} asked for a larger coverage map each of the {attempts} times it was started, at last \
         for {size} bytes: its map size must not depend on AFL_MAP_SIZE",
        .program.display()
    )]
    MapGrows {
        /// The target.
        program: PathBuf,
        /// Number of starts.
        attempts: u32,
        /// Size that it asked for last, in bytes.
        size: usize,
    },
    /// The target was started again and has another map.
    #[error(
        "{} has a coverage map of {now} bytes, and had one of {before} bytes when it was started \
         first: it has to have the same one each time",
        .program.display()
    )]
    MapChanged {
        /// The target.
        program: PathBuf,
        /// Size at first, in bytes.
        before: usize,
        /// Size now, in bytes.
        now: usize,
    },
    /// The map is larger than anything that tine gives out.
    #[error("{} needs a coverage map of more than {limit} bytes", .program.display())]
    MapTooLarge {
        /// The target.
        program: PathBuf,
        /// The limit in bytes.
        limit: usize,
    },
}

/// The dynamic loader exits with this code when it cannot load a program.
const LOADER_FAILED: i32 = 127;

/// Advice about a target that ended during the handshake.
fn death_hint(status: Option<WaitStatus>, memory_limit: Option<u64>, said_hello: bool) -> String {
    if said_hello {
        return "its fork server broke off. Does the program close descriptor 198 or 199? \
                `tine doctor -- TARGET` looks for the cause"
            .into();
    }
    let failed = status.is_some_and(|status| status.exit_code() != Some(0));
    if let (Some(limit), true) = (memory_limit, failed) {
        return memory_hint(limit);
    }
    if status.and_then(WaitStatus::exit_code) == Some(LOADER_FAILED) {
        return "a library that it needs may be missing: `ldd` and `tine doctor -- TARGET` name it"
            .into();
    }
    match status.and_then(WaitStatus::signal) {
        Some(_) => "it crashed before main, in a constructor or while its libraries were loaded: \
                    `tine doctor -- TARGET` looks for the cause"
            .into(),
        None => "its fork server never started. Was it linked by tine-cc (or afl-cc), does it \
                 reach main, or __AFL_INIT() if it uses that, and does nothing before that execute \
                 another program or close descriptors 198 and 199? \
                 `tine doctor -- TARGET` looks for the cause"
            .into(),
    }
}

fn death(status: Option<WaitStatus>) -> String {
    match status {
        Some(status) => match (status.signal(), status.exit_code()) {
            (Some(signal), _) => format!("was killed by {}", signal_name(signal)),
            (None, Some(code)) => format!("exited with code {code}"),
            _ => "ended".into(),
        },
        None => "closed its status pipe".into(),
    }
}

/// Advice where the system has no more.
const fn shortage(errno: i32) -> &'static str {
    match errno {
        libc::EAGAIN => "; no process is to be had, `ulimit -u` is the limit",
        libc::EMFILE => "; no descriptor is free, `ulimit -n` is the limit",
        libc::ENFILE => "; no descriptor is free, `sysctl fs.file-max` is the limit",
        _ => "",
    }
}

fn segment_hint(errno: Errno) -> &'static str {
    match errno.0 {
        libc::ENOSPC => {
            "no segment is free: `ipcs -m` lists them, `ipcrm -m ID` removes one, \
                         `sysctl kernel.shmmni` is the limit"
        }
        libc::EINVAL => "`sysctl kernel.shmmax` is the limit",
        _ => "see `ipcs -lm` for the limits",
    }
}

fn handshake_hint(error: HandshakeError, memory_limit: Option<u64>) -> Cow<'static, str> {
    use TargetError::{CountersNotAlone, MapAddress, Mmap, ShmAttach};
    match (error, memory_limit) {
        (HandshakeError::Target(ShmAttach | Mmap | MapAddress), Some(limit)) => {
            memory_hint(limit).into()
        }
        (HandshakeError::Target(CountersNotAlone), _) => "link it with tine-cc too".into(),
        (HandshakeError::Target(_), _) => "`tine doctor -- TARGET` looks for the cause".into(),
        _ => "was it built by tine-cc or AFL++, and does nothing else write to descriptor 199?"
            .into(),
    }
}

fn memory_hint(limit: u64) -> String {
    format!(
        "its memory limit of {} MB may be too small, try `-m none`",
        limit >> 20
    )
}

fn disk_hint(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(libc::ENOSPC | libc::EDQUOT) => "; make room there",
        Some(libc::EFBIG) => "; the limit of file sizes (`ulimit -f`) is too low",
        _ => "",
    }
}

/// Reason why an input could not be run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The input could not be handed over.
    #[error("cannot write the input {what}: {source}{}", disk_hint(.source))]
    Input {
        /// The file, or what stands for it.
        what: String,
        /// Error of the system.
        source: io::Error,
    },
    /// The input is longer than the segment.
    #[error("the input has {len} bytes, more than the limit of {max}")]
    TooLong {
        /// Bytes of the input.
        len: usize,
        /// The limit in bytes.
        max: usize,
    },
    /// The fork server was lost again and again on this input.
    #[error(
        "the fork server was lost {attempts} times in a row on the same input; the last time \
         {reason}: {}",
        loss_hint(*.reason)
    )]
    Lost {
        /// Number of starts.
        attempts: u32,
        /// Reason of the last loss.
        reason: LossReason,
    },
    /// The fork server cannot make a process for the input.
    #[error(
        "the fork server cannot fork, tried for {} s: no process is to be had, or no memory. \
         `ulimit -u`, pids.max of the control group and /proc/sys/kernel/pid_max are the limits; \
         end what is not needed",
        .tried.as_secs_f32()
    )]
    NoProcess {
        /// Duration of the attempts.
        tried: Duration,
    },
    /// A persistent child cannot stop itself at the end of a pass.
    #[error(
        "the target cannot stop itself at the end of a pass of its persistent loop{}: does it \
         install a filter of system calls (seccomp)? Allow tgkill in it, or leave it out of the \
         build that is fuzzed",
        stop_reason(*.errno)
    )]
    CannotStop {
        /// Error number of the system; 0 where there is none.
        errno: u8,
    },
    /// A target without a fork server could not be executed.
    #[error("cannot execute {}: {source}; was it changed or removed?", .program.display())]
    Exec {
        /// The target.
        program: PathBuf,
        /// Error of the system.
        source: io::Error,
    },
    /// The fork server was lost and could not be started again.
    #[error("the fork server was lost ({reason}) and did not start again: {source}")]
    Restart {
        /// Reason of the loss.
        reason: LossReason,
        /// Reason why it does not start.
        source: Box<StartError>,
    },
}

impl RunError {
    /// Returns whether it may be the input's fault: another one can be run.
    #[must_use]
    pub const fn is_of_input(&self) -> bool {
        matches!(self, Self::Lost { .. } | Self::CannotStop { .. })
    }
}

fn stop_reason(errno: u8) -> String {
    match errno {
        0 => String::new(),
        errno => format!(" ({})", Errno(errno.into())),
    }
}

/// Advice about an input on which the fork server is always lost.
const fn loss_hint(reason: LossReason) -> &'static str {
    match reason {
        LossReason::Ended | LossReason::HalfWord => {
            "does the target kill its parent, or everybody? Or was it killed from outside, for \
             example for its use of memory (`dmesg` tells)?"
        }
        LossReason::Stuck => "does the target stop or trace its parent?",
        LossReason::Reported(TargetError::Signal) => {
            "does a filter of system calls (seccomp), installed before the fork server starts, deny \
             kill? Or does the child become another user's?"
        }
        LossReason::Reported(_) => "AFL_DEBUG=1 makes it explain itself",
        LossReason::Garbage(_) | LossReason::Unasked(_) => {
            "does the target write to descriptor 199, or to a copy of it?"
        }
    }
}

/// Reason why a fork server has to be restarted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LossReason {
    /// It closed its pipes or ended.
    #[error("it ended")]
    Ended,
    /// It closed its pipe within a word.
    #[error("it ended in the middle of a word")]
    HalfWord,
    /// It did not answer in time, though its child was killed.
    #[error("it stopped answering")]
    Stuck,
    /// It said that it could not run the input.
    #[error("it reported that {0}")]
    Reported(TargetError),
    /// It sent something that is neither a pid nor an error.
    #[error("it sent {0:#010x} where a pid belongs")]
    Garbage(u32),
    /// A word came that no wait status can be, or came while the child ran.
    #[error("{0:#010x} came where the wait status belongs")]
    Unasked(u32),
}
