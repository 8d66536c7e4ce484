//! The program headers of a loaded object, read where it lies in memory.

use tine_ipc::own_memory;

/// A segment that is loaded (`PT_LOAD`).
const LOAD: u32 = 1;
/// Notes (`PT_NOTE`).
const NOTE: u32 = 4;
/// It can be written (`PF_W`).
const WRITABLE: u32 = 2;
/// It can be read (`PF_R`).
const READABLE: u32 = 4;

/// More segments than any object has.
const MOST_SEGMENTS: u16 = 64;
/// Sizes of `Elf64_Ehdr` and `Elf64_Phdr`.
const FILE_HEADER: usize = 64;
const PROGRAM_HEADER: usize = 56;

/// Part of an object, as it is loaded.
#[derive(Clone, Copy)]
pub(crate) struct Segment {
    kind: u32,
    flags: u32,
    offset: u64,
    address: u64,
    file_size: u64,
}

impl Segment {
    /// Returns whether the program can read it.
    pub(crate) fn is_readable(self) -> bool {
        self.kind == LOAD && self.flags & READABLE != 0
    }

    /// Returns whether the program can write it.
    pub(crate) fn is_writable(self) -> bool {
        self.flags & WRITABLE != 0
    }
}

/// Where an object's file header lies, and how far the addresses in its headers are
/// from those in memory.
#[derive(Clone, Copy)]
pub(crate) struct Headers {
    file: usize,
    segments: usize,
    count: u16,
    bias: usize,
    is_there: bool,
}

impl Headers {
    /// Those at `address`. Of the program, and of an object whose code is running, they
    /// are known to be there. Another may keep its own elsewhere, or not load them, so the
    /// kernel is asked.
    pub(crate) fn at(address: usize, is_there: bool) -> Option<Self> {
        let file: [u8; FILE_HEADER] = read(address, is_there)?;
        let well_formed =
            file.starts_with(b"\x7fELF") && half(&file, 54) as usize == PROGRAM_HEADER;
        let mut headers = well_formed.then_some(Self {
            file: address,
            segments: address.wrapping_add(long(&file, 32) as usize),
            count: half(&file, 56).min(MOST_SEGMENTS),
            bias: 0,
            is_there,
        })?;
        let first = headers
            .segments()
            .find(|segment| segment.kind == LOAD && segment.offset == 0)?;
        headers.bias = address.wrapping_sub(first.address as usize);
        Some(headers)
    }

    /// The segments.
    pub(crate) fn segments(self) -> impl Iterator<Item = Segment> {
        (0..usize::from(self.count)).map_while(move |index| {
            let at = self.segments.wrapping_add(index * PROGRAM_HEADER);
            let header: [u8; PROGRAM_HEADER] = read(at, self.is_there)?;
            Some(Segment {
                kind: word(&header, 0),
                flags: word(&header, 4),
                offset: long(&header, 8),
                address: long(&header, 16),
                file_size: long(&header, 32),
            })
        })
    }

    /// Shows the headers and the notes, piece by piece.
    pub(crate) fn contents(self, mut show: impl FnMut(&[u8])) {
        /// More bytes than the notes of an object take.
        const MOST: usize = 4096;
        const WORD: usize = 8;
        let mut pieces = |start: usize, end: usize| {
            let end = end.min(start.saturating_add(MOST));
            for at in (start..end).step_by(WORD) {
                if let Some(bytes) = read::<WORD>(at, self.is_there) {
                    show(&bytes[..(end - at).min(WORD)]);
                }
            }
        };
        pieces(self.file, self.file + FILE_HEADER);
        let table = usize::from(self.count) * PROGRAM_HEADER;
        pieces(self.segments, self.segments + table);
        for note in self.segments().filter(|segment| segment.kind == NOTE) {
            let (start, end) = self.bounds(note);
            pieces(start, end);
        }
    }

    /// Addresses of a segment's bytes: the first, and the one behind the last that
    /// comes from the file.
    pub(crate) fn bounds(self, segment: Segment) -> (usize, usize) {
        let start = self.bias.wrapping_add(segment.address as usize);
        (start, start.wrapping_add(segment.file_size as usize))
    }
}

fn read<const N: usize>(address: usize, is_there: bool) -> Option<[u8; N]> {
    if is_there {
        // SAFETY: callers vouch for it: the linker put the headers, and the notes that
        // they tell of, into the object's first segment, whose pages are mapped whole.
        return Some(unsafe { (address as *const [u8; N]).read() });
    }
    let mut bytes = [0; N];
    (own_memory::read(address, &mut bytes) == Ok(N)).then_some(bytes)
}

fn half(bytes: &[u8], at: usize) -> u16 {
    u16::from_ne_bytes([bytes[at], bytes[at + 1]])
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from(half(bytes, at)) | u32::from(half(bytes, at + 2)) << 16
}

fn long(bytes: &[u8], at: usize) -> u64 {
    u64::from(word(bytes, at)) | u64::from(word(bytes, at + 4)) << 32
}
