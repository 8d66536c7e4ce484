//! What candidates are made from, and what a candidate is.

use super::scan::{Number, scan};
use std::ops::ControlFlow;

/// A testcase beside its colorized twin: the same length, the same coverage, other
/// bytes wherever that was possible. What a comparison had from the input has changed
/// with it.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The testcase.
    pub input: &'a [u8],
    /// Its twin.
    pub changed: &'a [u8],
    /// The numbers that are written as text in both, at the same places.
    pub numbers: Vec<Number>,
}

impl<'a> Subject<'a> {
    /// Of two inputs of the same length.
    #[must_use]
    pub fn new(input: &'a [u8], changed: &'a [u8]) -> Self {
        debug_assert_eq!(input.len(), changed.len());
        Self {
            input,
            changed,
            numbers: scan(input, changed),
        }
    }
}

/// A candidate: the testcase with `remove` bytes at `at` replaced by `insert`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Edit<'a> {
    /// Where, in bytes.
    pub at: usize,
    /// How many bytes go.
    pub remove: usize,
    /// What comes in their place.
    pub insert: &'a [u8],
}

impl Edit<'_> {
    /// Writes the candidate to `output`. What would be removed behind the end of the
    /// input is not there.
    pub fn apply(&self, input: &[u8], output: &mut Vec<u8>) {
        let at = self.at.min(input.len());
        output.clear();
        output.extend_from_slice(&input[..at]);
        output.extend_from_slice(self.insert);
        output.extend_from_slice(input.get(at + self.remove..).unwrap_or_default());
    }
}

/// Takes candidates as they are made, and says when there are enough.
pub type Try<'t> = dyn FnMut(Edit<'_>) -> ControlFlow<()> + 't;

/// What is worth trying beyond what is cheap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Effort {
    /// A comparison without a known predicate may ask for greater or less.
    pub neighbours: bool,
    /// Operands that were computed from the input: sums, exclusive or, letter case.
    pub transforms: bool,
    /// Buffers that were decoded from hexadecimal or base64 text, or encoded.
    pub extreme: bool,
    /// The SCALE encoding of integers.
    pub scale: bool,
}

#[cfg(test)]
impl Effort {
    /// Nothing beyond what is cheap.
    pub const CHEAP: Self = Self {
        neighbours: false,
        transforms: false,
        extreme: false,
        scale: false,
    };

    /// All there is.
    pub const ALL: Self = Self {
        neighbours: true,
        transforms: true,
        extreme: true,
        scale: true,
    };
}
