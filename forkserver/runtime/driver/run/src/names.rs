//! The names in a folder, in order.

use core::ffi::CStr;
use tine_ipc::{
    Errno, Fd,
    file::{self, EntryKind},
};

/// `ENOMEM`.
const NO_MEMORY: Errno = Errno(12);

unsafe extern "C" {
    fn realloc(memory: *mut u8, size: usize) -> *mut u8;
    fn free(memory: *mut u8);
}

/// The names in a folder but `.` and `..`.
pub(crate) struct Names {
    /// Each name with its zero.
    text: Growing<u8>,
    /// Where a name begins, and what it is the name of.
    entries: Growing<(usize, EntryKind)>,
}

impl Names {
    /// Reads all of an open folder.
    pub(crate) fn of(folder: Fd<'_>) -> Result<Self, Errno> {
        let mut names = Self {
            text: Growing::new(),
            entries: Growing::new(),
        };
        let mut buffer = [0; 4096];
        loop {
            let mut is_end = true;
            for entry in file::entries(folder, &mut buffer)? {
                is_end = false;
                if entry.name == c"." || entry.name == c".." {
                    continue;
                }
                let start = names.text.len;
                for byte in entry.name.to_bytes_with_nul() {
                    names.text.push(*byte)?;
                }
                names.entries.push((start, entry.kind))?;
            }
            if is_end {
                return Ok(names);
            }
        }
    }

    /// The names in order.
    pub(crate) fn sorted(&mut self) -> impl Iterator<Item = (&CStr, EntryKind)> {
        let text = self.text.slice();
        let entries = self.entries.slice();
        entries.sort_unstable_by(|left, right| name(text, left.0).cmp(name(text, right.0)));
        let (text, entries) = (&*text, &*entries);
        entries
            .iter()
            .map(|(start, kind)| (name(text, *start), *kind))
    }
}

fn name(text: &[u8], start: usize) -> &CStr {
    let text = text.get(start..).unwrap_or_default();
    CStr::from_bytes_until_nul(text).unwrap_or_default()
}

/// A list that grows, in the memory of the program's allocator. It never shrinks.
struct Growing<T> {
    data: *mut T,
    len: usize,
    room: usize,
}

impl<T: Copy> Growing<T> {
    const fn new() -> Self {
        Self {
            data: core::ptr::null_mut(),
            len: 0,
            room: 0,
        }
    }

    fn push(&mut self, value: T) -> Result<(), Errno> {
        if self.len == self.room {
            let room = self.room.saturating_mul(2).max(64);
            // SAFETY: `data` is null or the allocator's, and not used any more if it
            // moves.
            let data = unsafe { realloc(self.data.cast(), room.saturating_mul(size_of::<T>())) };
            if data.is_null() {
                return Err(NO_MEMORY);
            }
            self.data = data.cast();
            self.room = room;
        }
        // SAFETY: `len` is less than `room`; malloc's memory is aligned for any type.
        unsafe { self.data.add(self.len).write(value) };
        self.len += 1;
        Ok(())
    }

    fn slice(&mut self) -> &mut [T] {
        if self.data.is_null() {
            return &mut [];
        }
        // SAFETY: the first `len` elements were written, and `self` is borrowed.
        unsafe { core::slice::from_raw_parts_mut(self.data, self.len) }
    }
}

impl<T> Drop for Growing<T> {
    fn drop(&mut self) {
        // SAFETY: null or the allocator's, and nobody refers to it any more.
        unsafe { free(self.data.cast()) };
    }
}
