//! Events of a recording. Serialised with serde, this is `tine trace --format json`.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Raised when a field changes its meaning or is taken away.
pub const FORMAT_VERSION: u32 = 2;

/// Everything that was seen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    /// [`FORMAT_VERSION`].
    pub version: u32,
    /// The target and its arguments, or the whole command of another controller.
    pub command: Vec<String>,
    /// The processes, in the order in which they were seen; an event names them by
    /// their index.
    pub actors: Vec<Actor>,
    /// Events, in order.
    pub events: Vec<Event>,
    /// Processes and segments that were left behind when the controller had ended.
    pub left: Vec<String>,
    /// A signal ended the recording early.
    #[serde(default)]
    pub interrupted: bool,
    /// Report of the controller at its end: the outcome of each run, or the reason why there
    /// was none.
    pub report: Vec<String>,
}

/// A process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Its process id.
    pub pid: i32,
    /// Its role in the protocol.
    pub role: Role,
    /// Its name here: `fork server`, `child 2`.
    pub name: String,
}

/// Role of a process in the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The fuzzer's side.
    Controller,
    /// The process that waits in the runtime.
    ForkServer,
    /// A process that the fork server forked for an input.
    Child,
    /// Any other: forked by a child, or by the target before its handshake.
    Other,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Microseconds since the start. Tracing makes everything slower: look at the
    /// order, not at the amount.
    pub at_us: u64,
    /// Where in the exchange: `start`, `handshake`, `run 1`, `end`.
    pub phase: String,
    /// Who did it: an index into the actors.
    pub actor: usize,
    /// The other one, for a word, a signal, a fork: an index into the actors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<usize>,
    /// The step.
    #[serde(flatten)]
    pub step: Step,
    /// The same as a sentence without its subject: `creates the control pipe …`.
    pub text: String,
}

/// One of the two pipes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PipeName {
    /// From the controller to the runtime.
    Control,
    /// From the runtime to the controller.
    Status,
}

/// A shared-memory segment, by what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SegmentName {
    /// The counters.
    Coverage,
    /// The input.
    Input,
    /// tine's control page.
    ControlPage,
    /// AFL++'s compare log.
    CompareLog,
    /// One that the environment does not name.
    Other,
}

/// Route of an input to the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// The input segment.
    SharedMemory,
    /// Standard input.
    Stdin,
    /// A file that the target opens.
    File,
}

/// Kind of an event, with its particulars.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// A pipe was created.
    PipeCreated {
        /// Which of the two; what becomes no pipe of the protocol is not recorded.
        pipe: Option<PipeName>,
        /// Its read end in the controller.
        read_fd: i32,
        /// Its write end in the controller.
        write_fd: i32,
    },
    /// A System V segment was created.
    SegmentCreated {
        /// Its purpose.
        segment: SegmentName,
        /// Its id.
        id: i32,
        /// Its size.
        bytes: u64,
    },
    /// A System V segment was attached.
    SegmentAttached {
        /// Its purpose.
        segment: SegmentName,
        /// Its id.
        id: i32,
        /// Where in the process's memory.
        address: u64,
    },
    /// A System V segment was marked for removal: the last one to detach takes it
    /// along.
    SegmentMarked {
        /// Its purpose.
        segment: SegmentName,
        /// Its id.
        id: i32,
    },
    /// A part of a segment was laid over the counters in the target's memory.
    SegmentOverlaid {
        /// Where the counters are.
        address: u64,
        /// Number of bytes of it.
        bytes: u64,
    },
    /// A file was made for inputs: the fork server's standard input.
    InputFile {
        /// Its descriptor.
        fd: i32,
    },
    /// A process forked.
    Forked {
        /// The kernel wrote the new pid to shared memory within the call.
        pid_in_page: bool,
    },
    /// A pipe's end was put on its descriptor.
    Placed {
        /// The descriptor: 198 or 199.
        fd: i32,
    },
    /// The descriptors of the protocol were closed.
    Closed {
        /// The first: 198 or 199.
        first: i32,
        /// The last.
        last: i32,
    },
    /// A program was executed.
    Executed {
        /// Its file.
        program: String,
        /// Variables of the protocol in the environment.
        variables: Vec<(String, String)>,
    },
    /// A word went over a pipe.
    Word {
        /// Which pipe.
        pipe: PipeName,
        /// The four bytes as they crossed it.
        bytes: Vec<u8>,
        /// The number that they are.
        value: u32,
        /// Its place in the exchange: `hello`, `options`, `wait status`.
        word: String,
        /// Its meaning.
        meaning: String,
        /// It may not stand there.
        wrong: bool,
        /// When the other side had read it, microseconds since the start.
        #[serde(skip_serializing_if = "Option::is_none")]
        read_at_us: Option<u64>,
    },
    /// Bytes that are no word: a dictionary, or half a word.
    Bytes {
        /// Which pipe.
        pipe: PipeName,
        /// Number of bytes.
        count: u64,
        /// Their meaning.
        meaning: String,
        /// They may not stand there.
        wrong: bool,
    },
    /// The input is where the target finds it.
    Input {
        /// Its route.
        route: Route,
        /// Its length.
        bytes: u64,
    },
    /// The controller waited as long as it was going to.
    LimitPassed {
        /// Time that it waited, microseconds.
        waited_us: u64,
    },
    /// A signal was sent.
    SignalSent {
        /// Its number.
        signal: i32,
        /// Its name.
        name: String,
        /// To the whole process group.
        group: bool,
    },
    /// A signal arrived that nobody sent by a system call: a fault, or the kernel's.
    SignalReceived {
        /// Its number.
        signal: i32,
        /// Its name.
        name: String,
        /// Where it comes from.
        origin: String,
    },
    /// A process is stopped.
    Stopped {
        /// By this signal.
        signal: i32,
        /// Its name.
        name: String,
    },
    /// A stopped process goes on.
    Continued,
    /// A process ended.
    Ended {
        /// Its wait status.
        status: i32,
        /// The same in words.
        meaning: String,
    },
    /// A process was told how another one ended or stopped.
    Reaped {
        /// The wait status.
        status: i32,
        /// The same in words.
        meaning: String,
    },
    /// A process prepared itself: a group, a session, what happens when its parent
    /// dies.
    Prepared {
        /// The system call.
        call: String,
    },
    /// The counters after a run, before the controller took them.
    Coverage {
        /// Number of counters that are not zero.
        edges: usize,
        /// Size of the map in bytes.
        map_bytes: usize,
        /// The first of them: number of the edge, count.
        first: Vec<(usize, u8)>,
    },
}

