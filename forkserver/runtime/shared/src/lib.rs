//! `libtine_shared.a`: what `tine-cc` links into shared objects.
//!
//! The functions that instrumented code calls. Those that count have the module's own
//! record to go by; the others go on to the runtime in the program, which the module's
//! constructor looks for: in the list of loaded objects, by a mark in the program's last
//! constructor. Names would not do: a version script, `--exclude-libs` or `strip` takes
//! them away. In a program that `tine-cc` did not link there is no mark, and the functions
//! return at once: the shared object still loads and runs.
//!
//! All of it is hidden: a shared object calls its own.

#![no_std]

// The module's record, and the callback of gcc's blocks.
#[path = "../../src/coverage/block.rs"]
mod block;
#[path = "../../archive/src/memory.rs"]
mod memory;

use core::{ptr, sync::atomic::Ordering};
use tine_ipc::loaded::{self, Debug, Object, tag};
use tine_protocol::layout::module::{DISTANCE, MARK, Module, Runtime};

core::arch::global_asm!(
    // A jump, not a call: the return address tells the runtime where a comparison is.
    ".macro tine_forward name, index",
    ".globl \\name",
    ".hidden \\name",
    ".type \\name, @function",
    "\\name:",
    "mov rax, qword ptr [rip + tine_module + 24]",
    "test rax, rax",
    "je 9f",
    "jmp qword ptr [rax + 8 * \\index]",
    "9: ret",
    ".size \\name, . - \\name",
    ".endm",
    ".pushsection .text.tine_shared, \"ax\", @progbits",
    // In the order of the runtime's table.
    "tine_forward __sanitizer_cov_trace_cmp1, 0",
    "tine_forward __sanitizer_cov_trace_cmp2, 1",
    "tine_forward __sanitizer_cov_trace_cmp4, 2",
    "tine_forward __sanitizer_cov_trace_cmp8, 3",
    "tine_forward __sanitizer_cov_trace_const_cmp1, 4",
    "tine_forward __sanitizer_cov_trace_const_cmp2, 5",
    "tine_forward __sanitizer_cov_trace_const_cmp4, 6",
    "tine_forward __sanitizer_cov_trace_const_cmp8, 7",
    "tine_forward __sanitizer_cov_trace_cmpf, 8",
    "tine_forward __sanitizer_cov_trace_cmpd, 9",
    "tine_forward __sanitizer_cov_trace_switch, 10",
    ".purgem tine_forward",
    ".hidden __sanitizer_cov_trace_pc",
    // What is written in Rust, by the names that others have for it.
    ".macro tine_named name, function",
    ".globl \\name",
    ".hidden \\name",
    ".type \\name, @function",
    "\\name: jmp \\function",
    ".size \\name, . - \\name",
    ".endm",
    "tine_named __sanitizer_cov_8bit_counters_init, {counters}",
    "tine_named __afl_manual_init, {manual_init}",
    ".purgem tine_named",
    ".globl __sanitizer_cov_pcs_init",
    ".hidden __sanitizer_cov_pcs_init",
    ".type __sanitizer_cov_pcs_init, @function",
    "__sanitizer_cov_pcs_init: ret",
    ".size __sanitizer_cov_pcs_init, . - __sanitizer_cov_pcs_init",
    ".globl tine_leave",
    ".hidden tine_leave",
    "tine_leave: jmp {leave}",
    // glibc's name of its list of objects, and musl's of a pointer to its own. Both are
    // reserved.
    ".weak _r_debug",
    ".weak _dl_debug_addr",
    "tine_debug:",
    "mov rax, qword ptr [rip + _r_debug@GOTPCREL]",
    "test rax, rax",
    "jne 9f",
    "mov rax, qword ptr [rip + _dl_debug_addr@GOTPCREL]",
    "test rax, rax",
    "je 9f",
    "mov rax, qword ptr [rax]",
    "9: ret",
    // What a fuzzer looks for in a library (`signature::MODULE`).
    ".asciz \"##SIG_TINE_MODULE##\"",
    ".globl tine_debug",
    ".hidden tine_debug",
    ".type tine_debug, @function",
    ".popsection",
    // Before the constructors that the module has itself, after them in its end.
    ".pushsection .init_array.00000, \"aw\", @init_array",
    ".p2align 3",
    ".quad {join}",
    ".popsection",
    ".pushsection .fini_array.00000, \"aw\", @fini_array",
    ".p2align 3",
    ".quad tine_leave",
    ".popsection",
    join = sym join,
    leave = sym leave,
    counters = sym counters,
    manual_init = sym manual_init,
);

