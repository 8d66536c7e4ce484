//! Stages: what is done with the testcase whose turn it is, one after another.
//!
//! | file | what |
//! |---|---|
//! | `custom` | lets mutators of the user's work on it |
//! | `havoc` | mutates it at random |
//! | `splice` | the same, after its start was joined with the end of another |

mod custom;
mod havoc;
mod splice;

use super::{State, energy, executor::ForkServerExecutor, judge::Engine};
pub use custom::CustomStage;
use havoc::{HavocStage, Mutator};
use libafl::{
    Error,
    corpus::{Corpus, CorpusId, HasCurrentCorpusId},
    events::SendExiting,
    stages::StagesTuple,
    state::HasCorpus,
};
use libafl_bolts::tuples::tuple_list;
use splice::SpliceStage;

/// All stages in their order. `EM` is LibAFL's event manager.
pub fn all<EM: SendExiting>(
    state: &State,
) -> impl StagesTuple<ForkServerExecutor, EM, State, Engine> + use<EM> {
    tuple_list!(
        CustomStage::default(),
        HavocStage::new(Mutator::new(state)),
        SpliceStage::new(Mutator::new(state)),
    )
}

/// LibAFL asks each stage whether it can go on after a restart of the fuzzer. Ours
/// begin anew.
macro_rules! begins_anew {
    ($stage:ty) => {
        impl libafl::stages::Restartable<crate::engine::State> for $stage {
            fn should_restart(
                &mut self,
                _state: &mut crate::engine::State,
            ) -> Result<bool, libafl::Error> {
                Ok(true)
            }

            fn clear_progress(
                &mut self,
                _state: &mut crate::engine::State,
            ) -> Result<(), libafl::Error> {
                Ok(())
            }
        }
    };
}
use begins_anew;

/// Copies a testcase's bytes to `bytes`.
fn copy_input(state: &State, id: CorpusId, bytes: &mut Vec<u8>) -> Result<(), Error> {
    let testcase = state.corpus().get(id)?.borrow();
    let input = testcase.input().as_ref();
    let input = input.ok_or_else(|| Error::illegal_state(format!("testcase {id} is empty")))?;
    bytes.clear();
    bytes.extend_from_slice(input.as_ref());
    Ok(())
}

/// Rounds for any entry.
const LEAST_ROUNDS: u64 = 12;

/// How often an entry is mutated, from its score and the number for an average one.
fn rounds(engine: &Engine, average: u64) -> u64 {
    let rounds = average * engine.score / energy::AVERAGE / energy::slowness(&engine.queue);
    rounds.max(LEAST_ROUNDS)
}

/// The testcase that the stages work on.
fn current(state: &State) -> Result<CorpusId, Error> {
    let current = state.current_corpus_id()?;
    current.ok_or_else(|| Error::illegal_state("a stage was begun without a testcase"))
}
