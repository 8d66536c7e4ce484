//! What a session does, as plain values: no command line, no environment.
//!
//! | file | what |
//! |---|---|
//! | `program` | the target, and the core that it runs on |
//! | `seeds` | where a session begins |
//! | `instance` | names and roles of instances, and their exchange |
//! | `limits`, `wishes` | limits of runs and of a session |
//! | `schedule` | power schedules |
//! | `mutation` | types of inputs, aims, lengths |
//! | `compare` | compare logging |
//! | `custom` | user-supplied mutators |
//! | `sanitized` | binaries with sanitizers |
//! | `record` | what is written down of a session |

mod compare;
mod custom;
mod instance;
mod limits;
mod mutation;
mod program;
mod record;
mod sanitized;
mod schedule;
mod seeds;
mod wishes;

pub use compare::{Compare, CompareLevel, CompareProgram};
pub use custom::CustomLibraries;
pub use instance::{ExchangeChoice, Instance, InstanceName};
pub use limits::{Ends, LONGEST_RUN, Limits};
pub use mutation::{AimChoice, InputType, LengthError, Lengths, Mutation, length};
pub use program::{CoreChoice, Program};
pub use record::Record;
pub use sanitized::{Abstraction, SanitizedBinaries};
pub use schedule::{Schedule, Scheduling};
pub use seeds::SeedSource;
pub use tine_exchange::Role;
pub use wishes::Wishes;

use crate::target::{MemoryLimit, StartOptions};
use std::{ffi::OsString, path::PathBuf, time::Duration};

/// Megabytes of testcases that are kept in memory.
pub const CORPUS_MEGABYTES: u64 = 50;

/// Inputs of a persistent child that are kept for a fault that takes them.
pub const REPLAY_INPUTS: usize = 1000;

/// A session: what is fuzzed, how, and until when.
#[derive(Debug, Clone)]
pub struct Config {
    /// The target.
    pub program: Program,
    /// Where the session begins.
    pub seeds: SeedSource,
    /// The seeds are run in a random order.
    pub shuffles_seeds: bool,
    /// Folder for the results of all instances.
    pub output: PathBuf,
    /// Goes on with the session in [`Self::output`], if there is one.
    pub resumes: bool,
    /// Which instance it is.
    pub instance: Instance,
    /// It is one of several that a campaign has started.
    pub in_campaign: bool,
    /// The exchange with other fuzzers.
    pub exchange: ExchangeChoice,
    /// What ends it.
    pub ends: Ends,
    /// Signals that ask this process for an end are the session's: they end it in an
    /// orderly way. Otherwise they are left to the process.
    pub heeds_signals: bool,
    /// A run that takes longer than this is a hang.
    pub hang: Duration,
    /// Crashes are what is looked for and kept.
    pub explore_crashes: bool,
    /// What AFL's variables ask for.
    pub wishes: Wishes,
    /// Seed of the random numbers, for a repeatable session.
    pub seed: Option<u64>,
    /// Which testcase is next, and for how long.
    pub scheduling: Scheduling,
    /// How testcases are mutated.
    pub mutation: Mutation,
    /// Dictionaries of tokens.
    pub dictionaries: Vec<PathBuf>,
    /// The tokens that come with the target are used.
    pub uses_auto_tokens: bool,
    /// Compare logging.
    pub compare: Compare,
    /// User-supplied mutators.
    pub custom: CustomLibraries,
    /// Binaries with sanitizers.
    pub sanitized: SanitizedBinaries,
    /// Which core it runs on.
    pub core: CoreChoice,
    /// Inputs of a persistent child that are kept for a fault that takes them.
    pub replay_inputs: usize,
    /// Megabytes of testcases that are kept in memory.
    pub corpus_megabytes: u64,
    /// What is written down of it.
    pub record: Record,
}

impl Config {
    /// A session with this target, as if nothing else had been chosen.
    #[must_use]
    pub fn new(seeds: SeedSource, output: PathBuf, command: Vec<OsString>) -> Self {
        Self {
            record: Record::of(&command),
            program: Program {
                command,
                file: None,
                extension: None,
                input_folder: None,
                timeout: None,
                memory: MemoryLimit(None),
                non_instrumented: false,
                start: StartOptions::default(),
            },
            seeds,
            shuffles_seeds: false,
            output,
            resumes: false,
            instance: Instance::default(),
            in_campaign: false,
            exchange: ExchangeChoice::default(),
            ends: Ends::default(),
            heeds_signals: false,
            hang: LONGEST_RUN,
            explore_crashes: false,
            wishes: Wishes::default(),
            seed: None,
            scheduling: Scheduling::default(),
            mutation: Mutation::default(),
            dictionaries: Vec::new(),
            uses_auto_tokens: true,
            compare: Compare::default(),
            custom: CustomLibraries::default(),
            sanitized: SanitizedBinaries::default(),
            core: CoreChoice::default(),
            replay_inputs: REPLAY_INPUTS,
            corpus_megabytes: CORPUS_MEGABYTES,
        }
    }

    /// The limits of a session that goes on after `earlier` runs, with the limit `run` of
    /// one.
    #[must_use]
    pub fn limits(&self, earlier: u64, run: Duration) -> Limits {
        let Ends {
            runs,
            time,
            until_crash,
        } = self.ends;
        Limits {
            run,
            hang: self.hang.max(run),
            runs: runs.map_or(u64::MAX, |runs| earlier.saturating_add(runs)),
            time,
            until_crash,
            explore_crashes: self.explore_crashes,
            wishes: self.wishes,
        }
    }
}
