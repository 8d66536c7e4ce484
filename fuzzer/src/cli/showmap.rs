//! `tine showmap`.

use super::TargetArgs;
use super::values::RunLimit;
use clap::Args;
use std::path::PathBuf;

const SHOWMAP_EXAMPLES: &str = "\
Examples:
  tine showmap -o map.txt -- ./prog < input       # one run
  tine showmap -o map.txt -i input -- ./prog @@   # the same, for a program that reads a file
  tine showmap -o maps -i queue -- ./prog @@      # one map for each file in queue
  tine showmap -o all.txt -C -i queue -- ./prog   # one map of what they cover together
  tine showmap --replay out/default/replay/NAME -- ./prog   # all inputs in one persistent child

A line of a map is EDGE:COUNT, as afl-showmap writes it. COUNT is the class of the hit count,
1 to 8: 1, 2, 3, 4-7, 8-15, 16-31, 32-127, 128 and more.
Exit code: 0 all runs ended by themselves, 2 one crashed, else 1 one timed out (or an error).";

/// Options of `tine showmap`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = SHOWMAP_EXAMPLES,
    override_usage = "tine showmap -o FILE [OPTIONS] [--] TARGET [ARGS, @@]"
)]
pub struct ShowmapArgs {
    /// File for the map, `-` for standard output; with `-i FOLDER`, a folder for one map an input
    #[arg(
        short = 'o',
        long,
        value_name = "FILE",
        required_unless_present = "replay"
    )]
    pub output: Option<PathBuf>,

    /// Folder of inputs that one child of a persistent target runs one after another, in the
    /// order of their names; the map, if -o is given, is that of the last run
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["input", "collect"])]
    pub replay: Option<PathBuf>,

    /// File or folder of inputs [default: standard input is the input]
    #[arg(short = 'i', long, value_name = "INPUT")]
    pub input: Option<PathBuf>,

    /// Limit of one run in milliseconds, or `none`
    #[arg(short = 't', long, value_name = "MS", default_value = "1000")]
    pub timeout: RunLimit,

    /// The target.
    #[command(flatten)]
    pub target: TargetArgs,

    /// Say nothing but errors, and throw the target's output away
    #[arg(short = 'q', long, overrides_with = "quiet")]
    pub quiet: bool,

    /// Only which edges were taken: every count is 1
    #[arg(short = 'e', long, conflicts_with = "raw")]
    pub edges_only: bool,

    /// Real hit counts, up to 255, instead of their classes
    #[arg(short = 'r', long, visible_short_alias = 's')]
    pub raw: bool,

    /// One map for all inputs of a folder, in the file that -o names; classes are added as bits
    #[arg(short = 'C', long, requires = "input")]
    pub collect: bool,
}
