//! The symbols that instrumented code and the macros refer to. Their names and
//! types are clang's and AFL++'s.

use crate::{cmplog, coverage, input, persistent, start};
use core::{
    ffi::c_int,
    sync::atomic::{AtomicI32, AtomicPtr, Ordering},
};

/// 1 in a child that a fork server forked; `__AFL_LOOP` looks at it.
#[unsafe(no_mangle)]
pub static __afl_connected: AtomicI32 = AtomicI32::new(0);

/// First byte of the input if it comes through shared memory, otherwise null.
#[unsafe(no_mangle)]
pub static __afl_fuzz_ptr: AtomicPtr<u8> = AtomicPtr::new(core::ptr::null_mut());

/// Where the length of the input stands, in bytes. Never null: by hand the
/// macros store the length here themselves.
#[unsafe(no_mangle)]
pub static __afl_fuzz_len: AtomicPtr<u32> = AtomicPtr::new(input::LENGTH_BY_HAND.as_ptr());

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
    coverage::register(start as usize, stop as usize);
}

/// Called by the constructor of each instrumented module: the addresses that
/// belong to its counters. Not used at run time.
#[unsafe(no_mangle)]
pub extern "C" fn __sanitizer_cov_pcs_init(_start: *const usize, _stop: *const usize) {}

/// Runs after all other constructors, because `tine-cc` links it last.
extern "C" fn constructor() {
    cmplog::open_gate();
    if !start::is_deferred() {
        start::start();
    }
}

#[used]
#[unsafe(link_section = ".init_array")]
static CONSTRUCTOR: extern "C" fn() = constructor;

/// The server is connected: the macros may take what the runtime offers.
pub(crate) fn set_connected() {
    __afl_connected.store(1, Ordering::Relaxed);
}
