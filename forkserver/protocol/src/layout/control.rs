//! The control page: what tine's runtime tells tine's controller without
//! waking it.
//!
//! Agreed by [`crate::options::Options::CONTROL_PAGE`]. With it a run costs one
//! wake-up of the controller instead of two: the pid of the child lies in the
//! page and only the wait status crosses the status pipe.

use super::late::LateModules;
use core::sync::atomic::{AtomicI32, AtomicU32};

/// First word of the page, written by the controller: the letters `tine`.
pub const MAGIC: u32 = u32::from_le_bytes(*b"tine");

/// Version of this layout.
pub const VERSION: u32 = 3;

/// Size of the segment, in bytes.
pub const SEGMENT_SIZE: usize = 16384;

/// The control page.
#[repr(C)]
pub struct ControlPage {
    /// Controller, before the target starts: [`MAGIC`].
    pub magic: AtomicU32,
    /// Controller, before the target starts: [`VERSION`].
    pub version: AtomicU32,
    /// Runtime (the kernel, within `clone`), before the child runs: the pid of
    /// the newest child, which leads a process group of its own; 0 once it is
    /// reaped. The controller reads it only to kill the child.
    pub child_pid: AtomicI32,
    /// Runtime, before it answers the first run: how many bytes of the
    /// coverage map belong to counters, each an edge; 0 if that is not known. A child
    /// adds those of a module that it loads.
    pub edges: AtomicU32,
    /// Runtime, before it answers the first run: how many bytes of the coverage map may
    /// be other than 0; those behind are room. A child that uses more of it says so
    /// before it counts there.
    pub map_used: AtomicU32,
    /// Runtime, before it answers the first run: bytes of room at the end of the map.
    pub room: AtomicU32,
    /// Controller, before the target starts: 1 if a process will end the fork server,
    /// and all that descends from it, when the controller dies; otherwise 0. Where it is
    /// 1, the runtime adopts the orphans of runs.
    pub guarded: AtomicU32,
    /// Not used.
    pub unused: [AtomicU32; 9],
    /// Children: the modules that they load.
    pub late: LateModules,
}

const _: () = {
    assert!(core::mem::offset_of!(ControlPage, magic) == 0);
    assert!(core::mem::offset_of!(ControlPage, version) == 4);
    assert!(core::mem::offset_of!(ControlPage, child_pid) == 8);
    assert!(core::mem::offset_of!(ControlPage, edges) == 12);
    assert!(core::mem::offset_of!(ControlPage, map_used) == 16);
    assert!(core::mem::offset_of!(ControlPage, room) == 20);
    assert!(core::mem::offset_of!(ControlPage, guarded) == 24);
    assert!(core::mem::offset_of!(ControlPage, late) == 64);
    assert!(size_of::<ControlPage>() <= SEGMENT_SIZE);
};
