//! Shared mappings: POSIX shared memory, memory of a file, memory that only a fork
//! passes on. Three ways to the same thing, pages that several processes map.
//!
//! The mapping is gone with its processes. What stands behind it may stay: a name in
//! `/dev/shm` until `shm_unlink`, a file until it is removed; anonymous memory has no
//! name and goes with the last process.

use core::{ffi::c_void, num::NonZeroUsize, ptr::NonNull, sync::atomic::AtomicU32};
use std::{io, os::fd::AsFd};

use nix::sys::mman::{MapFlags, ProtFlags, mmap, mmap_anonymous, munmap};

/// Mapped memory that other processes may read and write at any time, so it is never
/// handed out as a slice.
#[derive(Debug)]
pub struct Mapping {
    base: NonNull<c_void>,
    size: usize,
}

// SAFETY: the mapping belongs to the process, not to a thread; access is volatile or
// atomic.
unsafe impl Send for Mapping {}
// SAFETY: as above; what is shared is shared with other processes anyway.
unsafe impl Sync for Mapping {}

const ACCESS: ProtFlags = ProtFlags::PROT_READ.union(ProtFlags::PROT_WRITE);

impl Mapping {
    /// Memory without a name, all zero, that children inherit.
    ///
    /// # Errors
    /// `EINVAL` for a size of 0, or what `mmap(2)` says.
    pub fn anonymous(size: usize) -> io::Result<Self> {
        // SAFETY: without MAP_FIXED a new mapping touches no other.
        let base = unsafe { mmap_anonymous(None, length(size)?, ACCESS, MapFlags::MAP_SHARED) }?;
        Ok(Self { base, size })
    }

    /// The first `size` bytes of what `file` names: a file, or an object of
    /// `shm_open(3)`. It has to be that large.
    ///
    /// # Errors
    /// `EINVAL` for a size of 0 or a file that is smaller; what `mmap(2)` says.
    pub fn of(file: impl AsFd, size: usize) -> io::Result<Self> {
        let there = nix::sys::stat::fstat(&file)?.st_size;
        // A page behind the end of the file would be SIGBUS at the first touch.
        if usize::try_from(there).unwrap_or(0) < size {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        // SAFETY: as above.
        let base = unsafe { mmap(None, length(size)?, ACCESS, MapFlags::MAP_SHARED, file, 0) }?;
        Ok(Self { base, size })
    }

    /// Size in bytes.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// The first byte.
    #[must_use]
    pub const fn base(&self) -> *mut u8 {
        self.base.as_ptr().cast()
    }

    /// The `index`-th 4-byte word.
    ///
    /// # Panics
    /// If it lies behind the end.
    #[must_use]
    pub fn word(&self, index: usize) -> &AtomicU32 {
        assert!((index + 1) * 4 <= self.size, "word {index} of the mapping");
        // SAFETY: in bounds as just checked; a mapping begins at a page, so a word is
        // aligned; an atomic may change under us, and all bit patterns are one.
        unsafe { AtomicU32::from_ptr(self.base().cast::<u32>().add(index)) }
    }

    /// Copies `bytes` to `offset`.
    ///
    /// # Panics
    /// If they reach behind the end.
    pub fn write(&self, offset: usize, bytes: &[u8]) {
        assert!(offset + bytes.len() <= self.size, "write behind the end");
        // SAFETY: in bounds as just checked; no slice of a mapping is ever made, so
        // `bytes` does not overlap.
        unsafe {
            core::ptr::copy_nonoverlapping(bytes.as_ptr(), self.base().add(offset), bytes.len());
        }
    }

    /// Copies from `offset` on into `bytes`.
    ///
    /// # Panics
    /// If they reach behind the end.
    pub fn read(&self, offset: usize, bytes: &mut [u8]) {
        assert!(offset + bytes.len() <= self.size, "read behind the end");
        // SAFETY: as in `write`. What another process writes meanwhile arrives torn,
        // as any bytes.
        unsafe {
            core::ptr::copy_nonoverlapping(
                self.base().add(offset),
                bytes.as_mut_ptr(),
                bytes.len(),
            );
        }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: these pages are this mapping's, and nothing borrows it any more.
        let _ = unsafe { munmap(self.base, self.size) };
    }
}

fn length(size: usize) -> io::Result<NonZeroUsize> {
    NonZeroUsize::new(size).ok_or_else(|| io::ErrorKind::InvalidInput.into())
}
