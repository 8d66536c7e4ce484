//! Limits of runs and of a session.

use super::wishes::Wishes;
use std::time::Duration;

/// Longest run, where nothing else is chosen.
pub const LONGEST_RUN: Duration = Duration::from_secs(1);

/// What ends a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ends {
    /// Number of runs.
    pub runs: Option<u64>,
    /// Time.
    pub time: Option<Duration>,
    /// The first crash.
    pub until_crash: bool,
}

/// When to end, and which runs are too long.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Limit of a run.
    pub run: Duration,
    /// A run over [`Self::run`] is a hang only if it is over this one too.
    pub hang: Duration,
    /// End at this many runs.
    pub runs: u64,
    /// End after this time.
    pub time: Option<Duration>,
    /// End at the first crash.
    pub until_crash: bool,
    /// Crashes are what is looked for and kept; runs without one are of no use.
    pub explore_crashes: bool,
    /// What AFL's variables ask for.
    pub wishes: Wishes,
}
