//! The fuzzing engine, on LibAFL: what an input is, how it is mutated, run and
//! judged, and which one is next.
//!
//! | file | what |
//! |---|---|
//! | `session` | from the command line to the summary |
//! | `import` | seeds, and what an earlier session left |
//! | `judge` | one run and what follows from it |
//! | `faults` | crashes and hangs: which are new, and what is saved of them |
//! | `calibration` | how long a new testcase takes, and whether it is stable |
//! | `stages` | what is done with a testcase whose turn it is |
//! | `queue`, `energy` | which testcase is next, and for how long |
//! | `history`, `sequence` | what a persistent child ran before a fault, and what of it the fault takes |
//! | `executor` | LibAFL's executor over the controller's fork server |
//! | `classify`, `trace`, `novelty` | counters, what a run covered, what is new |
//! | `progress` | the numbers: status line, `fuzzer_stats`, `plot_data` |
//! | `control` | signals and the passing of time |
//! | `affinity` | which core to run on |
//! | `custom` | mutators of the user's |
//! | `dictionary`, `seeds` | what the user gives |
//!
//! Most runs bring nothing new. Such a run allocates nothing, makes no system
//! call but those of the fork server, and asks no clock.

mod affinity;
mod calibration;
mod classify;
mod control;
mod custom;
mod dictionary;
mod energy;
mod error;
mod executor;
mod faults;
mod history;
mod import;
mod judge;
mod novelty;
mod progress;
mod queue;
mod seeds;
mod sequence;
mod session;
mod stages;
mod trace;

pub use affinity::{allowed_cores, bound_core};
pub use classify::classify;
pub use control::Control;
pub use error::FuzzError;
pub use session::fuzz;

use libafl::{
    Error,
    corpus::{InMemoryCorpus, NopCorpus},
    inputs::BytesInput,
    state::{HasMaxSize, StdState},
};
use libafl_bolts::rands::StdRand;
use tine_protocol::layout::input::MAX_INPUT;

/// LibAFL's state. What is found goes to disk by our own hand, in AFL's layout.
type State = StdState<InMemoryCorpus<BytesInput>, BytesInput, StdRand, NopCorpus<BytesInput>>;

/// A state without testcases. `seed` is that of its random numbers.
fn new_state(seed: u64) -> Result<State, Error> {
    let rand = StdRand::with_seed(seed);
    // LibAFL's feedbacks keep their maps in the state; ours do not.
    let mut state = StdState::new(
        rand,
        InMemoryCorpus::new(),
        NopCorpus::new(),
        &mut (),
        &mut (),
    )?;
    state.set_max_size(MAX_INPUT);
    Ok(state)
}
