//! System V shared memory: a segment that processes attach by its id.
//!
//! A segment outlives its processes unless it is marked for removal. Linux lets
//! others attach a marked segment as long as somebody is attached, so it is
//! marked right after its creator attached it: whatever way the processes end,
//! the last one takes it along. For the moment before it is marked there is a guard.

#[cfg(feature = "std")]
mod guard;

use crate::{
    Errno,
    errno::{check, system_call},
};
use core::{marker::PhantomData, ptr::NonNull};

/// An attached segment. Another process writes it at any time, so it is never
/// handed out as a slice: single values are read and written, volatile.
#[derive(Debug)]
pub struct Segment {
    id: i32,
    base: NonNull<u8>,
    size: usize,
}

// SAFETY: the mapping belongs to the process, not to a thread, and every access
// is volatile.
unsafe impl Send for Segment {}

impl Segment {
    /// Creates a segment of `size` bytes (all zero), attaches it and marks it
    /// for removal. It does not stay behind if this process is killed meanwhile.
    ///
    /// # Errors
    /// `ENOSPC` when the system has no segment left, `ENOMEM`, `EINVAL` when it
    /// is larger than the system allows.
    #[cfg(feature = "std")]
    pub fn create(size: usize) -> Result<Self, Errno> {
        const KEYS: u32 = 4;
        for _ in 0..KEYS {
            let guard = guard::Guard::start();
            match Self::create_with_key(guard.key(), size) {
                // Another process, of another namespace, has it for a moment.
                Err(Errno(libc::EEXIST)) => {}
                result => return result,
            }
        }
        // Somebody takes all keys. Without one nobody can be in the way, and no guard
        // finds the segment.
        Self::create_with_key(libc::IPC_PRIVATE, size)
    }

    #[cfg(feature = "std")]
    fn create_with_key(key: i32, size: usize) -> Result<Self, Errno> {
        const MODE: i32 = libc::IPC_CREAT | libc::IPC_EXCL | 0o600;
        // SAFETY: shmget takes plain numbers.
        let id = check(unsafe { system_call!(shmget, key, size, MODE) })? as i32;
        let attached = attach(id);
        remove(id);
        Ok(Self {
            id,
            base: attached?,
            size,
        })
    }

    /// Attaches the segment `id` that another process created.
    ///
    /// # Errors
    /// `EINVAL` or `EIDRM` when there is no such segment, `EACCES`.
    pub fn attach(id: i32) -> Result<Self, Errno> {
        let base = attach(id)?;
        match segment_size(id) {
            Ok(size) => Ok(Self { id, base, size }),
            Err(errno) => {
                detach(base);
                Err(errno)
            }
        }
    }

    /// The number by which other processes attach it.
    #[must_use]
    pub const fn id(&self) -> i32 {
        self.id
    }

    /// Size in bytes.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// The first byte.
    #[must_use]
    pub const fn base(&self) -> *mut u8 {
        self.base.as_ptr()
    }

    /// A `T` at `offset` bytes, for types that are made of atomics.
    ///
    /// Returns `None` if it would reach beyond the segment or is not aligned.
    ///
    /// # Safety
    /// Every bit pattern must be a `T`, and `T` must consist of atomics only,
    /// because other processes write it.
    #[must_use]
    pub unsafe fn atomics<T>(&self, offset: usize) -> Option<&T> {
        let end = offset.checked_add(size_of::<T>())?;
        if end > self.size || !offset.is_multiple_of(align_of::<T>()) {
            return None;
        }
        // SAFETY: in bounds and aligned (the base is page-aligned), mapped as
        // long as `self` is borrowed; the caller vouches for `T`.
        Some(unsafe { &*self.base().add(offset).cast::<T>() })
    }

    /// Maps `length` bytes of the segment from `offset` on over the memory at
    /// `address`, in addition to where they are mapped already.
    ///
    /// # Errors
    /// Those of `mremap(2)`; `EINVAL` if the range is not inside the segment or
    /// something is not page-aligned.
    ///
    /// # Safety
    /// The old content of `address` is lost: it must be whole pages that the caller
    /// owns and that no Rust object lives in.
    pub unsafe fn overlay(
        &self,
        offset: usize,
        length: usize,
        address: usize,
    ) -> Result<(), Errno> {
        const SHARE_THE_OLD_MAPPING: usize = 0;
        if offset
            .checked_add(length)
            .is_none_or(|end| end > self.size.next_multiple_of(4096))
        {
            return Err(Errno(libc::EINVAL));
        }
        // SAFETY: an old size of 0 duplicates a shared mapping and leaves the
        // old one alone; the caller owns the pages at `address`.
        let returned = unsafe {
            system_call!(
                mremap,
                self.base().wrapping_add(offset),
                SHARE_THE_OLD_MAPPING,
                length,
                libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED,
                address
            )
        };
        check(returned).map(drop)
    }

