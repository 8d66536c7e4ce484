//! POSIX semaphores: a counter in shared memory, with a futex behind it.
//!
//! The fast ways do not enter the kernel. A semaphore is memory and nothing else: it
//! goes with its mapping. It does not know who holds it, so what a killed process took
//! stays taken.

use core::time::Duration;
use std::{
    io,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::mapping::Mapping;

/// Size of a semaphore in a mapping, in bytes.
pub const SIZE: usize = size_of::<libc::sem_t>();

/// A semaphore at some place of a mapping that processes share.
#[derive(Debug)]
pub struct Semaphore<'a> {
    mapping: &'a Mapping,
    offset: usize,
}

impl<'a> Semaphore<'a> {
    /// Makes one at `offset` bytes, before any other process uses it.
    ///
    /// # Errors
    /// `EINVAL` for a value over `SEM_VALUE_MAX`.
    ///
    /// # Panics
    /// For a place that is not a multiple of 16 or does not fit.
    pub fn create(mapping: &'a Mapping, offset: usize, value: u32) -> io::Result<Self> {
        const BETWEEN_PROCESSES: i32 = 1;
        let semaphore = Self::existing(mapping, offset);
        // SAFETY: the place is aligned and inside the mapping, as just checked.
        result(unsafe { libc::sem_init(semaphore.address(), BETWEEN_PROCESSES, value) })?;
        Ok(semaphore)
    }

    /// The one that was made at `offset` bytes. Where none was made, what the calls say
    /// is arbitrary.
    ///
    /// # Panics
    /// For a place that is not a multiple of 16 or does not fit.
    #[must_use]
    pub fn existing(mapping: &'a Mapping, offset: usize) -> Self {
        let fits = offset.is_multiple_of(16) && offset + SIZE <= mapping.size();
        assert!(fits, "a semaphore at {offset} of the mapping");
        Self { mapping, offset }
    }

    /// Adds one, and wakes one that waits.
    ///
    /// # Errors
    /// `EOVERFLOW` at `SEM_VALUE_MAX`.
    pub fn post(&self) -> io::Result<()> {
        // SAFETY: the place is aligned and inside the mapping, which is borrowed; a semaphore
        // is a counter and a flag, of which any value is one.
        result(unsafe { libc::sem_post(self.address()) })
    }

    /// Takes one; sleeps while there is none.
    ///
    /// # Errors
    /// `EINTR` when a signal was handled.
    pub fn wait(&self) -> io::Result<()> {
        // SAFETY: as in `post`.
        result(unsafe { libc::sem_wait(self.address()) })
    }

    /// The same, for at most `limit`. Returns whether it took one.
    ///
    /// # Errors
    /// `EINTR` when a signal was handled.
    pub fn wait_for(&self, limit: Duration) -> io::Result<bool> {
        // The call takes a point in time, by the clock on the wall.
        let end = SystemTime::now() + limit;
        let end = end.duration_since(UNIX_EPOCH).map_err(io::Error::other)?;
        let end = libc::timespec {
            tv_sec: end.as_secs().try_into().unwrap_or(libc::time_t::MAX),
            tv_nsec: end.subsec_nanos().into(),
        };
        // SAFETY: as in `post`; `end` lives across the call.
        match result(unsafe { libc::sem_timedwait(self.address(), &raw const end) }) {
            Err(error) if error.raw_os_error() == Some(libc::ETIMEDOUT) => Ok(false),
            other => other.map(|()| true),
        }
    }

    fn address(&self) -> *mut libc::sem_t {
        self.mapping.base().wrapping_add(self.offset).cast()
    }
}

fn result(returned: i32) -> io::Result<()> {
    match returned {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
