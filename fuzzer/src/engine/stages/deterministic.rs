//! The deterministic stage: every small change at every place where changes matter.
//! Once for a testcase, and only where it pays.
//!
//! As afl-fuzz does since 4.10c ("skipdet"):
//! 1. Favored testcases with enough edges that no testcase before had in this stage.
//! 2. Inference: large blocks that may be turned over without effect are left out.
//! 3. Each other byte gets a random value. The places where that finds something are
//!    the ones that matter.
//! 4. The walk: bit flips, sums, interesting values and tokens at these places.
//!
//! All of it together takes a fifth of the runs at the most, so that it does not keep
//! havoc from what is found easily. Each testcase has a budget of runs, and of time
//! unless the session is repeatable.

mod walk;

use super::{begins_anew, budget, copy_input, current};
use crate::{
    engine::{
        State,
        executor::ForkServerExecutor,
        judge::{Engine, Evaluated},
        mutate::TokenTable,
        trace::Footprint,
    },
    report::name::{Operation, Origin},
};
use libafl::{
    Error, HasMetadata,
    corpus::CorpusId,
    mutators::Tokens,
    stages::Stage,
    state::{HasExecutions, HasRand},
};
use libafl_bolts::rands::Rand;
use std::time::Duration;

/// The smallest block of the inference.
const BLOCK: usize = 64;

/// Runs of the inference at the most.
const MOST_INFERENCE: u64 = 16 * 1024;

/// Random bytes that are tried at first, and when they find something.
const BYTES: usize = 32 * 1024;
const MOST_BYTES: usize = 64 * 1024;

/// Time for steps 2 and 3, and for step 4, of one testcase.
const TIME_TO_LOOK: Duration = Duration::from_secs(60);
const TIME_TO_WALK: Duration = Duration::from_secs(60);

/// Runs of the walk at the most.
const MOST_WALK: u64 = 256 * 1024;

/// One in so many runs may be of this stage.
const SHARE: u64 = 5;

/// The walk of a testcase may take so many in any case.
const LEAST_WALK: u64 = 4096;

/// What a testcase must score for the walk, for each find that leads to it.
const SCORE_A_STEP: u64 = 30;

/// The stage.
#[derive(Debug, Default)]
pub struct DeterministicStage {
    input: Vec<u8>,
    base: Vec<u8>,
    /// Where changes matter.
    matters: Vec<bool>,
    tokens: TokenTable,
    /// What testcases that went through this stage took: a mask for each word.
    taken: Vec<u8>,
    /// Edges that must be new for a testcase to be worth it.
    threshold: Option<usize>,
    cycle: u64,
    /// Runs of this stage so far, and those that the session had when it began.
    spent: u64,
    began_at: Option<u64>,
}

impl<EM> Stage<ForkServerExecutor, EM, State, Engine> for DeterministicStage {
    fn perform(
        &mut self,
        engine: &mut Engine,
        executor: &mut ForkServerExecutor,
        state: &mut State,
        _manager: &mut EM,
    ) -> Result<(), Error> {
        let id = current(state)?;
        let entry = engine.queue.entry(id);
        if !engine.strategy.deterministic || entry.determined || !entry.favored {
            return Ok(());
        }
        let runs = *state.executions();
        let allowed = (runs - *self.began_at.get_or_insert(runs)) / SHARE;
        if self.spent > allowed {
            return Ok(());
        }
        if !self.pays(entry.footprint(), engine.queue.cycle()) {
            return Ok(());
        }
        let is_worth_a_walk = engine.score >= u64::from(entry.depth) * SCORE_A_STEP;
        engine.queue.entry_mut(id).determined = true;
        copy_input(state, id, &mut self.base)?;
        self.base.truncate(engine.strategy.longest);
        if self.base.len() < engine.strategy.shortest.max(1) {
            return Ok(());
        }
        let mut runs = Runs {
            left: budget(engine, id, TIME_TO_LOOK, u64::MAX),
            origin: Origin::new(engine.queue.entry(id).number, Operation::Infer),
            engine,
            executor,
            state,
        };
        let before = *runs.state.executions();
        let ended = self.look_and_walk(&mut runs, id, is_worth_a_walk, allowed);
        self.spent += *runs.state.executions() - before;
        match ended {
            Ok(()) | Err(Stop::Enough) => Ok(()),
            Err(Stop::Failed(error)) => Err(error),
        }
    }
}

begins_anew!(DeterministicStage);

impl DeterministicStage {
    /// Whether a testcase has enough edges that are new here. The threshold falls with
    /// each cycle through the queue.
    fn pays(&mut self, footprint: &Footprint, cycle: u64) -> bool {
        if cycle > self.cycle {
            self.cycle = cycle;
            self.threshold = self.threshold.map(|threshold| match threshold {
                0..2 => threshold,
                more => more * 3 / 4,
            });
        }
        let new: u32 = footprint
            .words()
            .map(|(word, mask)| mask & !self.taken.get(word).copied().unwrap_or_default())
            .map(u8::count_ones)
            .sum();
        let new = new as usize;
        // A twentieth of what the first one has.
        let threshold = *self.threshold.get_or_insert(new / 20);
        if new == 0 || new < threshold {
            return false;
        }
        for (word, mask) in footprint.words() {
            if word >= self.taken.len() {
                self.taken.resize(word + 1, 0);
            }
            self.taken[word] |= mask;
        }
        true
    }

