//! The functions that instrumented code and the macros call, and the constructor. Their
//! names and types are clang's and AFL++'s. The variables of the macros stand with what
//! they are about: `connected`, `input`.

use crate::{cmplog, coverage, persistent, start};
use core::ffi::c_int;
use tine_protocol::layout::module::{Module, Runtime};

/// `__AFL_INIT()`: starts the fork server here.
#[unsafe(no_mangle)]
pub extern "C" fn __afl_manual_init() {
    start::start();
}

/// `__AFL_LOOP(passes)`: 1 as long as there is another input, then 0.
#[unsafe(no_mangle)]
pub extern "C" fn __afl_persistent_loop(passes: u32) -> c_int {
    persistent::next_pass(passes).into()
}

/// Called by the driver: the harness wants this pass's input in no corpus.
#[unsafe(no_mangle)]
pub extern "C" fn tine_reject_pass() {
    persistent::reject();
}

/// Called by the constructor of each instrumented module: its counters lie from
/// `start` to before `stop`.
#[unsafe(no_mangle)]
pub extern "C" fn __sanitizer_cov_8bit_counters_init(start: *mut u8, stop: *mut u8) {
    coverage::register(None, start as usize, stop as usize);
}

/// Called by the constructor of each instrumented module: the addresses that
/// belong to its counters. Not used at run time.
#[unsafe(no_mangle)]
pub extern "C" fn __sanitizer_cov_pcs_init(_start: *const usize, _stop: *const usize) {}

/// Runs after all other constructors, because `tine-cc` links it last.
extern "C" fn constructor() {
    cmplog::join(coverage::program());
    if !start::is_deferred() {
        start::start();
    }
}

// The constructor begins with a mark (`layout::module::MARK`), by which shared objects
// find the table below.
core::arch::global_asm!(
    ".pushsection .text.tine_constructor, \"ax\", @progbits",
    ".p2align 4",
    ".globl tine_constructor",
    ".hidden tine_constructor",
    ".type tine_constructor, @function",
    "tine_constructor:",
    "endbr64",
    ".byte 0xeb, 0x12",
    ".ascii \"tine-runtime-1\"",
    ".long {table} - .",
    "jmp {constructor}",
    ".size tine_constructor, . - tine_constructor",
    ".popsection",
    ".pushsection .init_array, \"aw\", @init_array",
    ".p2align 3",
    ".quad tine_constructor",
    ".popsection",
    table = sym RUNTIME,
    constructor = sym constructor,
);

/// The runtime as shared objects know it.
static RUNTIME: Runtime = Runtime {
    join,
    leave,
    counters,
    manual_init: __afl_manual_init,
};

unsafe extern "C" fn join(module: &'static Module) {
    cmplog::join(module);
    coverage::join(module);
}

unsafe extern "C" fn leave(module: &'static Module) {
    coverage::leave(module);
}

unsafe extern "C" fn counters(module: &'static Module, start: usize, stop: usize) {
    coverage::register(Some(module), start, stop);
}
