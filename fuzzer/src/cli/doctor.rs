//! The command line of `tine doctor`.

use super::RunLimit;
use crate::target::MemoryLimit;
use clap::Args;
use std::{ffi::OsString, path::PathBuf};

const EXAMPLES: &str = "\
Examples:
  tine doctor                                # is this machine fit for fuzzing?
  tine doctor -- ./prog                      # and this program, which reads standard input?
  tine doctor -i seed -m 200 -- ./prog @@    # with the options that tine fuzz will get

Each finding is `ok`, `note` (good to know), `slower` or `fails`, with what mends it. The target
is looked at step by step; what depends on a step that fails is left out. It is executed a few times.
Exit code: 0 nothing will fail, 1 something will.";

/// Options of `tine doctor`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = EXAMPLES,
    override_usage = "tine doctor [OPTIONS] [[--] TARGET [ARGS, @@]]"
)]
pub struct DoctorArgs {
    /// An input that the target should read well, such as a seed
    #[arg(short = 'i', long, value_name = "FILE", requires = "target")]
    pub input: Option<PathBuf>,

    /// Limit of one run in milliseconds, or `none`
    #[arg(short = 't', long, value_name = "MS", default_value = "1000")]
    pub timeout: RunLimit,

    /// Limit of the target's memory: a number of MB, or with k, M, G or T; `none` for no limit
    #[arg(
        short = 'm',
        long = "memory",
        value_name = "MB",
        default_value = "none"
    )]
    pub memory: MemoryLimit,

    /// File that each input is written to; stands for `@@` [default: a temporary file]
    #[arg(short = 'f', long, value_name = "FILE", requires = "target")]
    pub file: Option<PathBuf>,

    /// All findings as JSON, for programs
    #[arg(long)]
    pub json: bool,

    /// Every finding that there is, as a Markdown table
    #[arg(long, hide = true, conflicts_with_all = ["json", "target"])]
    pub list: bool,

    /// The program and its arguments; `@@` stands for the input file
    #[arg(value_name = "TARGET", trailing_var_arg = true)]
    pub target: Vec<OsString>,
}
