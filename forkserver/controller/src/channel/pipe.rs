//! A run by the pipes to and from a fork server, as AFL has it.

use super::{Channel, Connection, Context, Run, RunFailure, Server, answer::Answer};
use crate::{LossReason, TargetConfig};
use std::time::{Duration, Instant};
use tine_ipc::{
    Pid, pipe,
    poll::{self, Ready},
    signal,
};
use tine_protocol::{TargetError, WaitStatus, run::RunRequest};

/// Time limit of a runtime to report a child that was killed. Killing takes
/// microseconds; a machine that is badly overloaded takes longer.
const REPORT_LIMIT: Duration = Duration::from_secs(5);

/// Interval at which a child that is over its limit is killed again: the first time it
/// may not have been forked yet.
const KILL_AGAIN: Duration = Duration::from_millis(50);

/// The fork server, and the state of its child.
#[derive(Debug)]
pub(crate) struct PipeChannel {
    server: Server,
    /// The next request, which says whether the last child was killed.
    request: RunRequest,
    /// A stopped child waits for the next input.
    stopped: bool,
    kill_signal: i32,
}

impl Channel for PipeChannel {
    fn run(&mut self, timeout: Duration) -> Result<Run, RunFailure> {
        self.request_run(timeout).map_err(RunFailure::Lost)
    }

    fn has_waiting_child(&self) -> bool {
        self.stopped
    }

    fn discard_child(&mut self) {
        if self.stopped {
            self.server.kill_child(signal::KILL);
            self.stopped = false;
            self.request = RunRequest::WasKilled;
        }
    }

    #[inline]
    fn count_run(&mut self) {
        if self.server.context.leftovers.is_due() {
            let (server, child) = (self.server.pid(), self.server.child());
            self.server.context.leftovers.sweep(Some(server), child);
        }
    }

    fn end(&mut self) {
        self.server.end();
    }

    fn server_pid(&self) -> Option<Pid> {
        Some(self.server.pid())
    }

    fn context(&self) -> &Context {
        &self.server.context
    }

    fn context_mut(&mut self) -> &mut Context {
        &mut self.server.context
    }

    fn reconnect(&mut self, connection: Connection) {
        self.server.reconnect(connection);
        self.request = RunRequest::Go;
        self.stopped = false;
    }
}

impl PipeChannel {
    pub(crate) fn new(config: &TargetConfig, context: Context, connection: Connection) -> Self {
        Self {
            server: Server::new(config, context, connection),
            request: RunRequest::Go,
            stopped: false,
            kill_signal: config.kill_signal,
        }
    }

    /// Requests a run and waits for its end.
    fn request_run(&mut self, timeout: Duration) -> Result<Run, LossReason> {
        let request = self.request.to_word().to_ne_bytes();
        pipe::send(self.server.control(), &request).map_err(|_| LossReason::Ended)?;
        self.request = RunRequest::Go;

        let mut answer = Answer::new(!self.server.has_control_page());
        if self.await_answer(&mut answer, timeout)? {
            return self.note(&answer).map(Run::Ended);
        }
        self.request = RunRequest::WasKilled;
        self.end_run(&mut answer)?;
        let status = match self.note(&answer) {
            // It was about to stop when it was killed, and did not.
            Err(LossReason::Reported(TargetError::Stop(_))) => return Ok(Run::TimedOut),
            noted => noted?,
        };
        if self.stopped {
            // It finished its pass in the last moment. The next request says that
            // it was killed, so it must be.
            self.server.kill_child(signal::KILL);
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

    /// Kills the child until the runtime reports how it ended.
    fn end_run(&mut self, answer: &mut Answer) -> Result<(), LossReason> {
        let deadline = Instant::now() + REPORT_LIMIT;
        let mut signal = self.kill_signal;
        while Instant::now() < deadline {
            self.server.kill_child(signal);
            if self.await_answer(answer, KILL_AGAIN)? {
                return Ok(());
            }
            signal = signal::KILL;
            self.server.rouse()?;
        }
        Err(LossReason::Stuck)
    }

    /// Remembers what a complete answer says of the child.
    fn note(&mut self, answer: &Answer) -> Result<WaitStatus, LossReason> {
        self.stopped = false;
        let status = answer.status()?;
        self.stopped = status.stop_signal().is_some();
        // tine's server takes the pid away before it reports the child's end.
        if self.server.has_control_page() && !self.stopped && self.server.context.page.child() != 0
        {
            return Err(LossReason::Unasked(status.0 as u32));
        }
        self.server.announced = if self.stopped { answer.child()? } else { None };
        Ok(status)
    }

    /// Reads until the answer is complete (`true`) or the limit passes. The limit
    /// counts from each part that arrives: for a peer that announces the child's
    /// pid, from the fork on.
    fn await_answer(&mut self, answer: &mut Answer, limit: Duration) -> Result<bool, LossReason> {
        let mut rest = limit;
        // Asked for only when it is needed: not in an ordinary run.
        let mut deadline = None;
        loop {
            match poll::readable(self.server.status(), rest).map_err(|_| LossReason::Ended)? {
                Ready::TimedOut => return Ok(false),
                Ready::Yes if answer.receive(self.server.status())? => return Ok(true),
                Ready::Yes => {
                    self.server.announced = answer.child()?;
                    deadline = Some(Instant::now() + limit);
                }
                Ready::Interrupted => {}
            }
            let deadline = *deadline.get_or_insert_with(|| Instant::now() + limit);
            rest = deadline.saturating_duration_since(Instant::now());
        }
    }
}
