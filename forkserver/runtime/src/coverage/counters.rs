//! clang's inline 8-bit counters, in place.
//!
//! Each module (the program, and each shared object) has a section of counters
//! that `tine-cc`'s linker-script fragment put on pages of its own, with a mark
//! behind the last one. In the segment the modules follow one another in the
//! order in which their constructors ran, each from a page boundary on.

use core::{
    cell::UnsafeCell,
    sync::atomic::{AtomicUsize, Ordering},
};
use tine_ipc::{Errno, process, shm::Segment};
use tine_protocol::{
    TargetError,
    layout::coverage::{PAGE_SIZE, SECTION_MARK},
};

/// More shared objects than any program loads; those beyond are not counted.
const MAX_MODULES: usize = 1024;

/// Counters of one module: `len` bytes at the address `start`.
#[derive(Clone, Copy)]
struct Module {
    start: usize,
    len: usize,
}

struct Modules(UnsafeCell<[Module; MAX_MODULES]>);
// SAFETY: entries are written by constructors, which the dynamic linker runs one
// after another, before COUNT tells of them; afterwards they are only read.
unsafe impl Sync for Modules {}

static MODULES: Modules = Modules(UnsafeCell::new([Module { start: 0, len: 0 }; MAX_MODULES]));
static COUNT: AtomicUsize = AtomicUsize::new(0);
/// How many modules lie in the segment; later ones were loaded too late.
static MAPPED: AtomicUsize = AtomicUsize::new(0);

pub(super) fn register(start: usize, stop: usize) {
    let Some(len) = stop.checked_sub(start).filter(|len| *len > 0) else {
        return;
    };
    // Each object file of a module has a constructor for the same section.
    if modules(count_modules()).any(|module| module.start == start) {
        return;
    }
    let index = count_modules();
    if index == MAX_MODULES {
        return;
    }
    // SAFETY: `index` is in bounds and not yet told of, so nobody reads it.
    unsafe {
        MODULES
            .0
            .get()
            .cast::<Module>()
            .add(index)
            .write(Module { start, len })
    };
    COUNT.store(index + 1, Ordering::Relaxed);
}

pub(super) fn is_empty() -> bool {
    count_modules() == 0
}

pub(super) fn count() -> u32 {
    modules(count_modules())
        .map(|module| module.len as u32)
        .sum()
}

/// Maps the segment over the counters. Returns the size of the map in bytes.
pub(super) fn map(segment: Segment) -> Result<u32, TargetError> {
    let known = count_modules();
    if !modules(known).all(Module::is_alone) {
        return Err(TargetError::CountersNotAlone);
    }
    let size = placed(known)
        .map(|(module, offset)| offset + module.len)
        .last()
        .unwrap_or(0);
    if size.next_multiple_of(PAGE_SIZE) <= segment.size() {
        for (module, offset) in placed(known) {
            // SAFETY: `is_alone`: the pages hold the module's counters and
            // nothing else, and only instrumented code refers to those.
            unsafe { segment.overlay(offset, module.pages(), module.start) }
                .map_err(|_: Errno| TargetError::MapAddress)?;
        }
        MAPPED.store(known, Ordering::Relaxed);
    }
    // The overlays stay when `segment` is detached here: they are mappings of
    // their own.
    u32::try_from(size).map_err(|_| TargetError::MapSize)
}

pub(super) fn clear() {
    // Not those that were loaded later: they are not in the segment, and may
    // have been unloaded.
    for module in modules(MAPPED.load(Ordering::Relaxed)) {
        // SAFETY: these are the module's counters; code that counts meanwhile,
        // in another thread, writes single bytes as the hardware allows.
        unsafe { core::ptr::write_bytes(module.start as *mut u8, 0, module.len) };
    }
}

/// The first counter that is not 0.
pub(super) fn first() -> Option<*mut u8> {
    let mut modules = modules(MAPPED.load(Ordering::Relaxed));
    modules.find_map(|module| {
        let start = module.start as *mut u8;
        // SAFETY: as in `clear`.
        let taken = |index: &usize| unsafe { start.add(*index).read_volatile() } != 0;
        (0..module.len)
            .find(taken)
            .map(|index| start.wrapping_add(index))
    })
}

/// Replaces the shared pages by private ones.
pub(super) fn detach() {
    for module in modules(MAPPED.swap(0, Ordering::Relaxed)) {
        // SAFETY: `map` put the segment over exactly these pages; instrumented
        // code only needs them to be there.
        let _ = unsafe { process::map_private_over(module.start, module.pages()) };
    }
}

impl Module {
    /// Bytes of the whole pages that the counters fill.
    fn pages(self) -> usize {
        self.len.next_multiple_of(PAGE_SIZE)
    }

    /// Whether the section was laid out by `tine-cc`'s linker-script fragment:
    /// it begins with a page, and the mark behind it says that padding follows
    /// to the end of the last one.
    fn is_alone(self) -> bool {
        if !self.start.is_multiple_of(PAGE_SIZE) {
            return false;
        }
        let mark = (self.start + self.len) as *const u64;
        // SAFETY: a page that begins with counters is mapped whole; where the
        // counters end with the page, the mark's page follows in the section or
        // the section is not ours, but then data of the module follows.
        unsafe { mark.read_unaligned() == SECTION_MARK }
    }
}

fn count_modules() -> usize {
    COUNT.load(Ordering::Relaxed)
}

fn modules(count: usize) -> impl Iterator<Item = Module> {
    (0..count.min(MAX_MODULES)).map(|index| {
        // SAFETY: in bounds, and written before COUNT told of it.
        unsafe { MODULES.0.get().cast::<Module>().add(index).read() }
    })
}

/// Each module with its offset in the segment.
fn placed(count: usize) -> impl Iterator<Item = (Module, usize)> {
    modules(count).scan(0usize, |next, module| {
        let offset = *next;
        *next += module.pages();
        Some((module, offset))
    })
}
