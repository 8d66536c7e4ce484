//! Futex: sleeping until a word in shared memory changes, and waking who sleeps.
//!
//! The word is ordinary memory; the kernel is entered only to sleep and to wake.
//! Nothing is created and nothing is left behind. The kernel does not know who will
//! wake a sleeper: if that process dies, nobody does, so every wait has a limit.

use crate::{
    Errno,
    errno::{check, system_call},
};
use core::{sync::atomic::AtomicU32, time::Duration};

/// Result of a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// Somebody woke it. The word may have any value by now: look.
    Woken,
    /// The word had another value already, so that it did not sleep.
    Changed,
    /// The time ran out.
    TimedOut,
    /// A signal was handled meanwhile.
    Interrupted,
}

/// Sleeps while `word` is `expected`, until woken, for at most `limit`. The check
/// and the falling asleep are one step for whoever wakes.
///
/// # Errors
/// Those of `futex(2)` apart from the cases above.
pub fn wait(word: &AtomicU32, expected: u32, limit: Duration) -> Result<Woken, Errno> {
    let limit = libc::timespec {
        tv_sec: limit.as_secs().try_into().unwrap_or(libc::time_t::MAX),
        tv_nsec: limit.subsec_nanos().into(),
    };
    // SAFETY: `word` is an aligned u32 that stays mapped for the call, `limit` lives
    // as long; the last two arguments are not used by FUTEX_WAIT.
    let returned = unsafe {
        system_call!(
            futex,
            word.as_ptr(),
            libc::FUTEX_WAIT,
            expected,
            &raw const limit,
            0,
            0
        )
    };
    match check(returned) {
        Ok(_) => Ok(Woken::Woken),
        Err(Errno(libc::EAGAIN)) => Ok(Woken::Changed),
        Err(Errno(libc::ETIMEDOUT)) => Ok(Woken::TimedOut),
        Err(Errno(libc::EINTR)) => Ok(Woken::Interrupted),
        Err(errno) => Err(errno),
    }
}

/// Wakes at most `count` of those that sleep on `word`, in any process. Returns how
/// many there were.
///
/// # Errors
/// Those of `futex(2)`: `EFAULT` if the word is not mapped.
pub fn wake(word: &AtomicU32, count: u32) -> Result<usize, Errno> {
    // SAFETY: FUTEX_WAKE only takes the address; the other arguments are not used.
    check(unsafe { system_call!(futex, word.as_ptr(), libc::FUTEX_WAKE, count, 0, 0, 0) })
}
