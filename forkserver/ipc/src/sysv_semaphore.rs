//! System V semaphores: counters in the kernel, changed together or not at all.
//!
//! A set belongs to no process: it stays until somebody removes it. With undo the
//! kernel takes back what a process did when that process ends, in whatever way.

use core::time::Duration;
use std::io;

use crate::{
    Errno,
    errno::{check, system_call},
};

/// A set of counters. It is not removed on drop: other processes hold the number, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Set {
    id: i32,
}

/// Treatment of a change when the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtEnd {
    /// It stays.
    Keep,
    /// It is taken back (`SEM_UNDO`).
    Undo,
}

impl Set {
    /// Creates `count` counters, all 0, that others find by `key`. `IPC_PRIVATE` (0)
    /// gives a set that has no key.
    ///
    /// # Errors
    /// `EEXIST` when there is one with that key, `ENOSPC` when there are too many.
    pub fn create(key: i32, count: i32) -> io::Result<Self> {
        // SAFETY: takes plain numbers.
        let id = unsafe { libc::semget(key, count, libc::IPC_CREAT | libc::IPC_EXCL | 0o600) };
        Ok(Self { id: result(id)? })
    }

    /// Adds `by` to the counter `number`. A negative number waits until the counter is
    /// large enough: it never is less than 0.
    ///
    /// # Errors
    /// `EFBIG` for a number that is not in the set, `ERANGE` over 32,767, `EIDRM` when
    /// the set was removed, `EINTR`.
    pub fn change(&self, number: u16, by: i16, at_end: AtEnd) -> io::Result<()> {
        let mut operation = operation(number, by, at_end);
        // SAFETY: one operation, as the count says.
        result(unsafe { libc::semop(self.id, &raw mut operation, 1) }).map(drop)
    }

    /// The same, waiting for at most `limit`. Returns whether it was done.
    ///
    /// # Errors
    /// As [`Self::change`].
    pub fn change_within(
        &self,
        number: u16,
        by: i16,
        at_end: AtEnd,
        limit: Duration,
    ) -> io::Result<bool> {
        let mut operation = operation(number, by, at_end);
        let limit = libc::timespec {
            tv_sec: limit.as_secs().try_into().unwrap_or(libc::time_t::MAX),
            tv_nsec: limit.subsec_nanos().into(),
        };
        // SAFETY: one operation, as the count says; the limit lives across the call.
        let done = unsafe {
            system_call!(
                semtimedop,
                self.id,
                &raw mut operation,
                1usize,
                &raw const limit
            )
        };
        match check(done) {
            Ok(_) => Ok(true),
            Err(Errno(libc::EAGAIN)) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }

    /// The counter `number` right now.
    ///
    /// # Errors
    /// `EINVAL` when there is none.
    pub fn value(&self, number: i32) -> io::Result<i32> {
        // SAFETY: GETVAL takes no further argument.
        result(unsafe { libc::semctl(self.id, number, libc::GETVAL) })
    }

    /// Removes the set. Those who wait at it get `EIDRM`.
    ///
    /// # Errors
    /// `EINVAL` when it is gone already.
    pub fn remove(&self) -> io::Result<()> {
        // SAFETY: IPC_RMID takes no further argument.
        result(unsafe { libc::semctl(self.id, 0, libc::IPC_RMID) }).map(drop)
    }
}

fn operation(number: u16, by: i16, at_end: AtEnd) -> libc::sembuf {
    libc::sembuf {
        sem_num: number,
        sem_op: by,
        sem_flg: match at_end {
            AtEnd::Keep => 0,
            AtEnd::Undo => libc::SEM_UNDO as libc::c_short,
        },
    }
}

fn result(returned: i32) -> io::Result<i32> {
    match returned {
        -1 => Err(io::Error::last_os_error()),
        other => Ok(other),
    }
}
