//! A campaign that is over.

use crate::report::{figures::Figures, stats::Snapshot, summary::Ending};
use std::path::PathBuf;

/// A campaign that is over.
#[derive(Debug)]
pub(super) struct Ended {
    /// `None` if the instances ended by themselves or by somebody else's hand.
    pub(super) ending: Option<Ending>,
    pub(super) sum: Snapshot,
    pub(super) members: Vec<EndedMember>,
}

/// An instance that has ended.
#[derive(Debug)]
pub(super) struct EndedMember {
    pub(super) name: String,
    pub(super) folder: PathBuf,
    pub(super) is_well: bool,
    pub(super) figures: Figures,
}
