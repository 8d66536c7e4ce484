//! Why fuzzing cannot begin, or cannot go on.

use super::{
    affinity::AffinityError, custom::MutatorError, dictionary::DictionaryError,
    events::SubscriberError, redqueen::start::CompareLogError, seeds::SeedError,
};
use crate::{
    exchange::directory::OpenError,
    report::{folder::FolderError, store::StoreError},
    target::TargetError,
};
use std::{io, path::PathBuf};
use tine_controller::{Outcome, RunError, StartError};

/// Why fuzzing cannot begin, or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum FuzzError {
    /// The target is not fit.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// Its fork server did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// An input could not be run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The output folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A result could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is nothing to begin with.
    #[error(transparent)]
    Seeds(#[from] SeedError),
    /// A dictionary is not as it should be.
    #[error(transparent)]
    Dictionary(#[from] DictionaryError),
    /// Comparisons cannot be logged.
    #[error(transparent)]
    CompareLog(#[from] CompareLogError),
    /// A custom mutator cannot be used.
    #[error(transparent)]
    Mutator(#[from] MutatorError),
    /// The core cannot be had.
    #[error(transparent)]
    Affinity(#[from] AffinityError),
    /// The exchange with other fuzzers cannot begin.
    #[error(transparent)]
    Exchange(#[from] OpenError),
    /// The files of all testcases are gone.
    #[error(
        "no testcase is left: all files in {} were deleted or cannot be read; begin anew with -i \
         SEEDS, and with another -o if crashes were found",
        .0.display()
    )]
    QueueGone(PathBuf),
    /// No signal handler or no thread.
    #[error("cannot listen for signals: {0}")]
    Control(io::Error),
    /// No seed is left.
    #[error(
        "no seed is left ({} tried): on {} the target {outcome}. Give at least one that it \
         handles{}",
        crate::report::text::grouped(*.count), .first.display(), seed_hint(.outcome, *.memory_limit)
    )]
    NoSeedRuns {
        /// How many seeds there are.
        count: u64,
        /// The first one.
        first: PathBuf,
        /// How the target ended on it.
        outcome: Outcome,
        /// The target's limit of memory.
        memory_limit: Option<u64>,
    },
    /// No seed crashes the target, and `-C` looks around crashes.
    #[error(
        "no seed crashes the target: on {} it {outcome}. -C looks around crashes that are known, \
         give inputs such as those in OUT/default/crashes",
        .first.display()
    )]
    NoSeedCrashes {
        /// The first one.
        first: PathBuf,
        /// How the target ended on it.
        outcome: Outcome,
    },
    /// No seed could be run to its end.
    #[error("{}: {source}", .first.display())]
    SeedNotRun {
        /// The seed.
        first: PathBuf,
        /// What was wrong.
        source: RunError,
    },
    /// A seed does not run, and `AFL_EXIT_ON_SEED_ISSUES` is set.
    #[error(
        "{} of {} cannot be used, the first is {}, and AFL_EXIT_ON_SEED_ISSUES makes that an \
         error: take it out, or unset the variable",
        crate::report::counted(*.failed, "seed"), crate::report::text::grouped(*.count), .first.display()
    )]
    SeedIssues {
        /// How many seeds there are.
        count: u64,
        /// How many of them fail.
        failed: u64,
        /// The first one of these.
        first: PathBuf,
    },
    /// No counter was ever touched.
    #[error(
        "{} ran, but none of its code that tine-cc or tine-c++ compiled was reached: compile its \
         sources with them too, not only its last link (CC=tine-cc CXX=tine-c++, then build anew)",
        .0.display()
    )]
    NoCoverage(PathBuf),
    /// A binary with a sanitizer is not fit.
    #[error("-w {}: {source}", .path.display())]
    SanitizedTarget {
        /// The binary.
        path: PathBuf,
        /// Why not.
        source: Box<TargetError>,
    },
    /// A binary with a sanitizer does not start.
    #[error("the sanitizer binary {} (-w) does not start: {source}", .path.display())]
    Sanitized {
        /// The binary.
        path: PathBuf,
        /// Why not.
        source: Box<StartError>,
    },
    /// A subscriber cannot do what the session is of no use without.
    #[error(transparent)]
    Subscriber(#[from] SubscriberError),
}

fn seed_hint(outcome: &Outcome, memory_limit: Option<u64>) -> String {
    match memory_limit {
        _ if outcome.is_timeout() => ", or a longer limit of time with -t".into(),
        Some(bytes) => format!("; or its limit of memory (-m {}) is too low", bytes >> 20),
        None => String::new(),
    }
}
