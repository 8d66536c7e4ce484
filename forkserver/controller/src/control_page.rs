//! The control page, from the controller's side.

use crate::StartError;
use std::sync::atomic::Ordering;
use tine_ipc::shm::Segment;
use tine_protocol::layout::control::{self, ControlPage};

/// A page that tine's runtime understands.
pub(crate) fn create() -> Result<Segment, StartError> {
    let size = control::SEGMENT_SIZE;
    let page = Segment::create(size).map_err(|source| StartError::Segment { size, source })?;
    let words = words(&page);
    words.magic.store(control::MAGIC, Ordering::Relaxed);
    words.version.store(control::VERSION, Ordering::Relaxed);
    Ok(page)
}

/// What lies in it.
#[allow(unsafe_code)]
pub(crate) fn words(page: &Segment) -> &ControlPage {
    // SAFETY: ControlPage is repr(C) and consists of atomics only, for which
    // every bit pattern is a value.
    unsafe { page.atomics::<ControlPage>(0) }.expect("the control page fits its segment")
}
