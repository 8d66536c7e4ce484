//! The havoc stage: a testcase is mutated at random, many times over, each time
//! by a few operators one after another.

use super::{begins_anew, copy_input, current, extend, rounds};
use crate::{
    engine::{
        State,
        error::FuzzError,
        executor::ForkServerExecutor,
        judge::{Engine, Evaluated},
        mutate::{self, Kind, Mutator},
        strategy::Strategy,
    },
    report::name::{Operation, Origin},
};
use libafl::{
    Error, HasMetadata,
    corpus::{Corpus, CorpusId},
    mutators::Tokens,
    stages::Stage,
    state::{HasCorpus, HasRand},
};
use libafl_bolts::rands::Rand;
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
    pub fn load(&mut self, state: &State, id: CorpusId) -> Result<(), Error> {
        copy_input(state, id, self.mutator.base_mut())
    }

    /// What is mutated, to be set before [`Self::run`].
    pub const fn base_mut(&mut self) -> &mut Vec<u8> {
        self.mutator.base_mut()
    }

    /// Mutates the base `rounds` times and evaluates what comes out. Finds make
    /// it go on for longer. The base is testcase `id`, or made from it.
    pub fn run(
        &mut self,
        engine: &mut Engine,
        executor: &mut ForkServerExecutor,
        state: &mut State,
        id: CorpusId,
        mut rounds: u64,
        mut origin: Origin<'_>,
    ) -> Result<(), Error> {
        self.begin(engine, state, id)?;
        let powers = engine.strategy.stack_powers();
        let stack = 2 << state.rand_mut().below_or_zero(powers);
        let mut score = engine.score;
        let mut round = 0;
        while round < rounds && engine.ending().is_none() {
            round += 1;
            self.rounds_to_partner -= 1;
            if self.rounds_to_partner == 0 {
                self.exchange_partner(state)?;
            }
            origin.repetitions = self.mutator.mutate(state.rand_mut(), stack);
            engine.custom_havoc(state, self.mutator.output_mut(), origin.repetitions);
            let input = self.mutator.output();
            let evaluated = engine.evaluate(state, executor, input, &origin);
            let evaluated = evaluated.map_err(|error: FuzzError| engine.fail(error))?;
            if matches!(evaluated, Evaluated::Kept(_)) {
                extend(&mut score, &mut rounds);
            }
        }
        Ok(())
    }

    fn begin(&mut self, engine: &Engine, state: &mut State, id: CorpusId) -> Result<(), Error> {
        let strategy = &engine.strategy;
        if let Ok(tokens) = state.metadata::<Tokens>() {
            // None is ever exchanged for another one.
            let tokens = tokens.tokens();
            if tokens.len() != self.mutator.tokens_mut().len() {
                let given = strategy.given_tokens;
                self.mutator.tokens_mut().load(tokens, given);
            }
        }
        self.mutator.partners_mut().begin(id.into());
        self.exchange_partner(state)?;
        let kind = strategy.kind(|| {
            if mutate::is_text(self.mutator.base()) {
                Kind::Text
            } else {
                Kind::Generic
            }
        });
        self.mutator.begin(kind, strategy.aim(), strategy.blocks());
        Ok(())
    }

    /// Takes another testcase into the pool of partners.
    fn exchange_partner(&mut self, state: &mut State) -> Result<(), Error> {
        self.rounds_to_partner = ROUNDS_TO_PARTNER;
        let count = state.corpus().count();
        let other = CorpusId(state.rand_mut().below_or_zero(count));
        copy_input(state, other, &mut self.partner)?;
        let partners = self.mutator.partners_mut();
        partners.offer(other.into(), &self.partner, state.rand_mut());
        Ok(())
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

impl<EM> Stage<ForkServerExecutor, EM, State, Engine> for HavocStage {
    fn perform(
        &mut self,
        engine: &mut Engine,
        executor: &mut ForkServerExecutor,
        state: &mut State,
        _manager: &mut EM,
    ) -> Result<(), Error> {
        let id = current(state)?;
        engine.adapt_strategy(state);
        self.0.load(state, id)?;
        let source = engine.queue.entry(id).number;
        let origin = Origin::new(source, Operation::Havoc);
        let rounds = rounds(engine, ROUNDS);
        self.0.run(engine, executor, state, id, rounds, origin)
    }
}

begins_anew!(HavocStage);
