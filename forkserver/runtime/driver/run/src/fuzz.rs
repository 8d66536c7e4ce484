//! Under a fuzzer: one input a pass of the persistent loop.

use crate::{
    Harness, first_file,
    input::Input,
    leaks::Watch,
    options::{Arguments, Options},
};
use core::ffi::c_int;
use tine_ipc::{
    Fd,
    file::{self, Open},
};
use tine_protocol::layout::input::MAX_INPUT;

unsafe extern "C" {
    static __afl_fuzz_ptr: *const u8;
    static __afl_fuzz_len: *const u32;
    fn __afl_persistent_loop(passes: u32) -> c_int;
    fn tine_reject_pass();
}

/// Runs the harness as long as there is another input. It comes by shared memory if the
/// fuzzer offers that, otherwise by the file that the command line names, or by standard
/// input.
pub(crate) fn run(harness: Harness, options: &Options, arguments: Arguments) {
    // SAFETY: the runtime set it before it returned; null without a segment.
    let shared = unsafe { (&raw const __afl_fuzz_ptr).read_volatile() };
    // SAFETY: never null.
    let shared_len = unsafe { (&raw const __afl_fuzz_len).read_volatile() };
    let named = first_file(arguments);
    let mut watch = Watch::begin();
    // SAFETY: as the macro __AFL_LOOP calls it.
    while unsafe { __afl_persistent_loop(options.passes) } != 0 {
        let input = if shared.is_null() {
            match named {
                Some(name) => file::open(name, Open::Waiting)
                    .and_then(|file| Input::read(file.fd(), MAX_INPUT)),
                None => Input::read(Fd::STDIN, MAX_INPUT),
            }
            .ok()
        } else {
            // SAFETY: the segment holds a length and that many bytes, written by the
            // fuzzer before it continued this process.
            unsafe {
                let size = shared_len.read_volatile() as usize;
                Input::copy(shared, size.min(MAX_INPUT))
            }
        };
        let Some(input) = input else { continue };
        // SAFETY: libFuzzer's contract: so many bytes, which stay until it returns.
        if unsafe { harness(input.data(), input.size()) } == -1 {
            // SAFETY: the runtime's function takes nothing.
            unsafe { tine_reject_pass() };
        }
        drop(input);
        watch.pass();
    }
}
