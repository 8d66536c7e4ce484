//! `tine fuzz`.

use crate::{cli::FuzzArgs, engine};
use std::process::ExitCode;

pub use engine::FuzzError;

/// Runs the command.
///
/// # Errors
/// When fuzzing cannot begin, or cannot go on.
pub fn run(args: FuzzArgs) -> Result<ExitCode, FuzzError> {
    engine::fuzz(&args).map(|_| ExitCode::SUCCESS)
}
