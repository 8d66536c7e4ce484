//! Memory behind the pointers that a routine was given.
//!
//! They come from the target, so anything may be wrong with them: null, at the end of
//! a page, with a length that was never meant. The kernel is asked to read them; only
//! the program's own constants and variables, which are always there, are read
//! directly.
//!
//! Functions are not inlined into one another: all of this is part of every target, also
//! of those that never log.

use crate::{elf::Headers, objects};
use core::{
    cell::UnsafeCell,
    sync::atomic::{AtomicUsize, Ordering},
};
use tine_ipc::own_memory;
use tine_protocol::layout::cmplog::{MAX_ROUTINE_BYTES, Place};

/// No object of a program lies below: a null pointer, or a member of one.
const LOWEST_ADDRESS: usize = 4096;
const PAGE: usize = 4096;

/// More segments than the objects that a program begins with have; those beyond are
/// taken for the heap.
const MAX_RANGES: usize = 128;

/// Part of a loaded object.
#[derive(Clone, Copy)]
struct Range {
    start: usize,
    end: usize,
    writable: bool,
    /// It belongs to the program itself, which is never unloaded.
    stays: bool,
}

struct Ranges(UnsafeCell<[Range; MAX_RANGES]>);
// SAFETY: entries are written by `learn_places`, once, before COUNT tells of them;
// afterwards they are only read.
unsafe impl Sync for Ranges {}

static RANGES: Ranges = Ranges(UnsafeCell::new(
    [Range {
        start: 0,
        end: 0,
        writable: false,
        stays: false,
    }; MAX_RANGES],
));
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Notes where constants and variables of the loaded objects lie.
pub(super) fn learn_places() {
    note_object(objects::program_start(), true);
    for object in objects::all().skip(1) {
        note_object(object.at(0), false);
    }
}

/// Notes the parts of an object whose file header lies at `address`, as it does where
/// an object is loaded.
fn note_object(address: usize, is_program: bool) {
    let Some(headers) = Headers::at(address, is_program) else {
        return;
    };
    let mut next = COUNT.load(Ordering::Relaxed);
    for segment in headers.segments().filter(|segment| segment.is_readable()) {
        if next == MAX_RANGES {
            break;
        }
        let (start, end) = headers.bounds(segment);
        let range = Range {
            start,
            end,
            writable: segment.is_writable(),
            stays: is_program,
        };
        // SAFETY: in bounds, and nobody reads it before COUNT tells of it.
        unsafe { RANGES.0.get().cast::<Range>().add(next).write(range) };
        next += 1;
    }
    COUNT.store(next, Ordering::Relaxed);
}

fn range_of(address: usize) -> Option<Range> {
    (0..COUNT.load(Ordering::Relaxed).min(MAX_RANGES))
        // SAFETY: in bounds, and written before COUNT told of it.
        .map(|index| unsafe { RANGES.0.get().cast::<Range>().add(index).read() })
        .find(|range| range.start <= address && address < range.end)
}

/// Bytes that were read.
#[derive(Clone, Copy)]
pub(super) struct Bytes {
    pub(super) bytes: [u8; MAX_ROUTINE_BYTES],
    /// Number of them that count.
    pub(super) length: usize,
    pub(super) place: Place,
}

impl Bytes {
    /// Up to `wanted` bytes at `address`; fewer where there are not so many.
    #[inline(never)]
    pub(super) fn read(address: usize, wanted: usize) -> Self {
        let mut read = Self {
            bytes: [0; MAX_ROUTINE_BYTES],
            length: 0,
            place: Place::Unknown,
        };
        let mut wanted = wanted.min(MAX_ROUTINE_BYTES);
        if wanted == 0 || address < LOWEST_ADDRESS {
            return read;
        }
        let range = range_of(address);
        read.place = match range {
            None => Place::Unknown,
            Some(range) if range.writable => Place::Writable,
            Some(_) => Place::ReadOnly,
        };
        if range.is_none_or(|range| !range.stays || range.end - address < wanted) {
            match own_memory::read(address, &mut read.bytes[..wanted]) {
                Ok(length) => {
                    read.length = length;
                    return read;
                }
                Err(error) if error.0 == libc::EPERM || error.0 == libc::ENOSYS => {
                    // Somebody filters system calls. The function itself is about to
                    // read the first byte, and with it the page is there.
                    wanted = wanted.min(PAGE - address % PAGE);
                }
                Err(_) => return read,
            }
        }
        for index in 0..wanted {
            // SAFETY: the bytes lie in the program's own file, or in a page of which
            // the function that is about to be called reads the first of them.
            read.bytes[index] = unsafe { ((address + index) as *const u8).read_volatile() };
        }
        read.length = wanted;
        read
    }

    /// The string at `address`, up to `most` bytes of it, and its NUL if that is among
    /// them.
    #[inline(never)]
    pub(super) fn read_string(address: usize, most: usize) -> Self {
        let mut read = Self::read(address, most);
        if let Some(end) = read.end_of_string() {
            read.cut(end + 1);
        }
        read
    }

    /// As [`Bytes::read_string`], without the NUL.
    #[inline(never)]
    pub(super) fn read_text(address: usize, most: usize) -> Self {
        let mut read = Self::read(address, most);
        if let Some(end) = read.end_of_string() {
            read.cut(end);
        }
        read
    }

    /// Forgets what lies behind the first `length` bytes.
    #[inline(never)]
    pub(super) fn cut(&mut self, length: usize) {
        for index in length..MAX_ROUTINE_BYTES {
            self.bytes[index] = 0;
        }
        self.length = self.length.min(length);
    }

    #[inline(never)]
    fn end_of_string(&self) -> Option<usize> {
        (0..self.length).find(|index| self.bytes[*index] == 0)
    }
}

/// Length of the string at `address`, without its NUL, up to `most` bytes.
#[inline(never)]
pub(super) fn string_length(address: usize, most: usize) -> usize {
    let mut length = 0;
    while length < most {
        let part = Bytes::read_text(address.wrapping_add(length), MAX_ROUTINE_BYTES);
        length += part.length;
        if part.length < MAX_ROUTINE_BYTES {
            break;
        }
    }
    length.min(most)
}

/// The word at `address`.
#[inline(never)]
pub(super) fn word(address: usize) -> Option<usize> {
    let read = Bytes::read(address, size_of::<usize>());
    let mut word = [0; size_of::<usize>()];
    word.copy_from_slice(&read.bytes[..size_of::<usize>()]);
    (read.length == word.len()).then_some(usize::from_ne_bytes(word))
}
