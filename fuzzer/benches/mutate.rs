//! What an input made by havoc costs: tine's operators and LibAFL's, in turn, with as
//! many of them stacked. One line of JSON; `cargo xtask bench mutate` reads it.

#[allow(dead_code, unreachable_pub, unused_imports)]
#[path = "../src/engine/mutate/mod.rs"]
mod mutate;

use libafl::{
    corpus::{Corpus, InMemoryCorpus, NopCorpus, Testcase},
    inputs::BytesInput,
    mutators::{MutationId, MutatorsTuple, Tokens, havoc_mutations, tokens_mutations},
    state::{HasCorpus, HasMaxSize, HasRand, StdState},
};
use libafl_bolts::{
    HasLen,
    rands::{Rand, StdRand},
    tuples::Merge,
};
use mutate::{Aim, Blocks, Kind, Mutator};
use std::hint::black_box;

const LONGEST: usize = 1 << 20;

/// Mutants of one turn.
const MUTANTS: u32 = 500_000;

/// Turns of each side.
const TURNS: usize = 9;

/// Lengths of the testcase.
const LENGTHS: [usize; 3] = [64, 1024, 16384];

const TOKENS: [&str; 4] = ["function", "<![CDATA[", "IHDR", "0x"];

fn input(length: usize, seed: u64) -> Vec<u8> {
    let mut rand = StdRand::with_seed(seed);
    (0..length).map(|_| rand.next() as u8).collect()
}

/// Nanoseconds of the processor's time a mutant: others may be at work.
fn timed(mut mutant: impl FnMut() -> usize) -> f64 {
    let began = processor_time();
    for _ in 0..MUTANTS {
        black_box(mutant());
    }
    (processor_time() - began) as f64 / f64::from(MUTANTS)
}

/// What this thread took of the processor, in nanoseconds.
fn processor_time() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("times of a thread");
    let time = text.split_whitespace().next();
    time.and_then(|time| time.parse().ok()).expect("a number")
}

fn own(length: usize) -> impl FnMut() -> f64 {
    let mut rand = StdRand::with_seed(1);
    let mut mutator = Mutator::new(1, LONGEST);
    let tokens: Vec<Vec<u8>> = TOKENS.iter().map(|token| token.as_bytes().into()).collect();
    mutator.tokens_mut().load(&tokens, 2);
    mutator.partners_mut().begin(0);
    for id in 1..20 {
        let other = input(length, id as u64);
        mutator.partners_mut().offer(id, &other, &mut rand);
    }
    mutator.base_mut().extend(input(length, 0));
    mutator.begin(Kind::Generic, Aim::Explore, Blocks::Short);
    move || {
        timed(|| {
            let stack = 2 << rand.below_or_zero(4);
            mutator.mutate(&mut rand, stack);
            mutator.output().len()
        })
    }
}

/// As tine did before: LibAFL's operators, chosen alike.
fn libafl(length: usize) -> impl FnMut() -> f64 {
    let rand = StdRand::with_seed(1);
    let corpus = InMemoryCorpus::<BytesInput>::new();
    let nothing = NopCorpus::<BytesInput>::new();
    let mut state = StdState::new(rand, corpus, nothing, &mut (), &mut ()).expect("a state");
    state.set_max_size(LONGEST);
    for id in 0..20 {
        let testcase = Testcase::new(BytesInput::new(input(length, id)));
        state.corpus_mut().add(testcase).expect("a testcase");
    }
    let mut tokens = Tokens::new();
    tokens.add_tokens(TOKENS.iter().map(|token| token.as_bytes().to_vec()));
    libafl::HasMetadata::add_metadata(&mut state, tokens);
    let mut mutations = havoc_mutations().merge(tokens_mutations());
    let count = HasLen::len(&mutations);
    let base = input(length, 0);
    let mut mutant = BytesInput::new(Vec::new());
    move || {
        timed(|| {
            mutant.as_mut().clear();
            mutant.as_mut().extend_from_slice(&base);
            let stack = 2 << state.rand_mut().below_or_zero(4);
            for _ in 0..=state.rand_mut().below_or_zero(stack) {
                let id = MutationId::from(state.rand_mut().below_or_zero(count));
                let mutated = mutations.get_and_mutate(id, &mut state, &mut mutant);
                mutated.expect("a mutation");
            }
            mutant.as_ref().len()
        })
    }
}

fn main() {
    let mut results = Vec::new();
    for length in LENGTHS {
        let (mut own, mut libafl) = (own(length), libafl(length));
        let (mut tine, mut before) = (Vec::new(), Vec::new());
        for _ in 0..TURNS {
            tine.push(own());
            before.push(libafl());
        }
        results.push(serde_json::json!({ "bytes": length, "tine": tine, "libafl": before }));
    }
    println!("{}", serde_json::Value::from(results));
}
