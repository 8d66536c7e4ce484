//! Names of testcases, as AFL writes and reads them.
//!
//! `id:000003,src:000001,time:250,execs:1234,op:havoc,rep:4,+cov`

use super::text;
use std::fmt::{self, Write};

/// The longest name that file systems take, in bytes.
const LONGEST: usize = 255;

/// Stands before the name that the file of a seed had.
const ORIGINAL: &str = ",orig:";

/// Stands before the name of the fuzzer that has found a testcase.
const IMPORT: &str = "sync:";

/// Where an input comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin<'a> {
    /// Number of the entry that was mutated.
    pub source: u32,
    /// Number of the entry that it was spliced with.
    pub with: Option<u32>,
    /// What was done to it.
    pub operation: Operation<'a>,
    /// Number of mutations that were stacked; for an operation on one place, that place.
    pub repetitions: u32,
}

impl<'a> Origin<'a> {
    /// One operation on the entry of this number.
    #[must_use]
    pub const fn new(source: u32, operation: Operation<'a>) -> Self {
        Self {
            source,
            with: None,
            operation,
            repetitions: 0,
        }
    }

    /// The fuzzer that has found it, if it is another one.
    #[must_use]
    pub const fn import(&self) -> Option<Import<'a>> {
        match self.operation {
            Operation::Sync(import) => Some(import),
            _ => None,
        }
    }
}

/// What makes an input of another one, or why it is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation<'a> {
    /// Random mutations, several at once.
    Havoc,
    /// The same, after two testcases were joined.
    Splice,
    /// A user-supplied mutator.
    Custom,
    /// A chunk was cut out.
    Trim,
    /// Blocks are changed to see which of them matter.
    Infer,
    /// A byte became another one.
    Quick,
    /// This many bits in a row were flipped.
    Flip(u8),
    /// A small number was added to an integer of this many bits.
    Arithmetic(u8),
    /// An integer of this many bits was set to an interesting value.
    Interesting(u8),
    /// A token was put in.
    Token {
        /// It was found on the way, not given by the user.
        is_found: bool,
        /// It was inserted, and overwrites nothing.
        is_inserted: bool,
    },
    /// Bytes that do not matter were replaced.
    Colorization,
    /// A comparison was solved.
    InputToState,
    /// The first run of a seed.
    DryRun,
    /// A testcase that was imported is measured.
    Calibration,
    /// Another fuzzer has found it.
    Sync(Import<'a>),
}

/// A testcase of another fuzzer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Import<'a> {
    /// The name of that fuzzer.
    pub fuzzer: &'a str,
    /// The name of the testcase there, or its number.
    pub testcase: &'a str,
}

impl Operation<'_> {
    /// Whether it changes one place, which the name of a find gives.
    #[must_use]
    pub const fn is_at_a_place(self) -> bool {
        matches!(
            self,
            Self::Flip(_)
                | Self::Arithmetic(_)
                | Self::Interesting(_)
                | Self::Token { .. }
                | Self::Quick
                | Self::Infer
                | Self::Trim
        )
    }
}

impl fmt::Display for Operation<'_> {
    /// The words of afl-fuzz.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Havoc => "havoc",
            Self::Splice => "splice",
            Self::Custom => "custom",
            Self::Trim => "trim",
            Self::Infer => "inf",
            Self::Quick => "quick",
            Self::Colorization => "colorization",
            Self::InputToState => "its",
            Self::DryRun => "dry_run",
            Self::Calibration => "calibration",
            Self::Sync(_) => "sync",
            Self::Flip(bits) => return write!(f, "flip{bits}"),
            Self::Arithmetic(bits) => return write!(f, "arith{bits}"),
            Self::Interesting(bits) => return write!(f, "int{bits}"),
            Self::Token {
                is_found,
                is_inserted,
            } => match (is_found, is_inserted) {
                (false, false) => "ext_UO",
                (false, true) => "ext_UI",
                (true, false) => "ext_AO",
                (true, true) => "ext_AI",
            },
        })
    }
}

/// When something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds since the session began, earlier parts included.
    pub milliseconds: u64,
    /// Runs until then.
    pub runs: u64,
}

/// The name of a seed in the queue. `original` is the name of its file.
#[must_use]
pub fn of_seed(id: u32, original: &str) -> String {
    let mut name = format!("id:{id:06},time:0,execs:0{ORIGINAL}");
    // A seed from another queue keeps the name that it had at first.
    let original = match original.split_once(ORIGINAL) {
        Some((_, first)) if number(original).is_some() => first,
        _ => original,
    };
    name.push_str(&text::for_name(original, LONGEST - name.len()));
    name
}

/// The name of a find in the queue.
#[must_use]
pub fn of_find(id: u32, origin: Origin<'_>, moment: Moment, has_new_edges: bool) -> String {
    let mut name = start(id, None, origin, moment);
    if has_new_edges {
        name.push_str(COVERAGE);
    }
    name
}

/// The name of a crash. `signal` is 0 for a crash that is told by an exit code.
#[must_use]
pub fn of_crash(id: u32, signal: i32, origin: Origin<'_>, moment: Moment) -> String {
    start(id, Some(signal), origin, moment)
}

/// What stands at the end of the name of a find that takes new edges.
const COVERAGE: &str = ",+cov";

