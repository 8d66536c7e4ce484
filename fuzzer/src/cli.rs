//! The command line: what can be said, and values checked as they are read.

mod afl_options;
mod doctor;
mod trace;

pub use doctor::DoctorArgs;
pub use trace::{TraceArgs, TraceFormat};

use clap::{
    Args, Parser, Subcommand,
    error::{ContextKind, ContextValue, ErrorKind},
};
use std::{ffi::OsString, fmt, path::PathBuf, str::FromStr, time::Duration};

/// An AFL-compatible fork-server fuzzer for Linux.
#[derive(Debug, Parser)]
#[command(
    name = "tine",
    version,
    about = "An AFL-compatible fork-server fuzzer for Linux",
    after_help = TINE_EXAMPLES,
    disable_help_subcommand = true,
    arg_required_else_help = true
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const TINE_EXAMPLES: &str = "\
New here? This builds a small program, fuzzes it until it crashes, and explains:
  tine demo

Your own program:
  tine-cc -o prog prog.c                      # or: CC=tine-cc CXX=tine-c++ ./configure && make
  tine fuzz -i seeds -o out -- ./prog @@      # without @@ the input comes on standard input";

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Fuzz a program: find inputs that reach new code, crash it or hang it
    Fuzz(FuzzArgs),
    /// Run a program on one input, or on each file of a folder, and write down the edges it took
    Showmap(ShowmapArgs),
    /// Watch a fork server work: each word, segment, signal and process of a run, in order
    Trace(TraceArgs),
    /// Say what keeps this machine, or a program, from being fuzzed well, and what mends it
    Doctor(DoctorArgs),
    /// See it work: build a sample program, fuzz it until it crashes, explain what happened
    Demo(DemoArgs),
}

const FUZZ_EXAMPLES: &str = "\
Examples:
  tine fuzz -i seeds -o out -- ./prog         # ./prog reads standard input
  tine fuzz -i seeds -o out -- ./prog @@      # ./prog reads the file that stands for @@
  tine fuzz -i - -o out -- ./prog @@          # goes on where the last session in out stopped
  tine fuzz -i seeds -o out -V 600 -x png.dict -- ./prog @@

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

    /// The program and its arguments; `@@` stands for the input file
    #[arg(value_name = "TARGET", required = true, trailing_var_arg = true)]
    pub target: Vec<OsString>,
}

/// Options of `tine demo`.
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// Folder to work in, new or empty; it is kept [default: a fresh one in the temporary folder]
    #[arg(long, value_name = "FOLDER")]
    pub dir: Option<PathBuf>,

    /// Give up after this many seconds
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = whole_number)]
    pub limit: u64,

    /// Plain lines instead of a status line that rewrites itself
    #[arg(long)]
    pub no_ui: bool,
}

/// What is wrong with the command line `words`, and where to read on.
pub fn sentence(error: &clap::Error, words: &[OsString]) -> String {
    if let Some(sentence) = afl_option(error, words) {
        return sentence;
    }
    let text = error.to_string();
    let mut paragraphs = text.split("\n\n");
    let what = paragraphs
        .next()
        .unwrap_or_default()
        .trim_start_matches("error: ");
    let mut sentence: String = what.split_whitespace().collect::<Vec<_>>().join(" ");
    // The tip about values that look like options only leads astray.
    let tips = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("tip: "));
    if let Some(tip) = tips.into_iter().find(|tip| tip.contains("similar")) {
        sentence.push_str(": ");
        sentence.push_str(tip);
    }
    if error.kind() == ErrorKind::MissingRequiredArgument && options_behind_target(error, words) {
        sentence.push_str(": options stand before TARGET, what follows it is passed on to it");
    }
    sentence.push_str(" (--help lists what there is)");
    sentence
}

/// The answer to an option that only AFL's tools have.
fn afl_option(error: &clap::Error, words: &[OsString]) -> Option<String> {
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let command = words.get(1)?.to_str()?;
    let what = match command {
        _ if error.kind() != ErrorKind::UnknownArgument => None,
        "fuzz" => afl_options::of_fuzz(option),
        "showmap" => afl_options::of_showmap(option),
        _ => None,
    }?;
    Some(format!(
        "{option} is an option of afl-{command} only; {what}"
    ))
}

