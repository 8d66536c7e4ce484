//! `tine fuzz`.

use crate::{
    campaign::{self, CampaignError},
    cli::FuzzArgs,
    engine::{self, FuzzError},
    environment::{self, Scope},
    report::shell,
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
    if let Some(parent) = args.campaign {
        campaign::end_with(parent);
    }
    engine::fuzz(args, shell::line(campaign::shown(std::env::args_os())))?;
    Ok(ExitCode::SUCCESS)
}
