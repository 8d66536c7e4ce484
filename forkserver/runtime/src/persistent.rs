//! The persistent loop: one child, many inputs.
//!
//! At the end of a pass the child stops itself; the server sees it stop, reports
//! that status, and continues it when the next input is there. Which of its threads
//! runs the loop does not matter, as long as it is one at a time.

use crate::{cmplog, connected, coverage, environment, input, server, start, trace, turn};
use core::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};
use tine_ipc::{Errno, Pid, process, signal};
use tine_protocol::env;

static INSIDE: AtomicBool = AtomicBool::new(false);
static PASSES_LEFT: AtomicU32 = AtomicU32::new(0);
/// The process that the loop stops, if the controller knows of the loop; otherwise 0.
/// Looked up when the loop begins, not in each pass.
static STOPS: AtomicI32 = AtomicI32::new(0);

/// A stop that did not last until the next input is repeated this many times: somebody
/// else may have continued the process.
const STOPS_AGAIN: u32 = 8;

/// Returns whether there is another pass. Outside the fuzzer, for a controller that knows
/// nothing of the loop, and in a process that is no child of the server's, there is one.
///
/// In the first pass the program also does what it does once a process. The controller
/// gives a fresh child its first input twice for that reason: the runtime has no part
/// in it.
pub(crate) fn next_pass(passes: u32) -> bool {
    if INSIDE.swap(true, Ordering::Relaxed) {
        let left = PASSES_LEFT.load(Ordering::Relaxed).saturating_sub(1);
        PASSES_LEFT.store(left, Ordering::Relaxed);
        let goes_on = left > 0 && await_next_input();
        if goes_on {
            coverage::begin_pass();
        } else {
            leave();
        }
        return goes_on;
    }
    // A process that the child forked would stop where nobody continues it.
    let fuzzed = connected::is_set() && environment::is_set(env::PERSISTENT) && server::is_parent();
    let stops = if fuzzed { process::id().get() } else { 0 };
    STOPS.store(stops, Ordering::Relaxed);
    PASSES_LEFT.store(if fuzzed { passes.max(1) } else { 1 }, Ordering::Relaxed);
    if fuzzed {
        // What ran before the loop runs once a child, not once an input.
        coverage::clear();
        cmplog::clear();
    }
    true
}

/// Makes this pass one that covered nothing, so that its input is not kept. A crash or
/// a pass that takes too long does not come here.
pub(crate) fn reject() {
    if connected::is_set() {
        coverage::forget(start::serves_tine());
        input::count_rejection();
    }
}

/// The loop is over. What runs after it belongs to no input.
fn leave() {
    if STOPS.load(Ordering::Relaxed) != 0 {
        coverage::detach();
        cmplog::stop();
    }
    INSIDE.store(false, Ordering::Relaxed);
}

/// Stops this process until the server continues it with another input. `false` in a
/// process that was forked within the loop: no input is for it.
fn await_next_input() -> bool {
    let Some(child) = Pid::new(STOPS.load(Ordering::Relaxed)) else {
        return false;
    };
    let turn = turn::end();
    for _ in 0..=STOPS_AGAIN {
        // Not remembered: the number is another one in another thread, and after a fork.
        let thread = process::thread_id();
        // A signal to the process would do for its first thread only: the system lets
        // others run on until that one has noticed.
        let stopped = match signal::send_to_thread(child, thread, signal::STOP) {
            Err(_) if process::id() != child => return false,
            Err(errno) => stop_otherwise(child, thread).map_err(|_| errno),
            Ok(()) => Ok(()),
        };
        match stopped {
            Ok(()) if turn::is_over(turn) => return true,
            Ok(()) => {}
            Err(errno) => cannot_stop(errno),
        }
    }
    cannot_stop(Errno(0))
}

/// Stops this process by the other ways that there are: a filter of system calls may
/// know these.
fn stop_otherwise(child: Pid, thread: Pid) -> Result<(), Errno> {
    let stopped = signal::send_to_own_thread(thread, signal::STOP);
    if stopped.is_err() && thread == child {
        return signal::send(child, signal::STOP);
    }
    stopped
}

/// Ends this process: it would run on as if each pass were the last one's, and no input
/// would ever be over.
fn cannot_stop(error: Errno) -> ! {
    turn::fail(error);
    trace::debug("cannot stop at the end of a pass: does a seccomp filter deny tgkill?");
    process::exit_now(1)
}
