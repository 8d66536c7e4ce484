//! Mutations: from a testcase to an input that nobody tried.
//!
//! | file | what |
//! |---|---|
//! | `tables` | which operator how often |
//! | `operators`, `blocks` | the operators, and how long blocks are |
//! | `partners` | other testcases to take blocks from |
//! | `tokens` | the dictionary |
//! | `numbers` | interesting numbers, and which changes other ones cover |
//! | `text` | whether an input is text |
//!
//! Nothing here knows of the engine, or allocates for a single input.

mod blocks;
mod numbers;
mod operators;
mod partners;
mod tables;
mod text;
mod tokens;

pub use blocks::Blocks;
pub use numbers::{
    INTERESTING_8, INTERESTING_16, INTERESTING_32, MOST_ADDED, is_bit_flip, is_interesting, is_sum,
};
pub use tables::{Aim, Kind};
pub use text::is_text;
pub use tokens::{TokenTable, Tokens};

use fast_rands::{Rand, StdRand};
use operators::Context;
use partners::Partners;
use tables::{Available, Choices};

/// An operator that is of no use is replaced by another one so many times.
const TRIES: u32 = 8;

/// Mutates at random, in place: the same buffers serve for every input.
#[derive(Debug)]
pub struct Mutator {
    base: Vec<u8>,
    output: Vec<u8>,
    choices: Choices,
    context: Context,
    shortest: usize,
}

impl Mutator {
    /// For inputs of `shortest` to `longest` bytes.
    #[must_use]
    pub fn new(shortest: usize, longest: usize) -> Self {
        let longest = longest.max(1);
        Self {
            // The system gives memory to what is written to, not to what is reserved.
            base: Vec::with_capacity(longest),
            output: Vec::with_capacity(longest),
            choices: Choices::new(Kind::default(), Aim::default(), Available::default()),
            context: Context::new(longest),
            shortest: shortest.min(longest),
        }
    }

    /// What is mutated, to be set.
    pub const fn base_mut(&mut self) -> &mut Vec<u8> {
        &mut self.base
    }

    /// What is mutated.
    #[must_use]
    pub fn base(&self) -> &[u8] {
        &self.base
    }

    /// The dictionary.
    pub const fn tokens_mut(&mut self) -> &mut TokenTable {
        &mut self.context.tokens
    }

    /// The other testcases.
    pub const fn partners_mut(&mut self) -> &mut Partners {
        &mut self.context.partners
    }

    /// Begins with a base that was set. `kind` and `aim` choose the operators.
    pub fn begin(&mut self, kind: Kind, aim: Aim, blocks: Blocks) {
        self.base.truncate(self.context.longest);
        if self.base.is_empty() {
            self.base.push(0);
        }
        self.context.blocks = blocks;
        let available = Available {
            tokens: self.context.tokens.count(false) > 0,
            found_tokens: self.context.tokens.count(true) > 0,
            partners: self.context.partners.is_ready(),
        };
        self.choices.adapt(kind, aim, available);
    }

    /// Mutates the base with 1 to `stack` operators. Returns how many.
    #[inline]
    pub fn mutate(&mut self, rand: &mut StdRand, stack: usize) -> u32 {
        self.output.clear();
        self.output.extend_from_slice(&self.base);
        let stacked = 1 + rand.below_or_zero(stack);
        for _ in 0..stacked {
            for _ in 0..TRIES {
                let operator = self.choices.choose(rand);
                if self.context.apply(operator, &mut self.output, rand) {
                    break;
                }
            }
        }
        if self.output.len() < self.shortest {
            self.lengthen();
        }
        stacked as u32
    }

    /// What came out of the last mutation.
    #[inline]
    #[must_use]
    pub fn output(&self) -> &[u8] {
        &self.output
    }

    /// The same, to be changed further.
    pub const fn output_mut(&mut self) -> &mut Vec<u8> {
        &mut self.output
    }

    /// What is missing comes from the base, then it is zero.
    #[cold]
    fn lengthen(&mut self) {
        let from = self.output.len().min(self.base.len());
        let to = self.shortest.min(self.base.len());
        self.output
            .extend_from_slice(&self.base[from..to.max(from)]);
        self.output.resize(self.shortest, 0);
    }
}

#[cfg(test)]
mod tests;
