//! The target: options that commands share which run one.

use crate::target::{self, INPUT_FILE, MemoryLimit, StartOptions};
use clap::Args;
use std::{env, ffi::OsString, io, path::PathBuf};
use tine_controller::InputFolder;

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
    /// A folder for the file that has to be made for the target, if it reads one that the
    /// user does not name.
    ///
    /// # Errors
    /// When there is no place for it.
    pub fn own_file(&self, options: &StartOptions) -> io::Result<Option<InputFolder>> {
        let placeholder = options.placeholder();
        let is_needed = self.file.is_none() && target::names_input(&self.command, placeholder);
        is_needed
            .then(|| InputFolder::create(&env::temp_dir(), INPUT_FILE.as_ref()))
            .transpose()
    }
}