    /// Leaves the segment out of children: one mapping less for each fork to
    /// copy and for each exit to take down.
    pub fn keep_from_children(&self) {
        // SAFETY: MADV_DONTFORK changes nothing in this process; a child that
        // wanted the segment would have to attach it.
        let _ =
            check(unsafe { system_call!(madvise, self.base(), self.size, libc::MADV_DONTFORK) });
    }

    /// Copies `bytes` to `offset`. What does not fit is left out.
    pub fn write(&self, offset: usize, bytes: &[u8]) {
        let room = self.size.saturating_sub(offset);
        let count = bytes.len().min(room);
        // SAFETY: `count` bytes fit behind `offset`; the segment and `bytes` do
        // not overlap because no slice of a segment is ever made.
        unsafe {
            core::ptr::copy_nonoverlapping(bytes.as_ptr(), self.base().wrapping_add(offset), count);
        }
    }

    /// Copies from `offset` on into `bytes`. Bytes beyond the segment are left
    /// as they are.
    pub fn read(&self, offset: usize, bytes: &mut [u8]) {
        let count = bytes.len().min(self.size.saturating_sub(offset));
        for (index, byte) in bytes[..count].iter_mut().enumerate() {
            // SAFETY: `offset + index` is inside the segment.
            *byte = unsafe { self.base().wrapping_add(offset + index).read_volatile() };
        }
    }

    /// Stores a `u32` at `offset` bytes, which must be a multiple of 4.
    pub fn store_u32(&self, offset: usize, value: u32) {
        assert!(offset.is_multiple_of(4) && offset + 4 <= self.size);
        // SAFETY: in bounds and aligned, as just checked.
        unsafe { self.base().add(offset).cast::<u32>().write_volatile(value) };
    }

    /// Loads a `u32` from `offset` bytes, which must be a multiple of 4.
    #[must_use]
    pub fn load_u32(&self, offset: usize) -> u32 {
        assert!(offset.is_multiple_of(4) && offset + 4 <= self.size);
        // SAFETY: in bounds and aligned, as just checked.
        unsafe { self.base().add(offset).cast::<u32>().read_volatile() }
    }

    /// The first `words * 8` bytes as 8-byte words.
    ///
    /// # Panics
    /// If the segment is smaller.
    #[must_use]
    pub fn words(&self, words: usize) -> Words<'_> {
        assert!(words <= self.size / 8);
        Words {
            base: self.base.cast(),
            words,
            segment: PhantomData,
        }
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        detach(self.base);
    }
}

/// Aligned 8-byte words of a segment.
#[derive(Debug, Clone, Copy)]
pub struct Words<'a> {
    base: NonNull<u64>,
    words: usize,
    segment: PhantomData<&'a Segment>,
}

