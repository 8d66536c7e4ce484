//! An HTTP server for one short answer: one thread, and no peer can make it wait.
//!
//! Each connection gets one answer, within one deadline from its beginning on. There are
//! only so many at a time; a new one takes the place of the oldest that has not said yet
//! what it wants, or has its answer. Reading and writing never block.

use super::connection::{Answer, Connection, Interest};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::{
    io::{self, PipeReader, PipeWriter, Read},
    net::TcpListener,
    os::fd::AsFd,
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// Connections at a time. Each takes a descriptor, which the fuzzer needs as well.
const MOST_CONNECTIONS: usize = 16;

/// A connection is closed when it is this old, whatever state it is in.
const DEADLINE: Duration = Duration::from_secs(10);

/// Time that an answer that is being made may take until the server is left alone.
const END_LIMIT: Duration = Duration::from_secs(1);

/// Pause when no connection can be accepted, for example for want of descriptors.
const PAUSE: Duration = Duration::from_millis(500);

/// A server that runs. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Server {
    /// Closing it ends the thread.
    stop: Option<PipeWriter>,
    ended: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves `answer` at `listener`, in a thread of its own.
    pub(super) fn start(
        listener: TcpListener,
        answer: impl FnMut(&str, &str) -> Answer + Send + 'static,
    ) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let (stopped, stop) = io::pipe()?;
        let (sender, ended) = mpsc::channel();
        let thread = thread::Builder::new().name("tine-metrics".into());
        let thread = thread.spawn(move || {
            serve(&listener, stopped, answer);
            drop(sender);
        })?;
        Ok(Self {
            stop: Some(stop),
            ended,
            thread: Some(thread),
        })
    }

    /// Serves until the process ends.
    pub(super) fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            // It cannot panic, and nobody stops it.
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop = None;
        // The files that an answer is made from may lie on a disk that does not answer.
        if self.ended.recv_timeout(END_LIMIT) == Err(RecvTimeoutError::Disconnected)
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
    }
}

fn serve(
    listener: &TcpListener,
    mut stopped: PipeReader,
    mut answer: impl FnMut(&str, &str) -> Answer,
) {
    let mut connections: Vec<Connection> = Vec::new();
    let mut accepts_from = Instant::now();
    loop {
        let now = Instant::now();
        let accepts = accepts_from <= now;
        let (is_stopped, is_asked, ready) =
            match wait(listener, &stopped, &connections, accepts, accepts_from) {
                Ok(found) => found,
                Err(_) => return,
            };
        if is_stopped {
            // Nothing is ever written: the other end was closed.
            let _ = stopped.read(&mut [0]);
            return;
        }
        let mut ready = ready.into_iter();
        connections.retain_mut(|connection| {
            let is_ready = ready.next().unwrap_or(true);
            !is_ready || connection.advance(&mut answer).is_ok()
        });
        let now = Instant::now();
        connections.retain(|connection| connection.deadline > now && !connection.is_over());
        if is_asked && accept(listener, &mut connections).is_err() {
            accepts_from = Instant::now() + PAUSE;
        }
    }
}

/// What can be done: end, accept, go on with each of the connections.
type Found = (bool, bool, Vec<bool>);

fn wait(
    listener: &TcpListener,
    stopped: &PipeReader,
    connections: &[Connection],
    accepts: bool,
    accepts_from: Instant,
) -> nix::Result<Found> {
    let flags = |wanted| {
        if wanted {
            PollFlags::POLLIN
        } else {
            PollFlags::empty()
        }
    };
    let mut entries = vec![
        PollFd::new(stopped.as_fd(), PollFlags::POLLIN),
        PollFd::new(listener.as_fd(), flags(accepts)),
    ];
    entries.extend(connections.iter().map(|connection| {
        let flags = match connection.interest() {
            Interest::Reading => PollFlags::POLLIN,
            Interest::Writing => PollFlags::POLLOUT,
        };
        PollFd::new(connection.as_fd(), flags)
    }));
    let pause = (!accepts).then_some(accepts_from);
    let next = connections.iter().map(|it| it.deadline).chain(pause).min();
    let limit = next.map_or(PollTimeout::NONE, |next| {
        // Rounded up, or it would be asked again and again in the last millisecond.
        let rest = next.saturating_duration_since(Instant::now()) + Duration::from_millis(1);
        PollTimeout::try_from(rest).unwrap_or(PollTimeout::MAX)
    });
    match poll(&mut entries, limit) {
        Ok(_) | Err(nix::errno::Errno::EINTR) => {}
        Err(errno) => return Err(errno),
    }
    let mut ready = entries.iter().map(|entry| entry.any().unwrap_or(false));
    let is_stopped = ready.next().unwrap_or(true);
    let is_asked = accepts && ready.next().unwrap_or(false);
    Ok((
        is_stopped,
        is_asked,
        ready.skip(usize::from(!accepts)).collect(),
    ))
}

/// Takes one connection, if there is room for it.
fn accept(listener: &TcpListener, connections: &mut Vec<Connection>) -> io::Result<()> {
    if connections.len() >= MOST_CONNECTIONS {
        // They are in the order of their beginnings.
        let idle = connections.iter().position(Connection::may_go);
        // All are being answered, which ends soon: it waits in the kernel's queue.
        let Some(idle) = idle else {
            return Err(io::ErrorKind::QuotaExceeded.into());
        };
        connections.remove(idle);
    }
    match listener.accept() {
        Ok((stream, _)) => {
            let deadline = Instant::now() + DEADLINE;
            connections.push(Connection::new(stream, deadline)?);
            Ok(())
        }
        // It was given up meanwhile.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::WouldBlock
                    | io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::Interrupted
            ) =>
        {
            Ok(())
        }
        Err(error) => Err(error),
    }
}
