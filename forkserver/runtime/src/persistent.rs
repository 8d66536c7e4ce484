//! The persistent loop: one child, many inputs.
//!
//! At the end of a pass the child stops itself; the server sees it stop, reports
//! that status, and continues it when the next input is there.

use crate::{coverage, environment, exports::__afl_connected};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use tine_ipc::{process, signal};
use tine_protocol::env;

static INSIDE: AtomicBool = AtomicBool::new(false);
static PASSES_LEFT: AtomicU32 = AtomicU32::new(0);

/// Whether there is another pass. By hand, or for a controller that knows
/// nothing of the loop, there is one.
pub(crate) fn next_pass(passes: u32) -> bool {
    let fuzzed =
        __afl_connected.load(Ordering::Relaxed) != 0 && environment::is_set(env::PERSISTENT);
    if !INSIDE.swap(true, Ordering::Relaxed) {
        PASSES_LEFT.store(if fuzzed { passes } else { 1 }, Ordering::Relaxed);
        if fuzzed {
            // What ran before the loop runs once a child, not once an input.
            coverage::clear();
        }
        return true;
    }
    let left = PASSES_LEFT.load(Ordering::Relaxed).saturating_sub(1);
    PASSES_LEFT.store(left, Ordering::Relaxed);
    if left == 0 {
        if fuzzed {
            // What runs behind the loop belongs to no input.
            coverage::detach();
        }
        INSIDE.store(false, Ordering::Relaxed);
        return false;
    }
    let _ = signal::send(process::id(), signal::STOP);
    coverage::begin_pass();
    true
}
