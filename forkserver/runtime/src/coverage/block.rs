//! gcc's callback at each basic block, as every module has it.
//!
//! The edge is the hash of the block's address, relative to its module, xor the (shifted)
//! hash of the block before, as in AFL. Counters go from 255 to 1, not to 0.
//!
//! This file is also part of what shared objects get: it knows nothing but the module's
//! own `tine_module` (`tine_protocol::layout::module::Module`).

// It is written for its length. It may use the registers that any call may clobber.
// 0x9e37… is 2^64 divided by the golden ratio: the product's high bits depend on all bits
// of the address.
core::arch::global_asm!(
    ".pushsection .text.tine_block, \"ax\", @progbits",
    ".p2align 4",
    ".globl __sanitizer_cov_trace_pc",
    ".type __sanitizer_cov_trace_pc, @function",
    "__sanitizer_cov_trace_pc:",
    // First of all: resolvers of indirect functions run before the module is relocated,
    // and in static programs before there is thread-local storage.
    "mov rsi, qword ptr [rip + tine_module]",
    "test rsi, rsi",
    "je 9f",
    "mov rax, qword ptr [rsp]",
    "add rax, qword ptr [rip + tine_module + 8]",
    "movabs rcx, 0x9e3779b97f4a7c15",
    "imul rax, rcx",
    "shr rax, 48",
    "mov rcx, qword ptr [rip + tine_module + 16]",
    "mov rdx, rax",
    "xor rax, qword ptr fs:[rcx]",
    "shr rdx",
    "mov qword ptr fs:[rcx], rdx",
    "add byte ptr [rsi + rax], 1",
    "adc byte ptr [rsi + rax], 0",
    "9: ret",
    ".size __sanitizer_cov_trace_pc, . - __sanitizer_cov_trace_pc",
    ".popsection",
    // The module's record. lld puts the counters behind .data, which a small module may
    // not have otherwise.
    ".pushsection .data, \"aw\", @progbits",
    ".p2align 6",
    ".weak __ehdr_start",
    ".hidden __ehdr_start",
    ".globl tine_module",
    ".hidden tine_module",
    ".type tine_module, @object",
    ".size tine_module, 128",
    "tine_module:",
    ".zero 32",
    // The hooks of routines read it.
    ".globl tine_cmplog_hook",
    ".hidden tine_cmplog_hook",
    ".type tine_cmplog_hook, @object",
    ".size tine_cmplog_hook, 8",
    "tine_cmplog_hook: .quad 0",
    ".globl __sancov_should_track",
    ".hidden __sancov_should_track",
    ".type __sancov_should_track, @object",
    ".size __sancov_should_track, 8",
    "__sancov_should_track: .quad 0",
    ".quad 0",
    ".quad __ehdr_start",
    ".quad tine_leave",
    // tine-cc defines it when gcc links.
    ".weak tine_counts_blocks",
    ".hidden tine_counts_blocks",
    ".quad tine_counts_blocks",
    ".zero 48",
    ".popsection",
);

#[cfg(not(target_arch = "x86_64"))]
compile_error!("tine's runtime is written for x86_64");
