//! Configuration: the target, its limits.

use crate::Signatures;
use std::{ffi::OsString, path::PathBuf, time::Duration};

/// A target and how to run it.
#[derive(Debug, Clone)]
pub struct TargetConfig {
    /// The executable file.
    pub program: PathBuf,
    /// Its arguments, without the program's name.
    pub args: Vec<OsString>,
    /// Route of the input to a target that does not read shared memory.
    pub input: InputRoute,
    /// Limit of one run.
    pub timeout: Duration,
    /// Limit of the whole handshake, constructors of the target included.
    pub startup_timeout: Duration,
    /// Limit of the target's address space in bytes (`RLIMIT_AS`).
    pub memory_limit: Option<u64>,
    /// Size of the coverage segment in bytes, if the user chose one. A target that loads
    /// modules later has all of it for them.
    pub map_size: Option<usize>,
    /// Added to the environment that this process has.
    pub env: Vec<(OsString, OsString)>,
    /// Destination of the target's standard output and error.
    pub output: TargetOutput,
    /// A child that exits with this code has crashed; `MSan` reports by 86.
    pub crash_exit_code: Option<i32>,
    /// Working directory of the target; `None`: this process's.
    pub current_dir: Option<PathBuf>,
    /// Way to run the target.
    pub launch: Launch,
    /// Signal for a run over its limit. If it does not end the child, `SIGKILL` follows.
    pub kill_signal: i32,
    /// Signal for the fork server at its end; half a second later `SIGKILL` follows.
    /// `None`: `SIGKILL` at once.
    pub server_kill_signal: Option<i32>,
    /// Signatures that are assumed even if the file does not have them.
    pub enforce: Signatures,
    /// Give the target a segment for its compare log
    /// ([`ForkServer::compare_log`](crate::ForkServer::compare_log)). The memory
    /// limit is raised by the segment's size.
    pub compare_log: bool,
}

/// Way to run a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Launch {
    /// By its fork server.
    #[default]
    ForkServer,
    /// It is executed anew for each run, and has no coverage.
    Exec,
}

impl TargetConfig {
    /// `program` without arguments, fed through standard input, one second a
    /// run, ten for the handshake, no memory limit, no exit code that is a crash, its
    /// output thrown away.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            input: InputRoute::Stdin,
            timeout: Duration::from_secs(1),
            startup_timeout: Duration::from_secs(10),
            memory_limit: None,
            map_size: None,
            env: Vec::new(),
            output: TargetOutput::Null,
            crash_exit_code: None,
            current_dir: None,
            launch: Launch::ForkServer,
            kill_signal: tine_ipc::signal::KILL,
            server_kill_signal: None,
            enforce: Signatures::default(),
            compare_log: false,
        }
    }
}

/// Route of the input to a target that does not read shared memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputRoute {
    /// On its standard input: a regular file, with a name, in a folder of its own.
    Stdin,
    /// In this file, which the target's arguments name. It has to be a regular file of
    /// this user, or free. A folder that the target puts in its place goes only if it is
    /// empty.
    File(PathBuf),
    /// In this file of a folder that is the fuzzer's own: whatever has its name may go.
    OwnFile(PathBuf),
}

/// Destination of the target's standard output and error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetOutput {
    /// To `/dev/null`.
    Null,
    /// To this process's.
    Inherit,
}
