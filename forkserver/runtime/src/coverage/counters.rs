//! clang's inline 8-bit counters, in place.
//!
//! Each module (the program, and each shared object) has a section of counters
//! that `tine-cc` had the linker put on pages of its own, with a mark behind the last
//! one. In the segment the modules follow one another in the order in which their
//! constructors ran, each from a page boundary on. Those that are loaded later have their
//! places in the room behind them (`room`).

use super::modules::{self, Entry, NOWHERE};
use tine_ipc::{Errno, own_memory, process, shm::Segment};
use tine_protocol::{
    TargetError,
    layout::coverage::{PAGE_SIZE, SECTION_MARK},
};

pub(super) fn count() -> u32 {
    modules::with_counters()
        .map(|module| module.len() as u32)
        .sum()
}

/// Gives each module its place, one behind the other. Returns how many bytes they take.
pub(super) fn arrange() -> Result<usize, TargetError> {
    if !modules::with_counters().all(is_alone) {
        return Err(TargetError::CountersNotAlone);
    }
    let mut size = 0usize;
    for module in modules::with_counters() {
        module.set_offset(size.next_multiple_of(PAGE_SIZE));
        size = size.next_multiple_of(PAGE_SIZE) + module.len();
    }
    Ok(size)
}

/// Maps the segment over the counters. The overlays stay when it is detached: they are
/// mappings of their own.
pub(super) fn map(segment: &Segment) -> Result<(), TargetError> {
    for module in placed() {
        let Some(offset) = module.offset() else {
            continue;
        };
        // SAFETY: `is_alone`: the pages hold the module's counters and
        // nothing else, and only instrumented code refers to those.
        unsafe { segment.overlay(offset, pages(module), module.start()) }
            .map_err(|_: Errno| TargetError::MapAddress)?;
    }
    Ok(())
}

/// Maps part of the segment over the counters of a module that was loaded late: from `at`
/// on in the room of `length` bytes that begins at `room`. At its end it goes on at its
/// beginning. Returns whether all of them are there.
pub(super) fn map_in_room(
    module: &Entry,
    segment: &Segment,
    room: usize,
    length: usize,
    at: usize,
) -> bool {
    let pages = pages(module);
    let mut done = 0;
    while done < pages {
        let Some(at) = (at + done).checked_rem(length) else {
            return false;
        };
        let part = (pages - done).min(length - at);
        // SAFETY: the caller looked: the module is alone on its pages, and it is being
        // loaded, so nobody has counted in it yet.
        if unsafe { segment.overlay(room + at, part, module.start() + done) }.is_err() {
            return false;
        }
        done += part;
    }
    true
}

/// No module has a place.
pub(super) fn forget_places() {
    for module in placed() {
        module.set_offset(NOWHERE);
    }
}

pub(super) fn clear() {
    for module in placed() {
        // SAFETY: these are the module's counters; code that counts meanwhile,
        // in another thread, writes single bytes as the hardware allows.
        unsafe { core::ptr::write_bytes(module.start() as *mut u8, 0, module.len()) };
    }
}

/// The first counter that is not 0.
pub(super) fn first() -> Option<*mut u8> {
    placed().find_map(|module| {
        let start = module.start() as *mut u8;
        // SAFETY: as in `clear`.
        let taken = |index: &usize| unsafe { start.add(*index).read_volatile() } != 0;
        let index = (0..module.len()).find(taken)?;
        Some(start.wrapping_add(index))
    })
}

/// Replaces the shared pages by private ones.
pub(super) fn detach() {
    for module in placed() {
        // SAFETY: the segment was put over exactly these pages; instrumented
        // code only needs them to be there.
        let _ = unsafe { process::map_private_over(module.start(), pages(module)) };
        module.set_offset(NOWHERE);
    }
}

/// Modules whose counters lie in the segment.
fn placed() -> impl Iterator<Item = &'static Entry> {
    modules::with_counters().filter(|module| module.offset().is_some())
}

/// Bytes of the whole pages that a module's counters fill.
pub(super) fn pages(module: &Entry) -> usize {
    module.len().next_multiple_of(PAGE_SIZE)
}

/// Returns whether a module's section was laid out by `tine-cc`: it begins with a page, and a mark
/// says that nothing else lies in its last one. The mark of the linker-script fragment is
/// right behind the last counter, that of the object file begins the next page.
pub(super) fn is_alone(module: &Entry) -> bool {
    if !module.start().is_multiple_of(PAGE_SIZE) {
        return false;
    }
    let end = module.start() + module.len();
    let mark = end as *const u64;
    // SAFETY: a page that begins with counters is mapped whole; where the
    // counters end with the page, the mark's page follows in the section or
    // the section is not ours, but then data of the module follows.
    if unsafe { mark.read_unaligned() } == SECTION_MARK {
        return true;
    }
    // In a section that is not ours there may be no next page.
    let mut mark = [0; size_of_val(&SECTION_MARK)];
    let read = own_memory::read(end.next_multiple_of(PAGE_SIZE), &mut mark);
    read == Ok(mark.len()) && mark == SECTION_MARK.to_ne_bytes()
}
