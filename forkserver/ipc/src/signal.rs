//! Signals: how one process ends or stops another.

use crate::{
    Errno, Pid,
    errno::{check, retry, system_call},
};

/// Ends a process; it cannot be caught.
pub const KILL: i32 = libc::SIGKILL;
/// Stops a process; it cannot be caught.
pub const STOP: i32 = libc::SIGSTOP;
/// Continues a stopped process.
pub const CONTINUE: i32 = libc::SIGCONT;

/// The name of a signal, such as `SIGSEGV`, if it is one that programs meet.
#[must_use]
pub const fn name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        libc::SIGHUP => "SIGHUP",
        libc::SIGINT => "SIGINT",
        libc::SIGQUIT => "SIGQUIT",
        libc::SIGILL => "SIGILL",
        libc::SIGTRAP => "SIGTRAP",
        libc::SIGABRT => "SIGABRT",
        libc::SIGBUS => "SIGBUS",
        libc::SIGFPE => "SIGFPE",
        libc::SIGKILL => "SIGKILL",
        libc::SIGUSR1 => "SIGUSR1",
        libc::SIGSEGV => "SIGSEGV",
        libc::SIGUSR2 => "SIGUSR2",
        libc::SIGPIPE => "SIGPIPE",
        libc::SIGALRM => "SIGALRM",
        libc::SIGTERM => "SIGTERM",
        libc::SIGCHLD => "SIGCHLD",
        libc::SIGCONT => "SIGCONT",
        libc::SIGSTOP => "SIGSTOP",
        libc::SIGTSTP => "SIGTSTP",
        libc::SIGTTIN => "SIGTTIN",
        libc::SIGTTOU => "SIGTTOU",
        libc::SIGXCPU => "SIGXCPU",
        libc::SIGXFSZ => "SIGXFSZ",
        libc::SIGSYS => "SIGSYS",
        _ => return None,
    })
}

/// Sends `signal` to the process `pid`.
///
/// # Errors
/// `ESRCH` when there is none; `EPERM` when it is another user's.
pub fn send(pid: Pid, signal: i32) -> Result<(), Errno> {
    // SAFETY: kill takes plain numbers and touches no memory of ours.
    check(unsafe { system_call!(kill, pid.get(), signal) }).map(drop)
}

/// Sends `signal` to every process in the group that `leader` leads or led.
///
/// # Errors
/// `ESRCH` when the group is empty; `EINVAL` for [`Pid::INIT`], because the number of its
/// group means everybody.
pub fn send_group(leader: Pid, signal: i32) -> Result<(), Errno> {
    if leader == Pid::INIT {
        return Err(Errno(libc::EINVAL));
    }
    // SAFETY: as in `send`.
    check(unsafe { system_call!(kill, -leader.get(), signal) }).map(drop)
}

/// Sends `signal` to the thread `thread` of the process `process`, and to no other
/// thread of it. A signal to the calling thread is acted on before this returns, unless
/// it is blocked.
///
/// # Errors
/// `ESRCH` when that process has no such thread.
pub fn send_to_thread(process: Pid, thread: Pid, signal: i32) -> Result<(), Errno> {
    // SAFETY: tgkill takes plain numbers and touches no memory of ours.
    check(unsafe { system_call!(tgkill, process.get(), thread.get(), signal) }).map(drop)
}

/// As [`send_to_thread`], by the thread's number alone: for the calling thread, whose
/// number cannot be another's.
///
/// # Errors
/// As [`send_to_thread`].
pub fn send_to_own_thread(thread: Pid, signal: i32) -> Result<(), Errno> {
    // SAFETY: as above.
    check(unsafe { system_call!(tkill, thread.get(), signal) }).map(drop)
}

/// Asks the kernel to kill this process when the thread that forked it ends.
///
/// # Errors
/// Those of `prctl(2)`.
pub fn die_with_parent() -> Result<(), Errno> {
    on_end_of_parent(KILL)
}

/// Asks the kernel to stop this process when the thread that forked it ends.
///
/// # Errors
/// Those of `prctl(2)`.
pub fn stop_with_parent() -> Result<(), Errno> {
    on_end_of_parent(STOP)
}

