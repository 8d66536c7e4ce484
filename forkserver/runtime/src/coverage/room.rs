//! Room in the map for modules that children load (`layout::late`).

use super::{counters, modules::Entry, trace_pc};
use crate::{environment, exit, objects};
use core::{
    ptr,
    sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering},
};
use tine_ipc::{process, shm::Segment};
use tine_protocol::{
    env,
    layout::{
        control::ControlPage,
        coverage::{DEFAULT_MAP_SIZE, FIRST_MAP_SIZE, PAGE_SIZE},
        late::{self, LateModule, LateModules},
    },
};

/// Whoever calls one of these may load a module.
const LOADERS: [&core::ffi::CStr; 2] = [c"dlopen", c"dlmopen"];

/// Stands for the map of gcc's blocks, where the program has none.
const BLOCKS: u64 = 1;

/// Where the room begins in the segment, and how many bytes of whole pages it has.
static START: AtomicUsize = AtomicUsize::new(0);
static LENGTH: AtomicUsize = AtomicUsize::new(0);
/// The map is in its place: whatever comes now comes late.
static IS_LATE: AtomicBool = AtomicBool::new(false);
/// The table, for a controller that has none of its own.
static OWN_TABLE: AtomicPtr<LateModules> = AtomicPtr::new(ptr::null_mut());

/// Bytes of room that the map gets behind `known` bytes of a segment of `size` bytes. A
/// segment of an unusual size was asked for by the user: all of it is used.
pub(super) fn wanted(known: usize, size: usize, has_page: bool) -> usize {
    let rest = size
        .checked_sub(known)
        .map(|rest| rest / PAGE_SIZE * PAGE_SIZE);
    let usual = if has_page {
        late::ROOM
    } else {
        late::SMALL_ROOM
    };
    let is_chosen = size != FIRST_MAP_SIZE;
    match rest {
        // A controller of tine's looks at what is in use only.
        Some(rest) if is_chosen && has_page => rest,
        _ if !may_load() => 0,
        Some(rest) if is_chosen => rest,
        Some(rest) => usual.min(rest),
        None => usual,
    }
}

/// The room is there, from `start` on.
pub(super) fn open(start: usize, length: usize, page: Option<&ControlPage>) {
    START.store(start, Ordering::Relaxed);
    LENGTH.store(length, Ordering::Relaxed);
    match page {
        Some(page) => {
            page.map_used.store(start as u32, Ordering::Relaxed);
            page.room.store(length as u32, Ordering::Relaxed);
        }
        // Children inherit it, and share it with one another.
        None if length > 0 => {
            if let Ok(table) = process::map_shared(size_of::<LateModules>()) {
                OWN_TABLE.store(table as *mut LateModules, Ordering::Relaxed);
            }
        }
        None => {}
    }
    IS_LATE.store(true, Ordering::Relaxed);
}

/// Nobody is to be told of modules any more.
pub(super) fn close() {
    IS_LATE.store(false, Ordering::Relaxed);
}

/// A module said where its counters lie. If the map is in its place already, they get one
/// in the room.
pub(super) fn place_counters(module: &Entry) {
    if !IS_LATE.load(Ordering::Relaxed) || !counters::is_alone(module) {
        return;
    }
    let Some(segment) = attach() else { return };
    let wanted = Wanted {
        identity: module.identity(),
        bytes: counters::pages(module),
        counters: module.len() as u32,
        name: objects::name_of(module.header()),
    };
    let Some(at) = Shared::open().and_then(|shared| shared.place(wanted)) else {
        return;
    };
    let start = START.load(Ordering::Relaxed);
    if counters::map_in_room(module, &segment, start, length(), at) {
        module.set_offset(start + at % length());
    }
}

/// A module has joined that counts blocks. If no other did when the map was put in its
/// place, their map gets one in the room.
pub(super) fn place_blocks() {
    if !IS_LATE.load(Ordering::Relaxed) || trace_pc::is_counting() || length() < DEFAULT_MAP_SIZE {
        return;
    }
    let Some(segment) = attach() else { return };
    let wanted = Wanted {
        identity: BLOCKS,
        bytes: DEFAULT_MAP_SIZE,
        counters: 0,
        name: b"blocks",
    };
    let Some(at) = Shared::open().and_then(|shared| shared.place(wanted)) else {
        return;
    };
    // Hashes cannot go round the end: where the room is used up, they begin with it.
    let at = if at + DEFAULT_MAP_SIZE <= length() {
        at
    } else {
        0
    };
    let start = START.load(Ordering::Relaxed) + at;
    trace_pc::count_in(segment, start);
}

