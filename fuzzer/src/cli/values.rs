//! Values of options, checked as they are read.

use std::{str::FromStr, time::Duration};

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

pub fn whole_number(text: &str) -> Result<u64, ValueError> {
    text.parse().map_err(|_| ValueError::Number)
}

/// More than this is no memory of the last inputs any more.
pub const MOST_REPLAY_INPUTS: usize = 1_000_000;

pub fn replay_inputs(text: &str) -> Result<usize, ValueError> {
    match text.parse() {
        Ok(count) if count <= MOST_REPLAY_INPUTS => Ok(count),
        Ok(_) => Err(ValueError::TooManyInputs),
        Err(_) => Err(ValueError::Number),
    }
}

/// The ending of a file's name, without its dot.
pub fn file_ending(text: &str) -> Result<String, ValueError> {
    let ending = text.trim_start_matches('.');
    if ending.is_empty() || ending.contains('/') {
        return Err(ValueError::Ending);
    }
    Ok(ending.into())
}

pub fn core_number(text: &str) -> Result<usize, ValueError> {
    text.parse().map_err(|_| ValueError::Core)
}

/// How many fork servers run at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workers {
    /// One for each core that may be used.
    All,
    /// So many.
    Count(usize),
}

/// More fork servers than this are of no use on any machine.
const MOST_WORKERS: usize = 1024;

impl FromStr for Workers {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text.parse() {
            _ if text == "all" => Ok(Self::All),
            Ok(count @ 1..=MOST_WORKERS) => Ok(Self::Count(count)),
            _ => Err(ValueError::Workers),
        }
    }
}

pub fn block_length(text: &str) -> Result<usize, ValueError> {
    match text.parse() {
        Ok(length @ 1..) => Ok(length),
        _ => Err(ValueError::Block),
    }
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
    /// No ending of a file's name.
    #[error("give the ending of a file's name, such as png, without a slash")]
    Ending,
    /// Not a number of fork servers.
    #[error("give a number from 1 to {MOST_WORKERS}, or `all`")]
    Workers,
    /// Not a length.
    #[error("give a number of bytes, 1 or more")]
    Block,
    /// Not a time.
    #[error("give a whole number of milliseconds, such as 1000")]
    Milliseconds,
    /// A limit that no run can keep.
    #[error("a run cannot end within less than {LEAST_MILLISECONDS} ms; 20 or more is sensible")]
    TooShort,
    /// A limit longer than a day.
    #[error("a run may take a day at the most")]
    TooLong,
}
