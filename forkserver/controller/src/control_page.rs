//! The control page, from the controller's side.

use crate::StartError;
use std::sync::atomic::Ordering;
use tine_ipc::shm::Segment;
use tine_protocol::layout::control::{self, ControlPage};

/// A page that tine's runtime understands. `guarded`: a process will end the target when
/// this one dies.
pub(crate) fn create(guarded: bool) -> Result<Segment, StartError> {
    let size = control::SEGMENT_SIZE;
    let page = Segment::create(size).map_err(|source| StartError::Segment { size, source })?;
    let words = words(&page);
    words.magic.store(control::MAGIC, Ordering::Relaxed);
    words.version.store(control::VERSION, Ordering::Relaxed);
    words.guarded.store(guarded.into(), Ordering::Relaxed);
    page.keep_from_children();
    Ok(page)
}

/// What lies in it.
#[allow(unsafe_code)]
pub(crate) fn words(page: &Segment) -> &ControlPage {
    // SAFETY: ControlPage is repr(C) and consists of atomics only, for which
    // every bit pattern is a value.
    unsafe { page.atomics::<ControlPage>(0) }.expect("the control page fits its segment")
}