/// What stands at the end of the name of a crash that only a sanitizer's binary has, as
/// afl-fuzz writes it. A number follows for all binaries but the first.
const SANITIZER: &str = ",+san";

/// The name of a crash that only the binary `number` of those with sanitizers has.
#[must_use]
pub fn of_sanitizer_crash(
    id: u32,
    signal: i32,
    origin: Origin<'_>,
    moment: Moment,
    number: usize,
) -> String {
    let mut name = numbered(id, Some(signal));
    describe(&mut name, origin, moment);
    name.push_str(SANITIZER);
    if number > 0 {
        // Writing to a string cannot fail.
        let _ = write!(name, "{}", number + 1);
    }
    name
}

/// Which of the binaries with sanitizers has the crash of this name; `None` if the
/// target itself has it.
#[must_use]
pub fn sanitizer(name: &str) -> Option<usize> {
    match name.rsplit_once(SANITIZER)?.1 {
        "" => Some(0),
        number => number.parse::<usize>().ok()?.checked_sub(1),
    }
}

/// The name of a hang.
#[must_use]
pub fn of_hang(id: u32, origin: Origin<'_>, moment: Moment) -> String {
    start(id, None, origin, moment)
}

/// The name of an input on which the fork server is lost.
#[must_use]
pub fn of_lost(id: u32, origin: Origin<'_>, moment: Moment) -> String {
    start(id, None, origin, moment)
}

/// A name as far as all kinds have it. `signal` for a crash.
fn start(id: u32, signal: Option<i32>, origin: Origin<'_>, moment: Moment) -> String {
    let mut name = numbered(id, signal);
    match origin.import() {
        Some(import) => describe_import(&mut name, import),
        None => describe(&mut name, origin, moment),
    }
    name
}

fn numbered(id: u32, signal: Option<i32>) -> String {
    let mut name = format!("id:{id:06},");
    if let Some(signal) = signal {
        // Writing to a string cannot fail.
        let _ = write!(name, "sig:{signal:02},");
    }
    name
}

/// Names the fuzzer that has found a testcase, and what it is called there. There is
/// room left for [`COVERAGE`].
fn describe_import(name: &mut String, import: Import<'_>) {
    const SOURCE: &str = ",src:";
    let fields = IMPORT.len() + SOURCE.len() + COVERAGE.len();
    let room = LONGEST - name.len() - fields;
    let source = text::for_name(import.testcase, room / 2);
    let from = text::for_name(import.fuzzer, room - source.len());
    // Writing to a string cannot fail.
    let _ = write!(name, "{IMPORT}{from}{SOURCE}{source}");
}

/// Whether a folder may be an instance's: of letters, digits, `_` and `-`, no longer than
/// afl-fuzz takes it.
#[must_use]
pub fn is_instance(name: &str) -> bool {
    const LONGEST_INSTANCE: usize = 50;
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=LONGEST_INSTANCE).contains(&name.len()) && name.bytes().all(is_fit)
}

/// Whether a testcase was a seed, from its name.
#[must_use]
pub fn is_seed(name: &str) -> bool {
    name.contains(ORIGINAL)
}

/// Whether a testcase was found by another fuzzer, from its name.
#[must_use]
pub fn is_import(name: &str) -> bool {
    // What a seed was called at first says nothing.
    let own = name.split(ORIGINAL).next().unwrap_or_default();
    own.split(',').any(|field| field.starts_with(IMPORT))
}

fn describe(name: &mut String, origin: Origin<'_>, moment: Moment) {
    let Origin {
        source,
        with,
        operation,
        repetitions,
    } = origin;
    let Moment { milliseconds, runs } = moment;
    // Writing to a string cannot fail.
    let _ = write!(name, "src:{source:06}");
    if let Some(with) = with {
        let _ = write!(name, "+{with:06}");
    }
    let key = if operation.is_at_a_place() {
        "pos"
    } else {
        "rep"
    };
    let _ = write!(
        name,
        ",time:{milliseconds},execs:{runs},op:{operation},{key}:{repetitions}"
    );
}

/// Highest number of a testcase. No fuzzer comes that far.
const HIGHEST: u32 = 999_999_999;

/// Numbers above this one were not given by counting.
const HIGHEST_COUNTED: u32 = HIGHEST / 2;

/// The number of a testcase, from its name.
#[must_use]
pub fn number(name: &str) -> Option<u32> {
    decimal(name.strip_prefix("id:")?.split(',').next()?)
}

/// A number of digits only, no higher than numbers of testcases are.
fn decimal(digits: &str) -> Option<u32> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|number| *number <= HIGHEST)
}

/// The number that follows all of these, which [`number`] takes again as often as there
/// are finds.
pub fn next_number(taken: impl IntoIterator<Item = u32>) -> u32 {
    let counted = taken.into_iter().filter(|it| *it <= HIGHEST_COUNTED);
    counted.max().map_or(0, |last| last + 1)
}

/// The number of the entry that a find was made from; `None` for a seed, and for what
/// another fuzzer has found.
#[must_use]
pub fn source(name: &str) -> Option<u32> {
    if is_import(name) {
        return None;
    }
    let field = name
        .split(',')
        .find_map(|field| field.strip_prefix("src:"))?;
    decimal(field.split('+').next()?)
}

#[cfg(test)]
mod tests;
