//! A session: its parts, and what is done with an input.
//!
//! | file | what |
//! |---|---|
//! | `submission` | an input on its way to the target |
//! | `evaluate` | one run and what follows from it |
//! | `calibrate` | a new testcase is measured: how long it takes, whether it is stable |
//! | `faults` | crashes and hangs: which are new, and what is saved of them |
//! | `sequence` | which inputs of a persistent child a fault takes |
//! | `sanitize` | inputs with an unseen trace go to the binaries with sanitizers |
//! | `attend` | what need not be done for each run |
//! | `report` | the figures: status line, `fuzzer_stats`, `plot_data` |
//! | `import` | seeds, and what an earlier session left |
//! | `resume` | what an earlier session learned |
//! | `sync` | testcases from other fuzzers, and to them |
//! | `custom` | where user-supplied mutators have a say |
//! | `changed` | testcases whose files are gone or changed |
//! | `finds`, `stop`, `tally` | parts that belong to nothing else: what is saved, when it ends, what is counted |
//!
//! A session knows its parts, and no part knows it. Stages are given a session and the
//! testcase whose turn it is; the main loop (`fuzz`) knows both.

mod attend;
mod calibrate;
mod changed;
mod custom;
mod evaluate;
mod faults;
mod finds;
mod import;
mod report;
mod resume;
mod sanitize;
mod sequence;
mod stop;
mod submission;
mod sync;
mod tally;

pub use finds::{Account, Finds};
pub use stop::Stop;
pub use submission::Submission;
pub use tally::Tally;

use super::{
    corpus::{Corpus, CorpusId},
    coverage::Coverage,
    executor::Executor,
    mutation::Mutation,
    sanitized::Sanitized,
    state_file::StateFile,
    sync::Sync,
};

/// What came of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evaluated {
    /// Nothing new.
    Known,
    /// It is a testcase now.
    Kept(CorpusId),
    /// It crashed the target, took too long, or killed the fork server.
    Failed,
}

/// The parts of a session. Each owns what it is about; what takes several of them is done
/// here.
#[derive(Debug)]
pub struct Session {
    /// Runs inputs.
    pub target: Executor,
    /// What runs have covered, and what a run means.
    pub coverage: Coverage,
    /// The testcases.
    pub corpus: Corpus,
    /// How inputs are made of them.
    pub mutation: Mutation,
    /// What is saved.
    pub finds: Finds,
    /// When the session ends.
    pub stop: Stop,
    /// What is counted and shown.
    pub tally: Tally,
    /// Other fuzzers.
    pub exchange: Sync,
    /// The binaries that `-w` names.
    pub sanitized: Option<Sanitized>,
    /// What the next session need not learn again.
    pub state_file: StateFile,
}

#[cfg(test)]
pub mod harness;
#[cfg(test)]
mod tests;
