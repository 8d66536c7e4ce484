//! `main` for programs that have only `LLVMFuzzerTestOneInput`.
//!
//! A member of the driver's archive: taken where nobody defines `main`. And, where the
//! command line says `-fsanitize=fuzzer`, an object in front of all others: a `main` in
//! an archive is then not needed, and `--wrap=main` has the C library call this one
//! also where the program has another.

#![no_std]

use core::ffi::{c_char, c_int};

type Harness = unsafe extern "C" fn(data: *const u8, size: usize) -> c_int;

unsafe extern "C" {
    fn LLVMFuzzerTestOneInput(data: *const u8, size: usize) -> c_int;
    fn LLVMFuzzerRunDriver(
        count: *mut c_int,
        arguments: *mut *mut *mut c_char,
        harness: Harness,
    ) -> c_int;
}

// Weak: what the program's own main and the object `none` define comes first.
core::arch::global_asm!(
    ".weak main",
    ".type main, @function",
    ".set main, tine_driver_main",
    ".weak __wrap_main",
    ".type __wrap_main, @function",
    ".set __wrap_main, tine_driver_main",
);

/// The program.
///
/// # Safety
/// Called once, by the C start-up code, with the usual arguments.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tine_driver_main(
    mut count: c_int,
    mut arguments: *mut *mut c_char,
) -> c_int {
    // SAFETY: both are the program's arguments, and live until it ends.
    unsafe { LLVMFuzzerRunDriver(&raw mut count, &raw mut arguments, LLVMFuzzerTestOneInput) }
}

/// Nothing here panics; should it happen, the program dies by a signal.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: an illegal instruction ends the process here.
    unsafe { core::arch::asm!("ud2", options(noreturn, nomem, nostack)) }
}
