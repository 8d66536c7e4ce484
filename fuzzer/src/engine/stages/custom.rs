//! The stage of the custom mutators: each makes inputs of the testcase.

use super::{begins_anew, copy_input, current, extend, rounds};
use crate::{
    engine::{
        State,
        custom::Shared,
        executor::ForkServerExecutor,
        judge::{Engine, Evaluated},
    },
    report::name::{Operation, Origin},
};
use libafl::{
    Error,
    corpus::{Corpus, CorpusId},
    stages::Stage,
    state::{HasCorpus, HasRand},
};
use libafl_bolts::rands::Rand;
use std::num::NonZeroUsize;

/// Cycles of the mutators: 25 rounds for an entry of average score.
const ROUNDS: u64 = 64;

/// The same if there are no other mutations.
const ROUNDS_ALONE: u64 = 128;

/// So often another testcase is looked for that is long enough to be spliced with.
const TRIES: u32 = 8;

/// Shorter testcases are of no use for that.
const LEAST_OTHER: usize = 4;

/// The stage.
#[derive(Debug, Default)]
pub struct CustomStage {
    base: Vec<u8>,
    other: Vec<u8>,
    output: Vec<u8>,
}

impl CustomStage {
    /// Works on the current testcase, if there are custom mutators.
    pub fn work(
        &mut self,
        engine: &mut Engine,
        executor: &mut ForkServerExecutor,
        state: &mut State,
    ) -> Result<(), Error> {
        let Some(custom) = engine.custom.clone() else {
            return Ok(());
        };
        let id = current(state)?;
        copy_input(state, id, &mut self.base)?;
        let is_first = engine.queue.entry(id).fuzzed == 0;
        if is_first && custom.borrow().any().trim && custom.borrow().trims {
            let trimmed = engine.custom_trim(&custom, state, executor, id, &mut self.base);
            trimmed.map_err(|error| engine.fail(error))?;
        }
        let fuzzers = custom.borrow().fuzzers();
        for number in fuzzers {
            self.fuzz(&custom, number, id, engine, executor, state)?;
        }
        Ok(())
    }

    fn fuzz(
        &mut self,
        custom: &Shared,
        number: usize,
        id: CorpusId,
        engine: &mut Engine,
        executor: &mut ForkServerExecutor,
        state: &mut State,
    ) -> Result<(), Error> {
        let (wanted, splices, only) = {
            let mut custom = custom.borrow_mut();
            let wanted = custom.fuzz_count(number, &self.base);
            (wanted, !custom.any().splice_optout, custom.only)
        };
        let average = if only { ROUNDS_ALONE } else { ROUNDS };
        let mut most = wanted.map_or_else(|| rounds(engine, average), u64::from);
        let mut score = engine.score;
        let mut round = 0;
        while round < most && engine.ending().is_none() {
            round += 1;
            let partner = if splices {
                self.partner(state, id)?
            } else {
                None
            };
            let other = partner.map(|_| self.other.as_slice());
            let made = custom
                .borrow_mut()
                .fuzz(number, &self.base, other, &mut self.output);
            if !made {
                // No result is an answer. Time passes all the same.
                if engine.control.is_due() {
                    let attended = engine.attend(state, executor);
                    attended.map_err(|error| engine.fail(error))?;
                }
                continue;
            }
            let origin = Origin {
                source: engine.queue.entry(id).number,
                with: partner.map(|partner| engine.queue.entry(partner).number),
                operation: Operation::Custom,
                repetitions: 1,
            };
            let evaluated = engine.evaluate(state, executor, &self.output, &origin);
            custom.borrow_mut().rest();
            let evaluated = evaluated.map_err(|error| engine.fail(error))?;
            let found = matches!(evaluated, Evaluated::Kept(_));
            if found && wanted.is_none() {
                extend(&mut score, &mut most);
            }
        }
        Ok(())
    }

    /// Another testcase, whose bytes are in `other` then.
    fn partner(&mut self, state: &mut State, id: CorpusId) -> Result<Option<CorpusId>, Error> {
        let count = state.corpus().count();
        let Some(count) = NonZeroUsize::new(count).filter(|count| count.get() > 1) else {
            return Ok(None);
        };
        for _ in 0..TRIES {
            let partner = CorpusId(state.rand_mut().below(count));
            if partner == id {
                continue;
            }
            copy_input(state, partner, &mut self.other)?;
            if self.other.len() >= LEAST_OTHER {
                return Ok(Some(partner));
            }
        }
        Ok(None)
    }
}

impl<EM> Stage<ForkServerExecutor, EM, State, Engine> for CustomStage {
    fn perform(
        &mut self,
        engine: &mut Engine,
        executor: &mut ForkServerExecutor,
        state: &mut State,
        _manager: &mut EM,
    ) -> Result<(), Error> {
        self.work(engine, executor, state)
    }
}

begins_anew!(CustomStage);
