//! What runs the target: its fork server, or this process.

use crate::{
    LossReason,
    exec::Launcher,
    process::{Process, Run},
    strays::Strays,
};
use std::time::Duration;
use tine_ipc::{Errno, shm::Segment};

/// What runs the target.
#[derive(Debug)]
pub(crate) enum Back {
    /// Its fork server.
    Server(Process),
    /// This process executes it each time.
    Exec(Launcher),
}

/// Why there was no run.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The fork server is lost.
    Lost(LossReason),
    /// No process is to be had for now.
    NoProcess,
    /// The target cannot be executed.
    Exec(Errno),
}

impl Back {
    /// Runs the target on the input that was delivered.
    pub(crate) fn run(
        &mut self,
        page: &Segment,
        strays: &Strays,
        timeout: Duration,
    ) -> Result<Run, Failure> {
        match self {
            Self::Server(process) => process.run(page, timeout).map_err(Failure::Lost),
            Self::Exec(launcher) => launcher.run(strays, timeout),
        }
    }

    /// The fork server's child, which the target can lie about; 0 without one.
    pub(crate) fn child(&self, page: &Segment) -> i32 {
        match self {
            Self::Server(process) => process.child(page),
            Self::Exec(_) => 0,
        }
    }

    /// The fork server's number; 0 without one.
    pub(crate) fn server_pid(&self) -> i32 {
        match self {
            Self::Server(process) => process.server_pid(),
            Self::Exec(_) => 0,
        }
    }

    /// Whether a persistent child waits for the next input.
    pub(crate) const fn is_stopped(&self) -> bool {
        match self {
            Self::Server(process) => process.is_stopped(),
            Self::Exec(_) => false,
        }
    }

    /// Ends such a child.
    pub(crate) fn discard_child(&mut self, page: &Segment) {
        if let Self::Server(process) = self {
            process.discard_child(page);
        }
    }

    /// Ends the fork server and its child. Without a server nothing runs between runs.
    pub(crate) fn end(&mut self, page: &Segment, strays: &Strays) {
        if let Self::Server(process) = self {
            process.end(page, strays);
        }
    }
}
