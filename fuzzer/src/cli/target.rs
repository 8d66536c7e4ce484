//! The target: options that commands share which run one.

use super::values::MemoryLimit;
use crate::target;
use clap::Args;
use std::{ffi::OsString, path::PathBuf};

/// What is run, and how.
#[derive(Debug, Clone, Args)]
pub struct TargetArgs {
    /// Limit of the target's memory: a number of MB, or with k, M, G or T; `none` for no limit
    #[arg(
        short = 'm',
        long = "memory",
        value_name = "MB",
        default_value = "none"
    )]
    pub memory: MemoryLimit,

    /// File that each input is written to; stands for `@@` [default: a temporary file]
    #[arg(short = 'f', long, value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// The program and its arguments; `@@` stands for the input file
    #[arg(value_name = "TARGET", required = true, trailing_var_arg = true)]
    pub command: Vec<OsString>,
}

impl TargetArgs {
    /// Whether the target reads a file that has to be made for it.
    #[must_use]
    pub fn needs_file(&self) -> bool {
        self.file.is_none() && target::names_input(&self.command)
    }
}
