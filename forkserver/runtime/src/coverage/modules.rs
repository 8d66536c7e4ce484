//! The modules of this process that count.
//!
//! One that `tine-cc` linked joins when it is loaded and takes leave when it goes. A
//! shared object that another compiler linked only says where its counters lie, so
//! before those are touched the dynamic linker's list has to show the object still.

use super::identity;
use crate::objects;
use core::{
    ptr,
    sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering},
};
use tine_ipc::process;
use tine_protocol::layout::{coverage::PAGE_SIZE, module::Module as Record};

/// Modules that a chunk has room for: as many as fit a page.
const CHUNK: usize = 72;

/// Offset of a module that has no place in the segment.
pub(super) const NOWHERE: usize = usize::MAX;

/// A module that counts. The words are written by the one who took the entry.
pub(super) struct Entry {
    taken: AtomicBool,
    /// Null for the program, and for what `tine-cc` did not link.
    record: AtomicPtr<Record>,
    /// Address of the ELF header.
    header: AtomicUsize,
    /// Tells it from any other module, wherever it is loaded to.
    identity: AtomicU64,
    /// The counters: `len` bytes at `start`.
    start: AtomicUsize,
    len: AtomicUsize,
    /// Where they lie in the segment.
    offset: AtomicUsize,
}

#[repr(C)]
struct Chunk {
    entries: [Entry; CHUNK],
    next: AtomicPtr<Chunk>,
}

const _: () = assert!(size_of::<Chunk>() <= PAGE_SIZE);

static FIRST: Chunk = Chunk {
    entries: [const { Entry::unused() }; CHUNK],
    next: AtomicPtr::new(ptr::null_mut()),
};

/// Number of modules that have joined.
static RECORDS: AtomicUsize = AtomicUsize::new(0);

/// All entries that are taken.
pub(super) fn all() -> impl Iterator<Item = &'static Entry> {
    chunks()
        .flat_map(|chunk| &chunk.entries)
        .filter(|entry| entry.taken.load(Ordering::Acquire))
}

/// Those whose counters may be touched.
pub(super) fn with_counters() -> impl Iterator<Item = &'static Entry> {
    all().filter(|entry| entry.len() > 0 && entry.is_loaded())
}

/// Those that `tine-cc` linked, but for the program.
pub(super) fn records() -> impl Iterator<Item = &'static Record> {
    all().filter_map(Entry::record)
}

/// A number for the code at `address` that depends on its module and the place in it
/// alone.
pub(super) fn number_of(address: usize) -> usize {
    let mut found = (objects::program_start(), 0);
    if RECORDS.load(Ordering::Relaxed) > 0 {
        for entry in all().filter(|entry| entry.record().is_some()) {
            let header = entry.header();
            if header <= address && (header > found.0 || found.0 > address) {
                found = (header, entry.identity() as usize);
            }
        }
    }
    address.wrapping_sub(found.0).wrapping_add(found.1)
}

/// A module is there.
pub(super) fn join(record: &'static Record) -> Option<&'static Entry> {
    let entry = take()?;
    let own = record.header.load(Ordering::Relaxed);
    let header = if own == 0 {
        // A linker script of the user's leaves it out, or loads it elsewhere.
        objects::header_of(ptr::from_ref(record) as usize)
    } else {
        own
    };
    record.header.store(header, Ordering::Relaxed);
    let record = ptr::from_ref(record).cast_mut();
    entry.record.store(record, Ordering::Relaxed);
    entry.header.store(header, Ordering::Relaxed);
    entry
        .identity
        .store(identity::of(header, own != 0), Ordering::Relaxed);
    RECORDS.fetch_add(1, Ordering::Relaxed);
    Some(entry)
}

/// A module goes.
pub(super) fn leave(record: &'static Record) {
    all()
        .filter(|entry| entry.has(record))
        .for_each(Entry::free);
}

/// The module of this record, or of none, says where its counters lie. Returns its entry
/// unless that is known already: each object file of a module has a constructor for the
/// same section.
pub(super) fn counters(
    record: Option<&'static Record>,
    start: usize,
    len: usize,
) -> Option<&'static Entry> {
    let entry = match record {
        Some(record) => all().find(|entry| entry.has(record))?,
        None => stranger(start, len)?,
    };
    if entry.start.load(Ordering::Relaxed) == start {
        return None;
    }
    entry.start.store(start, Ordering::Relaxed);
    entry.len.store(len, Ordering::Relaxed);
    Some(entry)
}

