//! How inputs are made of testcases.

use super::{custom::CustomMutators, mutate::Tokens, strategy::Strategy};
use fast_rands::StdRand;

/// How inputs are made of testcases.
#[derive(Debug)]
pub struct Mutation {
    /// All random numbers of the session.
    pub rand: StdRand,
    /// The dictionary: first the tokens of the user, then those that were found.
    pub tokens: Tokens,
    /// How testcases are mutated now.
    pub strategy: Strategy,
    /// User-supplied mutators.
    pub custom: Option<Box<CustomMutators>>,
}

impl Mutation {
    /// Stacks mutations of user-supplied mutators on an input that was made by `stacked`
    /// others.
    #[inline]
    pub fn stack_custom(&mut self, input: &mut Vec<u8>, stacked: u32) {
        if let Some(custom) = &mut self.custom {
            custom.havoc(&mut self.rand, input, stacked);
        }
    }
}
