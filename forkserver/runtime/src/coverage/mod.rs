//! Coverage: the target's counters lie in the shared segment.
//!
//! clang targets keep one counter an edge in a section of their own; the segment
//! is mapped over that section (`counters`), so nothing is copied and a child
//! that dies leaves exact counts behind. gcc targets call back at each basic block
//! (`block`, `trace_pc`). `modules` knows who counts, `identity` tells them apart.

mod block;
mod counters;
mod identity;
mod modules;
mod room;
mod trace_pc;

use core::sync::atomic::Ordering;
use tine_ipc::shm::Segment;
use tine_protocol::{
    TargetError,
    layout::{
        control::ControlPage,
        coverage::{DEFAULT_MAP_SIZE, PAGE_SIZE},
        module::Module,
    },
};

/// A shared object that `tine-cc` linked is there.
pub(crate) fn join(module: &'static Module) {
    if let Some(entry) = modules::join(module) {
        if module.blocks.load(Ordering::Relaxed) != 0 {
            room::place_blocks();
        }
        trace_pc::join(module, entry.identity());
    }
}

/// The program's own record.
pub(crate) fn program() -> &'static Module {
    trace_pc::program()
}

/// A number for the code at `address` that is the same wherever its module is loaded.
pub(crate) fn number_of(address: usize) -> usize {
    modules::number_of(address)
}

/// It goes: nothing of it may be touched from now on.
pub(crate) fn leave(module: &'static Module) {
    modules::leave(module);
}

/// Returns whether this is the function by which some module takes leave.
pub(crate) fn is_leave(function: usize) -> bool {
    modules::records().any(|module| module.leave.load(Ordering::Relaxed) == function)
}

/// A module's constructor says where its counters lie. The program has no record, nor has
/// a shared object that was linked by another compiler.
pub(crate) fn register(module: Option<&'static Module>, start: usize, stop: usize) {
    let Some(len) = stop.checked_sub(start).filter(|len| *len > 0) else {
        return;
    };
    if let Some(entry) = modules::counters(module, start, len) {
        room::place_counters(entry);
    }
}

/// Puts the map into `segment`. Returns its size in bytes, which is at most `limit` where
/// that is possible without leaving anything out.
///
/// ```text
/// counters of each module, from a page on | gcc's blocks, if any | room for what comes late
/// ```
///
/// A segment that is too small is left alone: the controller learns the size
/// from the handshake and starts the target again with a larger one.
pub(crate) fn map(
    segment: Segment,
    limit: usize,
    page: Option<&ControlPage>,
) -> Result<u32, TargetError> {
    let counted = counters::arrange()?;
    let blocks = counts_blocks().then_some(counted.next_multiple_of(PAGE_SIZE));
    let known = blocks.map_or(counted, |start| start + DEFAULT_MAP_SIZE);
    let start = known.next_multiple_of(PAGE_SIZE);
    let room = room::wanted(start, segment.size(), page.is_some());
    let room = room.min(limit.saturating_sub(start) / PAGE_SIZE * PAGE_SIZE);
    let size = if room > 0 { start + room } else { known };
    if size.next_multiple_of(PAGE_SIZE) <= segment.size() {
        counters::map(&segment)?;
        room::open(start, room, page);
        if let Some(start) = blocks {
            trace_pc::count_in(segment, start);
        }
    } else {
        counters::forget_places();
    }
    trace_pc::reset_previous();
    u32::try_from(size).map_err(|_| TargetError::MapSize)
}

/// Returns whether code that was there when the program began calls back at its blocks.
fn counts_blocks() -> bool {
    let says = |module: &Module| module.blocks.load(Ordering::Relaxed) != 0;
    says(program()) || modules::records().any(says) || counters::count() == 0
}

/// Number of bytes of the map that are counters of edges, including those of modules that
/// children of an earlier server loaded; 0 if that is not known.
pub(crate) fn counters(page: &ControlPage) -> u32 {
    if counts_blocks() {
        0
    } else {
        counters::count() + room::counters_in(&page.late)
    }
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
    let first = || counters::first().or_else(trace_pc::first);
    let witness = if all { None } else { first() };
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
    room::close();
    counters::detach();
    trace_pc::detach();
}
