//! `tine status`.

use crate::report::metrics::MetricsAddress;
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  tine status out                  # all instances in out, of tine and of afl-fuzz
  tine status -w out               # again every two seconds, until none runs any more
  tine status --json out           # for programs; docs/figures.md describes it
  tine status --metrics 9100 out   # serves the figures to Prometheus until Ctrl-C

Exit code: 0 an instance runs, 3 none does, 1 there is nothing to tell (or an error).";

/// Options of `tine status`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct StatusArgs {
    /// All figures as JSON; with -w, a line each time
    #[arg(long)]
    pub json: bool,

    /// Show them again every two seconds, as long as an instance runs
    #[arg(short = 'w', long)]
    pub watch: bool,

    /// Serve the figures to Prometheus; without HOST, on this machine only
    #[arg(long, value_name = "[HOST:]PORT", conflicts_with_all = ["json", "watch"])]
    pub metrics: Option<MetricsAddress>,

    /// Every variable of AFL's, as a Markdown table
    #[arg(long, hide = true, conflicts_with_all = ["json", "watch", "metrics", "out"])]
    pub variables: bool,

    /// All that a session writes to its folder, as a Markdown table
    #[arg(long, hide = true, conflicts_with_all = ["json", "watch", "metrics", "out"])]
    pub files: bool,

    /// The folder that -o of the fuzzers named
    #[arg(value_name = "OUT", required_unless_present_any = ["variables", "files"])]
    pub out: Option<PathBuf>,
}
