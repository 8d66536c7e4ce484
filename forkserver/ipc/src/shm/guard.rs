//! A process that removes a segment whose creator is killed before it could mark it.

use super::{describe, remove};
use crate::{
    Pid,
    errno::{check, system_call},
    pipe::{self, Received},
    process::{self, Forked},
};
use core::sync::atomic::{AtomicI32, AtomicU8, Ordering};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// Waits beside the creation of one segment, and is gone with this value.
pub(super) struct Guard {
    key: i32,
    /// The guard reads from the other end: a byte, or that its creator is dead.
    helper: Option<(OwnedFd, Pid)>,
}

impl Guard {
    /// Starts the guard, and chooses the key by which it knows the segment. Where the
    /// system gives no process or pipe, a segment is created without one.
    pub(super) fn start() -> Self {
        let creator = process::id();
        let key = choose_key(creator);
        let helper = pipe::create().ok().and_then(|(read, write)| {
            let pid = AtomicI32::new(0);
            // SAFETY: the child makes system calls only, takes no lock and never
            // returns, so that it does not matter what other threads held. No
            // address of a thread's id is given.
            match unsafe { process::fork(&pid, None) } {
                Ok(Forked::Child) => watch(read.as_fd(), write.as_raw_fd(), key, creator),
                Ok(Forked::Parent(pid)) => Some((write, pid)),
                Err(_) => None,
            }
        });
        Self { key, helper }
    }

    pub(super) const fn key(&self) -> i32 {
        self.key
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some((write, pid)) = self.helper.take() {
            // Dead or not, it is waited for.
            let _ = pipe::send(&write, &[0]);
            let _ = process::wait(pid, false);
        }
    }
}

/// A key that no other process of this namespace chooses. It is in use until the
/// segment is marked.
fn choose_key(creator: Pid) -> i32 {
    static COUNT: AtomicU8 = AtomicU8::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    // Process ids have 22 bits at the most; 0 would mean "no key".
    (creator.get() << 8) | i32::from(count)
}

/// The guard's process.
fn watch(read: BorrowedFd<'_>, write: i32, key: i32, creator: Pid) -> ! {
    // What is sent to the creator's group, or by its terminal, is not for the guard.
    process::lead_session();
    pipe::close_range(write, write);
    let mut byte = [0];
    if pipe::receive(read, &mut byte) != Ok(Received::All) {
        // SAFETY: shmget takes plain numbers.
        let found = check(unsafe { system_call!(shmget, key, 0, 0) });
        if let Ok(id) = found
            && describe(id as i32).is_ok_and(|segment| segment.shm_cpid == creator.get())
        {
            remove(id as i32);
        }
    }
    process::exit_now(0)
}
