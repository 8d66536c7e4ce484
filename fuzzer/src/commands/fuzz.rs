//! `tine fuzz`.

use crate::{
    cli::FuzzArgs,
    engine,
    environment::{self, Scope},
};
use std::process::ExitCode;

pub use engine::FuzzError;

/// Runs the command.
///
/// # Errors
/// When fuzzing cannot begin, or cannot go on.
pub fn run(args: FuzzArgs) -> Result<ExitCode, FuzzError> {
    environment::check(Scope::Fuzz)?;
    engine::fuzz(&args).map(|_| ExitCode::SUCCESS)
}
