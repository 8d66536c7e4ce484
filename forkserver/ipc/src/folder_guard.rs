//! A process that removes a folder when its owner is gone, killed or not.
//!
//! It waits at a pipe whose other end nobody but the owner has: the kernel closes that
//! end with the owner, however it ends. It shares the owner's memory, so that it costs
//! no copy of it.

use crate::{
    Errno, Fd, Pid,
    errno::{check, system_call},
    pipe::{self, Received},
    process,
    signal::Mask,
};
use core::ffi::c_void;
use std::{
    boxed::Box,
    ffi::CString,
    os::fd::{AsRawFd, OwnedFd},
    sync::{Mutex, MutexGuard, PoisonError},
    vec,
    vec::Vec,
};

/// Bytes of stack for the guard's few calls.
const STACK: usize = 32 * 1024;

/// Bytes of entries of a folder that are read at once.
const ENTRIES: usize = 4096;

/// Highest descriptor that the guard closes where the kernel has no `close_range(2)`.
const LAST_DESCRIPTOR: i32 = 65_535;

/// Removes a folder, the files in it and what empty folders are in it, when it is
/// dropped or when this process ends.
#[derive(Debug)]
pub struct FolderGuard {
    /// The guard waits for its end. `None` once it was told to go.
    pipe: Option<OwnedFd>,
    pid: Pid,
    /// The guard reads it in this process's memory.
    _order: Box<Order>,
    /// The guard runs on it.
    _stack: Box<[u8]>,
}

#[derive(Debug)]
struct Order {
    folder: CString,
    /// The pipe's end to read from.
    pipe: OwnedFd,
}

impl FolderGuard {
    /// Starts the guard of a folder: a full path.
    ///
    /// # Errors
    /// When there is no descriptor or process to be had.
    pub fn start(folder: CString) -> Result<Self, Errno> {
        let (read, write) = pipe::create()?;
        let order = Box::new(Order { folder, pipe: read });
        let mut stack: Box<[u8]> = vec![0; STACK].into();
        let end = stack.as_mut_ptr().wrapping_add(STACK);
        let top = end.map_addr(|address| address & !15);
        // The guard keeps this mask: a handler must not run twice in one memory.
        let mask = Mask::ALL.apply()?;
        // SAFETY: stack and order are on the heap and freed only after the guard was
        // waited for (or never, where the value is forgotten); nobody else uses the
        // stack, and its top is aligned to 16. `watch` makes system calls only, none
        // through libc, and writes to nothing but its stack.
        let pid = unsafe {
            libc::clone(
                watch,
                top.cast::<c_void>(),
                libc::CLONE_VM | libc::SIGCHLD,
                (&raw const *order).cast_mut().cast::<c_void>(),
            )
        };
        let started = Pid::new(pid).ok_or_else(|| {
            let error = std::io::Error::last_os_error();
            Errno(error.raw_os_error().unwrap_or(libc::EAGAIN))
        });
        let restored = mask.apply();
        let pid = started?;
        guards().push(pid);
        let guard = Self {
            pipe: Some(write),
            pid,
            _order: order,
            _stack: stack,
        };
        restored.map(|_| guard)
    }
}

impl Drop for FolderGuard {
    fn drop(&mut self) {
        drop(self.pipe.take());
        // It is gone when this returns, whoever reaped it.
        let _ = process::wait(self.pid, false);
        guards().retain(|pid| *pid != self.pid);
    }
}

/// Returns whether `pid` is one of this process's guards, which nobody kills who wants
/// folders to be removed.
#[must_use]
pub fn is_guard(pid: Pid) -> bool {
    guards().contains(&pid)
}

fn guards() -> MutexGuard<'static, Vec<Pid>> {
    static GUARDS: Mutex<Vec<Pid>> = Mutex::new(Vec::new());
    GUARDS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs in the guard, on a stack of its own.
