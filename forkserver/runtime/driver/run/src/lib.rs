//! `LLVMFuzzerRunDriver`: runs a harness, a function that takes bytes.
//!
//! ```text
//! under a fuzzer   fuzz     one input a pass of the persistent loop
//! on its own       replay   the files and folders of the command line
//! ```
//!
//! `main` calls it for programs that have only `LLVMFuzzerTestOneInput`; programs with
//! a `main` of their own call it themselves. What `main` is, and what stands in the
//! place of the marks below in a program without a harness, are objects of their own:
//! `instrument/mains.rs`.
//!
//! It enters the kernel itself, and of the program it calls the harness and the
//! allocator only: the harness may be of a library that defines `read` or `memcpy`.

#![no_std]

#[path = "../../../archive/src/memory.rs"]
mod memory;

mod fuzz;
mod input;
mod leaks;
mod names;
mod options;
mod replay;
mod text;

use core::ffi::{CStr, c_char, c_int};
use options::Options;
use tine_protocol::signature;

/// The function under test. It returns 0, or -1 for an input that belongs in no corpus.
type Harness = unsafe extern "C" fn(data: *const u8, size: usize) -> c_int;

// A fuzzer looks for the two strings in the file, the runtime for the variable, which
// says that the target can read the input segment. They lie in a group, of which a
// linker takes the first one that it meets: a program whose main is its own and that
// has no harness is given an empty one.
core::arch::global_asm!(
    ".pushsection .rodata.tine_driver_marks, \"aG\", @progbits, tine_driver_marks, comdat",
    ".globl tine_driver_marks",
    ".hidden tine_driver_marks",
    "tine_driver_marks:",
    ".asciz \"##SIG_AFL_PERSISTENT##\"",
    ".asciz \"##SIG_AFL_DEFER_FORKSRV##\"",
    ".popsection",
    ".pushsection .data.tine_driver_marks, \"awG\", @progbits, tine_driver_marks, comdat",
    ".p2align 2",
    ".globl __afl_sharedmem_fuzzing",
    ".type __afl_sharedmem_fuzzing, @object",
    ".size __afl_sharedmem_fuzzing, 4",
    "__afl_sharedmem_fuzzing: .long 1",
    ".popsection",
);

const _: () = {
    assert!(same(signature::PERSISTENT, b"##SIG_AFL_PERSISTENT##\0"));
    assert!(same(signature::DEFERRED, b"##SIG_AFL_DEFER_FORKSRV##\0"));
};

const fn same(left: &[u8], right: &[u8]) -> bool {
    let mut index = 0;
    while index < left.len() && index < right.len() && left[index] == right[index] {
        index += 1;
    }
    index == left.len() && index == right.len()
}

// A slot that holds the address of a weak symbol is null if nobody defines it.
core::arch::global_asm!(
    ".macro tine_slot slot, symbol",
    ".weak \\symbol",
    ".pushsection .data.rel.ro.tine_driver, \"aw\", @progbits",
    ".p2align 3",
    ".globl \\slot",
    ".hidden \\slot",
    ".type \\slot, @object",
    ".size \\slot, 8",
    "\\slot: .quad \\symbol",
    ".popsection",
    ".endm",
    "tine_slot tine_driver_initialize, LLVMFuzzerInitialize",
    "tine_slot tine_driver_cleanup, LLVMFuzzerCleanup",
    "tine_slot tine_driver_unpoison, __msan_unpoison",
    "tine_slot tine_driver_leak_check, __lsan_do_recoverable_leak_check",
    "tine_slot tine_driver_hooks, __sanitizer_install_malloc_and_free_hooks",
    ".purgem tine_slot",
);

type Initialize = unsafe extern "C" fn(*mut c_int, *mut *mut *mut c_char) -> c_int;
type Cleanup = unsafe extern "C" fn();

unsafe extern "C" {
    static tine_driver_marks: u8;
    static tine_driver_initialize: Option<Initialize>;
    static tine_driver_cleanup: Option<Cleanup>;
    static __afl_connected: c_int;
    fn __afl_manual_init();
}

/// Runs `harness`: under a fuzzer on the fuzzer's inputs, otherwise on what the command
/// line names. Returns the program's exit code.
///
/// # Safety
/// libFuzzer's contract: the two point to what `main` was given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LLVMFuzzerRunDriver(
    count: *mut c_int,
    arguments: *mut *mut *mut c_char,
    harness: Harness,
) -> c_int {
    // Keeps the marks in the program where unused sections are dropped.
    // SAFETY: a byte of this object.
    let _ = unsafe { (&raw const tine_driver_marks).read_volatile() };
    // SAFETY: the slot is defined above and filled in by the linker.
    let initialize = unsafe { (&raw const tine_driver_initialize).read_volatile() };
    if let Some(initialize) = initialize {
        // SAFETY: libFuzzer's contract: it may change both.
        unsafe { initialize(count, arguments) };
    }
    // SAFETY: the caller's promise; both are still what `main` was given, or what the
    // function above put there.
    let arguments = unsafe { options::Arguments::new(*count, *arguments) };
    let options = Options::of(arguments.clone());
    // SAFETY: the runtime's function, called as the macro __AFL_INIT() does.
    unsafe { __afl_manual_init() };
    // SAFETY: an int that the runtime wrote before it returned.
    let code = if unsafe { (&raw const __afl_connected).read_volatile() } != 0 {
        fuzz::run(harness, &options, arguments);
        0
    } else {
        replay::run(harness, &options, arguments)
    };
    // SAFETY: as for the first slot.
    let cleanup = unsafe { (&raw const tine_driver_cleanup).read_volatile() };
    if let Some(cleanup) = cleanup {
        // SAFETY: AFL++'s contract: called once, after the last input.
        unsafe { cleanup() };
    }
    code
}

/// The first input of the command line, if it is the name of a file.
fn first_file(mut arguments: options::Arguments) -> Option<&'static CStr> {
    arguments.find_map(|argument| match argument {
        options::Argument::Input(name) if name != c"-" => Some(name),
        _ => None,
    })
}

/// Nothing here panics; should it happen, the harness dies by a signal.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: an illegal instruction ends the process here.
    unsafe { core::arch::asm!("ud2", options(noreturn, nomem, nostack)) }
}