impl Words<'_> {
    /// Number of words.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.words
    }

    /// Returns whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.words == 0
    }

    /// The word at `index`.
    #[must_use]
    #[inline]
    pub fn load(&self, index: usize) -> u64 {
        assert!(index < self.words);
        // SAFETY: in bounds, as just checked; the base is page-aligned.
        unsafe { self.base.add(index).read_volatile() }
    }

    /// Overwrites the word at `index`.
    #[inline]
    pub fn store(&self, index: usize, value: u64) {
        assert!(index < self.words);
        // SAFETY: in bounds, as just checked; the base is page-aligned.
        unsafe { self.base.add(index).write_volatile(value) };
    }

    /// One pass: hands out every word that is not zero, with its index, and
    /// zeroes it.
    #[inline]
    pub fn take_nonzero(&self, mut found: impl FnMut(usize, u64)) {
        const STRIDE: usize = 8;
        let mut index = 0;
        while index + STRIDE <= self.words {
            // SAFETY: `STRIDE` words from `index` on are in bounds.
            let any = unsafe { self.any_of::<STRIDE>(index) };
            if any != 0 {
                for at in index..index + STRIDE {
                    self.take_word(at, &mut found);
                }
            }
            index += STRIDE;
        }
        for at in index..self.words {
            self.take_word(at, &mut found);
        }
    }

    #[inline]
    fn take_word(&self, index: usize, found: &mut impl FnMut(usize, u64)) {
        let word = self.load(index);
        if word != 0 {
            self.store(index, 0);
            found(index, word);
        }
    }

    /// The bits of `N` words from `index` on, or-ed.
    ///
    /// # Safety
    /// They must be in bounds.
    #[inline]
    unsafe fn any_of<const N: usize>(&self, index: usize) -> u64 {
        let mut any = 0;
        for offset in 0..N {
            // SAFETY: the caller vouches for the bounds.
            any |= unsafe { self.base.add(index + offset).read_volatile() };
        }
        any
    }

    /// Zeroes every word. Words that are zero already are not written, so their
    /// cache lines and pages stay clean.
    pub fn clear(&self) {
        self.take_nonzero(|_, _| {});
    }
}

/// Creates a segment that stays: it is not marked for removal, and nobody is attached.
/// Others find it by `key`. Returns its id.
///
/// # Errors
/// `EEXIST` when there is one with that key, and as [`Segment::create`].
#[cfg(feature = "all")]
pub fn create_to_stay(key: i32, size: usize) -> Result<i32, Errno> {
    const MODE: i32 = libc::IPC_CREAT | libc::IPC_EXCL | 0o600;
    // SAFETY: shmget takes plain numbers.
    Ok(check(unsafe { system_call!(shmget, key, size, MODE) })? as i32)
}

/// Marks the segment `id` for removal: it goes with the last process that is attached.
///
/// # Errors
/// `EINVAL` when there is none.
#[cfg(feature = "all")]
pub fn mark_for_removal(id: i32) -> Result<(), Errno> {
    // SAFETY: IPC_RMID ignores its buffer.
    check(unsafe { system_call!(shmctl, id, libc::IPC_RMID, 0) }).map(drop)
}

fn attach(id: i32) -> Result<NonNull<u8>, Errno> {
    // SAFETY: a null address lets the kernel choose a free range.
    let address = check(unsafe { system_call!(shmat, id, 0, 0) })?;
    NonNull::new(address as *mut u8).ok_or(Errno(libc::EINVAL))
}

fn detach(base: NonNull<u8>) {
    // SAFETY: `base` came from shmat and nothing refers to it any more.
    unsafe { system_call!(shmdt, base.as_ptr()) };
}

/// Marks a segment for removal; its key is free from then on.
#[cfg(feature = "std")]
fn remove(id: i32) {
    // SAFETY: IPC_RMID ignores its buffer.
    unsafe { system_call!(shmctl, id, libc::IPC_RMID, 0) };
}

fn segment_size(id: i32) -> Result<usize, Errno> {
    describe(id).map(|description| description.shm_segsz)
}

fn describe(id: i32) -> Result<libc::shmid_ds, Errno> {
    let mut description = core::mem::MaybeUninit::<libc::shmid_ds>::zeroed();
    // SAFETY: the kernel writes one shmid_ds to `description`.
    check(unsafe { system_call!(shmctl, id, libc::IPC_STAT, description.as_mut_ptr()) })?;
    // SAFETY: zeroed at first and filled by the call; all fields are numbers.
    Ok(unsafe { description.assume_init() })
}

#[cfg(all(test, feature = "all"))]
mod tests {
    use super::{Segment, create_to_stay, mark_for_removal};
    use crate::process;
    use std::vec::Vec;

    /// Segments that go with the test, however it ends.
    struct Taken(Vec<i32>);

    impl Drop for Taken {
        fn drop(&mut self) {
            for id in &self.0 {
                let _ = mark_for_removal(*id);
            }
        }
    }

    #[test]
    fn a_segment_is_made_though_somebody_takes_every_key() {
        let pid = process::id().get();
        let mut taken = Taken(Vec::new());
        for count in 0..256 {
            // One that another test uses at the moment is as good.
            taken.0.extend(create_to_stay((pid << 8) | count, 4096));
        }
        assert!(taken.0.len() > 200);
        let segment = Segment::create(4096).unwrap();
        assert_eq!(segment.size(), 4096);
    }
}