extern "C" fn watch(order: *mut c_void) -> i32 {
    // SAFETY: `start` passes a pointer to its order, which lives as long as the guard.
    // It is only read.
    let order = unsafe { &*order.cast::<Order>() };
    // What is sent to the owner's group, or by its terminal, is not for the guard.
    process::lead_session();
    let number = order.pipe.as_raw_fd();
    // The other end too, or it would never be closed.
    pipe::close_range(0, number - 1);
    pipe::close_range(number + 1, LAST_DESCRIPTOR);
    while pipe::receive(&order.pipe, &mut [0]) == Ok(Received::All) {}
    remove(&order.folder);
    process::exit_now(0)
}

/// Removes what the folder holds, and the folder.
fn remove(folder: &CString) {
    const FLAGS: i32 = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_NOFOLLOW;
    // SAFETY: a C string that lives as long as the guard.
    let opened = check(unsafe { system_call!(open, folder.as_ptr(), FLAGS) });
    if let Ok(fd) = opened {
        // Whatever is removed may hide what comes after it: until nothing is.
        while remove_entries(Fd::fixed(fd as i32)) {
            // SAFETY: lseek takes plain numbers.
            unsafe { system_call!(lseek, fd, 0, libc::SEEK_SET) };
        }
    }
    // SAFETY: as above.
    unsafe { system_call!(rmdir, folder.as_ptr()) };
}

/// Removes entries from where the folder `fd` was read to. Returns whether it removed any.
fn remove_entries(folder: Fd<'_>) -> bool {
    /// Where an entry has its length and its name.
    const LENGTH: usize = 16;
    const NAME: usize = 19;
    let fd = folder.number();
    let mut removed = false;
    loop {
        let mut entries = [0u64; ENTRIES / 8];
        // SAFETY: the kernel writes at most `ENTRIES` bytes to an array of as many.
        let filled = check(unsafe { system_call!(getdents64, fd, entries.as_mut_ptr(), ENTRIES) });
        let filled = match filled {
            Ok(filled @ 1..) => filled,
            _ => return removed,
        };
        let mut at = 0;
        while at + NAME < filled {
            let entry = entries.as_ptr().cast::<u8>().wrapping_add(at);
            // SAFETY: the kernel filled `filled` bytes with whole entries, each of which
            // has its length in this place, in two bytes that need not be aligned.
            let length = unsafe { entry.add(LENGTH).cast::<u16>().read_unaligned() };
            for flags in [0, libc::AT_REMOVEDIR] {
                // SAFETY: an entry's name ends with a zero byte within the entry. What is
                // no such thing (`.`, `..`, a full folder) is refused.
                let done = check(unsafe { system_call!(unlinkat, fd, entry.add(NAME), flags) });
                removed |= done.is_ok();
            }
            at += usize::from(length).max(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::FolderGuard;
    use std::{ffi::CString, format, fs, os::unix::ffi::OsStrExt, path::Path};

    fn guard(folder: &Path) -> FolderGuard {
        FolderGuard::start(CString::new(folder.as_os_str().as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn a_folder_is_gone_with_its_files_when_its_guard_was_dropped() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("folder");
        fs::create_dir_all(folder.join("empty")).unwrap();
        for number in 0..500 {
            fs::write(folder.join(format!("a file of number {number}")), "x").unwrap();
        }
        let guard = guard(&folder);
        assert!(folder.exists());
        drop(guard);
        assert!(!folder.exists());
    }

    #[test]
    fn what_a_link_leads_to_stays() {
        let parent = tempfile::tempdir().unwrap();
        let (folder, other) = (parent.path().join("folder"), parent.path().join("other"));
        fs::create_dir(&other).unwrap();
        fs::write(other.join("x"), "x").unwrap();
        fs::create_dir(&folder).unwrap();
        std::os::unix::fs::symlink(&other, folder.join("link")).unwrap();
        drop(guard(&folder));
        assert!(!folder.exists() && other.join("x").exists());
        // The folder itself was replaced.
        std::os::unix::fs::symlink(&other, &folder).unwrap();
        drop(guard(&folder));
        assert!(other.join("x").exists());
    }
}
