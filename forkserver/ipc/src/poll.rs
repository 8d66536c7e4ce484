//! Waiting for a descriptor with a limit of time.

use crate::{
    Errno, Fd,
    errno::{check, system_call},
};
use core::time::Duration;

/// Result of a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ready {
    /// There is something to read, or the other end is closed.
    Yes,
    /// The time ran out.
    TimedOut,
    /// A signal was handled meanwhile.
    Interrupted,
}

/// Waits until `fd` can be read without blocking, for at most `limit`.
///
/// # Errors
/// Those of `ppoll(2)`, apart from an interruption.
pub fn readable<'a>(fd: impl Into<Fd<'a>>, limit: Duration) -> Result<Ready, Errno> {
    let mut entry = libc::pollfd {
        fd: fd.into().number(),
        events: libc::POLLIN,
        revents: 0,
    };
    // The kernel writes what is left of the time to it.
    let mut limit = libc::timespec {
        tv_sec: limit.as_secs().try_into().unwrap_or(libc::time_t::MAX),
        tv_nsec: limit.subsec_nanos().into(),
    };
    // SAFETY: `entry` is one pollfd, as the count says; `limit` is one timespec; the
    // kernel may write both, and they live across the call. No signal mask is given, so
    // its size is not looked at.
    let returned = unsafe {
        system_call!(
            ppoll,
            &raw mut entry,
            1usize,
            &raw mut limit,
            core::ptr::null::<libc::sigset_t>(),
            0
        )
    };
    match check(returned) {
        Ok(0) => Ok(Ready::TimedOut),
        Ok(_) => Ok(Ready::Yes),
        Err(Errno(libc::EINTR)) => Ok(Ready::Interrupted),
        Err(errno) => Err(errno),
    }
}
