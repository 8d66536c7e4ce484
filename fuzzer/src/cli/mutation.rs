//! Options of `tine fuzz` that say how testcases are mutated.

use crate::engine::config::{AimChoice, InputType, length};
use clap::Args;

/// How testcases are mutated.
#[derive(Debug, Clone, Default, Args)]
pub struct MutationArgs {
    /// What inputs are: text, binary or generic [default: found out for each testcase]
    #[arg(short = 'a', long, value_name = "TYPE")]
    pub input_type: Option<InputType>,

    /// explore or exploit; SECONDS without a find turn to exploit until the next find
    #[arg(short = 'P', long, value_name = "AIM|SECONDS", default_value = "1000")]
    pub aim: AimChoice,

    /// Make no input with fewer bytes [default: 1]
    #[arg(short = 'g', long, value_name = "BYTES", value_parser = length)]
    pub min_length: Option<usize>,

    /// Make no input with more bytes [default: 1048576]
    #[arg(short = 'G', long, value_name = "BYTES", value_parser = length)]
    pub max_length: Option<usize>,

    /// Leave the deterministic stage out
    #[arg(short = 'z', long)]
    pub no_deterministic: bool,

    /// Also join the start of a testcase with the end of another, after each havoc
    #[arg(short = 'u', long)]
    pub splice: bool,

    /// Of no effect any more, as in afl-fuzz: the deterministic stage is on, and -z turns it off
    #[arg(short = 'd', hide = true)]
    pub old_skip: bool,

    /// Of no effect any more, as in afl-fuzz
    #[arg(short = 'D', hide = true)]
    pub old_deterministic: bool,
}