    fn look_and_walk(
        &mut self,
        runs: &mut Runs<'_>,
        id: CorpusId,
        is_worth_a_walk: bool,
        allowed: u64,
    ) -> Result<(), Stop> {
        self.input.clear();
        self.input.extend_from_slice(&self.base);
        runs.run(Operation::Infer, 0, &self.input)?;
        let expected = runs.checksum();
        self.matters.clear();
        self.matters.resize(self.base.len(), true);
        self.infer(runs, expected)?;
        self.try_bytes(runs)?;
        if !is_worth_a_walk || !self.matters.contains(&true) {
            return Ok(());
        }
        let share = allowed.saturating_sub(self.spent).max(LEAST_WALK);
        runs.left = budget(runs.engine, id, TIME_TO_WALK, MOST_WALK).min(share);
        if let Ok(tokens) = runs.state.metadata::<Tokens>() {
            let given = runs.engine.strategy.given_tokens;
            self.tokens.load(tokens.tokens(), given);
        }
        self.walk(runs, expected)
    }

    /// Leaves out large blocks without effect.
    fn infer(&mut self, runs: &mut Runs<'_>, expected: u64) -> Result<(), Stop> {
        let length = self.base.len();
        if length <= BLOCK * 8 {
            return Ok(());
        }
        let mut left = MOST_INFERENCE;
        let mut at = 0;
        while at < length && left > 0 {
            let mut silent = 0;
            let mut block = BLOCK;
            while block < length / 8 && silent < length - at {
                let end = length.min(at + block);
                flip(&mut self.input[at..end]);
                left = left.saturating_sub(1);
                let evaluated = runs.run(Operation::Infer, at, &self.input);
                flip(&mut self.input[at..end]);
                if evaluated? != Evaluated::Known || runs.checksum() != expected {
                    break;
                }
                silent = end - at;
                block *= 2;
            }
            self.matters[at..at + silent].fill(false);
            at += silent.max(BLOCK);
        }
        Ok(())
    }

    /// Gives each byte another value. What finds something matters.
    fn try_bytes(&mut self, runs: &mut Runs<'_>) -> Result<(), Stop> {
        let mut most = BYTES;
        for at in 0..self.base.len() {
            if at >= most {
                self.matters[at] = false;
                continue;
            }
            if !self.matters[at] {
                continue;
            }
            self.input[at] ^= 1 + runs.state.rand_mut().below_or_zero(255) as u8;
            let evaluated = runs.run(Operation::Quick, at, &self.input);
            self.input[at] = self.base[at];
            let found = matches!(evaluated?, Evaluated::Kept(_));
            self.matters[at] = found;
            if found {
                most = (most * 2).min(MOST_BYTES);
            }
        }
        Ok(())
    }
}

fn flip(bytes: &mut [u8]) {
    for byte in bytes {
        *byte = !*byte;
    }
}

/// Runs until the budget is used up.
struct Runs<'a> {
    engine: &'a mut Engine,
    executor: &'a mut ForkServerExecutor,
    state: &'a mut State,
    origin: Origin<'static>,
    left: u64,
}

/// Why the stage is over early.
enum Stop {
    /// The budget is used up, or the session is to end.
    Enough,
    /// Something failed.
    Failed(Error),
}

impl Runs<'_> {
    fn run(
        &mut self,
        operation: Operation<'static>,
        place: usize,
        input: &[u8],
    ) -> Result<Evaluated, Stop> {
        if self.left == 0 || self.engine.ending().is_some() {
            return Err(Stop::Enough);
        }
        self.left -= 1;
        self.origin.operation = operation;
        self.origin.repetitions = place as u32;
        let evaluated = self
            .engine
            .evaluate(self.state, self.executor, input, &self.origin);
        evaluated.map_err(|error| Stop::Failed(self.engine.fail(error)))
    }

    /// What the last run covered.
    fn checksum(&self) -> u64 {
        self.executor.trace().checksum(&self.engine.variable)
    }
}

#[cfg(test)]
mod tests {
    use super::DeterministicStage;
    use crate::engine::trace::Trace;

    #[test]
    fn it_pays_for_testcases_with_enough_new_edges() {
        let footprint = |words: std::ops::Range<usize>| {
            let mut trace = Trace::default();
            words.for_each(|word| trace.push(word, 1));
            trace.footprint()
        };
        let mut stage = DeterministicStage::default();
        assert!(stage.pays(&footprint(0..100), 1), "the first one");
        assert!(!stage.pays(&footprint(0..100), 1), "nothing is new");
        assert!(!stage.pays(&footprint(0..104), 1), "4 of 5");
        assert!(stage.pays(&footprint(0..105), 1));
        assert!(!stage.pays(&footprint(105..108), 1));
        assert!(
            stage.pays(&footprint(105..108), 2),
            "the threshold has fallen"
        );
        assert!(!stage.pays(&footprint(0..0), 9), "an empty one never");
    }
}
