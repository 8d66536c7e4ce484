//! The fork server: the handshake, then one fork a request.

use crate::{environment, turn};
use core::sync::atomic::{AtomicI32, Ordering};
use tine_ipc::{
    Errno, Fd, Pid, offspring,
    pipe::{self, Received},
    process::{self, Forked},
    signal::{self, Action as SignalAction},
};
use tine_protocol::{
    TargetError, WaitStatus, env, fds,
    handshake::runtime::{Action, Agreement, Dialect, Offer, RuntimeHandshake},
    layout::control::ControlPage,
    run::RunRequest,
    words::WORD_SIZE,
};

/// The read end of the control pipe.
const CONTROL: Fd<'static> = Fd::fixed(fds::CONTROL_FD);

/// The write end of the status pipe.
pub(crate) const STATUS: Fd<'static> = Fd::fixed(fds::STATUS_FD);

/// Returns whether a warden ends this process when the controller dies.
pub(crate) fn is_guarded(page: &ControlPage) -> bool {
    page.guarded.load(Ordering::Relaxed) != 0
}

/// Shakes hands; as soon as the controller has answered, a process that is `guarded`
/// prepares for the end of the controller. `None` if there is no fuzzer at the other ends of the pipes.
pub(crate) fn shake(
    offer: Offer,
    dictionary: &[u8],
    dialect: Dialect,
    mut guarded: bool,
) -> Option<Agreement> {
    let mut machine = RuntimeHandshake::new(offer, dialect);
    let mut said_hello = false;
    loop {
        match machine.action() {
            Action::Send(word) => {
                if send(word).is_none() {
                    // Before the hello nobody is there; after it somebody left.
                    return if said_hello {
                        process::exit_now(1)
                    } else {
                        None
                    };
                }
                said_hello = true;
                machine.sent();
            }
            Action::SendDictionary => {
                if pipe::send(STATUS, dictionary).is_err() {
                    process::exit_now(1);
                }
                machine.sent();
            }
            Action::Receive => match receive() {
                Some(word) => {
                    if core::mem::take(&mut guarded) {
                        stay_for_the_guard();
                    }
                    machine.received(word);
                }
                None => process::exit_now(1),
            },
            Action::Serve(agreement) => return Some(agreement),
            Action::Refuse(_) => process::exit_now(1),
        }
    }
}

/// Answers run requests until the control pipe is closed, which ends the
/// process. Returns in each child.
pub(crate) fn serve(agreement: Agreement, page: Option<&'static ControlPage>) {
    static OWN_PAGE: AtomicI32 = AtomicI32::new(0);
    // Without a persistent loop a child that stops is one that hangs.
    let persistent = environment::is_set(env::PERSISTENT);
    if persistent {
        turn::share();
    }
    SERVER.store(process::id().get(), Ordering::Relaxed);
    let guarded = page.is_some_and(is_guarded);
    let mut server = Server {
        guarded,
        pid: process::id(),
        child_pid: page.map_or(&OWN_PAGE, |page| &page.child_pid),
        announces_pid: page.is_none(),
        persistent,
        thread_id: process::thread_id_address(),
        // SAFETY: the default is always allowed.
        child_signal: unsafe { signal::treat(signal::CHILD, SignalAction::DEFAULT) }.ok(),
        child: Child::None,
    };
    let mut first_request = agreement.first_request;
    while let Some(request) = first_request.take().or_else(receive_request) {
        match server.run(request) {
            Ok(Side::Server(status)) => {
                if send(status.0 as u32).is_none() {
                    break;
                }
            }
            Ok(Side::Child) => return,
            Err(error) => {
                if send(error_word(error, agreement.dialect)).is_none() {
                    break;
                }
            }
        }
    }
    server.finish();
}

/// Has orphans of runs become children of this process, so that they can be found, and
/// this process be there until they are: when its parent dies it is stopped, not killed.
fn stay_for_the_guard() {
    let parent = process::parent_id();
    // A filter of system calls may deny either. Then it is as without a guard.
    if process::adopt_orphans().is_ok()
        && signal::stop_with_parent().is_ok()
        && process::parent_id() != parent
    {
        // It died before the line above took effect.
        process::exit_now(1);
    }
}

/// The server's process id, for its children.
static SERVER: AtomicI32 = AtomicI32::new(0);

/// Returns whether this process is one that the server forked, and waits for.
pub(crate) fn is_parent() -> bool {
    process::parent_id().map_or(0, Pid::get) == SERVER.load(Ordering::Relaxed)
}

/// The word that says `error` to a controller of this dialect.
pub(crate) const fn error_word(error: TargetError, dialect: Dialect) -> u32 {
    match dialect {
        Dialect::V1 => error.to_word(),
        Dialect::Options => error.to_old_word(),
    }
}

/// State of the newest child.
#[derive(Clone, Copy)]
enum Child {
    /// There is none, or it was reaped.
    None,
    /// It stopped itself at the end of a pass of the persistent loop.
    Stopped(Pid),
}

