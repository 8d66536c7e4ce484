//! Stages: what is done with the testcase whose turn it is, one after another.
//!
//! | file | what |
//! |---|---|
//! | `redqueen` | solves the comparisons that it meets |
//! | `trim` | makes it shorter, once |
//! | `deterministic` | makes every small change where changes matter, once |
//! | `custom` | lets mutators of the user's work on it |
//! | `havoc` | mutates it at random |
//! | `splice` | the same, after its start was joined with the end of another (`-u`) |

mod custom;
mod deterministic;
mod havoc;
mod redqueen;
mod splice;
mod trim;

use super::{State, energy, executor::ForkServerExecutor, judge::Engine, strategy::Strategy};
pub use custom::CustomStage;
use deterministic::DeterministicStage;
pub use havoc::Havoc;
use havoc::HavocStage;
use libafl::{
    Error,
    corpus::{Corpus, CorpusId, HasCurrentCorpusId},
    events::SendExiting,
    stages::StagesTuple,
    state::HasCorpus,
};
use libafl_bolts::tuples::tuple_list;
pub use redqueen::RedqueenStage;
use splice::SpliceStage;
use std::time::Duration;
use trim::TrimStage;

/// All stages in their order. `EM` is LibAFL's event manager.
pub fn all<EM: SendExiting>(
    strategy: &Strategy,
    redqueen: RedqueenStage,
) -> impl StagesTuple<ForkServerExecutor, EM, State, Engine> + use<EM> {
    tuple_list!(
        // Before anything is cut off: what one comparison does not read yet, the next
        // one may.
        redqueen,
        TrimStage::default(),
        DeterministicStage::default(),
        CustomStage::default(),
        HavocStage::new(Havoc::new(strategy)),
        SpliceStage::new(Havoc::new(strategy)),
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

/// How often an entry is mutated, from its score. afl-fuzz divides by 256 where a
/// score is in percent: an entry of average score gets `cycles` / 2.56.
fn rounds(engine: &Engine, cycles: u64) -> u64 {
    let rounds = cycles * engine.score / energy::slowness(&engine.queue) / 256;
    rounds.max(LEAST_ROUNDS)
}

/// A turn that finds something goes on for longer, but not for long: what was found
/// waits for its own turn.
const EXTENDED_UP_TO: u64 = 4 * energy::AVERAGE;

/// Doubles the rounds of a turn after a find, as long as the score, which counts the
/// doublings, is not too high.
const fn extend(score: &mut u64, rounds: &mut u64) {
    if *score <= EXTENDED_UP_TO {
        *score *= 2;
        *rounds *= 2;
    }
}

/// How many runs of an entry fit into a time, `most` at the most.
fn budget(engine: &Engine, id: CorpusId, time: Duration, most: u64) -> u64 {
    const LEAST: u64 = 64;
    if engine.queue.ignore_time {
        return most;
    }
    let exec_us = engine.queue.entry(id).exec_us.max(1);
    (time.as_micros() as u64 / exec_us).clamp(LEAST, most)
}

/// The testcase that the stages work on.
fn current(state: &State) -> Result<CorpusId, Error> {
    let current = state.current_corpus_id()?;
    current.ok_or_else(|| Error::illegal_state("a stage was begun without a testcase"))
}

#[cfg(test)]
mod tests {
    use super::extend;

    #[test]
    fn a_turn_grows_with_its_finds_up_to_a_limit() {
        let after = |mut score: u64, finds: u32| {
            let mut rounds = 10;
            for _ in 0..finds {
                extend(&mut score, &mut rounds);
            }
            rounds
        };
        assert_eq!(
            [0, 1, 2, 3, 4, 100].map(|finds| after(100, finds)),
            [10, 20, 40, 80, 80, 80]
        );
        assert_eq!(after(25, 100), 320, "a low score leaves more room");
        assert_eq!(after(401, 100), 10, "a high one is a long turn already");
    }
}
