//! Coverage: the target's counters lie in the shared segment.
//!
//! clang targets keep one counter an edge in a section of their own; the segment
//! is mapped over that section (`counters`), so nothing is copied and a child
//! that dies leaves exact counts behind. gcc targets call `trace_pc` at each
//! basic block.

mod counters;
mod trace_pc;

use tine_ipc::shm::Segment;
use tine_protocol::TargetError;

/// A module's constructor says where its counters lie.
pub(crate) fn register(start: usize, stop: usize) {
    counters::register(start, stop);
}

/// Puts the map into `segment`, which stays attached for good. Returns the size
/// of the map in bytes.
///
/// A segment that is too small is left alone: the controller learns the size
/// from the handshake and starts the target again with a larger one.
pub(crate) fn map(segment: Segment) -> Result<u32, TargetError> {
    if counters::is_empty() {
        return Ok(trace_pc::map(segment));
    }
    counters::map(segment)
}

/// How many bytes of the map are counters of edges; 0 if that is not known.
pub(crate) fn counters() -> u32 {
    counters::count()
}

/// Forgets what was counted so far.
pub(crate) fn clear() {
    counters::clear();
    trace_pc::clear();
}

/// Forgets what was counted so far: all of it, or all but that one edge was taken. A
/// controller that is not tine's takes a run without any edge for one of a program
/// without coverage.
pub(crate) fn forget(all: bool) {
    let (first, clear): (fn() -> _, fn()) = if counters::is_empty() {
        (trace_pc::first, trace_pc::clear)
    } else {
        (counters::first, counters::clear)
    };
    let witness: Option<*mut u8> = if all { None } else { first() };
    clear();
    if let Some(counter) = witness {
        // SAFETY: one of the counters, which stay where they are.
        unsafe { counter.write(1) };
    }
}

/// Another pass of the persistent loop begins.
pub(crate) fn begin_pass() {
    trace_pc::reset_previous();
}

/// From now on this process counts for itself only; what it counted stays.
pub(crate) fn detach() {
    counters::detach();
    trace_pc::detach();
}
