//! The control page, from the controller's side.

use crate::StartError;
use std::sync::atomic::Ordering;
use tine_ipc::shm::Segment;
use tine_protocol::layout::{
    control::{self, ControlPage as Layout},
    late::LateModules,
};

/// The page that the controller shares with tine's runtime. Other runtimes leave it alone.
///
/// The target can write all of it, so that nothing in it is to be relied on.
#[derive(Debug)]
pub(crate) struct ControlPage(Segment);

impl ControlPage {
    /// Creates a page that tine's runtime understands. `guarded`: a process will end the
    /// target when this one dies.
    pub(crate) fn create(guarded: bool) -> Result<Self, StartError> {
        let size = control::SEGMENT_SIZE;
        let segment =
            Segment::create(size).map_err(|source| StartError::Segment { size, source })?;
        segment.keep_from_children();
        let page = Self(segment);
        let words = page.words();
        words.magic.store(control::MAGIC, Ordering::Relaxed);
        words.version.store(control::VERSION, Ordering::Relaxed);
        words.guarded.store(guarded.into(), Ordering::Relaxed);
        Ok(page)
    }

    /// Id of the segment, which the runtime attaches.
    pub(crate) const fn id(&self) -> i32 {
        self.0.id()
    }

    /// Pid of the newest child as it stands in the page: 0 without one, and any number
    /// where the target wrote there.
    pub(crate) fn child(&self) -> i32 {
        self.words().child_pid.load(Ordering::Relaxed)
    }

    /// Takes the child's pid out of the page.
    pub(crate) fn clear_child(&self) {
        self.words().child_pid.store(0, Ordering::Relaxed);
    }

    /// Number of bytes of the map that belong to counters; 0 if it is not known.
    pub(crate) fn edges(&self) -> usize {
        self.words().edges.load(Ordering::Relaxed) as usize
    }

    /// Number of bytes of the map that may be other than 0; 0 if it is not known.
    pub(crate) fn map_used(&self) -> u32 {
        self.words().map_used.load(Ordering::Relaxed)
    }

    /// Bytes of room at the end of the map.
    pub(crate) fn room(&self) -> usize {
        self.words().room.load(Ordering::Relaxed) as usize
    }

    /// Modules that children loaded.
    pub(crate) fn late(&self) -> &LateModules {
        &self.words().late
    }

    #[allow(unsafe_code)]
    fn words(&self) -> &Layout {
        // SAFETY: the layout is repr(C) and consists of atomics only, for which every bit
        // pattern is a value.
        unsafe { self.0.atomics::<Layout>(0) }.expect("the control page fits its segment")
    }
}