/// Whether an option that `error` misses is there, but where the target's
/// arguments stand.
fn options_behind_target(error: &clap::Error, words: &[OsString]) -> bool {
    let Some(ContextValue::Strings(missing)) = error.get(ContextKind::InvalidArg) else {
        return false;
    };
    [("--input ", "-i"), ("--output ", "-o")]
        .iter()
        .any(|(long, short)| {
            missing.iter().any(|name| name.starts_with(long))
                && words
                    .iter()
                    .any(|word| word == short || word == long.trim_end())
        })
}

/// Where a session begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeedSource {
    /// From the files in this folder.
    Folder(PathBuf),
    /// Where the session in the output folder stopped (`-i -`).
    Resume,
}

impl From<OsString> for SeedSource {
    fn from(argument: OsString) -> Self {
        if argument == "-" {
            Self::Resume
        } else {
            Self::Folder(argument.into())
        }
    }
}

/// The `-t` of `tine fuzz`. afl-fuzz refuses to start with seeds over the limit
/// unless a `+` follows; here they are named and passed over either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimit {
    /// The limit of one run.
    pub limit: Duration,
}

/// Below this a run is killed before it can be expected to start.
const LEAST_MILLISECONDS: u64 = 5;

impl FromStr for TimeLimit {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let number = text.strip_suffix('+').unwrap_or(text);
        Ok(Self {
            limit: milliseconds(number)?,
        })
    }
}

/// The `-t` of `tine showmap`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunLimit(pub Duration);

/// How long a run may take that has no limit. The clock needs some number.
const NO_LIMIT: Duration = Duration::from_secs(24 * 60 * 60);

impl FromStr for RunLimit {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        if text == "none" {
            return Ok(Self(NO_LIMIT));
        }
        // Scripts pass afl-fuzz's `1000+` on; there is no seed to skip here.
        milliseconds(text.strip_suffix('+').unwrap_or(text)).map(Self)
    }
}

fn milliseconds(text: &str) -> Result<Duration, ValueError> {
    let number: u64 = text.parse().map_err(|_| ValueError::Milliseconds)?;
    let limit = Duration::from_millis(number);
    if number < LEAST_MILLISECONDS {
        Err(ValueError::TooShort)
    } else if limit > NO_LIMIT {
        Err(ValueError::TooLong)
    } else {
        Ok(limit)
    }
}

/// The `-m`: bytes of address space, or no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryLimit(pub Option<u64>);

/// The loader alone needs nearly this much.
const LEAST_MEGABYTES: u64 = 5;

impl FromStr for MemoryLimit {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        const MEGABYTE: u64 = 1 << 20;
        // afl-fuzz takes 0 for "no limit" too.
        if text == "none" || text == "0" {
            return Ok(Self(None));
        }
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let unit = match &text[digits.len()..] {
            "" | "M" => MEGABYTE,
            "k" => 1 << 10,
            "G" => 1 << 30,
            "T" => 1 << 40,
            _ => return Err(ValueError::Memory),
        };
        let number: u64 = digits.parse().map_err(|_| ValueError::Memory)?;
        let bytes = number.checked_mul(unit).ok_or(ValueError::Memory)?;
        if bytes < LEAST_MEGABYTES * MEGABYTE {
            return Err(ValueError::TooLittle);
        }
        Ok(Self(Some(bytes)))
    }
}

impl fmt::Display for MemoryLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("none"),
            Some(bytes) if bytes % (1 << 20) == 0 => write!(f, "{}", bytes >> 20),
            Some(bytes) => write!(f, "{}k", bytes >> 10),
        }
    }
}

fn whole_number(text: &str) -> Result<u64, ValueError> {
    text.parse().map_err(|_| ValueError::Number)
}

/// More than this is no memory of the last inputs any more.
pub const MOST_REPLAY_INPUTS: usize = 1_000_000;

fn replay_inputs(text: &str) -> Result<usize, ValueError> {
    match text.parse() {
        Ok(count) if count <= MOST_REPLAY_INPUTS => Ok(count),
        Ok(_) => Err(ValueError::TooManyInputs),
        Err(_) => Err(ValueError::Number),
    }
}

fn core_number(text: &str) -> Result<usize, ValueError> {
    text.parse().map_err(|_| ValueError::Core)
}

