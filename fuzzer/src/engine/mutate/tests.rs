//! Whole mutations.

use super::{Aim, Blocks, Kind, Mutator};
use fast_rands::StdRand;
use std::collections::HashSet;

const BASE: &[u8] = b"0123456789abcdef";

fn outputs(seed: u64, tokens: &[&str], lengths: (usize, usize), base: &[u8]) -> Vec<Vec<u8>> {
    let mut rand = StdRand::with_seed(seed);
    let mut mutator = Mutator::new(lengths.0, lengths.1);
    let tokens: Vec<Vec<u8>> = tokens.iter().map(|token| token.as_bytes().into()).collect();
    mutator.tokens_mut().load(&tokens, tokens.len());
    mutator.partners_mut().begin(0);
    mutator
        .partners_mut()
        .offer(1, b"fedcba9876543210", &mut rand);
    mutator.base_mut().extend_from_slice(base);
    mutator.begin(Kind::Generic, Aim::Explore, Blocks::Short);
    let mut stacks = [0; 17];
    let outputs = (0..4000)
        .map(|_| {
            let stacked = mutator.mutate(&mut rand, 16);
            stacks[stacked as usize] += 1;
            mutator.output().to_vec()
        })
        .collect();
    assert_eq!(stacks[0], 0);
    assert!(
        stacks[1..].iter().all(|count| (180..320).contains(count)),
        "{stacks:?}"
    );
    outputs
}

#[test]
fn mutations_vary_and_a_seed_repeats_them() {
    let first = outputs(1, &[], (1, 1000), BASE);
    assert_eq!(first, outputs(1, &[], (1, 1000), BASE));
    assert_ne!(first, outputs(2, &[], (1, 1000), BASE));
    let distinct: HashSet<_> = first.iter().collect();
    assert!(distinct.len() > 3500, "{}", distinct.len());
}

#[test]
fn tokens_are_used_when_there_are_any() {
    let with = |outputs: &[Vec<u8>]| {
        let has_token = |output: &&Vec<u8>| output.windows(5).any(|part| part == b"TOKEN");
        outputs.iter().filter(has_token).count()
    };
    assert_eq!(with(&outputs(1, &[], (1, 1000), BASE)), 0);
    assert!(with(&outputs(1, &["TOKEN"], (1, 1000), BASE)) > 400);
}

#[test]
fn lengths_are_kept_whatever_the_base_is() {
    for (shortest, longest) in [(1, 1), (1, 4), (20, 24), (16, 16), (64, 100)] {
        for base in [&b""[..], b"x", BASE, &[7; 300]] {
            for output in outputs(3, &["TOKEN"], (shortest, longest), base) {
                let length = output.len();
                assert!((shortest..=longest).contains(&length), "{length}");
            }
        }
    }
}

#[test]
fn what_is_too_short_is_filled_from_the_base() {
    let mut mutator = Mutator::new(8, 100);
    mutator.base_mut().extend_from_slice(b"abcdef");
    mutator.output.extend_from_slice(b"XY");
    mutator.lengthen();
    assert_eq!(mutator.output(), b"XYcdef\0\0");
}
