//! The persistent loop: one child, many inputs.
//!
//! At the end of a pass the child stops itself; the server sees it stop, reports
//! that status, and continues it when the next input is there.

use crate::{cmplog, coverage, environment, exports::__afl_connected, input, start};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use tine_ipc::{process, signal};
use tine_protocol::env;

static STAGE: AtomicU32 = AtomicU32::new(OUTSIDE);
static PASSES_LEFT: AtomicU32 = AtomicU32::new(0);
/// Whether the controller knows of the loop: looked up when the loop begins, not
/// in each pass.
static FUZZED: AtomicBool = AtomicBool::new(false);

/// Before the loop, or after it.
const OUTSIDE: u32 = 0;
/// In a pass.
const LOOPING: u32 = 1;

/// Whether there is another pass. By hand, or for a controller that knows
/// nothing of the loop, there is one.
///
/// In the first pass the program also does what it does once a process. The controller
/// gives a fresh child its first input twice for that reason: the runtime has no part
/// in it.
pub(crate) fn next_pass(passes: u32) -> bool {
    match STAGE.load(Ordering::Relaxed) {
        OUTSIDE => {
            let fuzzed = __afl_connected.load(Ordering::Relaxed) != 0
                && environment::is_set(env::PERSISTENT);
            FUZZED.store(fuzzed, Ordering::Relaxed);
            let passes = if fuzzed { passes } else { 1 };
            PASSES_LEFT.store(passes, Ordering::Relaxed);
            STAGE.store(LOOPING, Ordering::Relaxed);
            if fuzzed {
                // What ran before the loop runs once a child, not once an input.
                coverage::clear();
                cmplog::clear();
            }
            true
        }
        _ => another(FUZZED.load(Ordering::Relaxed)),
    }
}

/// Makes this pass one that covered nothing, so that its input is not kept. A crash or
/// a pass that takes too long does not come here.
pub(crate) fn reject() {
    if __afl_connected.load(Ordering::Relaxed) != 0 {
        coverage::forget(start::serves_tine());
        input::count_rejection();
    }
}

fn another(fuzzed: bool) -> bool {
    let left = PASSES_LEFT.load(Ordering::Relaxed).saturating_sub(1);
    PASSES_LEFT.store(left, Ordering::Relaxed);
    if left > 0 {
        let _ = signal::send(process::id(), signal::STOP);
        coverage::begin_pass();
        return true;
    }
    if fuzzed {
        // What runs behind the loop belongs to no input.
        coverage::detach();
        cmplog::stop();
    }
    STAGE.store(OUTSIDE, Ordering::Relaxed);
    false
}
