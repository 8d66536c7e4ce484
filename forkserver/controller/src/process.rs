//! The fork server's process: one run, a run over its limit, the end.

use crate::{
    LossReason, TargetConfig,
    answer::Answer,
    control_page,
    procfs::{self, Stat},
    spawn::Spawned,
    strays::Strays,
};
use std::{
    os::fd::AsRawFd,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};
use tine_ipc::{
    offspring, pipe,
    poll::{self, Ready},
    process,
    shm::Segment,
    signal,
};
use tine_protocol::{TargetError, WaitStatus, run::RunRequest};

/// How long a runtime may take to report a child that was killed. Killing takes
/// microseconds; a machine that is badly overloaded takes longer.
const REPORT_LIMIT: Duration = Duration::from_secs(5);

/// How long a server that is asked to end may take.
const END_LIMIT: Duration = Duration::from_millis(500);

/// A child that is over its limit is killed again so often: the first time it
/// may not have been forked yet.
const KILL_AGAIN: Duration = Duration::from_millis(50);

/// The server's process and what is known of its child.
#[derive(Debug)]
pub(crate) struct Process {
    spawned: Spawned,
    control_page: bool,
    /// What the next request says about the last child.
    request: RunRequest,
    /// The child that runs or is stopped, for peers that send its pid.
    child: Option<i32>,
    /// A stopped child waits for the next input.
    stopped: bool,
    /// The server was killed and reaped.
    ended: bool,
    kill_signal: i32,
    server_kill_signal: Option<i32>,
}

/// How a run ended, before the exit code is judged.
pub(crate) enum Run {
    /// The child ended or stopped.
    Ended(WaitStatus),
    /// It was over its limit and is killed.
    TimedOut,
}

impl Process {
    /// A server that shook hands.
    pub(crate) fn new(config: &TargetConfig, spawned: Spawned, control_page: bool) -> Self {
        Self {
            spawned,
            control_page,
            request: RunRequest::Go,
            child: None,
            stopped: false,
            ended: false,
            kill_signal: config.kill_signal,
            server_kill_signal: config.server_kill_signal,
        }
    }

    pub(crate) fn server_pid(&self) -> i32 {
        self.spawned.process.id() as i32
    }

    /// The child that runs or is stopped; 0 without one. The target can write this number.
    pub(crate) fn child(&self, page: &Segment) -> i32 {
        match self.child {
            Some(child) => child,
            None => control_page::words(page).child_pid.load(Ordering::Relaxed),
        }
    }

    /// Requests a run and waits for its end.
    pub(crate) fn run(&mut self, page: &Segment, timeout: Duration) -> Result<Run, LossReason> {
        let request = self.request.to_word().to_ne_bytes();
        pipe::send(self.spawned.control.as_raw_fd(), &request).map_err(|_| LossReason::Ended)?;
        self.request = RunRequest::Go;

        let mut answer = Answer::new(!self.control_page);
        if self.await_answer(&mut answer, timeout)? {
            return self.note(page, &answer).map(Run::Ended);
        }
        self.request = RunRequest::WasKilled;
        self.end_run(page, &mut answer)?;
        let status = match self.note(page, &answer) {
            // It was about to stop when it was killed, and did not.
            Err(LossReason::Reported(TargetError::Stop(_))) => return Ok(Run::TimedOut),
            noted => noted?,
        };
        if self.stopped {
            // It finished its pass in the last moment. The next request says that
            // it was killed, so it must be.
            self.kill_child(page, signal::KILL);
            self.stopped = false;
        }
        // It may have ended by itself in the last moment. After another signal than
        // SIGKILL there is no telling.
        let killed = status.signal() == Some(signal::KILL) || self.kill_signal != signal::KILL;
        Ok(if killed {
            Run::TimedOut
        } else {
            Run::Ended(status)
        })
    }

    /// Whether a stopped child waits for the next input.
    pub(crate) const fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Ends a stopped child, so that the next request forks a fresh one.
    pub(crate) fn discard_child(&mut self, page: &Segment) {
        if self.stopped {
            self.kill_child(page, signal::KILL);
            self.stopped = false;
            self.request = RunRequest::WasKilled;
        }
    }

    /// Kills the child until the runtime reports how it ended.
    fn end_run(&mut self, page: &Segment, answer: &mut Answer) -> Result<(), LossReason> {
        let deadline = Instant::now() + REPORT_LIMIT;
        let mut signal = self.kill_signal;
        while Instant::now() < deadline {
            self.kill_child(page, signal);
            if self.await_answer(answer, KILL_AGAIN)? {
                return Ok(());
            }
            signal = signal::KILL;
            self.rouse()?;
        }
        Err(LossReason::Stuck)
    }

