//! `libtine_runtime.a`: the runtime as C programs link it.

#![no_std]

mod memory;

pub use tine_runtime::*;

/// Nothing in the runtime panics; should it happen, the target dies by a signal
/// that no program raises by itself.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: an illegal instruction ends the process here.
    unsafe { core::arch::asm!("ud2", options(noreturn, nomem, nostack)) }
}
