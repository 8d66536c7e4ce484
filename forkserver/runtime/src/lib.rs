//! The runtime: the target's side of the fork server, linked into every target
//! by `tine-cc`.
//!
//! ```text
//! constructors of the target and its libraries   coverage::register: where the counters lie
//! the last constructor, or __AFL_INIT()          start: attach segments, shake hands
//!   server::serve                                one fork a request; only children return
//! main                                           in the child
//!   __AFL_LOOP()                                 persistent: stop, be continued, go round
//! exit                                           exit: no walk where it leads nowhere
//! ```
//!
//! Without a fuzzer (no `__AFL_SHM_ID` in the environment) it does nothing at
//! all. It is `no_std`, keeps no memory of the heap and never panics: it lives in
//! somebody else's program, and needs no name that the program may define itself.

#![no_std]
// What runs inside the target: exported symbols, raw memory of the target,
// fork. Each block argues for itself.
#![allow(unsafe_code)]

mod allocator;
mod cmplog;
mod connected;
mod coverage;
mod dictionary;
mod elf;
mod environment;
mod exit;
mod exports;
mod input;
mod objects;
mod persistent;
mod server;
mod start;
mod trace;
mod turn;

pub use connected::__afl_connected;
pub use exports::{
    __afl_manual_init, __afl_persistent_loop, __sanitizer_cov_8bit_counters_init,
    __sanitizer_cov_pcs_init, tine_reject_pass,
};
pub use input::{__afl_fuzz_len, __afl_fuzz_ptr};
