//! An input on its way to the target.

use crate::{engine::corpus::CorpusId, report::name::Origin};

/// An input, with all that must be known of it if it is a find.
#[derive(Debug, Clone, Copy)]
pub struct Submission<'a> {
    /// What is run.
    pub sent: &'a [u8],
    /// What the queue gets, if that is something else.
    pub keep: Option<&'a [u8]>,
    /// User-supplied mutators have completed it already.
    pub is_processed: bool,
    /// The testcase that it was made from.
    pub parent: Option<CorpusId>,
    /// How it was made, for the name of a find.
    pub origin: Origin<'a>,
}

impl<'a> Submission<'a> {
    /// An input that was made from nothing that is in the corpus.
    #[must_use]
    pub const fn new(sent: &'a [u8], origin: Origin<'a>) -> Self {
        Self {
            sent,
            keep: None,
            is_processed: false,
            parent: None,
            origin,
        }
    }

    /// An input that was made from a testcase.
    #[must_use]
    pub const fn of(parent: CorpusId, sent: &'a [u8], origin: Origin<'a>) -> Self {
        Self {
            parent: Some(parent),
            ..Self::new(sent, origin)
        }
    }

    /// What the queue gets.
    #[must_use]
    pub fn kept(&self) -> &'a [u8] {
        self.keep.unwrap_or(self.sent)
    }
}
