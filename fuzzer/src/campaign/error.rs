//! Why a campaign cannot begin, or came to nothing.

use super::plan::PlanError;
use std::io;

/// Why a campaign cannot begin, or came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum CampaignError {
    /// The instances cannot be chosen.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// No signal handler.
    #[error("cannot listen for signals: {0}")]
    Signals(io::Error),
    /// A process cannot be started.
    #[error("cannot start the instance {name}: {source}")]
    Start {
        /// The instance.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// They have said why.
    #[error("all instances ended with an error")]
    AllFailed,
}
