//! `libtine_driver.a`: a `main` for harnesses that only have
//! `LLVMFuzzerTestOneInput`.
//!
//! Under a fuzzer it runs persistent, with the input in shared memory if the
//! fuzzer offers that and on standard input otherwise. By hand it runs the files
//! named on the command line, or standard input if there are none.

#![no_std]

use core::{
    ffi::{CStr, c_char, c_int},
    ptr,
};
use tine_protocol::{layout::input::MAX_INPUT, signature};

/// Passes of the persistent loop before a child is forked afresh.
const PASSES: u32 = 100_000;

// A fuzzer looks for these in the file.
#[used]
static PERSISTENT: &[u8] = signature::PERSISTENT;
#[used]
static DEFERRED: &[u8] = signature::DEFERRED;

/// What __AFL_FUZZ_INIT() defines: the target can read the input segment.
#[unsafe(no_mangle)]
pub static mut __afl_sharedmem_fuzzing: c_int = 1;

// A slot that holds the address of a weak symbol is null if nobody defines it.
core::arch::global_asm!(
    ".weak LLVMFuzzerInitialize",
    ".pushsection .data.rel.ro.tine_driver, \"aw\", @progbits",
    ".p2align 3",
    ".globl tine_driver_initialize",
    ".hidden tine_driver_initialize",
    ".type tine_driver_initialize, @object",
    ".size tine_driver_initialize, 8",
    "tine_driver_initialize: .quad LLVMFuzzerInitialize",
    ".popsection",
);

type Initialize = unsafe extern "C" fn(*mut c_int, *mut *mut *mut c_char) -> c_int;

unsafe extern "C" {
    static tine_driver_initialize: Option<Initialize>;
    static __afl_fuzz_ptr: *const u8;
    static __afl_fuzz_len: *const u32;
    static __afl_connected: c_int;
    fn __afl_manual_init();
    fn __afl_persistent_loop(passes: u32) -> c_int;
    fn LLVMFuzzerTestOneInput(data: *const u8, size: usize) -> c_int;
}

/// Where inputs that come by file are read to; grows never.
static mut BUFFER: [u8; MAX_INPUT] = [0; MAX_INPUT];

/// The program.
///
/// # Safety
/// Called once, by the C start-up code, with the usual arguments.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn main(mut count: c_int, mut arguments: *mut *mut c_char) -> c_int {
    // SAFETY: the slot is defined above and filled in by the dynamic linker.
    let initialize = unsafe { (&raw const tine_driver_initialize).read_volatile() };
    if let Some(initialize) = initialize {
        // SAFETY: libFuzzer's contract: it may change both.
        unsafe { initialize(&raw mut count, &raw mut arguments) };
    }
    // SAFETY: the runtime's functions and variables, used as the macros do.
    unsafe { __afl_manual_init() };
    // SAFETY: an int that the runtime wrote before it returned.
    if unsafe { (&raw const __afl_connected).read_volatile() } != 0 {
        fuzz();
        return 0;
    }
    replay(count, arguments)
}

/// One input a pass, from the fuzzer.
fn fuzz() {
    // SAFETY: the runtime set it before it returned; null without a segment.
    let shared = unsafe { (&raw const __afl_fuzz_ptr).read_volatile() };
    // SAFETY: never null.
    let shared_len = unsafe { (&raw const __afl_fuzz_len).read_volatile() };
    // SAFETY: as the macro __AFL_LOOP calls it.
    while unsafe { __afl_persistent_loop(PASSES) } != 0 {
        if shared.is_null() {
            run_descriptor(0);
            continue;
        }
        // SAFETY: the segment holds a length and that many bytes, written by
        // the fuzzer before it continued this process.
        let size = unsafe { shared_len.read_volatile() } as usize;
        run_copy(shared, size.min(MAX_INPUT));
    }
}

/// Runs each file named on the command line; options of libFuzzer's are passed
/// over.
fn replay(count: c_int, arguments: *mut *mut c_char) -> c_int {
    let mut files = 0;
    let mut failed = 0;
    for index in 1..usize::try_from(count).unwrap_or(0) {
        // SAFETY: `arguments` has `count` entries, each a C string.
        let name = unsafe { CStr::from_ptr(*arguments.add(index)) };
        if name.to_bytes().starts_with(b"-") {
            continue;
        }
        files += 1;
        // SAFETY: a C string and plain numbers.
        let file = unsafe { libc::open(name.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) };
        if file < 0 {
            say(&[b"cannot open ", name.to_bytes(), b"\n"]);
            failed = 1;
            continue;
        }
        say(&[b"Running: ", name.to_bytes(), b"\n"]);
        if !run_descriptor(file) {
            say(&[b"cannot read ", name.to_bytes(), b"; is it a folder?\n"]);
            failed = 1;
        }
        // SAFETY: opened above.
        unsafe { libc::close(file) };
    }
    if files == 0 && !run_descriptor(0) {
        say(&[b"cannot read standard input\n"]);
        failed = 1;
    }
    failed
}

/// Reads all of `file` and runs the harness on it. What cannot be read at all is no
/// input: the result is false.
fn run_descriptor(file: c_int) -> bool {
    let buffer = (&raw mut BUFFER).cast::<u8>();
    let mut filled = 0;
    while filled < MAX_INPUT {
        // SAFETY: `filled` is less than the buffer's length, and the rest of
        // the buffer is what the call may write.
        let count = unsafe { libc::read(file, buffer.add(filled).cast(), MAX_INPUT - filled) };
        if count < 0 && filled == 0 {
            return false;
        }
        if count <= 0 {
            break;
        }
        filled += count as usize;
    }
    run_copy(buffer, filled);
    true
}

/// Runs the harness on a copy that is just as long as the input, so that a
/// sanitizer sees a read beyond its end.
fn run_copy(data: *const u8, size: usize) {
    // SAFETY: at least one byte is asked for, so that null means no memory.
    let copy = unsafe { libc::malloc(size.max(1)) }.cast::<u8>();
    if copy.is_null() {
        return;
    }
    // SAFETY: both have `size` bytes and the copy is new; then libFuzzer's
    // contract; then the copy is freed once.
    unsafe {
        ptr::copy_nonoverlapping(data, copy, size);
        LLVMFuzzerTestOneInput(copy, size);
        libc::free(copy.cast());
    }
}

/// Tells the user on standard error.
fn say(parts: &[&[u8]]) {
    for part in parts {
        // SAFETY: a live buffer of that length. There is nobody to tell if it
        // fails.
        unsafe { libc::write(2, part.as_ptr().cast(), part.len()) };
    }
}

/// What libFuzzer offers to custom mutators: one random byte changed. tine
/// mutates by itself; this is here so that such harnesses link.
///
/// # Safety
/// `data` has `size` bytes, of at most `max_size` that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LLVMFuzzerMutate(data: *mut u8, size: usize, max_size: usize) -> usize {
    let size = size.min(max_size);
    if size == 0 {
        return 0;
    }
    // SAFETY: rand takes nothing.
    let random = unsafe { libc::rand() } as usize;
    // SAFETY: the index is less than `size`.
    unsafe { *data.add(random % size) ^= 1 << ((random >> 16) & 7) };
    size
}

/// Nothing here panics; should it happen, the harness dies by a signal.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: an illegal instruction ends the process here.
    unsafe { core::arch::asm!("ud2", options(noreturn, nomem, nostack)) }
}
