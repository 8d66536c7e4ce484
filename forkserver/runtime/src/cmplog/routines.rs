//! Functions that compare two buffers: the hooks that `tine-cc --cmplog` links in
//! come here before they go on to the function itself.
//!
//! A hook leaves the function's arguments where they are, its [`Shape`] in r10 and the
//! function's address in r11.

use super::{
    Log,
    memory::{self, Bytes},
    site,
};
use tine_protocol::{
    layout::cmplog::{Kind, MAX_ROUTINE_BYTES, Routine, TEXT},
    routine::Shape,
};

/// Limit to which a string is followed to find its end, in bytes.
const LONGEST_STRING: usize = 4096;

#[cfg(target_arch = "x86_64")]
core::arch::global_asm!(
    ".pushsection .text.tine_log_enter, \"ax\", @progbits",
    ".globl tine_log_enter",
    ".hidden tine_log_enter",
    ".type tine_log_enter, @function",
    "tine_log_enter:",
    // The arguments become an array; with seven words the stack is aligned.
    "push r11",
    "push r9",
    "push r8",
    "push rcx",
    "push rdx",
    "push rsi",
    "push rdi",
    "mov rdi, rsp",
    "mov esi, r10d",
    "mov rdx, qword ptr [rsp + 56]",
    "call tine_log_routine",
    "pop rdi",
    "pop rsi",
    "pop rdx",
    "pop rcx",
    "pop r8",
    "pop r9",
    "pop r11",
    "jmp r11",
    ".size tine_log_enter, . - tine_log_enter",
    ".popsection",
);

unsafe extern "C" {
    fn tine_log_enter();
}

/// The function that hooks jump to in a module that logs.
pub(super) fn entry() -> *mut u8 {
    tine_log_enter as *const () as *mut u8
}

/// A call from `address` of a function of this shape.
#[unsafe(no_mangle)]
extern "C" fn tine_log_routine(arguments: &[usize; 6], shape: u32, address: usize) {
    let (Some(log), Some(shape)) = (Log::current(), Shape::from_number(shape)) else {
        return;
    };
    let (v0, v1, text) = operands(shape, arguments);
    if v0.length == 0 || v1.length == 0 {
        return;
    }
    let most = log.layout.routine_bytes();
    let (v0, v1) = (Operand::new(v0, most, text), Operand::new(v1, most, text));
    let bytes = v0.length.max(v1.length);
    let entry = log.enter(site(address), Kind::Routine, bytes as u8, 0);
    let offsets = Routine::offsets(log.layout);
    for (index, operand) in [&v0, &v1].into_iter().enumerate() {
        for (offset, byte) in operand.bytes[..most].iter().enumerate() {
            // SAFETY: an operand has so much room in the entry. Other processes read
            // it, so it is written volatile.
            unsafe {
                entry
                    .add(offsets.bytes[index] + offset)
                    .write_volatile(*byte)
            };
        }
        // SAFETY: as above.
        unsafe {
            entry
                .add(offsets.length[index])
                .write_volatile(operand.said)
        };
    }
    if let Some(offset) = offsets.place {
        // SAFETY: as above.
        unsafe { entry.add(offset).write_volatile(v0.place | v1.place << 2) };
    }
}

/// An operand as it goes to the log.
struct Operand {
    bytes: [u8; MAX_ROUTINE_BYTES],
    length: usize,
    /// The length with its mark.
    said: u8,
    place: u8,
}

impl Operand {
    fn new(read: Bytes, most: usize, text: bool) -> Self {
        let length = read.length.min(most);
        let mark = if text { TEXT } else { 0 };
        Self {
            bytes: read.bytes,
            length,
            said: length as u8 | mark,
            place: read.place.to_bits(),
        }
    }
}