enum Side {
    /// The server, with how the child ended or stopped.
    Server(WaitStatus),
    /// The child: go on to main.
    Child,
}

struct Server {
    pid: Pid,
    /// Somebody ends this process and what descends from it when the controller dies.
    guarded: bool,
    /// Receives the pid of each child.
    child_pid: &'static AtomicI32,
    /// The pid also goes to the status pipe.
    announces_pid: bool,
    persistent: bool,
    thread_id: Option<*mut i32>,
    /// Disposition of the target for SIGCHLD, which the server has to receive.
    child_signal: Option<SignalAction>,
    child: Child,
}

impl Server {
    fn run(&mut self, request: RunRequest) -> Result<Side, TargetError> {
        if let (Child::Stopped(pid), RunRequest::WasKilled) = (self.child, request) {
            // The controller may have been too early to reach it: a stopped
            // child that nobody kills is waited for in vain.
            end_child(pid)?;
            self.child_pid.store(0, Ordering::Relaxed);
            self.child = Child::None;
        }
        turn::begin();
        let pid = match self.child {
            Child::Stopped(pid) => {
                signal::send(pid, signal::CONTINUE).map_err(|_| TargetError::Signal)?;
                pid
            }
            Child::None => match self.fork()? {
                Forked::Child => return Ok(Side::Child),
                Forked::Parent(pid) => pid,
            },
        };
        if self.announces_pid && send(pid.get() as u32).is_none() {
            self.child = Child::Stopped(pid);
            self.finish();
        }
        let wait = match self.guarded {
            // Orphans of runs are this process's children, too.
            true => process::wait_among_others,
            false => process::wait,
        };
        let status = WaitStatus(wait(pid, self.persistent).map_err(|_| TargetError::Wait)?);
        if status.stop_signal().is_some() {
            self.child = Child::Stopped(pid);
            return Ok(Side::Server(status));
        }
        // Whatever the target forked goes with it; it fails where that is nothing. From
        // here on the number may become another process's, so nobody is told it any
        // longer.
        let _ = signal::send_group(pid, signal::KILL);
        self.child_pid.store(0, Ordering::Relaxed);
        self.child = Child::None;
        match turn::failed_stop() {
            // Others have no word for it: to them the child has ended, as it has.
            Some(Errno(errno)) if !self.announces_pid => {
                Err(TargetError::Stop(u8::try_from(errno).unwrap_or(u8::MAX)))
            }
            _ => Ok(Side::Server(status)),
        }
    }

    fn fork(&self) -> Result<Forked, TargetError> {
        // SAFETY: the server has one thread: it runs in a constructor or where
        // the target asked for it, with the same demand as AFL's. The address
        // is the one that the kernel keeps.
        let forked = unsafe { process::fork(self.child_pid, self.thread_id) };
        if forked == Ok(Forked::Child) {
            pipe::close_range(fds::CONTROL_FD, fds::STATUS_FD);
            if let Some(action) = self
                .child_signal
                .filter(|action| *action != SignalAction::DEFAULT)
            {
                // SAFETY: what the target had set before the server started.
                let _ = unsafe { signal::treat(signal::CHILD, action) };
            }
            process::lead_group();
            let _ = signal::die_with_parent();
            if process::parent_id() != Some(self.pid) {
                // The server died before the line above took effect.
                process::exit_now(1);
            }
        }
        forked.map_err(|_| TargetError::Fork)
    }

    /// The controller is gone: ends a child that is stopped, and the server.
    fn finish(&mut self) -> ! {
        if let Child::Stopped(pid) = self.child {
            // One that this process may not signal is the controller's to end.
            let _ = end_child(pid);
        }
        if self.guarded {
            // The guard may come too late: with this process their parent is gone.
            offspring::end(self.pid);
        }
        self.child_pid.store(0, Ordering::Relaxed);
        process::exit_now(0)
    }
}

/// Kills the child and its group, and reaps it.
fn end_child(pid: Pid) -> Result<(), TargetError> {
    // It fails where the child led no group yet.
    let _ = signal::send_group(pid, signal::KILL);
    // One that has ended, and waits to be reaped, can be signalled too.
    signal::send(pid, signal::KILL).map_err(|_| TargetError::Signal)?;
    process::wait(pid, false)
        .map(drop)
        .map_err(|_| TargetError::Wait)
}

fn receive_request() -> Option<RunRequest> {
    receive().map(RunRequest::decode)
}

fn receive() -> Option<u32> {
    let mut word = [0u8; WORD_SIZE];
    match pipe::receive(CONTROL, &mut word) {
        Ok(Received::All) => Some(u32::from_ne_bytes(word)),
        Ok(Received::End(_)) | Err(_) => None,
    }
}

fn send(word: u32) -> Option<()> {
    pipe::send(STATUS, &word.to_ne_bytes()).ok()
}