/// A value that an option does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// Not a number.
    #[error("give a whole number")]
    Number,
    /// More inputs than are kept.
    #[error("give a number of inputs up to {MOST_REPLAY_INPUTS}; 0 keeps none")]
    TooManyInputs,
    /// Not the number of a core.
    #[error("give the number of a core; the first is 0")]
    Core,
    /// Not a time.
    #[error("give a whole number of milliseconds, such as 1000")]
    Milliseconds,
    /// A limit that no run can keep.
    #[error("a run cannot end within less than {LEAST_MILLISECONDS} ms; 20 or more is sensible")]
    TooShort,
    /// A limit longer than a day.
    #[error("a run may take a day at the most")]
    TooLong,
    /// Not an amount of memory.
    #[error("give a number of megabytes, a number with k, M, G or T, or `none`")]
    Memory,
    /// A limit that no program can keep.
    #[error("no program starts with less than {LEAST_MEGABYTES} MB; 50 or more is sensible")]
    TooLittle,
}

#[cfg(test)]
mod tests {
    use super::{
        Cli, Command, FuzzArgs, MemoryLimit, RunLimit, SeedSource, ShowmapArgs, TimeLimit,
        ValueError,
    };
    use clap::{CommandFactory, Parser};
    use std::{ffi::OsString, time::Duration};

    fn fuzz(line: &str) -> FuzzArgs {
        match Cli::try_parse_from(line.split(' ')) {
            Ok(Cli {
                command: Command::Fuzz(args),
            }) => args,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn showmap(line: &str) -> ShowmapArgs {
        match Cli::try_parse_from(line.split(' ')) {
            Ok(Cli {
                command: Command::Showmap(args),
            }) => args,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn afl_fuzz_lines_mean_what_they_mean_there() {
        let args =
            fuzz("tine fuzz -i in -o out -t 1000+ -m none -x a -x b -V 60 -s 7 -- ./t -x @@");
        assert_eq!(args.input, SeedSource::Folder("in".into()));
        let limit = Duration::from_secs(1);
        assert_eq!(args.timeout, Some(TimeLimit { limit }));
        assert_eq!(
            (args.memory, args.seconds, args.seed),
            (MemoryLimit(None), Some(60), Some(7))
        );
        assert_eq!(args.dictionary.len(), 2);
        assert_eq!(args.target, ["./t", "-x", "@@"].map(OsString::from));
    }

    #[test]
    fn the_two_dashes_may_be_left_out() {
        let args = fuzz("tine fuzz -i- -o out -t500 ./t -i @@ -- -q --no-ui");
        assert_eq!(args.input, SeedSource::Resume);
        assert_eq!(
            args.timeout.map(|t| t.limit),
            Some(Duration::from_millis(500))
        );
        assert_eq!(
            args.target,
            ["./t", "-i", "@@", "--", "-q", "--no-ui"].map(OsString::from)
        );
        assert!(!args.no_ui);
        assert_eq!(showmap("tine showmap -q -o - ./t -q").target.len(), 2);
    }

    #[test]
    fn memory_limits_have_afl_fuzzs_suffixes() {
        const MB: u64 = 1 << 20;
        for (text, expected) in [
            ("none", Ok(MemoryLimit(None))),
            ("0", Ok(MemoryLimit(None))),
            ("50", Ok(MemoryLimit(Some(50 * MB)))),
            ("50M", Ok(MemoryLimit(Some(50 * MB)))),
            ("8192k", Ok(MemoryLimit(Some(8 * MB)))),
            ("2G", Ok(MemoryLimit(Some(2048 * MB)))),
            ("1T", Ok(MemoryLimit(Some(MB * MB)))),
            ("4", Err(ValueError::TooLittle)),
            ("5000k", Err(ValueError::TooLittle)),
            ("", Err(ValueError::Memory)),
            ("-5", Err(ValueError::Memory)),
            ("50m", Err(ValueError::Memory)),
            ("50MB", Err(ValueError::Memory)),
            ("99999999999T", Err(ValueError::Memory)),
        ] {
            assert_eq!(text.parse(), expected, "{text}");
        }
    }

    #[test]
    fn time_limits_are_checked() {
        let of = |text: &str| {
            text.parse::<TimeLimit>()
                .map(|time_limit| time_limit.limit.as_millis())
        };
        assert_eq!(of("20"), Ok(20));
        assert_eq!(of("20+"), Ok(20));
        assert_eq!(of("4"), Err(ValueError::TooShort));
        assert_eq!(of("99999999999"), Err(ValueError::TooLong));
        for wrong in ["", "+", "1s", "-1", "1.5", "20++"] {
            assert_eq!(of(wrong), Err(ValueError::Milliseconds), "{wrong}");
        }
        assert_eq!("1000+".parse(), Ok(RunLimit(Duration::from_secs(1))));
        assert!("none".parse::<RunLimit>().is_ok());
    }
}