    /// Looks at a server that does not answer. One that ended is not noticed by
    /// reading if another process holds its pipe; one that somebody stopped goes on.
    fn rouse(&self) -> Result<(), LossReason> {
        let server = self.server_pid();
        if process::has_ended(server) != Ok(false) {
            return Err(LossReason::Ended);
        }
        if Stat::of(server).is_some_and(|stat| stat.is_stopped()) {
            let _ = signal::send(server, signal::CONTINUE);
        }
        Ok(())
    }

    /// Remembers what a complete answer says of the child.
    fn note(&mut self, page: &Segment, answer: &Answer) -> Result<WaitStatus, LossReason> {
        self.stopped = false;
        let status = answer.status()?;
        self.stopped = status.stop_signal().is_some();
        if self.control_page && !self.stopped {
            // tine's server takes the pid away before it reports the child's end.
            let child = &control_page::words(page).child_pid;
            if child.load(Ordering::Relaxed) != 0 {
                return Err(LossReason::Unasked(status.0 as u32));
            }
        }
        self.child = if self.stopped { answer.child()? } else { None };
        Ok(status)
    }

    /// Reads until the answer is complete (`true`) or the limit passes. The limit
    /// counts from each part that arrives: for a peer that announces the child's
    /// pid, from the fork on.
    fn await_answer(&mut self, answer: &mut Answer, limit: Duration) -> Result<bool, LossReason> {
        let fd = self.spawned.status.as_raw_fd();
        let mut rest = limit;
        // Asked for only when it is needed: not on the road of an ordinary run.
        let mut deadline = None;
        loop {
            match poll::readable(fd, rest).map_err(|_| LossReason::Ended)? {
                Ready::TimedOut => return Ok(false),
                Ready::Yes if answer.receive(fd)? => return Ok(true),
                Ready::Yes => {
                    self.child = answer.child()?;
                    deadline = Some(Instant::now() + limit);
                }
                Ready::Interrupted => {}
            }
            let deadline = *deadline.get_or_insert_with(|| Instant::now() + limit);
            rest = deadline.saturating_duration_since(Instant::now());
        }
    }

    /// Sends a signal that ends it to the child and its process group.
    ///
    /// The number is the target's word: it can write the control page, and announce any
    /// number. So only what belongs to the fork server is signalled.
    fn kill_child(&self, page: &Segment, signal: i32) {
        let server = self.server_pid();
        if !self.control_page {
            if let Some(child) = self.child.filter(|child| belongs_to(*child, server)) {
                let _ = signal::send(child, signal);
            }
            return;
        }
        let child = control_page::words(page).child_pid.load(Ordering::Relaxed);
        if child == 0 {
            // There is none yet, or none any more.
        } else if belongs_to(child, server) {
            // Before it leads its group the child can only be killed alone.
            let _ = signal::send_group(child, signal);
            let _ = signal::send(child, signal);
        } else {
            // Whichever it is; not what a constructor started, which is in the server's
            // group.
            for child in procfs::children(server).filter(|child| process::leads_group(*child)) {
                let _ = signal::send_group(child, signal);
            }
        }
    }

    /// Gives the server a moment to end by itself.
    fn ask_to_end(&self, server: i32, signal: i32) {
        let _ = signal::send(server, signal);
        let deadline = Instant::now() + END_LIMIT;
        while process::has_ended(server) == Ok(false) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Ends the child and the server, and reaps the server.
    pub(crate) fn end(&mut self, page: &Segment, strays: &Strays) {
        if self.ended {
            return;
        }
        self.ended = true;
        let server = self.server_pid();
        if let Some(signal) = self.server_kill_signal {
            self.ask_to_end(server, signal);
        }
        // Stopped first, so that it forks no more while its child is killed. It is
        // not reaped yet, so its number is still its own.
        let _ = signal::send(server, signal::STOP);
        self.kill_child(page, signal::KILL);
        // As long as their parent is there. The child was killed.
        let child = Some(self.child(page)).filter(|child| belongs_to(*child, server));
        offspring::end_others(server, &[server, child.unwrap_or(server)]);
        let _ = signal::send_group(server, signal::KILL);
        strays.release();
        let _ = self.spawned.process.wait();
        control_page::words(page)
            .child_pid
            .store(0, Ordering::Relaxed);
        self.child = None;
    }
}

/// Whether a process is one that the fork server made, or that such a one made. Where
/// `/proc` cannot be asked, its session tells.
fn belongs_to(pid: i32, server: i32) -> bool {
    pid > 1
        && pid != server
        && (process::session_of(pid) == Some(server) || Stat::descends(pid, server) == Some(true))
}
