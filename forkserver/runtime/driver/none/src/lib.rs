//! The object for a program that is linked with `-fsanitize=fuzzer` and has no harness, as
//! where the option stands in the flags of all programs of a project.
//!
//! An archive of its own behind the user's inputs: it is taken for
//! `LLVMFuzzerTestOneInput` where nothing before it has that. The program's own `main`
//! is called then, and a fuzzer finds neither of the marks of a harness. If there is no
//! `main` either, `harness.ld` says what is missing.

#![no_std]

core::arch::global_asm!(
    ".pushsection .text.tine_driver_none, \"ax\", @progbits",
    ".globl __wrap_main",
    ".type __wrap_main, @function",
    "__wrap_main:",
    "jmp __real_main@PLT",
    ".size __wrap_main, . - __wrap_main",
    // Not called, unless the linker takes no `harness.ld`.
    ".weak LLVMFuzzerTestOneInput",
    ".type LLVMFuzzerTestOneInput, @function",
    ".globl tine_no_harness",
    ".hidden tine_no_harness",
    "LLVMFuzzerTestOneInput:",
    "tine_no_harness:",
    // write(2, …), exit_group(1)
    "mov eax, 1",
    "mov edi, 2",
    "lea rsi, [rip + 2f]",
    "lea rdx, [rip + 3f]",
    "sub rdx, rsi",
    "syscall",
    "mov eax, 231",
    "mov edi, 1",
    "syscall",
    "ud2",
    "2: .ascii \"this program has neither LLVMFuzzerTestOneInput (extern C in C++) nor main\\n\"",
    "3:",
    ".size LLVMFuzzerTestOneInput, . - LLVMFuzzerTestOneInput",
    ".popsection",
    // The group of the driver's marks, empty. It comes first, so the driver's is not
    // taken.
    ".pushsection .rodata.tine_driver_marks, \"aG\", @progbits, tine_driver_marks, comdat",
    ".globl tine_driver_marks",
    ".hidden tine_driver_marks",
    "tine_driver_marks: .byte 0",
    ".popsection",
    ".pushsection .data.tine_driver_marks, \"awG\", @progbits, tine_driver_marks, comdat",
    ".p2align 2",
    ".globl __afl_sharedmem_fuzzing",
    ".type __afl_sharedmem_fuzzing, @object",
    ".size __afl_sharedmem_fuzzing, 4",
    "__afl_sharedmem_fuzzing: .long 0",
    ".popsection",
);

/// Nothing here can panic, but a static library has to say what would happen.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
