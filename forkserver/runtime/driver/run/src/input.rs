//! An input in memory of its own, just as long as it is, so that a sanitizer sees a
//! read beyond its end.

use core::ffi::c_void;
use tine_ipc::{
    Errno, Fd,
    file::{self, Kind},
    pipe,
};

/// Room for what does not say how long it is, at first.
const ROOM: usize = 64 * 1024;

/// `ENOMEM`.
const NO_MEMORY: Errno = Errno(12);

unsafe extern "C" {
    static tine_driver_unpoison: Option<unsafe extern "C" fn(*const c_void, usize)>;
    fn malloc(size: usize) -> *mut u8;
    fn realloc(memory: *mut u8, size: usize) -> *mut u8;
    fn free(memory: *mut u8);
}

/// An input, and its memory.
pub(crate) struct Input {
    data: *mut u8,
    size: usize,
}

impl Input {
    /// A copy of `size` bytes.
    ///
    /// # Safety
    /// They are there, and nobody needs them to stay as they are.
    pub(crate) unsafe fn copy(bytes: *const u8, size: usize) -> Option<Self> {
        let mut input = Self::with_room(size)?;
        input.size = size;
        // SAFETY: both have so many bytes, and the copy is new.
        unsafe {
            core::arch::asm!(
                "rep movsb",
                inout("rcx") size => _,
                inout("rsi") bytes => _,
                inout("rdi") input.data => _,
                options(nostack, preserves_flags),
            );
        }
        input.initialised();
        Some(input)
    }

    /// All of a descriptor, or so many bytes of it.
    pub(crate) fn read(fd: Fd<'_>, limit: usize) -> Result<Self, Errno> {
        let mut room = match file::kind(fd)? {
            Kind::Folder => return Err(Errno(21)),
            // Files of the kernel say that they are empty.
            Kind::File(0) | Kind::Other => ROOM,
            // With room for a byte more, the end is met without more room.
            Kind::File(size) => size.saturating_add(1),
        }
        .min(limit);
        let mut input = Self::with_room(room).ok_or(NO_MEMORY)?;
        loop {
            if input.size == room {
                if room == limit {
                    break;
                }
                room = room.saturating_mul(2).min(limit);
                input.resize(room)?;
            }
            // SAFETY: the memory has `room` bytes, of which those from `size` on belong
            // to nobody. The kernel only writes to them.
            let free = unsafe {
                core::slice::from_raw_parts_mut(input.data.add(input.size), room - input.size)
            };
            match pipe::receive_some(fd, free)? {
                0 => break,
                count => input.size += count,
            }
        }
        input.resize(input.size)?;
        input.initialised();
        Ok(input)
    }

    pub(crate) fn data(&self) -> *const u8 {
        self.data
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    fn with_room(size: usize) -> Option<Self> {
        // SAFETY: at least one byte is asked for, so that null means no memory.
        let data = unsafe { malloc(size.max(1)) };
        (!data.is_null()).then_some(Self { data, size: 0 })
    }

    fn resize(&mut self, size: usize) -> Result<(), Errno> {
        // SAFETY: `data` is the allocator's, and not used any more if it moves.
        let data = unsafe { realloc(self.data, size.max(1)) };
        if data.is_null() {
            return Err(NO_MEMORY);
        }
        self.data = data;
        Ok(())
    }

    /// Tells MemorySanitizer, which has not seen the kernel write.
    fn initialised(&self) {
        // SAFETY: the slot is filled in by the linker.
        if let Some(unpoison) = unsafe { (&raw const tine_driver_unpoison).read_volatile() } {
            // SAFETY: the memory has so many bytes.
            unsafe { unpoison(self.data.cast(), self.size) };
        }
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        // SAFETY: it is the allocator's, and nobody refers to it any more.
        unsafe { free(self.data) };
    }
}