fn on_end_of_parent(signal: i32) -> Result<(), Errno> {
    // SAFETY: this prctl takes plain numbers.
    check(unsafe { system_call!(prctl, libc::PR_SET_PDEATHSIG, signal, 0, 0, 0) }).map(drop)
}

/// Disposition of a signal, as the kernel keeps it.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Action {
    handler: usize,
    flags: u64,
    restorer: usize,
    mask: u64,
}

impl Action {
    /// The default, which every process begins with.
    pub const DEFAULT: Self = Self {
        handler: libc::SIG_DFL,
        flags: 0,
        restorer: 0,
        mask: 0,
    };

    /// Calls a function that does not return.
    #[must_use]
    pub fn calling(handler: extern "C" fn(i32) -> !) -> Self {
        /// `SA_RESTORER`, which `libc` does not name: the kernel wants it set.
        const RESTORER: u64 = 0x0400_0000;
        Self {
            handler: handler as usize,
            flags: RESTORER,
            // Where a handler returns to, which this one does not.
            restorer: handler as usize,
            mask: 0,
        }
    }
}

/// Ends a process that finds something wrong with itself.
pub const ABORT: i32 = libc::SIGABRT;

/// Sent when the time of [`alarm_after`] is over.
pub const ALARM: i32 = libc::SIGALRM;

/// Sends [`ALARM`] to this process after so many seconds; 0 calls it off.
pub fn alarm_after(seconds: u32) {
    // SAFETY: alarm takes a plain number and cannot fail.
    unsafe { system_call!(alarm, seconds) };
}

/// Ends of children are told by this signal; a process that ignores it cannot
/// wait for them.
pub const CHILD: i32 = libc::SIGCHLD;

/// Every signal that a process can treat, real-time ones included.
pub fn all() -> impl Iterator<Item = i32> {
    const LAST: i32 = 64;
    (1..=LAST).filter(|signal| ![KILL, STOP].contains(signal))
}

/// Returns whether this process ignores `signal`.
#[must_use]
pub fn is_ignored(signal: i32) -> bool {
    let mut action = Action::DEFAULT;
    // SAFETY: nothing is changed; the kernel writes one such struct.
    let asked = check(unsafe {
        system_call!(
            rt_sigaction,
            signal,
            core::ptr::null::<Action>(),
            &raw mut action,
            size_of::<u64>()
        )
    });
    asked.is_ok() && action.handler == libc::SIG_IGN
}

/// Has `signal` do to this process what it does by default, whatever its parent did.
///
/// # Errors
/// `EINVAL` for a signal that cannot be treated.
pub fn restore_default(signal: i32) -> Result<(), Errno> {
    // SAFETY: the default is always allowed.
    unsafe { treat(signal, Action::DEFAULT) }.map(drop)
}

/// Signals that a thread does not get for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mask(u64);

impl Mask {
    /// It gets all.
    pub const NONE: Self = Self(0);
    /// It gets none.
    pub const ALL: Self = Self(u64::MAX);

    /// Blocks these signals and no others, in the calling thread. Returns which were
    /// blocked before.
    ///
    /// # Errors
    /// Those of `sigprocmask(2)`.
    pub fn apply(self) -> Result<Self, Errno> {
        let mut before = Self::NONE;
        // SAFETY: the kernel reads one mask and writes another, 8 bytes each.
        retry(|| unsafe {
            system_call!(
                rt_sigprocmask,
                libc::SIG_SETMASK,
                &raw const self.0,
                &raw mut before.0,
                size_of::<u64>()
            )
        })?;
        Ok(before)
    }
}

/// Changes how this process treats `signal`. Returns how it did before.
///
/// # Errors
/// `EINVAL` for a signal that cannot be treated.
///
/// # Safety
/// `action` must be [`Action::DEFAULT`] or what this function returned in this
/// process or its parent.
pub unsafe fn treat(signal: i32, action: Action) -> Result<Action, Errno> {
    let mut before = Action::DEFAULT;
    // SAFETY: the kernel reads one such struct and writes another; a mask has 8
    // bytes. The caller vouches for the handler.
    check(unsafe {
        system_call!(
            rt_sigaction,
            signal,
            &raw const action,
            &raw mut before,
            size_of::<u64>()
        )
    })?;
    Ok(before)
}
