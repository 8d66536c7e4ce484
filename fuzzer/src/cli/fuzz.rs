//! `tine fuzz`.

use super::{
    instance::{InstanceName, job_count},
    values::{MemoryLimit, SeedSource, TimeLimit, core_number, replay_inputs, whole_number},
};
use clap::Args;
use std::{ffi::OsString, path::PathBuf};

const FUZZ_EXAMPLES: &str = "\
Examples:
  tine fuzz -i seeds -o out -- ./prog         # ./prog reads standard input
  tine fuzz -i seeds -o out -- ./prog @@      # ./prog reads the file that stands for @@
  tine fuzz -i - -o out -- ./prog @@          # goes on where the last session in out stopped
  tine fuzz -i seeds -o out -V 600 -x png.dict -- ./prog @@
  tine fuzz -j 4 -i seeds -o out -- ./prog @@ # four instances that exchange what they find

Build ./prog with tine-cc or tine-c++ (or with afl-cc). Results are in OUT/default: queue,
crashes, hangs, fuzzer_stats. The options have the letters and the meaning of afl-fuzz.";

/// Options of `tine fuzz`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = FUZZ_EXAMPLES,
    override_usage = "tine fuzz -i SEEDS -o OUT [OPTIONS] [--] TARGET [ARGS, @@]"
)]
pub struct FuzzArgs {
    /// Folder with the seeds: a few small valid inputs; `-` goes on with the session in OUT
    #[arg(short = 'i', long, value_name = "SEEDS")]
    pub input: SeedSource,

    /// Folder for the results; made if it is missing
    #[arg(short = 'o', long, value_name = "OUT")]
    pub output: PathBuf,

    /// Limit of one run in milliseconds; seeds over it are passed over [default: measured]
    #[arg(short = 't', long, value_name = "MS[+]")]
    pub timeout: Option<TimeLimit>,

    /// Limit of the target's memory: a number of MB, or with k, M, G or T; `none` for no limit
    #[arg(
        short = 'm',
        long = "memory",
        value_name = "MB",
        default_value = "none"
    )]
    pub memory: MemoryLimit,

    /// Dictionary of tokens; may be given several times
    #[arg(short = 'x', long, value_name = "FILE")]
    pub dictionary: Vec<PathBuf>,

    /// Stop after this many seconds
    #[arg(short = 'V', long, value_name = "SECONDS", value_parser = whole_number)]
    pub seconds: Option<u64>,

    /// Stop after about this many runs
    #[arg(short = 'E', long, value_name = "RUNS", value_parser = whole_number)]
    pub executions: Option<u64>,

    /// Seed of the random numbers, for a repeatable session [default: from the system]
    #[arg(short = 's', long, value_name = "NUMBER", value_parser = whole_number)]
    pub seed: Option<u64>,

    /// File that each input is written to; stands for `@@` [default: OUT/default/.cur_input]
    #[arg(short = 'f', long, value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// Core to run on [default: a free one]
    #[arg(short = 'b', long, value_name = "CORE", value_parser = core_number)]
    pub bind: Option<usize>,

    /// Start this many instances, on free cores, which exchange what they find and share the work
    #[arg(
        short = 'j',
        long,
        value_name = "N",
        value_parser = job_count,
        conflicts_with_all = ["main", "secondary", "bind", "file"]
    )]
    pub jobs: Option<usize>,

    /// Be the main instance in OUT: exchange testcases with all others; results go to OUT/NAME
    #[arg(short = 'M', long, value_name = "NAME", conflicts_with = "secondary")]
    pub main: Option<InstanceName>,

    /// Be a secondary instance in OUT: exchange testcases with the main one; results in OUT/NAME
    #[arg(short = 'S', long, value_name = "NAME")]
    pub secondary: Option<InstanceName>,

    /// Folder of another fuzzer to take testcases from, now and then; may be given several times
    #[arg(short = 'F', long, value_name = "FOLDER", conflicts_with = "secondary")]
    pub foreign: Vec<PathBuf>,

    /// Process of the campaign that this instance was started by; it ends with that one
    #[arg(long, value_name = "PID", hide = true)]
    pub campaign: Option<u32>,

    /// Stop at the first crash
    #[arg(long)]
    pub until_crash: bool,

    /// Inputs of a persistent child to keep for a crash that takes them; 0 for none [default: 1000]
    #[arg(long, value_name = "COUNT", value_parser = replay_inputs)]
    pub replay_inputs: Option<usize>,

    /// Plain lines instead of a status line that rewrites itself
    #[arg(long)]
    pub no_ui: bool,

    /// The program and its arguments; `@@` stands for the input file
    #[arg(value_name = "TARGET", required = true, trailing_var_arg = true)]
    pub target: Vec<OsString>,
}
