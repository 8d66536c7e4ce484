//! A second process, for what takes two: examples and the benchmark of channels.

use std::{
    eprintln, fmt, fs,
    io::{self, Write},
    os::fd::{AsRawFd, RawFd},
    panic::{AssertUnwindSafe, catch_unwind},
    vec::Vec,
};

use nix::{
    sys::{
        signal::{Signal, kill},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::{ForkResult, Pid as NixPid, fork},
};

use crate::{Pid, process, signal};

/// A child that does one thing. It does not outlive this value.
#[derive(Debug)]
pub struct Peer {
    pid: NixPid,
    reaped: bool,
}

/// End of a child, or its stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It returned, or called `exit`.
    Exited(i32),
    /// A signal ended it.
    Killed(Signal),
    /// A signal stopped it; it can be continued.
    Stopped(Signal),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exited with {code}"),
            Self::Killed(signal) => write!(f, "killed by {signal}"),
            Self::Stopped(signal) => write!(f, "stopped by {signal}"),
        }
    }
}

impl Peer {
    /// Forks. The child closes `others`, which are its parent's ends, does `work`, and
    /// exits with 0, or with 1 after it printed the error. What `work` owns is dropped
    /// in the parent, so that an end of a channel is open in one process only.
    ///
    /// # Errors
    /// When there are too many processes, or when this process has a second thread,
    /// whose locks would stay locked in the child.
    pub fn start(
        others: &[&dyn AsRawFd],
        work: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<Self> {
        if fs::read_dir("/proc/self/task")?.count() != 1 {
            return Err(io::Error::other("only a process with one thread can fork"));
        }
        let others: Vec<RawFd> = others.iter().map(|other| other.as_raw_fd()).collect();
        io::stdout().flush()?;
        // SAFETY: this process has one thread, as just checked, so the child has all
        // of it and no lock is held by anybody else.
        match unsafe { fork() }? {
            ForkResult::Parent { child } => Ok(Self {
                pid: child,
                reaped: false,
            }),
            ForkResult::Child => process::exit_now(child(&others, work)),
        }
    }

    /// Its pid.
    #[must_use]
    ///
    /// # Panics
    /// Never: the kernel's numbers are positive.
    pub const fn pid(&self) -> Pid {
        Pid::new(self.pid.as_raw()).expect("the kernel's numbers are positive")
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// Those of `kill(2)`.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        Ok(kill(self.pid, signal)?)
    }

    /// Waits until it ends.
    ///
    /// # Errors
    /// Those of `waitpid(2)`.
    pub fn wait(&mut self) -> io::Result<End> {
        self.next(WaitPidFlag::empty())
    }

    /// Waits until it ends or is stopped.
    ///
    /// # Errors
    /// Those of `waitpid(2)`.
    pub fn wait_or_stop(&mut self) -> io::Result<End> {
        self.next(WaitPidFlag::WUNTRACED)
    }

    /// Kills it by SIGKILL and waits.
    ///
    /// # Errors
    /// Those of `kill(2)` and `waitpid(2)`.
    pub fn kill(&mut self) -> io::Result<End> {
        self.signal(Signal::SIGKILL)?;
        self.wait()
    }

    fn next(&mut self, flags: WaitPidFlag) -> io::Result<End> {
        loop {
            let end = match waitpid(self.pid, Some(flags)) {
                Err(nix::Error::EINTR) => continue,
                result => match result? {
                    WaitStatus::Exited(_, code) => End::Exited(code),
                    WaitStatus::Signaled(_, signal, _) => End::Killed(signal),
                    WaitStatus::Stopped(_, signal) => return Ok(End::Stopped(signal)),
                    _ => continue,
                },
            };
            self.reaped = true;
            return Ok(end);
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if !self.reaped {
            // It can only fail when it is over, which is what is wanted.
            let _ = self.kill();
        }
    }
}

/// All that the child does; its exit code.
fn child(others: &[RawFd], work: impl FnOnce() -> io::Result<()>) -> i32 {
    // If the parent is killed, nobody would end this process.
    let _ = signal::die_with_parent();
    for &fd in others {
        // The parent's copy keeps its owner; this process never drops that one.
        let _ = nix::unistd::close(fd);
    }
    // A panic must not unwind into a copy of the parent's frames.
    let result = catch_unwind(AssertUnwindSafe(work));
    let _ = io::stdout().flush();
    match result {
        Ok(Ok(())) => 0,
        Ok(Err(error)) => {
            eprintln!("the child failed: {error}");
            1
        }
        Err(_) => 1,
    }
}
