//! `tine tmin`.
use super::corpus::ToolError;
use crate::cli::TminArgs;
use std::process::ExitCode;
/// Runs.
pub fn run(_args: &TminArgs) -> Result<ExitCode, ToolError> {
    Ok(ExitCode::SUCCESS)
}
