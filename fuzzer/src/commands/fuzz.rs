//! `tine fuzz`.

use crate::{
    campaign::{self, CampaignError},
    cli::FuzzArgs,
    engine::{self, FuzzError},
    environment::{self, Scope},
};
use std::process::ExitCode;

/// Why the command fails.
#[derive(Debug, thiserror::Error)]
pub enum FuzzCommandError {
    /// Of one session.
    #[error(transparent)]
    Fuzz(#[from] FuzzError),
    /// Of several instances.
    #[error(transparent)]
    Campaign(#[from] CampaignError),
}

/// Runs the command.
///
/// # Errors
/// When fuzzing cannot begin, or cannot go on.
pub fn run(args: &FuzzArgs) -> Result<ExitCode, FuzzCommandError> {
    environment::check(Scope::Fuzz).map_err(FuzzError::from)?;
    if let Some(jobs) = args.jobs {
        return Ok(campaign::run(args, jobs)?);
    }
    engine::fuzz(args)?;
    Ok(ExitCode::SUCCESS)
}
