//! The havoc stage: a testcase is mutated at random, many times over, each time
//! by a few of LibAFL's mutators one after another.

use super::{begins_anew, copy_input, current, rounds};
use crate::{
    engine::{
        State, energy,
        error::FuzzError,
        executor::ForkServerExecutor,
        judge::{Engine, Evaluated},
    },
    report::name::Origin,
};
use libafl::{
    Error, HasMetadata,
    corpus::CorpusId,
    inputs::BytesInput,
    mutators::{
        HavocMutationsType, MutationId, MutatorsTuple, TokenInsert, TokenReplace, Tokens,
        havoc_mutations, tokens_mutations,
    },
    stages::Stage,
    state::HasRand,
};
use libafl_bolts::{
    HasLen,
    rands::Rand,
    tuples::{Merge, merge_tuple_list_type, tuple_list_type},
};
use std::num::NonZeroUsize;

/// Rounds for an entry of average score.
const ROUNDS: u64 = 256;

/// At most 2, 4, 8 or 16 mutations are stacked: four in the mean.
const STACK_POWERS: NonZeroUsize = NonZeroUsize::new(4).unwrap();

/// How often each of the two token mutators is chosen, compared with others.
const TOKEN_WEIGHT: usize = 2;

type Mutations = merge_tuple_list_type!(
    HavocMutationsType,
    tuple_list_type!(TokenInsert, TokenReplace)
);

/// Mutates at random, in place: the same buffer serves for every input.
#[derive(Debug)]
pub struct Mutator {
    mutations: Mutations,
    /// How many mutators there are without those for tokens.
    general: usize,
    /// How many choices there are.
    choices: NonZeroUsize,
    /// What the mutated input began as.
    pub(super) base: Vec<u8>,
    input: BytesInput,
}

impl Mutator {
    /// With LibAFL's mutators; those for tokens only if `state` has tokens.
    pub fn new(state: &State) -> Self {
        let general = havoc_mutations();
        let general_count = HasLen::len(&general);
        let has_tokens = state
            .metadata_map()
            .get::<Tokens>()
            .is_some_and(|tokens| !tokens.tokens().is_empty());
        let tokens = tokens_mutations();
        let token_count = if has_tokens { HasLen::len(&tokens) } else { 0 };
        let choices = general_count + token_count * TOKEN_WEIGHT;
        Self {
            mutations: general.merge(tokens),
            general: general_count,
            choices: NonZeroUsize::new(choices).unwrap_or(NonZeroUsize::MIN),
            base: Vec::new(),
            input: BytesInput::new(Vec::new()),
        }
    }

    /// Takes a testcase as the base.
    pub fn load(&mut self, state: &State, id: CorpusId) -> Result<(), Error> {
        copy_input(state, id, &mut self.base)
    }

    /// Mutates the base `rounds` times and evaluates what comes out. Finds make
    /// it go on for longer.
    pub fn run(
        &mut self,
        engine: &mut Engine,
        executor: &mut ForkServerExecutor,
        state: &mut State,
        mut rounds: u64,
        mut origin: Origin,
    ) -> Result<(), Error> {
        let stack_limit = 2 << state.rand_mut().below(STACK_POWERS);
        let stack_limit = NonZeroUsize::new(stack_limit).unwrap_or(NonZeroUsize::MIN);
        let mut score = engine.score;
        let mut round = 0;
        while round < rounds && engine.ending().is_none() {
            round += 1;
            origin.repetitions = self.mutate(state, stack_limit)?;
            engine.custom_havoc(state, self.input.as_mut(), origin.repetitions);
            let input = self.input.as_ref();
            let evaluated = engine.evaluate(state, executor, input, &origin);
            let evaluated = evaluated.map_err(|error: FuzzError| engine.fail(error))?;
            if matches!(evaluated, Evaluated::Kept(_)) && score <= energy::MOST {
                score *= 2;
                rounds *= 2;
            }
        }
        Ok(())
    }

    /// Returns how many mutations were stacked.
    #[inline]
    fn mutate(&mut self, state: &mut State, stack_limit: NonZeroUsize) -> Result<u32, Error> {
        let bytes = self.input.as_mut();
        bytes.clear();
        bytes.extend_from_slice(&self.base);
        let stacked = 1 + state.rand_mut().below(stack_limit);
        for _ in 0..stacked {
            let choice = state.rand_mut().below(self.choices);
            let index = match choice.checked_sub(self.general) {
                None => choice,
                Some(token) => self.general + token / TOKEN_WEIGHT,
            };
            self.mutations
                .get_and_mutate(MutationId::from(index), state, &mut self.input)?;
        }
        Ok(stacked as u32)
    }
}

/// The stage.
#[derive(Debug)]
pub struct HavocStage(Mutator);

impl HavocStage {
    /// With a mutator of its own.
    #[must_use]
    pub const fn new(mutator: Mutator) -> Self {
        Self(mutator)
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
        self.0.load(state, id)?;
        let source = engine.queue.entry(id).number;
        let origin = Origin {
            source,
            with: None,
            operation: "havoc",
            repetitions: 0,
        };
        let rounds = rounds(engine, ROUNDS);
        self.0.run(engine, executor, state, rounds, origin)
    }
}

begins_anew!(HavocStage);

#[cfg(test)]
mod tests {
    use super::{Mutator, NonZeroUsize};
    use crate::engine::new_state;
    use libafl::{
        HasMetadata,
        corpus::{Corpus, Testcase},
        inputs::BytesInput,
        mutators::Tokens,
        state::HasCorpus,
    };

    fn outputs(seed: u64, tokens: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut state = new_state(seed).unwrap();
        for input in [b"0123456789abcdef", b"fedcba9876543210"] {
            state
                .corpus_mut()
                .add(Testcase::new(BytesInput::new(input.to_vec())))
                .unwrap();
        }
        if !tokens.is_empty() {
            let mut known = Tokens::new();
            for token in tokens {
                known.add_token(&token.to_vec());
            }
            state.add_metadata(known);
        }
        let mut mutator = Mutator::new(&state);
        mutator.base = b"0123456789abcdef".to_vec();
        let limit = NonZeroUsize::new(16).unwrap();
        let mut outputs = Vec::new();
        for _ in 0..2000 {
            let stacked = mutator.mutate(&mut state, limit).unwrap();
            assert!((1..=16).contains(&stacked));
            outputs.push(mutator.input.as_ref().clone());
        }
        outputs
    }

    #[test]
    fn mutations_vary_and_a_seed_repeats_them() {
        let first = outputs(1, &[]);
        assert_eq!(first, outputs(1, &[]));
        assert_ne!(first, outputs(2, &[]));
        let distinct: std::collections::HashSet<_> = first.iter().collect();
        assert!(distinct.len() > 1500, "{}", distinct.len());
    }

    #[test]
    fn tokens_are_used_when_there_are_any() {
        let has_token = |outputs: &[Vec<u8>]| {
            let with = |output: &&Vec<u8>| output.windows(5).any(|part| part == b"TOKEN");
            outputs.iter().filter(with).count()
        };
        assert_eq!(has_token(&outputs(1, &[])), 0);
        assert!(has_token(&outputs(1, &[b"TOKEN"])) > 200);
    }
}