unsafe extern "C" {
    static tine_module: Module;
    safe fn tine_debug() -> *const Debug;
}

fn module() -> &'static Module {
    // SAFETY: the record is defined in `block`, as the type says, and made of atomics.
    unsafe { &tine_module }
}

/// The runtime that this module has joined.
fn runtime() -> Option<&'static Runtime> {
    let runtime = module().runtime.load(Ordering::Relaxed);
    // SAFETY: `join` found it in the program, which stays where it is.
    unsafe { runtime.as_ref() }
}

/// Looks for a runtime in the program, and joins it.
extern "C" fn join() {
    if runtime().is_some() {
        return;
    }
    // SAFETY: the dynamic linker's own, or null.
    let Some(first) = (unsafe { loaded::listed(tine_debug()) }) else {
        return;
    };
    // SAFETY: the list begins with the program, which is never unloaded.
    let Some(runtime) = find(&unsafe { first.read() }) else {
        return;
    };
    module()
        .runtime
        .store(ptr::from_ref(runtime).cast_mut(), Ordering::Relaxed);
    // SAFETY: the record stays as long as the module, which takes leave before it goes.
    unsafe { (runtime.join)(module()) };
}

/// The runtime that one of the program's constructors belongs to.
fn find(program: &Object) -> Option<&'static Runtime> {
    let array = program.at(program.entry(tag::INIT_ARRAY)?) as *const *const u8;
    let count = program.entry(tag::INIT_ARRAYSZ)? / size_of::<usize>();
    // The runtime's is the last one, unless somebody changed the order.
    (0..count).rev().find_map(|index| {
        // SAFETY: the program says that so many addresses of functions lie there; it was
        // relocated before any constructor ran.
        let code = unsafe { array.add(index).read() };
        let matches = (0..MARK.len()).all(|at| {
            // SAFETY: a byte of the function, as all of those before it were the mark's:
            // no function ends with any of them but the last.
            unsafe { code.add(at).read() == MARK[at] }
        });
        if !matches || code.is_null() {
            return None;
        }
        let distance = code.wrapping_add(MARK.len()).cast::<[u8; DISTANCE]>();
        // SAFETY: the runtime's constructor has it behind the mark.
        let offset = i32::from_ne_bytes(unsafe { distance.read() });
        // SAFETY: that far from there lies the runtime's table.
        Some(unsafe {
            &*distance
                .cast::<u8>()
                .offset(offset as isize)
                .cast::<Runtime>()
        })
    })
}

extern "C" fn leave() {
    if let Some(runtime) = runtime() {
        // SAFETY: it has joined.
        unsafe { (runtime.leave)(module()) };
    }
}

/// Called by clang's constructors: the module's counters.
extern "C" fn counters(start: usize, stop: usize) {
    // Constructors run in the order that the module's linker gave them.
    join();
    if let Some(runtime) = runtime() {
        // SAFETY: it has joined.
        unsafe { (runtime.counters)(module(), start, stop) };
    }
}

extern "C" fn manual_init() {
    if let Some(runtime) = runtime() {
        (runtime.manual_init)();
    }
}

/// Nothing here panics, but a static library has to say what would happen.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
