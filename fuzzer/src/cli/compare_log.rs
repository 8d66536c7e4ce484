//! The options of compare logging: `-c` and `-l`.

use crate::engine::config::{CompareLevel, CompareProgram};
use clap::Args;

/// The options of compare logging.
#[derive(Debug, Clone, Default, Args)]
pub struct CompareArgs {
    /// Build of the target that logs its comparisons, so that they can be solved; 0 for the
    /// target itself, `-` for none
    #[arg(
        short = 'c',
        long = "cmplog",
        value_name = "PROGRAM",
        overrides_with = "program"
    )]
    pub program: Option<CompareProgram>,

    /// How much of that: 1, 2 or 3 for small, larger or all inputs, and letters (A arithmetic,
    /// T transforms, X text codings, S SCALE, R random bytes) [default: 2]
    #[arg(
        short = 'l',
        long = "cmplog-level",
        value_name = "LEVEL",
        requires = "program"
    )]
    pub level: Option<CompareLevel>,
}
