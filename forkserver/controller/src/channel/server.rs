//! The fork server's process: its child, and its end.

use super::Context;
use crate::{
    LossReason, TargetConfig,
    leftovers::Leftovers,
    procfs::{self, Stat},
    spawn::Spawned,
};
use std::{
    os::fd::{AsFd, BorrowedFd},
    time::{Duration, Instant},
};
use tine_ipc::{Pid, offspring, process, signal};

/// Time limit of a server that is asked to end.
const END_LIMIT: Duration = Duration::from_millis(500);

/// A fork server that shook hands.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) spawned: Spawned,
    /// It writes its child's pid to the control page, and does not send it.
    pub(crate) has_control_page: bool,
}

impl Connection {
    /// Kills a server that nobody uses.
    pub(super) fn end(mut self, leftovers: &Leftovers) {
        let _ = signal::send_group(self.spawned.pid(), signal::KILL);
        leftovers.release();
        let _ = self.spawned.process.wait();
        leftovers.kill_all();
    }
}

/// A fork server, for a channel that has one.
#[derive(Debug)]
pub(crate) struct Server {
    pub(super) context: Context,
    connection: Connection,
    /// The child that runs or is stopped, for peers that send its pid.
    pub(super) announced: Option<Pid>,
    /// The server was killed and reaped.
    ended: bool,
    kill_signal: Option<i32>,
}

impl Server {
    pub(crate) fn new(config: &TargetConfig, context: Context, connection: Connection) -> Self {
        Self {
            context,
            connection,
            announced: None,
            ended: false,
            kill_signal: config.server_kill_signal,
        }
    }

    /// Replaces a server that has ended.
    pub(super) fn reconnect(&mut self, connection: Connection) {
        self.connection = connection;
        self.announced = None;
        self.ended = false;
    }

    pub(super) fn pid(&self) -> Pid {
        self.connection.spawned.pid()
    }

    /// Write end of the control pipe.
    pub(super) fn control(&self) -> BorrowedFd<'_> {
        self.connection.spawned.control.as_fd()
    }

    /// Read end of the status pipe.
    pub(super) fn status(&self) -> BorrowedFd<'_> {
        self.connection.spawned.status.as_fd()
    }

    pub(super) const fn has_control_page(&self) -> bool {
        self.connection.has_control_page
    }

    /// The child that runs or is stopped. The target can write this number.
    pub(super) fn child(&self) -> Option<Pid> {
        self.announced
            .or_else(|| Pid::new(self.context.page.child()))
    }

    /// Checks on a server that does not answer. One that ended is not noticed by reading
    /// if another process holds its pipe; one that somebody stopped is continued.
    pub(super) fn rouse(&self) -> Result<(), LossReason> {
        let server = self.pid();
        if process::has_ended(server) != Ok(false) {
            return Err(LossReason::Ended);
        }
        if Stat::of(server).is_some_and(|stat| stat.is_stopped()) {
            let _ = signal::send(server, signal::CONTINUE);
        }
        Ok(())
    }

    /// Sends a signal that ends it to the child and its process group.
    ///
    /// The number is the target's word: it can write the control page, and announce any
    /// number. So only what belongs to the fork server is signalled.
    pub(super) fn kill_child(&self, signal: i32) {
        let server = self.pid();
        if !self.has_control_page() {
            if let Some(child) = self.announced.filter(|child| belongs_to(*child, server)) {
                let _ = signal::send(child, signal);
            }
            return;
        }
        let child = self.context.page.child();
        if child == 0 {
            // There is none yet, or none any more.
            return;
        }
        if let Some(child) = Pid::new(child).filter(|child| belongs_to(*child, server)) {
            // Before it leads its group the child can only be killed alone.
            let _ = signal::send_group(child, signal);
            let _ = signal::send(child, signal);
            return;
        }
        // Whichever it is; not what a constructor started, which is in the server's group.
        for child in procfs::children(server).filter(|child| process::leads_group(*child)) {
            let _ = signal::send_group(child, signal);
        }
    }

    /// Gives the server a moment to end by itself.
    fn ask_to_end(&self, server: Pid, signal: i32) {
        let _ = signal::send(server, signal);
        let deadline = Instant::now() + END_LIMIT;
        while process::has_ended(server) == Ok(false) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Ends the child, the server and what they have left behind; reaps the server.
    pub(super) fn end(&mut self) {
        if !self.ended {
            self.ended = true;
            self.end_processes();
        }
        self.context.leftovers.kill_all();
    }

    fn end_processes(&mut self) {
        let server = self.pid();
        if let Some(signal) = self.kill_signal {
            self.ask_to_end(server, signal);
        }
        // Stopped first, so that it forks no more while its child is killed. It is
        // not reaped yet, so its number is still its own.
        let _ = signal::send(server, signal::STOP);
        self.kill_child(signal::KILL);
        // As long as their parent is there. The child was killed.
        let child = self.child().filter(|child| belongs_to(*child, server));
        offspring::end_others(server, &[server, child.unwrap_or(server)]);
        let _ = signal::send_group(server, signal::KILL);
        self.context.leftovers.release();
        let _ = self.connection.spawned.process.wait();
        self.context.page.clear_child();
        self.announced = None;
    }
}

/// Returns whether a process descends from the fork server. Where
/// `/proc` cannot be asked, its session tells.
fn belongs_to(pid: Pid, server: Pid) -> bool {
    pid != Pid::INIT
        && pid != server
        && (process::session_of(pid) == Some(server) || Stat::descends(pid, server) == Some(true))
}
