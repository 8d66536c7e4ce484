//! The environment variables that are meant for the runtime, as they were when the
//! program started.
//!
//! They are copied once, before `main`: a program may clear its environment, or write
//! over it to change its title, before it starts the fork server itself or enters its
//! loop.

use core::{
    cell::UnsafeCell,
    ffi::{CStr, c_char},
    ptr,
    sync::atomic::{AtomicUsize, Ordering},
};

/// Prefixes of the variables that are copied.
const PREFIXES: [&[u8]; 4] = [b"__AFL_", b"__TINE_", b"AFL_", b"TINE_"];

/// Of each variable so many bytes are copied: a name, and a number.
const LONGEST: usize = 63;

/// More bytes than the environment of any fuzzer has in such variables.
const CAPACITY: usize = 64 * 128;

/// `NAME=VALUE`, each followed by a NUL, and another NUL behind the last one.
struct Copies(UnsafeCell<[u8; CAPACITY]>);
// SAFETY: written by `copy` alone, once, before any thread of the program is there;
// afterwards it is only read.
unsafe impl Sync for Copies {}

static COPIES: Copies = Copies(UnsafeCell::new([0; CAPACITY]));

/// Number of bytes of it that are in use; [`NOT_COPIED`] at first.
static USED: AtomicUsize = AtomicUsize::new(NOT_COPIED);
const NOT_COPIED: usize = usize::MAX;

// libc's own name of its list, which the start-up code of every libc sets. The name is
// reserved; `environ` is not, and a program may have a variable of that name.
core::arch::global_asm!(
    ".weak __environ",
    ".pushsection .text.tine_environment, \"ax\", @progbits",
    ".globl tine_environment",
    ".hidden tine_environment",
    ".type tine_environment, @function",
    "tine_environment:",
    "mov rax, qword ptr [rip + __environ@GOTPCREL]",
    "test rax, rax",
    "je 9f",
    "mov rax, qword ptr [rax]",
    "9: ret",
    ".size tine_environment, . - tine_environment",
    ".popsection",
);

unsafe extern "C" {
    /// The list's address; null where there is none.
    safe fn tine_environment() -> *const *const c_char;
}

/// Returns whether `variable` is set.
pub(crate) fn is_set(variable: &CStr) -> bool {
    value(variable).is_some()
}

/// The decimal number that `variable` holds.
pub(crate) fn number(variable: &CStr) -> Option<i32> {
    core::str::from_utf8(value(variable)?).ok()?.parse().ok()
}

fn value(variable: &CStr) -> Option<&'static [u8]> {
    copies()
        .split(|byte| *byte == 0)
        .find_map(|entry| entry.strip_prefix(variable.to_bytes())?.strip_prefix(b"="))
}

fn copies() -> &'static [u8] {
    let mut used = USED.load(Ordering::Relaxed);
    if used == NOT_COPIED {
        used = copy();
        USED.store(used, Ordering::Relaxed);
    }
    // SAFETY: `used` bytes were written, and are never written again.
    unsafe { core::slice::from_raw_parts(COPIES.0.get().cast(), used.min(CAPACITY)) }
}

/// Returns how many bytes it copied.
fn copy() -> usize {
    let into = COPIES.0.get().cast::<u8>();
    let mut used = 0;
    let mut next = tine_environment();
    if next.is_null() {
        return 0;
    }
    loop {
        // SAFETY: the list ends with null, behind which is not read.
        let entry = unsafe { next.read() };
        if entry.is_null() {
            return used;
        }
        next = next.wrapping_add(1);
        // SAFETY: entries of the list are C strings.
        let entry = unsafe { CStr::from_ptr(entry) }.to_bytes();
        if !PREFIXES.iter().any(|prefix| entry.starts_with(prefix)) {
            continue;
        }
        let length = entry.len().min(LONGEST);
        if used + length + 1 > CAPACITY {
            return used;
        }
        // SAFETY: in bounds, as just checked; nobody reads it yet. The byte behind it
        // is zero from the start.
        unsafe { ptr::copy_nonoverlapping(entry.as_ptr(), into.add(used), length) };
        used += length + 1;
    }
}
