//! Trimming: a testcase is made shorter as long as it covers the same. Once for each,
//! when it is its turn for the first time.

use super::{begins_anew, budget, copy_input, current};
use crate::{
    engine::{
        State,
        error::FuzzError,
        executor::ForkServerExecutor,
        judge::{Engine, Evaluated},
    },
    report::{
        name::{Operation, Origin},
        store,
    },
};
use libafl::{
    Error,
    corpus::{Corpus, CorpusId, Testcase},
    stages::Stage,
    state::HasCorpus,
};
use std::time::{Duration, Instant};

/// The first chunks are this part of the length, rounded up to a power of two.
const FIRST_STEPS: usize = 16;

/// The last ones are this part.
const LAST_STEPS: usize = 1024;

/// No chunk is shorter, and no testcase that is not longer is trimmed.
const SHORTEST_CHUNK: usize = 4;

/// So long may it take to trim a testcase. The steps above are some 2,000 runs.
const PATIENCE: Duration = Duration::from_secs(10);

/// So many runs it may take at the most.
const MOST_RUNS: u64 = 16 * 1024;

/// The stage.
#[derive(Debug, Default)]
pub struct TrimStage {
    original: Vec<u8>,
    input: Vec<u8>,
    candidate: Vec<u8>,
}

impl<EM> Stage<ForkServerExecutor, EM, State, Engine> for TrimStage {
    fn perform(
        &mut self,
        engine: &mut Engine,
        executor: &mut ForkServerExecutor,
        state: &mut State,
        _manager: &mut EM,
    ) -> Result<(), Error> {
        let id = current(state)?;
        let entry = engine.queue.entry(id);
        let by_custom = engine.custom.as_ref();
        let by_custom = by_custom.is_some_and(|mutators| mutators.borrow().any().trim);
        if entry.trimmed || by_custom || !engine.strategy.trims {
            return Ok(());
        }
        engine.queue.entry_mut(id).trimmed = true;
        if engine.queue.entry(id).len <= SHORTEST_CHUNK {
            return Ok(());
        }
        let began = Instant::now();
        copy_input(state, id, &mut self.original)?;
        let trimmed = self.trim(engine, executor, state, id);
        engine.counters.trim += began.elapsed();
        trimmed.map_err(|error| engine.fail(error))
    }
}

begins_anew!(TrimStage);

impl TrimStage {
    fn trim(
        &mut self,
        engine: &mut Engine,
        executor: &mut ForkServerExecutor,
        state: &mut State,
        id: CorpusId,
    ) -> Result<(), FuzzError> {
        let mut runs = Runs {
            left: budget(engine, id, PATIENCE, MOST_RUNS),
            is_fresh: false,
            engine,
            executor,
            state,
            source: id,
        };
        // What a persistent child ran before must not be a part of what is compared.
        runs.executor.discard_child();
        let Some(expected) = runs.checksum(&self.original, 0)? else {
            return Ok(());
        };
        if runs.checksum(&self.original, 0)? != Some(expected) {
            // It covers something else each time.
            return Ok(());
        }
        loop {
            self.input.clone_from(&self.original);
            self.shorten(&mut runs, expected)?;
            if runs.engine.ending().is_some() {
                // A part of the session that is to come does it anew.
                runs.engine.queue.entry_mut(id).trimmed = false;
                return Ok(());
            }
            if self.input.len() == self.original.len() {
                return Ok(());
            }
            runs.executor.discard_child();
            if runs.checksum(&self.input, 0)? == Some(expected) {
                return runs
                    .engine
                    .shorten(runs.state, runs.executor, id, &self.input);
            }
            if runs.is_fresh {
                return Ok(());
            }
            // What it covered was due to what the same child ran before: once more, each
            // run in a child of its own.
            runs.is_fresh = true;
        }
    }

    /// Takes chunks out that nothing depends on: ever smaller ones, one after another.
    fn shorten(&mut self, runs: &mut Runs<'_>, expected: u64) -> Result<(), FuzzError> {
        let shortest = runs.engine.strategy.shortest;
        let mut rounded = self.input.len().next_power_of_two();
        let mut chunk = (rounded / FIRST_STEPS).max(SHORTEST_CHUNK);
        while chunk >= (rounded / LAST_STEPS).max(SHORTEST_CHUNK) {
            // As with afl-fuzz the start, where the magic numbers are, stays.
            let mut at = chunk;
            while at < self.input.len() {
                if runs.is_over() {
                    return Ok(());
                }
                let end = self.input.len().min(at + chunk);
                if self.input.len() - (end - at) < shortest {
                    break;
                }
                self.candidate.clear();
                self.candidate.extend_from_slice(&self.input[..at]);
                self.candidate.extend_from_slice(&self.input[end..]);
                if runs.checksum(&self.candidate, at)? == Some(expected) {
                    std::mem::swap(&mut self.input, &mut self.candidate);
                    rounded = self.input.len().next_power_of_two();
                } else {
                    at += chunk;
                }
            }
            chunk /= 2;
        }
        Ok(())
    }
}

/// Runs for trimming. Whatever else they find is kept, as with any other run.
struct Runs<'a> {
    engine: &'a mut Engine,
    executor: &'a mut ForkServerExecutor,
    state: &'a mut State,
    source: CorpusId,
    left: u64,
    /// Each run is the first one of a child.
    is_fresh: bool,
}

impl Runs<'_> {
    fn is_over(&self) -> bool {
        self.left == 0 || self.engine.ending().is_some()
    }

    /// What an input covers; `None` if it is new, or fails. `place` is where it differs
    /// from the testcase.
    fn checksum(&mut self, input: &[u8], place: usize) -> Result<Option<u64>, FuzzError> {
        let Self {
            engine,
            executor,
            state,
            source,
            left,
            is_fresh,
        } = self;
        if *is_fresh {
            executor.discard_child();
        }
        *left = left.saturating_sub(1);
        let origin = Origin {
            source: engine.queue.entry(*source).number,
            with: None,
            operation: Operation::Trim,
            repetitions: place as u32,
        };
        let evaluated = engine.evaluate(state, executor, input, &origin)?;
        let is_known = evaluated == Evaluated::Known;
        Ok(is_known.then(|| executor.trace().checksum(&engine.variable)))
    }
}

impl Engine {
    /// Puts a shorter input, which was just run and covers the same, in a testcase's
    /// place: on disk, where a kill leaves the one or the other, then in memory.
    fn shorten(
        &mut self,
        state: &mut State,
        executor: &ForkServerExecutor,
        id: CorpusId,
        input: &[u8],
    ) -> Result<(), FuzzError> {
        let name = state.corpus().with_name(id, str::to_owned);
        if !name.is_empty() {
            store::write(&self.folder.queue(), &name, &[input])?;
        }
        let testcase = Testcase::new(input.to_vec().into());
        state.corpus_mut().replace(id, testcase)?;
        self.queue.shortened(id, input.len());
        let footprint = executor.trace().footprint();
        self.queue.claim(usize::from(id), footprint);
        Ok(())
    }
}
