//! Modules that children load after the fork server started.
//!
//! A child cannot tell the next one where it put a module's counters, and the next one
//! may load others first. So the places stand in a table that all of them share, by the
//! identity of the module. They lie in room behind the counters that were known when the
//! server started. What finds none left shares bytes with what is there: it is counted,
//! and collides.

use core::sync::atomic::{AtomicU8, AtomicU32, AtomicU64};

/// Modules that the table has room for. Those beyond have a place by their identity.
pub const MAX_MODULES: usize = 254;

/// Bytes of a module's name that are kept.
pub const NAME_SIZE: usize = 48;

/// Bytes of room that a target gets from a controller that looks at the part in use only
/// ([`super::control::ControlPage::map_used`]).
pub const ROOM: usize = 1 << 20;

/// The same from any other: it goes through all of it after each run.
pub const SMALL_ROOM: usize = 1 << 16;

/// Offset of a module that is not counted, because there is no room at all.
pub const NOT_COUNTED: u32 = u32::MAX;

/// A module and its place.
#[repr(C)]
#[derive(Debug)]
pub struct LateModule {
    /// Identifies it; 0 as long as the rest is not written.
    pub identity: AtomicU64,
    /// Number of its counters, each an edge; 0 if it counts by hashes.
    pub counters: AtomicU32,
    /// Where they begin, in bytes from the beginning of the room. What reaches beyond its
    /// end goes on at its beginning.
    pub offset: AtomicU32,
    /// The last bytes of its file's name, filled up with zeros.
    pub name: [AtomicU8; NAME_SIZE],
}

/// The table.
#[repr(C)]
#[derive(Debug)]
pub struct LateModules {
    /// Entries that were taken; it counts on when there are no more.
    pub taken: AtomicU32,
    /// Bytes of room that were taken; it counts on when there is no more.
    pub used: AtomicU32,
    /// The entries, in the order in which they were taken.
    pub entries: [LateModule; MAX_MODULES],
}

const _: () = {
    assert!(size_of::<LateModule>() == 64);
    assert!(core::mem::offset_of!(LateModules, entries) == 8);
};
