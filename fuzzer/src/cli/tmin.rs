//! `tine tmin`.

use super::TargetArgs;
use super::values::{RunLimit, Workers, block_length};
use clap::Args;
use std::path::PathBuf;

const TMIN_EXAMPLES: &str = "\
Examples:
  tine tmin -i crash -o small -- ./prog @@        # still crashes, and at the same place
  tine tmin -i input -o small -- ./prog           # still takes the same edges as often
  tine tmin -e -i input -o small -- ./prog        # still takes the same edges
  tine tmin -H -t 500 -i hang -o small -- ./prog  # still takes longer than 500 ms
  tine tmin -T all -i out/default/crashes -o small -- ./prog   # each file of a folder

What has to stay is found out by the first runs. Ctrl-C writes the shortest input so far.";

/// Options of `tine tmin`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = TMIN_EXAMPLES,
    override_usage = "tine tmin -i FILE -o FILE [OPTIONS] [--] TARGET [ARGS, @@]"
)]
pub struct TminArgs {
    /// File to make small, or a folder of files
    #[arg(short = 'i', long, value_name = "FILE")]
    pub input: PathBuf,

    /// File for the result; for a folder of files, a folder that is new or empty
    #[arg(short = 'o', long, value_name = "FILE")]
    pub output: PathBuf,

    /// How many files of a folder are worked on at once; `all` for one a core
    #[arg(
        short = 'T',
        long = "workers",
        value_name = "N|all",
        default_value = "1"
    )]
    pub workers: Workers,

    /// Limit of one run in milliseconds, or `none`
    #[arg(short = 't', long, value_name = "MS", default_value = "1000")]
    pub timeout: RunLimit,

    /// The target.
    #[command(flatten)]
    pub target: TargetArgs,

    /// Only which edges are taken matters, not how often
    #[arg(short = 'e', long, conflicts_with = "hang")]
    pub edges_only: bool,

    /// An exit code other than 0 is a crash; that code has to stay
    #[arg(short = 'x', long)]
    pub exit_codes: bool,

    /// The input takes too long, and has to
    #[arg(short = 'H', long)]
    pub hang: bool,

    /// Do not delete blocks shorter than this: fewer runs, a longer result
    #[arg(
        short = 'l',
        long = "block",
        value_name = "BYTES",
        default_value = "1",
        value_parser = block_length
    )]
    pub least_block: usize,

    /// Any crash will do, wherever it is
    #[arg(long, conflicts_with = "hang")]
    pub any_crash: bool,

    /// Plain lines instead of a line that rewrites itself
    #[arg(long)]
    pub no_ui: bool,
}
