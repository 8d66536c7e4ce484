//! The command line of `tine trace`.

use super::{RunLimit, TargetArgs};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  tine trace -- ./prog < input                    # one handshake and one run, as it happens
  tine trace -n 3 -i input -- ./prog @@           # three runs of a program that reads a file
  tine trace --format html -o trace.html -- ./prog < input    # a page to step through
  tine trace --format mermaid -- ./prog < input   # a sequence diagram for Markdown
  tine trace --controller -- afl-showmap -o map -- ./prog < input   # how AFL++ does it

Works with targets of tine-cc and of AFL++, and with those whose handshake fails: the last
lines show where. Times are those of a traced run, which is slower.
Exit code: 0 the runs were made, 1 they could not be (the trace shows how far it came).";

/// Options of `tine trace`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = EXAMPLES,
    override_usage = "tine trace [OPTIONS] [--] TARGET [ARGS, @@]"
)]
pub struct TraceArgs {
    /// How many runs
    #[arg(short = 'n', long, value_name = "RUNS", default_value = "1", value_parser = clap::value_parser!(u64).range(1..))]
    pub runs: u64,

    /// File with the input [default: standard input is the input]
    #[arg(short = 'i', long, value_name = "FILE")]
    pub input: Option<PathBuf>,

    /// How to show it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: TraceFormat,

    /// File to write to [default: standard output]
    #[arg(short = 'o', long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Limit of one run in milliseconds, or `none`
    #[arg(short = 't', long, value_name = "MS", default_value = "1000")]
    pub timeout: RunLimit,

    /// The target.
    #[command(flatten)]
    pub target: TargetArgs,

    /// TARGET is a controller of its own with all its arguments, such as afl-showmap: watch that
    #[arg(long, conflicts_with_all = ["runs", "input", "timeout", "memory", "file"])]
    pub controller: bool,
}

/// How a trace is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TraceFormat {
    /// A line an event, as it happens.
    Text,
    /// A sequence diagram for Markdown.
    Mermaid,
    /// Everything, for programs.
    Json,
    /// One page to step through, which needs nothing else.
    Html,
}
