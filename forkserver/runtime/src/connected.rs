//! A flag for the macros: a fork server forked this process.

use core::sync::atomic::{AtomicI32, Ordering};

/// 1 in a child that a fork server forked; `__AFL_LOOP` looks at it. The name and the type
/// are AFL++'s.
#[unsafe(no_mangle)]
pub static __afl_connected: AtomicI32 = AtomicI32::new(0);

/// The server is connected: the macros may take what the runtime offers.
pub(crate) fn set() {
    __afl_connected.store(1, Ordering::Relaxed);
}

/// Returns whether a fork server forked this process, or will.
pub(crate) fn is_set() -> bool {
    __afl_connected.load(Ordering::Relaxed) != 0
}
