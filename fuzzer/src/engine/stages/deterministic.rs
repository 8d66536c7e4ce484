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

use super::{stage::Stage, turn::Turn};
use crate::{
    engine::{
        coverage::Footprint,
        error::FuzzError,
        mutate::TokenTable,
        session::{Evaluated, Session, Submission},
    },
    report::name::{Operation, Origin},
};
use fast_rands::Rand;
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

impl Stage for DeterministicStage {
    fn perform(&mut self, session: &mut Session, turn: &Turn) -> Result<(), FuzzError> {
        let (queue, strategy) = (&mut session.corpus.queue, &session.mutation.strategy);
        let (cycle, entry) = (queue.cycle(), queue.entry_mut(turn.id));
        if !strategy.deterministic || entry.determined || !entry.favored {
            return Ok(());
        }
        let before = session.tally.runs;
        let allowed = (before - *self.began_at.get_or_insert(before)) / SHARE;
        if self.spent > allowed {
            return Ok(());
        }
        if !self.pays(entry.footprint(), cycle) {
            return Ok(());
        }
        let is_worth_a_walk = turn.score >= u64::from(entry.depth) * SCORE_A_STEP;
        entry.determined = true;
        session.corpus.copy(turn.id, &mut self.base);
        self.base.truncate(strategy.longest);
        if self.base.len() < strategy.shortest.max(1) {
            return Ok(());
        }
        let mut runs = Runs {
            left: turn.budget(session, TIME_TO_LOOK, u64::MAX),
            session,
            turn,
        };
        let ended = self.look_and_walk(&mut runs, is_worth_a_walk, allowed);
        self.spent += session.tally.runs - before;
        match ended {
            Ok(()) | Err(Stop::Enough) => Ok(()),
            Err(Stop::Failed(error)) => Err(error),
        }
    }
}

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
        let budget = runs.turn.budget(runs.session, TIME_TO_WALK, MOST_WALK);
        runs.left = budget.min(share);
        let mutation = &runs.session.mutation;
        let given = mutation.strategy.given_tokens;
        self.tokens.load(mutation.tokens.all(), given);
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
            self.input[at] ^= 1 + runs.session.mutation.rand.below_or_zero(255) as u8;
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
    session: &'a mut Session,
    turn: &'a Turn,
    left: u64,
}

/// Why the stage is over early.
enum Stop {
    /// The budget is used up, or the session is to end.
    Enough,
    /// Something failed.
    Failed(FuzzError),
}

impl Runs<'_> {
    fn run(
        &mut self,
        operation: Operation<'static>,
        place: usize,
        input: &[u8],
    ) -> Result<Evaluated, Stop> {
        if self.left == 0 || self.session.stop.ending().is_some() {
            return Err(Stop::Enough);
        }
        self.left -= 1;
        let origin = Origin {
            repetitions: place as u32,
            ..self.turn.origin(operation)
        };
        let submission = Submission::of(self.turn.id, input, origin);
        self.session.evaluate(&submission).map_err(Stop::Failed)
    }

    /// What the last run covered.
    fn checksum(&self) -> u64 {
        let trace = self.session.target.trace();
        self.session.coverage.checksum(trace)
    }
}

#[cfg(test)]
mod tests {
    use super::DeterministicStage;
    use crate::engine::coverage::Trace;

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