/// Number of counters of the modules in the table.
pub(super) fn counters_in(table: &LateModules) -> u32 {
    let taken = table.taken.load(Ordering::Relaxed) as usize;
    let entries = table.entries.iter().take(taken);
    entries
        .filter(|entry| entry.offset.load(Ordering::Relaxed) != late::NOT_COUNTED)
        .map(|entry| entry.counters.load(Ordering::Relaxed))
        .sum()
}

/// Returns whether the program, or an object that it began with, can load another one.
fn may_load() -> bool {
    objects::all().any(|object| {
        !exit::is_own(&object)
            && object
                .wanted()
                .is_none_or(|mut names| names.any(|name| LOADERS.contains(&name)))
    })
}

fn length() -> usize {
    LENGTH.load(Ordering::Relaxed)
}

fn attach() -> Option<Segment> {
    Segment::attach(environment::number(env::COVERAGE_SHM_ID)?).ok()
}

/// A module that needs a place.
struct Wanted {
    identity: u64,
    bytes: usize,
    counters: u32,
    name: &'static [u8],
}

/// The table that children share with one another, and with the controller.
enum Shared {
    /// The controller's page. It was kept from this child, and goes when this is dropped.
    Page(Segment),
    Table(&'static LateModules),
}

impl Shared {
    fn open() -> Option<Self> {
        // SAFETY: null, or fresh zeros of its size, which are never unmapped.
        if let Some(table) = unsafe { OWN_TABLE.load(Ordering::Relaxed).as_ref() } {
            return Some(Self::Table(table));
        }
        let id = environment::number(env::CONTROL_PAGE_SHM_ID)?;
        Segment::attach(id).ok().map(Self::Page)
    }

    /// The place of what is wanted, in bytes from the beginning of the room: the one that
    /// it had before, or another one. `None` if there is no room.
    fn place(&self, wanted: Wanted) -> Option<usize> {
        let (table, page) = match self {
            Self::Table(table) => (*table, None),
            Self::Page(segment) => {
                // SAFETY: ControlPage is repr(C) and consists of atomics only.
                let page = unsafe { segment.atomics::<ControlPage>(0) }?;
                (&page.late, Some(page))
            }
        };
        let (bytes, counters) = (wanted.bytes, wanted.counters);
        let (at, is_new) = find(table, &wanted)
            .map(|at| (at, false))
            .unwrap_or_else(|| (add(table, &wanted), true));
        if let Some(page) = page
            && at != late::NOT_COUNTED
        {
            if counters == 0 {
                // From here on there are hashes in the map, too.
                page.edges.store(0, Ordering::Relaxed);
            } else if is_new && page.edges.load(Ordering::Relaxed) > 0 {
                page.edges.fetch_add(counters, Ordering::Relaxed);
            }
            let end = (at as usize).saturating_add(bytes).min(length());
            let end = START.load(Ordering::Relaxed) + end;
            page.map_used.fetch_max(end as u32, Ordering::Relaxed);
        }
        (at != late::NOT_COUNTED).then_some(at as usize)
    }
}

fn find(table: &LateModules, wanted: &Wanted) -> Option<u32> {
    let taken = (table.taken.load(Ordering::Relaxed) as usize).min(late::MAX_MODULES);
    let entry = table.entries[..taken].iter().find(|entry| {
        entry.identity.load(Ordering::Acquire) == wanted.identity
            && entry.counters.load(Ordering::Relaxed) == wanted.counters
    })?;
    Some(entry.offset.load(Ordering::Relaxed))
}

fn add(table: &LateModules, wanted: &Wanted) -> u32 {
    let pages = length() / PAGE_SIZE;
    let index = table.taken.fetch_add(1, Ordering::Relaxed) as usize;
    let Some(entry) = table.entries.get(index) else {
        // Not in the order of loading, which the next child may not share.
        let page = (wanted.identity as usize).checked_rem(pages);
        return page.map_or(late::NOT_COUNTED, |page| (page * PAGE_SIZE) as u32);
    };
    let offset = if pages == 0 {
        late::NOT_COUNTED
    } else {
        table.used.fetch_add(wanted.bytes as u32, Ordering::Relaxed)
    };
    write(entry, wanted, offset);
    offset
}

fn write(entry: &LateModule, wanted: &Wanted, offset: u32) {
    let cut = wanted.name.len().saturating_sub(late::NAME_SIZE);
    for (into, byte) in entry.name.iter().zip(&wanted.name[cut..]) {
        into.store(*byte, Ordering::Relaxed);
    }
    entry.counters.store(wanted.counters, Ordering::Relaxed);
    entry.offset.store(offset, Ordering::Relaxed);
    // Last: whoever finds it finds the rest.
    entry.identity.store(wanted.identity, Ordering::Release);
}
