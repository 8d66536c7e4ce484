//! `tine fuzz`.

use super::{
    CompareArgs, MutationArgs,
    jobs::job_count,
    schedule::ScheduleName,
    values::{TimeLimit, core_number, file_ending, replay_inputs, whole_number},
};
use crate::{
    engine::config::{InstanceName, SeedSource},
    report::metrics::MetricsAddress,
    target::MemoryLimit,
};
use clap::{ArgAction, Args};
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

    /// The target built with a sanitizer, which gets only the inputs that are new in kind, so
    /// that the plain target keeps its speed; may be given several times
    #[arg(short = 'w', value_name = "BINARY")]
    pub sanitized: Vec<PathBuf>,

    /// Power schedule: explore, mmopt, exploit, fast, coe, lin, quad, rare or seek
    #[arg(
        short = 'p',
        long,
        value_name = "SCHEDULE",
        value_enum,
        default_value = "explore",
        ignore_case = true,
        hide_possible_values = true
    )]
    pub schedule: ScheduleName,

    /// Go from testcase to testcase in the order of the queue, instead of choosing by weight
    #[arg(short = 'Z', long)]
    pub sequential: bool,
    /// The compare log.
    #[command(flatten)]
    pub compare: CompareArgs,

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

    /// How testcases are mutated.
    #[command(flatten)]
    pub mutation: MutationArgs,

    /// Core to run on [default: a free one]
    #[arg(short = 'b', long, value_name = "CORE", value_parser = core_number)]
    pub bind: Option<usize>,

    /// The target is not instrumented: any program; executed anew each time, and without coverage
    #[arg(short = 'n', long, conflicts_with_all = ["program", "sanitized"])]
    pub non_instrumented: bool,

    /// Name of the session in the figures [default: the target's name]
    #[arg(short = 'T', long, value_name = "TEXT")]
    pub banner: Option<String>,

    /// Shell command to run at each new crash, in the background; the crash is $TINE_CRASH and $1
    #[arg(short = 'I', long, value_name = "COMMAND")]
    pub on_crash: Option<OsString>,

    /// Look around a crash: the seeds crash the target, and what crashes it elsewhere is kept
    #[arg(short = 'C', long)]
    pub explore_crashes: bool,

    /// Ending of the input file's name, for a target that looks at it
    #[arg(short = 'e', long, value_name = "EXTENSION", value_parser = file_ending, conflicts_with = "file")]
    pub extension: Option<String>,

    /// Taken for afl-fuzz's sake: the input file is never removed, and testcases are spliced anyway
    #[arg(short = 'N', hide = true, action = ArgAction::Count)]
    pub as_it_is: u8,

    /// Serve the figures of all instances in OUT to Prometheus; without HOST, on this machine only
    #[arg(long, value_name = "[HOST:]PORT")]
    pub metrics: Option<MetricsAddress>,

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

    /// Megabytes of testcases to keep in memory; the others are read from their files [default: 50]
    #[arg(long, value_name = "MB", value_parser = whole_number)]
    pub corpus_memory: Option<u64>,

    /// Plain lines instead of a status line that rewrites itself
    #[arg(long)]
    pub no_ui: bool,

    /// The program and its arguments; `@@` stands for the input file
    #[arg(value_name = "TARGET", required = true, trailing_var_arg = true)]
    pub target: Vec<OsString>,
}
