//! Modules that the target loads after its fork server started.

use crate::control_page::ControlPage;
use std::sync::atomic::Ordering;
use tine_protocol::layout::late::{MAX_MODULES, NAME_SIZE, NOT_COUNTED};

/// A module that some run loaded after the fork server started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateModule {
    /// Name of its file, without the folder; the end of it, if it is very long.
    pub name: String,
    /// Number of its counters, each an edge; 0 if it counts by hashes.
    pub counters: usize,
    /// State of its counters.
    pub counted: Counted,
}

/// State of the counters of a module that was loaded late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Each counter has a byte of its own.
    Alone,
    /// It shares bytes with other modules or with itself: there was not enough room.
    Shared,
    /// It is not counted: there is no room.
    No,
}

/// Number of modules that were loaded late.
pub(crate) fn count(page: &ControlPage) -> usize {
    page.late().taken.load(Ordering::Relaxed) as usize
}

/// Modules that were loaded late, in the order in which they were loaded first; and the
/// number of those that the table has no room for.
pub(crate) fn modules(page: &ControlPage) -> (Vec<LateModule>, usize) {
    let (room, late) = (page.room(), page.late());
    let taken = late.taken.load(Ordering::Relaxed) as usize;
    let used = late.used.load(Ordering::Relaxed) as usize;
    let entries = &late.entries[..taken.min(MAX_MODULES)];
    let modules = entries
        .iter()
        // A child may have been killed before it had written all of it.
        .filter(|entry| entry.identity.load(Ordering::Acquire) != 0)
        .map(|entry| {
            let mut name: Vec<u8> = entry.name[..NAME_SIZE]
                .iter()
                .map(|byte| byte.load(Ordering::Relaxed))
                .collect();
            name.retain(|byte| *byte != 0);
            let counters = entry.counters.load(Ordering::Relaxed) as usize;
            let offset = entry.offset.load(Ordering::Relaxed);
            let end = (offset as usize).saturating_add(counters);
            let counted = match offset {
                NOT_COUNTED => Counted::No,
                // What goes round the end lies over what is at the beginning.
                _ if end > room || (used > room && (offset as usize) < used - room) => {
                    Counted::Shared
                }
                _ => Counted::Alone,
            };
            LateModule {
                name: String::from_utf8_lossy(&name).into_owned(),
                counters,
                counted,
            }
        })
        .collect();
    (modules, taken.saturating_sub(MAX_MODULES))
}
