//! `libtine_shared.a`: what `tine-cc` links into shared objects.
//!
//! Weak versions of the runtime's symbols that do nothing. In a program that
//! `tine-cc` linked, the runtime's own take their place, because the program
//! comes before its libraries in the search; in any other program the shared
//! object still loads and runs.

#![no_std]

#[cfg(target_arch = "x86_64")]
core::arch::global_asm!(
    ".pushsection .text.tine_shared, \"ax\", @progbits",
    ".weak __sanitizer_cov_8bit_counters_init",
    ".type __sanitizer_cov_8bit_counters_init, @function",
    "__sanitizer_cov_8bit_counters_init:",
    ".weak __sanitizer_cov_pcs_init",
    ".type __sanitizer_cov_pcs_init, @function",
    "__sanitizer_cov_pcs_init:",
    ".weak __sanitizer_cov_trace_pc",
    ".type __sanitizer_cov_trace_pc, @function",
    "__sanitizer_cov_trace_pc:",
    ".weak __afl_manual_init",
    ".type __afl_manual_init, @function",
    "__afl_manual_init:",
    "ret",
    ".size __sanitizer_cov_8bit_counters_init, . - __sanitizer_cov_8bit_counters_init",
    ".size __sanitizer_cov_pcs_init, . - __sanitizer_cov_pcs_init",
    ".size __sanitizer_cov_trace_pc, . - __sanitizer_cov_trace_pc",
    ".size __afl_manual_init, . - __afl_manual_init",
    ".popsection",
);

/// Nothing here can panic, but a static library has to say what would happen.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
