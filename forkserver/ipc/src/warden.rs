//! A process that outlives this one and ends what it leaves behind.
//!
//! The kernel kills a process when its parent dies, if it asked for it
//! (`PR_SET_PDEATHSIG`), but forgets about it when that process changes its user, and no
//! process can ask for its children's children. The warden is forked, and waits at a pipe
//! of which this process has the only other end: whatever way this process ends, the pipe
//! is closed then.

use crate::{
    Fd, Pid, offspring,
    pipe::{self, Received},
    process::{self, Forked},
    shared_words,
    signal::Mask,
};
use core::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The processes that a warden looks after are those of one session at a time. Dropping
/// it ends the warden.
#[derive(Debug)]
pub struct Warden {
    lifeline: OwnedFd,
    /// The leader of the session that is looked after, or 0. The page stays mapped.
    session: &'static [AtomicU32; 1],
}

impl Warden {
    /// Starts a warden; `None` where the system gives no process, pipe or memory.
    #[must_use]
    pub fn start() -> Option<Self> {
        let session = shared_words::map().ok()?;
        let started = pipe::create().ok().and_then(|(read, lifeline)| {
            // No handler of this process's may run in the warden.
            let mask = Mask::ALL.apply().ok()?;
            let pid = AtomicI32::new(0);
            // SAFETY: the child makes system calls only, takes no lock and never
            // returns, so that it does not matter what other threads held. No
            // address of a thread's id is given.
            let forked = match unsafe { process::fork(&pid, None) } {
                Ok(Forked::Child) => fork_warden(read.as_fd(), session),
                Ok(Forked::Parent(pid)) => Some(pid),
                Err(_) => None,
            };
            let _ = mask.apply();
            // It has ended, and the warden is nobody's child.
            (process::wait(forked?, false) == Ok(0)).then_some(lifeline)
        });
        started.map(|lifeline| Self { lifeline, session })
    }

    /// The note in which a new process enters itself before it executes a program: then it is
    /// watched from its beginning.
    #[must_use]
    pub const fn watched(&self) -> Watched {
        Watched(self.session)
    }

    /// If this process dies, `leader` is to be killed, and all that descends from it or is
    /// in its session. Costs no system call.
    pub fn watch(&self, leader: Pid) {
        self.session[0].store(leader.get().cast_unsigned(), Ordering::Relaxed);
    }

    /// Nobody is looked after any more: to be said before the leader is reaped, because
    /// its number may become another's.
    pub fn release(&self) {
        self.session[0].store(0, Ordering::Relaxed);
    }
}

impl Drop for Warden {
    fn drop(&mut self) {
        self.release();
        let _ = pipe::send(&self.lifeline, &[0]);
    }
}

/// A note of the session that a warden watches: the pid of its leader.
#[derive(Debug, Clone, Copy)]
pub struct Watched(&'static [AtomicU32; 1]);

impl Watched {
    /// As [`Warden::watch`] with the calling process, which leads a session.
    pub fn watch_this_process(self) {
        self.0[0].store(process::id().get().cast_unsigned(), Ordering::Relaxed);
    }
}

/// The process in between: what it forks is adopted when it ends, and so is not found
/// among this process's children, which others may wait for.
fn fork_warden(lifeline: BorrowedFd<'_>, session: &[AtomicU32; 1]) -> ! {
    let pid = AtomicI32::new(0);
    // SAFETY: as for the first one: this process has one thread.
    match unsafe { process::fork(&pid, None) } {
        Ok(Forked::Child) => keep_watch(lifeline, session),
        Ok(Forked::Parent(_)) => process::exit_now(0),
        Err(_) => process::exit_now(1),
    }
}

/// The warden's process.
fn keep_watch(lifeline: BorrowedFd<'_>, session: &[AtomicU32; 1]) -> ! {
    // What is sent to a group, or by a terminal, is not for it.
    process::lead_session();
    process::set_name(c"tine-warden");
    // It must not hold open what others wait for the end of.
    if process::place_descriptor(lifeline, 0).is_err() {
        process::exit_now(1);
    }
    pipe::close_range(1, i32::MAX);
    if pipe::receive(Fd::STDIN, &mut [0]) != Ok(Received::All)
        && let Some(leader) = Pid::new(session[0].load(Ordering::Relaxed).cast_signed())
    {
        offspring::end(leader);
    }
    process::exit_now(0)
}

#[cfg(test)]
mod tests {
    use super::Warden;
    use crate::{
        Pid,
        process::{self, Forked},
    };
    use core::sync::atomic::AtomicI32;
    use std::{
        fs::File,
        io::{PipeReader, Read, pipe},
        os::fd::AsRawFd,
        process::{Command, Stdio},
    };

    /// Forks a process that starts a warden over `started`, and ends in the way given.
    fn with_warden(started: Pid, then: impl FnOnce(Warden)) {
        let pid = AtomicI32::new(0);
        // SAFETY: the child makes system calls, and a mapping, only; it never returns.
        match unsafe { process::fork(&pid, None) }.unwrap() {
            Forked::Child => {
                if let Some(warden) = Warden::start() {
                    warden.watch(started);
                    then(warden);
                }
                process::exit_now(0)
            }
            Forked::Parent(child) => assert_eq!(process::wait(child, false), Ok(0)),
        }
    }

    fn sleeper() -> (std::process::Child, PipeReader) {
        let (read, write) = pipe().unwrap();
        let mut command = Command::new("setsid");
        let command = command.args(["sh", "-c", "setsid sleep 1000 & echo; wait"]);
        let child = command.stdout(write).stdin(Stdio::null()).spawn().unwrap();
        (child, read)
    }

    #[test]
    fn it_ends_what_its_process_leaves_behind() {
        let (mut child, mut output) = sleeper();
        output.read_exact(&mut [0]).unwrap();
        let pid = Pid::of(&child);
        // Forgotten, the other end is closed by the kernel.
        with_warden(pid, std::mem::forget);
        // The end of the pipe: both are gone.
        assert_eq!(output.read(&mut [0]).unwrap(), 0);
        assert!(!child.wait().unwrap().success());
    }

    #[test]
    fn what_is_released_is_left_alone() {
        let (mut child, mut output) = sleeper();
        output.read_exact(&mut [0]).unwrap();
        let pid = Pid::of(&child);
        with_warden(pid, |warden| {
            warden.release();
            std::mem::forget(warden);
        });
        with_warden(pid, drop);
        let null = File::open("/dev/null").unwrap();
        assert!(null.as_raw_fd() >= 0 && child.try_wait().unwrap().is_none());
        crate::offspring::end(pid);
        assert_eq!(output.read(&mut [0]).unwrap(), 0);
        child.wait().unwrap();
    }
}
