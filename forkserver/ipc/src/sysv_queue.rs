//! System V message queues: messages with a type, in the kernel, by number.
//!
//! A queue belongs to no process: it stays until somebody removes it or the machine
//! is started again. `ipcs -q` lists queues, `ipcrm -q ID` removes one.

use core::ptr;
use std::io;

/// The longest message that this module takes, in bytes: Linux's default limit
/// (`/proc/sys/kernel/msgmax`).
pub const LONGEST: usize = 8192;

/// A message, preceded by its type, as the kernel wants it.
#[repr(C)]
struct Message {
    kind: libc::c_long,
    bytes: [u8; LONGEST],
}

/// A queue. It is not removed on drop: other processes hold the number, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    id: i32,
}

impl Queue {
    /// Creates the queue that others find by `key`. `IPC_PRIVATE` (0) gives one that
    /// has no key.
    ///
    /// # Errors
    /// `EEXIST` when there is one with that key, `ENOSPC` when there are too many.
    pub fn create(key: i32) -> io::Result<Self> {
        // SAFETY: takes plain numbers.
        let id = unsafe { libc::msgget(key, libc::IPC_CREAT | libc::IPC_EXCL | 0o600) };
        Ok(Self {
            id: result(id as isize)? as i32,
        })
    }

    /// Appends a message. `kind` is 1 or more; a receiver can ask for it.
    ///
    /// # Errors
    /// `EINVAL` for a longer message than [`LONGEST`], `EAGAIN` if the queue is full
    /// and `wait` is false, `EIDRM` when it was removed meanwhile.
    pub fn send(&self, kind: i64, bytes: &[u8], wait: bool) -> io::Result<()> {
        if bytes.len() > LONGEST {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        let mut message = Message {
            kind,
            bytes: [0; LONGEST],
        };
        message.bytes[..bytes.len()].copy_from_slice(bytes);
        let flags = if wait { 0 } else { libc::IPC_NOWAIT };
        // SAFETY: the kernel reads the type and `bytes.len()` bytes behind it, which
        // `message` has.
        let sent =
            unsafe { libc::msgsnd(self.id, ptr::from_ref(&message).cast(), bytes.len(), flags) };
        result(sent as isize).map(drop)
    }

    /// Takes the first message of type `kind`, or with 0 the first of all, into
    /// `buffer`. Returns its length.
    ///
    /// # Errors
    /// `E2BIG` when it is longer than the buffer: it stays in the queue. `ENOMSG` if
    /// there is none and `wait` is false; `EIDRM` when the queue was removed.
    pub fn receive(&self, kind: i64, buffer: &mut [u8], wait: bool) -> io::Result<usize> {
        let mut message = Message {
            kind: 0,
            bytes: [0; LONGEST],
        };
        let room = buffer.len().min(LONGEST);
        let flags = if wait { 0 } else { libc::IPC_NOWAIT };
        // SAFETY: the kernel writes the type and at most `room` bytes behind it, for
        // which `message` has room.
        let received = unsafe {
            libc::msgrcv(
                self.id,
                ptr::from_mut(&mut message).cast(),
                room,
                kind,
                flags,
            )
        };
        let length = result(received)? as usize;
        buffer[..length].copy_from_slice(&message.bytes[..length]);
        Ok(length)
    }

    /// Removes the queue and what is in it. Those who wait at it get `EIDRM`.
    ///
    /// # Errors
    /// `EINVAL` when it is gone already.
    pub fn remove(&self) -> io::Result<()> {
        // SAFETY: IPC_RMID does not use its buffer.
        result(unsafe { libc::msgctl(self.id, libc::IPC_RMID, ptr::null_mut()) } as isize).map(drop)
    }
}

fn result(returned: isize) -> io::Result<isize> {
    match returned {
        -1 => Err(io::Error::last_os_error()),
        other => Ok(other),
    }
}