impl fmt::Display for PipeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Control => "control pipe",
            Self::Status => "status pipe",
        })
    }
}

impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Coverage => "coverage segment",
            Self::Input => "input segment",
            Self::ControlPage => "control page",
            Self::CompareLog => "compare-log segment",
            Self::Other => "segment",
        })
    }
}

impl Step {
    /// The event as a sentence without its subject. `to` is the name of the other
    /// process, if there is one.
    #[must_use]
    pub fn sentence(&self, to: Option<&str>) -> String {
        let other = to.unwrap_or("a process that is not traced");
        match self {
            Self::PipeCreated {
                pipe,
                read_fd,
                write_fd,
            } => format!(
                "creates {}: read end {read_fd}, write end {write_fd}",
                pipe.map_or_else(|| "a pipe".into(), |pipe| format!("the {pipe}"))
            ),
            Self::SegmentCreated { segment, id, bytes } => {
                format!("creates the {segment}: {bytes} bytes, System V id {id}")
            }
            Self::SegmentAttached {
                segment, address, ..
            } => {
                format!("attaches the {segment} at {address:#x}")
            }
            Self::SegmentMarked { segment, .. } => {
                format!("marks the {segment} for removal: it goes with the last process")
            }
            Self::SegmentOverlaid { address, bytes } => {
                format!(
                    "lays {bytes} bytes of the coverage segment over its counters at {address:#x}"
                )
            }
            Self::InputFile { fd } => {
                format!("makes a file for inputs: descriptor {fd}")
            }
            Self::Forked { pid_in_page: true } => {
                format!("forks {other}; the kernel writes its pid to the control page")
            }
            Self::Forked { pid_in_page: false } => format!("forks {other}"),
            Self::Placed { fd } => format!(
                "puts {} on descriptor {fd}",
                if *fd == tine_protocol::fds::CONTROL_FD {
                    "the read end of the control pipe"
                } else {
                    "the write end of the status pipe"
                }
            ),
            Self::Closed { first, last } if first == last => format!("closes {first}"),
            Self::Closed { first, last } => format!("closes {first} to {last}"),
            Self::Executed { program, variables } => {
                let variables: Vec<_> = variables
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                if variables.is_empty() {
                    format!("executes {program}")
                } else {
                    format!("executes {program} with {}", variables.join(" "))
                }
            }
            Self::Word {
                pipe,
                bytes,
                word,
                meaning,
                ..
            } => {
                format!("writes {} to the {pipe}: {word}, {meaning}", hex(bytes))
            }
            Self::Bytes {
                pipe,
                count,
                meaning,
                ..
            } => format!("writes {count} bytes to the {pipe}: {meaning}"),
            Self::Input { route, bytes } => format!(
                "puts an input of {bytes} bytes {}",
                match route {
                    Route::SharedMemory => "into the input segment",
                    Route::Stdin => "into the file that is the target's standard input",
                    Route::File => "into the file that the target reads",
                }
            ),
            Self::LimitPassed { waited_us } => {
                format!("waited {:.1} ms: time is up", *waited_us as f64 / 1000.0)
            }
            Self::SignalSent { name, group, .. } => {
                format!(
                    "sends {name} to {}{other}",
                    if *group { "the process group of " } else { "" }
                )
            }
            Self::SignalReceived { name, origin, .. } => format!("gets {name}: {origin}"),
            Self::Stopped { name, .. } => format!("is stopped by {name}"),
            Self::Continued => "goes on".into(),
            Self::Ended { meaning, .. } => format!("ends: {meaning}"),
            Self::Reaped { meaning, .. } => format!("is told by wait that {other} {meaning}"),
            Self::Prepared { call } => format!("prepares itself: {call}"),
            Self::Coverage {
                edges,
                map_bytes,
                first,
            } => {
                let shown: Vec<_> = first
                    .iter()
                    .map(|(edge, count)| format!("{edge}:{count}"))
                    .collect();
                let dots = if *edges > first.len() { " …" } else { "" };
                format!(
                    "leaves {edges} of {map_bytes} counters not zero: {}{dots}",
                    shown.join(" ")
                )
            }
        }
    }
}

/// `01 4c 46 41`
pub(crate) fn hex(bytes: &[u8]) -> String {
    let bytes: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.join(" ")
}
