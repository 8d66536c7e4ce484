//! The havoc stage: a testcase is mutated at random, many times over, each time
//! by a few operators one after another.

use super::{
    stage::Stage,
    turn::{Turn, extend},
};
use crate::{
    engine::{
        corpus::CorpusId,
        error::FuzzError,
        mutate::{self, Kind, Mutator},
        session::{Evaluated, Session, Submission},
        strategy::Strategy,
    },
    report::name::{Operation, Origin},
};
use fast_rands::Rand;
use tine_protocol::layout::input::MAX_INPUT;

/// Cycles of havoc: 25 rounds for an entry of average score.
const ROUNDS: u64 = 64;

/// After so many rounds another testcase comes into the pool of partners.
const ROUNDS_TO_PARTNER: u32 = 16;

/// Mutates a base and evaluates what comes out.
#[derive(Debug)]
pub struct Havoc {
    mutator: Mutator,
    /// A testcase on its way into the pool of partners.
    partner: Vec<u8>,
    rounds_to_partner: u32,
}

impl Havoc {
    /// With buffers of its own.
    #[must_use]
    pub fn new(strategy: &Strategy) -> Self {
        Self {
            mutator: Mutator::new(strategy.shortest, strategy.longest),
            partner: Vec::with_capacity(MAX_INPUT),
            rounds_to_partner: 0,
        }
    }

    /// Takes a testcase as the base.
    pub fn load(&mut self, session: &mut Session, id: CorpusId) {
        session.corpus.copy(id, self.mutator.base_mut());
    }

    /// What is mutated, to be set before [`Self::run`].
    pub const fn base_mut(&mut self) -> &mut Vec<u8> {
        self.mutator.base_mut()
    }

    /// Mutates the base `rounds` times and evaluates what comes out. Finds make
    /// it go on for longer. The base is the testcase, or made from it.
    ///
    /// # Errors
    /// When the target cannot be run any more, or a find cannot be written.
    pub fn run(
        &mut self,
        session: &mut Session,
        turn: &Turn,
        mut rounds: u64,
        mut origin: Origin<'_>,
    ) -> Result<(), FuzzError> {
        self.begin(session, turn.id);
        let powers = session.mutation.strategy.stack_powers();
        let stack = 2 << session.mutation.rand.below_or_zero(powers);
        let mut score = turn.score;
        let mut round = 0;
        while round < rounds && session.stop.ending().is_none() {
            round += 1;
            self.rounds_to_partner -= 1;
            if self.rounds_to_partner == 0 {
                self.exchange_partner(session);
            }
            let mutation = &mut session.mutation;
            origin.repetitions = self.mutator.mutate(&mut mutation.rand, stack);
            mutation.stack_custom(self.mutator.output_mut(), origin.repetitions);
            let submission = Submission::of(turn.id, self.mutator.output(), origin);
            if let Evaluated::Kept(_) = session.evaluate(&submission)? {
                extend(&mut score, &mut rounds);
            }
        }
        Ok(())
    }

    fn begin(&mut self, session: &mut Session, id: CorpusId) {
        let tokens = session.mutation.tokens.all();
        // None is ever exchanged for another one.
        if tokens.len() != self.mutator.tokens_mut().len() {
            let given = session.mutation.strategy.given_tokens;
            self.mutator.tokens_mut().load(tokens, given);
        }
        self.mutator.partners_mut().begin(id.index());
        self.exchange_partner(session);
        let strategy = &session.mutation.strategy;
        let kind = strategy.kind(|| {
            if mutate::is_text(self.mutator.base()) {
                Kind::Text
            } else {
                Kind::Generic
            }
        });
        self.mutator.begin(kind, strategy.aim(), strategy.blocks());
    }

    /// Takes another testcase into the pool of partners.
    fn exchange_partner(&mut self, session: &mut Session) {
        self.rounds_to_partner = ROUNDS_TO_PARTNER;
        let rand = &mut session.mutation.rand;
        let other = rand.below_or_zero(session.corpus.queue.len());
        session.corpus.copy(CorpusId::new(other), &mut self.partner);
        let partners = self.mutator.partners_mut();
        partners.offer(other, &self.partner, rand);
    }
}

/// The stage.
#[derive(Debug)]
pub struct HavocStage(Havoc);

impl HavocStage {
    /// With buffers of its own.
    #[must_use]
    pub const fn new(havoc: Havoc) -> Self {
        Self(havoc)
    }
}

impl Stage for HavocStage {
    fn perform(&mut self, session: &mut Session, turn: &Turn) -> Result<(), FuzzError> {
        adapt_strategy(session);
        self.0.load(session, turn.id);
        let rounds = turn.rounds(session, ROUNDS);
        let origin = turn.origin(Operation::Havoc);
        self.0.run(session, turn, rounds, origin)
    }
}

/// Looks at what was found, and changes the strategy if that is due. Asks the clock, so
/// it is for the beginning of a stage.
fn adapt_strategy(session: &mut Session) {
    let progress = &session.tally.progress;
    let run_time = progress.clock.run_time();
    let without_finds = progress.clock.since_find().unwrap_or(run_time);
    let strategy = &mut session.mutation.strategy;
    let queue = &session.corpus.queue;
    strategy.adapt(queue, session.tally.runs, run_time, without_finds);
    if let Some(expansion) = strategy.expansion() {
        session.tally.counters.havoc_expansion = expansion;
    }
}
