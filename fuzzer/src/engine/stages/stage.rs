//! What a stage is.

use super::turn::Turn;
use crate::engine::{error::FuzzError, session::Session};

/// What is done with a testcase.
pub trait Stage {
    /// Does it.
    ///
    /// # Errors
    /// When the target cannot be run any more, or a find cannot be written.
    fn perform(&mut self, session: &mut Session, turn: &Turn) -> Result<(), FuzzError>;
}
