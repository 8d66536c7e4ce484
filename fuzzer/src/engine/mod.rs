//! The fuzzing engine, on LibAFL: what an input is, how it is mutated, run and
//! judged, and which one is next.
//!
//! | file | what |
//! |---|---|
//! | `config` | what the user asks of a session |
//! | `session` | from the configuration to the summary |
//! | `prepare`, `settings` | what it begins with, and what follows from its configuration |
//! | `import` | seeds, and what an earlier session left |
//! | `resume` | what an earlier session learned: the state file |
//! | `judge` | one run and what follows from it |
//! | `faults` | crashes and hangs: which are new, and what is saved of them |
//! | `sanitized` | binaries with sanitizers, for inputs that are new in kind |
//! | `blind` | the same for a target without coverage |
//! | `calibration` | how long a new testcase takes, and whether it is stable |
//! | `stages` | what is done with a testcase whose turn it is |
//! | `mutate` | mutations, without any of the rest |
//! | `strategy` | how testcases are mutated now |
//! | `corpus` | the inputs, in memory and on disk |
//! | `flaws` | testcases whose files are gone or changed |
//! | `queue`, `energy` | which testcase is next, and for how long |
//! | `frequency` | how often runs take the same way |
//! | `history`, `sequence` | what a persistent child ran before a fault, and what of it the fault takes |
//! | `redqueen` | comparisons of the target are solved, with a program that logs them |
//! | `executor` | runs inputs by the controller's fork server |
//! | `classify`, `trace`, `novelty` | counters, what a run covered, what is new |
//! | `progress` | the numbers: status line, `fuzzer_stats`, `plot_data` |
//! | `counters` | what is counted, and the numbers of the next files |
//! | `control` | signals and the passing of time |
//! | `sync` | testcases from other fuzzers, and to them |
//! | `affinity` | which core to run on |
//! | `custom` | mutators of the user's |
//! | `input_file` | which file stands for `@@` |
//! | `dictionary`, `seeds` | what the user gives |
//!
//! Most runs bring nothing new. Such a run allocates nothing, makes no system
//! call but those of the fork server, and asks no clock. (The controller looks for
//! daemons of the target between two runs, once in tens of thousands.)

mod affinity;
#[cfg(test)]
mod allocations;
mod blind;
mod calibration;
mod classify;
pub mod config;
mod control;
mod corpus;
mod counters;
mod custom;
mod dictionary;
mod energy;
mod error;
mod executor;
mod faults;
mod flaws;
mod frequency;
mod history;
mod import;
mod input_file;
mod judge;
mod mutate;
mod novelty;
mod prepare;
mod progress;
mod queue;
mod redqueen;
mod resume;
mod sanitized;
mod seeds;
mod sequence;
mod session;
mod settings;
mod stages;
mod strategy;
mod sync;
mod trace;

pub use affinity::{allowed_cores, bound_core, free_cores};
pub use classify::classify;
pub use control::Control;
pub use error::FuzzError;
pub use session::{Told, fuzz};

use corpus::QueueCorpus;
use libafl::{
    Error,
    corpus::NopCorpus,
    inputs::BytesInput,
    state::{HasMaxSize, StdState},
};
use libafl_bolts::rands::StdRand;
use tine_protocol::layout::input::MAX_INPUT;

/// LibAFL's state. What is found goes to disk by our own hand, in AFL's layout.
type State = StdState<QueueCorpus, BytesInput, StdRand, NopCorpus<BytesInput>>;

/// A state without testcases. `seed` is that of its random numbers.
fn new_state(seed: u64) -> Result<State, Error> {
    let rand = StdRand::with_seed(seed);
    // LibAFL's feedbacks keep their maps in the state; ours do not.
    let mut state = StdState::new(
        rand,
        QueueCorpus::default(),
        NopCorpus::new(),
        &mut (),
        &mut (),
    )?;
    state.set_max_size(MAX_INPUT);
    Ok(state)
}
