//! `tine cmin`.

use super::TargetArgs;
use super::values::{RunLimit, Workers};
use clap::Args;
use std::path::PathBuf;

const CMIN_EXAMPLES: &str = "\
Examples:
  tine cmin -i corpus -o small -- ./prog @@          # one fork server
  tine cmin -i corpus -o small -T all -- ./prog @@   # one for each core
  tine cmin -i out -i seeds -o small -- ./prog       # the queues of all instances in out, and seeds
  tine cmin -C -i out -o crashes -- ./prog           # the crashes that differ in their edges

What -i names is read only. -o has to be new or empty; it is filled at the end or not at all.";

/// Options of `tine cmin`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = CMIN_EXAMPLES,
    override_usage = "tine cmin -i FOLDER -o FOLDER [OPTIONS] [--] TARGET [ARGS, @@]"
)]
pub struct CminArgs {
    /// Folder of inputs, with its folders; of what a fuzzer writes, the queue. May be given
    /// several times
    #[arg(short = 'i', long, value_name = "FOLDER", required = true)]
    pub input: Vec<PathBuf>,

    /// Folder for the inputs that are kept, under their names; new or empty
    #[arg(short = 'o', long, value_name = "FOLDER")]
    pub output: PathBuf,

    /// How many fork servers run at once; `all` for one a core
    #[arg(
        short = 'T',
        long = "workers",
        value_name = "N|all",
        default_value = "1"
    )]
    pub workers: Workers,

    /// Limit of one run in milliseconds, or `none`
    #[arg(short = 't', long, value_name = "MS", default_value = "5000")]
    pub timeout: RunLimit,

    /// The target.
    #[command(flatten)]
    pub target: TargetArgs,

    /// Only which edges are taken matters, not how often
    #[arg(short = 'e', long)]
    pub edges_only: bool,

    /// Keep inputs that crash the target, and no others
    #[arg(short = 'C', long, conflicts_with = "allow_any")]
    pub crashes_only: bool,

    /// Treat inputs that crash the target or take too long as any other
    #[arg(short = 'A', long)]
    pub allow_any: bool,

    /// Copy all inputs that crash the target to this folder, each content once
    #[arg(long = "crash-dir", visible_alias = "crash_dir", value_name = "FOLDER")]
    pub crash_dir: Option<PathBuf>,

    /// Names as in a queue: `id:000000,orig:NAME`
    #[arg(long = "as-queue", visible_alias = "as_queue")]
    pub as_queue: bool,

    /// Do not look for identical contents first: all files are run
    #[arg(long = "no-dedup")]
    pub no_dedup: bool,

    /// Choose by length alone, not by time: the result is the same each time
    #[arg(long)]
    pub ignore_time: bool,

    /// Plain lines instead of a line that rewrites itself
    #[arg(long)]
    pub no_ui: bool,
}