/// The operands of a function of this shape, and whether it compares them as strings.
fn operands(shape: Shape, arguments: &[usize; 6]) -> (Bytes, Bytes, bool) {
    const ALL: usize = MAX_ROUTINE_BYTES;
    let [a, b, c, d, e, _] = *arguments;
    match shape {
        Shape::Memory => memory(a, b, c),
        Shape::String => (Bytes::read_string(a, ALL), Bytes::read_string(b, ALL), true),
        Shape::BoundedString => (Bytes::read_string(a, c), Bytes::read_string(b, c), true),
        Shape::Substring => substring(a, usize::MAX, b),
        Shape::SubstringBounded => substring(a, c, b),
        // g_strstr_len takes -1 for a haystack that ends at a NUL.
        Shape::BoundedSubstring => substring(a, b, c),
        Shape::Suffix => suffix(a, b),
        Shape::Memmem => (Bytes::read(a, b.min(d)), Bytes::read(c, d), false),
        Shape::GnuText => text(View::gnu(a), b),
        Shape::GnuString => views(View::gnu(a), View::gnu(b)),
        Shape::GnuPartText => text(View::gnu(a).part(b, c), d),
        Shape::GnuPartBytes => views(
            View::gnu(a).part(b, c),
            View {
                start: d,
                length: e,
            },
        ),
        Shape::GnuPartString => views(View::gnu(a).part(b, c), View::gnu(d)),
        Shape::GnuFindText => {
            let needle = View {
                start: b,
                length: memory::string_length(b, ALL),
            };
            find(View::gnu(a), c, needle)
        }
        Shape::GnuFindBytes => find(
            View::gnu(a),
            c,
            View {
                start: b,
                length: d,
            },
        ),
        Shape::GnuFindString => find(View::gnu(a), c, View::gnu(b)),
        Shape::LlvmText => text(View::llvm(a), b),
        Shape::LlvmPartText => text(View::llvm(a).part(b, c), d),
        Shape::LlvmPartBytes => views(
            View::llvm(a).part(b, c),
            View {
                start: d,
                length: e,
            },
        ),
        Shape::LlvmFindBytes => find(
            View::llvm(a),
            c,
            View {
                start: b,
                length: d,
            },
        ),
    }
}

/// Where one operand can be read no further, the function stops too.
#[inline(never)]
fn memory(first: usize, second: usize, length: usize) -> (Bytes, Bytes, bool) {
    let mut first = Bytes::read(first, length);
    let second = Bytes::read(second, first.length);
    first.cut(second.length);
    (first, second, false)
}

/// As much of the haystack as the needle is long: what stands there could be the needle.
#[inline(never)]
fn substring(haystack: usize, most: usize, needle: usize) -> (Bytes, Bytes, bool) {
    let needle = Bytes::read_text(needle, MAX_ROUTINE_BYTES);
    (
        Bytes::read_text(haystack, needle.length.min(most)),
        needle,
        true,
    )
}

/// As much of the string's end as the suffix is long.
#[inline(never)]
fn suffix(string: usize, suffix: usize) -> (Bytes, Bytes, bool) {
    let length = memory::string_length(string, LONGEST_STRING);
    let suffix = Bytes::read_text(suffix, MAX_ROUTINE_BYTES);
    let start = string.wrapping_add(length.saturating_sub(suffix.length));
    (Bytes::read_text(start, suffix.length), suffix, true)
}

#[inline(never)]
fn text(view: View, text: usize) -> (Bytes, Bytes, bool) {
    (
        view.read(usize::MAX),
        Bytes::read_text(text, MAX_ROUTINE_BYTES),
        false,
    )
}

#[inline(never)]
fn views(first: View, second: View) -> (Bytes, Bytes, bool) {
    (first.read(usize::MAX), second.read(usize::MAX), false)
}

#[inline(never)]
fn find(haystack: View, position: usize, needle: View) -> (Bytes, Bytes, bool) {
    (
        haystack.part(position, usize::MAX).read(needle.length),
        needle.read(usize::MAX),
        false,
    )
}

/// Bytes of a `std::string`.
#[derive(Clone, Copy)]
struct View {
    start: usize,
    length: usize,
}

impl View {
    const EMPTY: Self = Self {
        start: 0,
        length: 0,
    };

    /// Of libstdc++: where the bytes are, how many.
    #[inline(never)]
    fn gnu(string: usize) -> Self {
        match (memory::word(string), memory::word(string.wrapping_add(8))) {
            (Some(start), Some(length)) => Self { start, length },
            _ => Self::EMPTY,
        }
    }

    /// Of libc++: bit 0 tells a long string (capacity, length, where) from a short one,
    /// whose first byte is its doubled length.
    #[inline(never)]
    fn llvm(string: usize) -> Self {
        let Some(first) = memory::word(string) else {
            return Self::EMPTY;
        };
        if first & 1 == 0 {
            return Self {
                start: string.wrapping_add(1),
                length: (first & 0xff) >> 1,
            };
        }
        match (
            memory::word(string.wrapping_add(16)),
            memory::word(string.wrapping_add(8)),
        ) {
            (Some(start), Some(length)) => Self { start, length },
            _ => Self::EMPTY,
        }
    }

    /// Up to `count` bytes from `position` on.
    fn part(self, position: usize, count: usize) -> Self {
        let position = position.min(self.length);
        let length = (self.length - position).min(count);
        Self {
            start: self.start.wrapping_add(position),
            length,
        }
    }

    #[inline(never)]
    fn read(self, most: usize) -> Bytes {
        Bytes::read(self.start, self.length.min(most))
    }
}
