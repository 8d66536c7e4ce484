//! Shared mappings: POSIX shared memory, memory of a file, memory that only a fork
//! passes on. Three ways to the same thing, pages that several processes map.
//!
//! The mapping is gone with its processes. What stands behind it may stay: a name in
//! `/dev/shm` until `shm_unlink`, a file until it is removed; anonymous memory has no
//! name and goes with the last process.

use core::sync::atomic::AtomicU32;
use std::{
    fs::OpenOptions,
    io,
    os::fd::{AsFd, AsRawFd},
};

use memmap2::{MmapOptions, MmapRaw};

/// Mapped memory that other processes may read and write at any time, so it is never
/// handed out as a slice.
#[derive(Debug)]
pub struct Mapping {
    /// Mapped with `MAP_SHARED`, to be read and written.
    memory: MmapRaw,
}

impl Mapping {
    /// Memory without a name, all zero, that children inherit.
    ///
    /// A shared mapping of `/dev/zero` is that: Linux makes the same of it as of
    /// `MAP_SHARED | MAP_ANONYMOUS` without a file, and memmap2's anonymous memory is
    /// private.
    ///
    /// # Errors
    /// `EINVAL` for a size of 0, or what `open(2)` and `mmap(2)` say.
    pub fn anonymous(size: usize) -> io::Result<Self> {
        let zero = OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/zero")?;
        Self::map(&zero, size)
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
        Self::map(file, size)
    }

    fn map(file: impl AsFd, size: usize) -> io::Result<Self> {
        // memmap2 makes an empty mapping of it, which has no word to share.
        if size == 0 {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let file = file.as_fd().as_raw_fd();
        let memory = MmapOptions::new().len(size).map_raw(file)?;
        Ok(Self { memory })
    }

    /// Size in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.memory.len()
    }

    /// The first byte.
    #[must_use]
    pub fn base(&self) -> *mut u8 {
        self.memory.as_mut_ptr()
    }

    /// The `index`-th 4-byte word.
    ///
    /// # Panics
    /// If it lies behind the end.
    #[must_use]
    pub fn word(&self, index: usize) -> &AtomicU32 {
        assert!(
            (index + 1) * 4 <= self.size(),
            "word {index} of the mapping"
        );
        // SAFETY: in bounds as just checked; a mapping begins at a page, so a word is
        // aligned; an atomic may change under us, and all bit patterns are one.
        unsafe { AtomicU32::from_ptr(self.base().cast::<u32>().add(index)) }
    }

    /// Copies `bytes` to `offset`.
    ///
    /// # Panics
    /// If they reach behind the end.
    pub fn write(&self, offset: usize, bytes: &[u8]) {
        assert!(offset + bytes.len() <= self.size(), "write behind the end");
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
        assert!(offset + bytes.len() <= self.size(), "read behind the end");
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
