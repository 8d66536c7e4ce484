//! Real-time signals that carry a word, taken in turn instead of by a handler.
//!
//! They are queued, each with its value, unlike the old signals, of which one of a
//! kind can be pending at most. What is pending when the receiver dies is gone.

use crate::Pid;
use core::{mem::MaybeUninit, ptr, time::Duration};
use std::io;

/// A signal that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Its number.
    pub signal: i32,
    /// The word that came with it; 0 if it was sent by `kill`.
    pub value: i32,
    /// The process that sent it; `None` for the kernel, and from another PID namespace.
    pub sender: Option<Pid>,
}

/// The first real-time signal that libc leaves to programs.
#[must_use]
pub fn first() -> i32 {
    libc::SIGRTMIN()
}

/// Blocks `signals` in this thread, and in children that it forks, so that they wait
/// to be taken.
///
/// # Errors
/// `EINVAL` for a number that is not a signal.
pub fn block(signals: &[i32]) -> io::Result<()> {
    let set = set_of(signals)?;
    // SAFETY: `set` is initialised; the old set is not asked for.
    result(unsafe { libc::sigprocmask(libc::SIG_BLOCK, &raw const set, ptr::null_mut()) })
}

/// Sends a signal with a word to the process `pid`.
///
/// # Errors
/// `EAGAIN` when the receiver's user has too many pending (`RLIMIT_SIGPENDING`);
/// `ESRCH`, `EPERM`.
pub fn send(pid: Pid, signal: i32, value: i32) -> io::Result<()> {
    // A union of an int and a pointer: on this byte order the int comes first.
    let value = libc::sigval {
        sival_ptr: ptr::without_provenance_mut(value.cast_unsigned() as usize),
    };
    // SAFETY: takes plain numbers; the pointer is only carried.
    result(unsafe { libc::sigqueue(pid.get(), signal, value) })
}

/// Takes the next of the blocked `signals`, lowest number first, waiting for at most
/// `limit`. `None` when none came.
///
/// # Errors
/// Those of `sigtimedwait(2)`.
pub fn take(signals: &[i32], limit: Duration) -> io::Result<Option<Taken>> {
    let set = set_of(signals)?;
    let limit = libc::timespec {
        tv_sec: limit.as_secs().try_into().unwrap_or(libc::time_t::MAX),
        tv_nsec: limit.subsec_nanos().into(),
    };
    let mut information = MaybeUninit::<libc::siginfo_t>::zeroed();
    loop {
        // SAFETY: the set is initialised, there is room for one siginfo, and the limit
        // lives across the call.
        let signal = unsafe {
            libc::sigtimedwait(&raw const set, information.as_mut_ptr(), &raw const limit)
        };
        if signal >= 0 {
            // SAFETY: zeroed at first, and filled by the call.
            let information = unsafe { information.assume_init() };
            // SAFETY: pid and value are there for signals that a process sends; the
            // memory behind them is initialised in any case.
            let (sender, value) = unsafe { (information.si_pid(), information.si_value()) };
            return Ok(Some(Taken {
                signal,
                value: value.sival_ptr.addr() as i32,
                sender: Pid::new(sender),
            }));
        }
        match io::Error::last_os_error() {
            error if error.raw_os_error() == Some(libc::EAGAIN) => return Ok(None),
            error if error.raw_os_error() == Some(libc::EINTR) => {}
            error => return Err(error),
        }
    }
}

fn set_of(signals: &[i32]) -> io::Result<libc::sigset_t> {
    let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: there is room for one set.
    result(unsafe { libc::sigemptyset(set.as_mut_ptr()) })?;
    for &signal in signals {
        // SAFETY: the set was initialised by the call before.
        result(unsafe { libc::sigaddset(set.as_mut_ptr(), signal) })?;
    }
    // SAFETY: initialised by sigemptyset.
    Ok(unsafe { set.assume_init() })
}

fn result(returned: i32) -> io::Result<()> {
    match returned {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