/// The entry of a module without a record.
fn stranger(start: usize, len: usize) -> Option<&'static Entry> {
    let header = objects::header_of(start);
    let identity = identity::of(header, header == objects::program_start());
    let mut known = all().filter(|entry| entry.start.load(Ordering::Relaxed) == start);
    if let Some(entry) = known.next() {
        if entry.identity() == identity && entry.len() == len {
            return Some(entry);
        }
        // Another module lay there before.
        entry.free();
    }
    let entry = take()?;
    entry.header.store(header, Ordering::Relaxed);
    entry.identity.store(identity, Ordering::Relaxed);
    Some(entry)
}

fn take() -> Option<&'static Entry> {
    let free = chunks()
        .flat_map(|chunk| &chunk.entries)
        .find(|entry| !entry.taken.load(Ordering::Relaxed));
    let entry = match free {
        Some(entry) => entry,
        None => &another_chunk()?.entries[0],
    };
    entry.clear();
    entry.taken.store(true, Ordering::Release);
    Some(entry)
}

fn chunks() -> impl Iterator<Item = &'static Chunk> {
    // SAFETY: null, or a chunk, which is never given back.
    core::iter::successors(Some(&FIRST), |chunk| unsafe {
        chunk.next.load(Ordering::Acquire).as_ref()
    })
}

fn another_chunk() -> Option<&'static Chunk> {
    let pages = process::map_private(PAGE_SIZE).ok()?;
    let chunk = pages as *mut Chunk;
    chunks().last()?.next.store(chunk, Ordering::Release);
    // SAFETY: a fresh page, which has room for it, and a chunk of zeros is one of unused entries.
    Some(unsafe { &*chunk })
}

impl Entry {
    const fn unused() -> Self {
        Self {
            taken: AtomicBool::new(false),
            record: AtomicPtr::new(ptr::null_mut()),
            header: AtomicUsize::new(0),
            identity: AtomicU64::new(0),
            start: AtomicUsize::new(0),
            len: AtomicUsize::new(0),
            offset: AtomicUsize::new(0),
        }
    }

    fn clear(&self) {
        self.record.store(ptr::null_mut(), Ordering::Relaxed);
        self.start.store(0, Ordering::Relaxed);
        self.len.store(0, Ordering::Relaxed);
        self.offset.store(NOWHERE, Ordering::Relaxed);
    }

    fn free(&self) {
        self.clear();
        self.taken.store(false, Ordering::Release);
    }

    fn has(&self, record: &Record) -> bool {
        ptr::eq(self.record.load(Ordering::Relaxed), record)
    }

    pub(super) fn record(&self) -> Option<&'static Record> {
        // SAFETY: null, or the record of a module that has not taken leave.
        unsafe { self.record.load(Ordering::Relaxed).as_ref() }
    }

    pub(super) fn header(&self) -> usize {
        self.header.load(Ordering::Relaxed)
    }

    pub(super) fn identity(&self) -> u64 {
        self.identity.load(Ordering::Relaxed)
    }

    pub(super) fn start(&self) -> usize {
        self.start.load(Ordering::Relaxed)
    }

    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    /// Where its counters lie in the segment, if they do.
    pub(super) fn offset(&self) -> Option<usize> {
        Some(self.offset.load(Ordering::Relaxed)).filter(|offset| *offset != NOWHERE)
    }

    pub(super) fn set_offset(&self, offset: usize) {
        self.offset.store(offset, Ordering::Relaxed);
    }

    /// Returns whether its memory is still its own.
    fn is_loaded(&self) -> bool {
        let header = self.header();
        self.record().is_some()
            || header == objects::program_start()
            || (objects::is_loaded_at(header) && identity::of(header, false) == self.identity())
    }
}
