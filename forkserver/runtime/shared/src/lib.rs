//! `libtine_shared.a`: what `tine-cc` links into shared objects.
//!
//! The functions that instrumented code calls, each of which goes on to the
//! runtime in the program, by another name (`tine-cc` gives the runtime's
//! functions those names when it links a program). In a program that `tine-cc`
//! did not link, that other name is nowhere and they return at once: the shared
//! object still loads and runs.
//!
//! They are hidden. If they had the runtime's own names and were to be replaced
//! by them, a version script with `local: *` or `-Bsymbolic` would bind the
//! calls to the copies here, and the shared object would go uncounted.

#![no_std]

#[cfg(target_arch = "x86_64")]
core::arch::global_asm!(
    // A jump, not a call: for trace_pc the return address is the edge, and it
    // may use only the registers that any call may clobber.
    ".macro tine_forward name, to",
    ".globl \\name",
    ".hidden \\name",
    ".type \\name, @function",
    ".weak \\to",
    "\\name:",
    "mov rax, qword ptr [rip + \\to@GOTPCREL]",
    "test rax, rax",
    "je 9f",
    "jmp rax",
    "9: ret",
    ".size \\name, . - \\name",
    ".endm",
    ".pushsection .text.tine_shared, \"ax\", @progbits",
    "tine_forward __sanitizer_cov_8bit_counters_init, tine_counters_init",
    "tine_forward __sanitizer_cov_pcs_init, tine_pcs_init",
    "tine_forward __sanitizer_cov_trace_pc, tine_trace_pc",
    "tine_forward __afl_manual_init, tine_manual_init",
    "tine_forward __sanitizer_cov_trace_cmp1, tine_cmplog_cmp1",
    "tine_forward __sanitizer_cov_trace_cmp2, tine_cmplog_cmp2",
    "tine_forward __sanitizer_cov_trace_cmp4, tine_cmplog_cmp4",
    "tine_forward __sanitizer_cov_trace_cmp8, tine_cmplog_cmp8",
    "tine_forward __sanitizer_cov_trace_const_cmp1, tine_cmplog_const_cmp1",
    "tine_forward __sanitizer_cov_trace_const_cmp2, tine_cmplog_const_cmp2",
    "tine_forward __sanitizer_cov_trace_const_cmp4, tine_cmplog_const_cmp4",
    "tine_forward __sanitizer_cov_trace_const_cmp8, tine_cmplog_const_cmp8",
    "tine_forward __sanitizer_cov_trace_cmpf, tine_cmplog_cmpf",
    "tine_forward __sanitizer_cov_trace_cmpd, tine_cmplog_cmpd",
    "tine_forward __sanitizer_cov_trace_switch, tine_cmplog_switch",
    // The gate of this module's callbacks: the runtime opens it if it logs.
    ".weak tine_cmplog_gate",
    "tine_gate:",
    "mov rax, qword ptr [rip + tine_cmplog_gate@GOTPCREL]",
    "test rax, rax",
    "je 9f",
    "lea rdi, [rip + __sancov_should_track]",
    "jmp rax",
    "9: ret",
    ".popsection",
    ".purgem tine_forward",
    // lld puts the counters behind .data, which a small shared object may not
    // have.
    ".pushsection .data, \"aw\", @progbits",
    ".p2align 3",
    ".globl __sancov_should_track",
    ".hidden __sancov_should_track",
    ".type __sancov_should_track, @object",
    ".size __sancov_should_track, 8",
    "__sancov_should_track: .quad 0",
    ".popsection",
    ".pushsection .init_array, \"aw\", @init_array",
    ".p2align 3",
    ".quad tine_gate",
    ".popsection",
);

/// Nothing here can panic, but a static library has to say what would happen.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
