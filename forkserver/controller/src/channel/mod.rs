//! Channels: hand an input to the target and report the end of its run.

mod answer;
mod exec;
mod pipe;
mod server;

pub(crate) use exec::ExecChannel;
pub(crate) use pipe::PipeChannel;
pub(crate) use server::{Connection, Server};

use crate::{LossReason, StartError, control_page::ControlPage, leftovers::Leftovers};
use std::time::Duration;
use tine_ipc::{Errno, Pid};
use tine_protocol::WaitStatus;

/// Runs a target on inputs that were delivered to where it reads them.
pub(crate) trait Channel {
    /// Runs the target on the input that was delivered, and waits for the end of the run.
    fn run(&mut self, timeout: Duration) -> Result<Run, RunFailure>;

    /// Runs inputs that the channel delivers itself, several in one hand-over, until one
    /// does not end by itself or has new coverage. `None`: it takes one input at a time, or
    /// does so now, and the next one is delivered and run by [`Self::run`].
    fn run_batch(&mut self, _inputs: &[&[u8]], _timeout: Duration) -> Option<BatchRun> {
        None
    }

    /// Returns whether a persistent child waits for the next input.
    fn has_waiting_child(&self) -> bool {
        false
    }

    /// Ends such a child, so that the next run is the first one of a fresh child.
    fn discard_child(&mut self) {}

    /// Counts a run; now and then, looks for processes that runs have left behind.
    fn count_run(&mut self);

    /// Ends the target and all that it has left behind. There may be none.
    fn end(&mut self);

    /// Pid of the fork server, if there is one.
    fn server_pid(&self) -> Option<Pid> {
        None
    }

    /// Resources of the controller for the target, beside the channel.
    fn context(&self) -> &Context;

    /// The same, to start a lost server again.
    fn context_mut(&mut self) -> &mut Context;

    /// Goes on with a fork server that was started in place of a lost one.
    fn reconnect(&mut self, connection: Connection);
}

/// End of a run, before the exit code is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Run {
    /// The child ended or stopped.
    Ended(WaitStatus),
    /// It was over its limit and is killed.
    TimedOut,
}

/// End of a batch.
#[derive(Debug)]
pub(crate) struct BatchRun {
    /// Number of inputs that were run, at least one. Each but the last ended by itself
    /// and had no new coverage.
    pub(crate) count: usize,
    /// End of the last of them. The counters are its own.
    pub(crate) last: Result<Run, RunFailure>,
}

/// Reason why there was no run.
#[derive(Debug)]
pub(crate) enum RunFailure {
    /// The fork server is lost.
    Lost(LossReason),
    /// No process is to be had for now.
    NoProcess,
    /// The target cannot be executed.
    Exec(Errno),
}

/// Memory and helpers that belong to a target as long as it is used. They outlive a fork
/// server that is lost.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) page: ControlPage,
    pub(crate) leftovers: Leftovers,
}

impl Context {
    /// For a target that is not started yet.
    pub(crate) fn new(leftovers: Leftovers) -> Result<Self, StartError> {
        let page = ControlPage::create(leftovers.is_guarded())?;
        Ok(Self { page, leftovers })
    }
}

/// The channel of a target, one of those that there are: which one is known at each call,
/// and costs a branch.
#[derive(Debug)]
pub(crate) enum AnyChannel {
    /// Pipes to and from a fork server.
    Pipe(PipeChannel),
    /// No fork server: the target is executed for each run.
    Exec(ExecChannel),
}

/// Calls the same method of whichever channel it is.
macro_rules! either {
    ($channel:expr, $it:ident => $call:expr) => {
        match $channel {
            AnyChannel::Pipe($it) => $call,
            AnyChannel::Exec($it) => $call,
        }
    };
}

impl Channel for AnyChannel {
    #[inline]
    fn run(&mut self, timeout: Duration) -> Result<Run, RunFailure> {
        either!(self, it => it.run(timeout))
    }

    #[inline]
    fn run_batch(&mut self, inputs: &[&[u8]], timeout: Duration) -> Option<BatchRun> {
        either!(self, it => it.run_batch(inputs, timeout))
    }

    #[inline]
    fn has_waiting_child(&self) -> bool {
        either!(self, it => it.has_waiting_child())
    }

    fn discard_child(&mut self) {
        either!(self, it => it.discard_child());
    }

    #[inline]
    fn count_run(&mut self) {
        either!(self, it => it.count_run());
    }

    fn end(&mut self) {
        either!(self, it => it.end());
    }

    fn server_pid(&self) -> Option<Pid> {
        either!(self, it => it.server_pid())
    }

    #[inline]
    fn context(&self) -> &Context {
        either!(self, it => it.context())
    }

    fn context_mut(&mut self) -> &mut Context {
        either!(self, it => it.context_mut())
    }

    fn reconnect(&mut self, connection: Connection) {
        either!(self, it => it.reconnect(connection));
    }
}
