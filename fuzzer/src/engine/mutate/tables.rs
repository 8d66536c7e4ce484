//! Which operator how often: afl-fuzz's tables of weights.
//!
//! They are those of AFL++ 4.40c. "Generic" is what afl-fuzz takes when it is not
//! told what inputs are; its tables for text and binary inputs hold operators that
//! the generic ones lack: numbers in ASCII, single bytes, shuffling.

use fast_rands::{Rand, StdRand};

/// One kind of change to an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Operator {
    /// Flips a bit.
    FlipBit,
    /// Sets a byte to an interesting value.
    Interesting8,
    /// Sets two bytes to an interesting value, little-endian.
    Interesting16,
    /// The same, big-endian.
    Interesting16Be,
    /// Sets four bytes to an interesting value, little-endian.
    Interesting32,
    /// The same, big-endian.
    Interesting32Be,
    /// Subtracts from a byte.
    Subtract8,
    /// Adds to a byte.
    Add8,
    /// Subtracts from two bytes, little-endian.
    Subtract16,
    /// The same, big-endian.
    Subtract16Be,
    /// Adds to two bytes, little-endian.
    Add16,
    /// The same, big-endian.
    Add16Be,
    /// Subtracts from four bytes, little-endian.
    Subtract32,
    /// The same, big-endian.
    Subtract32Be,
    /// Adds to four bytes, little-endian.
    Add32,
    /// The same, big-endian.
    Add32Be,
    /// Sets a byte to any other value.
    Random8,
    /// Inserts a copy of a block of the input.
    CloneBlock,
    /// Inserts a block of one byte, repeated.
    InsertFixed,
    /// Overwrites with a block from elsewhere in the input.
    OverwriteBlock,
    /// Overwrites with one byte, repeated.
    OverwriteFixed,
    /// Adds 1 to a byte.
    Increment,
    /// Subtracts 1 from a byte.
    Decrement,
    /// Flips all bits of a byte.
    FlipByte,
    /// Exchanges two blocks.
    SwapBlocks,
    /// Deletes a block.
    DeleteBlock,
    /// Shuffles the bytes of a block.
    Shuffle,
    /// Deletes a byte.
    DeleteByte,
    /// Inserts a byte.
    InsertByte,
    /// Changes a decimal number.
    ChangeNumber,
    /// Overwrites with digits.
    OverwriteDigits,
    /// Overwrites with a token of the user's.
    OverwriteToken,
    /// Inserts a token of the user's.
    InsertToken,
    /// Overwrites with a token that was found on the way.
    OverwriteFoundToken,
    /// Inserts a token that was found on the way.
    InsertFoundToken,
    /// Overwrites with a block of another testcase.
    SpliceOverwrite,
    /// Inserts a block of another testcase.
    SpliceInsert,
}

/// What inputs are taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Anything.
    #[default]
    Generic,
    /// Text.
    Text,
    /// Binary data.
    Binary,
}

/// What mutations are after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Aim {
    /// New code.
    #[default]
    Explore,
    /// Bugs in the code that is known.
    Exploit,
}

/// Generic, text, binary; of each first to explore, then to exploit.
type Weights = [u8; 6];

/// How often each operator is chosen.
pub const WEIGHTS: [(Operator, Weights); 37] = {
    use Operator::*;
    [
        (FlipBit, [11, 8, 6, 7, 7, 7]),
        (Interesting8, [9, 4, 5, 7, 6, 7]),
        (Interesting16, [6, 2, 5, 7, 6, 7]),
        (Interesting16Be, [6, 2, 5, 7, 6, 7]),
        (Interesting32, [6, 2, 5, 8, 6, 8]),
        (Interesting32Be, [6, 2, 5, 8, 6, 8]),
        (Subtract8, [9, 6, 6, 6, 7, 6]),
        (Add8, [10, 6, 6, 7, 7, 7]),
        (Subtract16, [6, 5, 6, 6, 6, 6]),
        (Subtract16Be, [6, 5, 6, 7, 6, 7]),
        (Add16, [6, 5, 6, 7, 6, 7]),
        (Add16Be, [6, 5, 6, 7, 6, 7]),
        (Subtract32, [6, 5, 6, 6, 6, 6]),
        (Subtract32Be, [6, 5, 6, 6, 6, 7]),
        (Add32, [6, 5, 6, 6, 7, 7]),
        (Add32Be, [6, 5, 6, 7, 6, 7]),
        (Random8, [9, 8, 6, 7, 6, 7]),
        (CloneBlock, [14, 16, 13, 9, 14, 9]),
        (InsertFixed, [7, 8, 10, 8, 9, 8]),
        (OverwriteBlock, [10, 10, 9, 6, 9, 6]),
        (OverwriteFixed, [5, 5, 8, 6, 7, 6]),
        (Increment, [6, 5, 6, 7, 7, 7]),
        (Decrement, [6, 5, 6, 6, 7, 6]),
        (FlipByte, [4, 4, 8, 9, 10, 10]),
        (SwapBlocks, [6, 7, 8, 7, 7, 7]),
        (DeleteBlock, [9, 10, 7, 6, 6, 6]),
        (Shuffle, [0, 0, 8, 7, 6, 6]),
        (DeleteByte, [0, 0, 7, 5, 6, 5]),
        (InsertByte, [0, 0, 6, 6, 6, 6]),
        (ChangeNumber, [0, 0, 8, 6, 6, 5]),
        (OverwriteDigits, [0, 0, 8, 8, 6, 7]),
        (OverwriteToken, [10, 7, 8, 7, 7, 7]),
        (InsertToken, [12, 9, 8, 7, 7, 7]),
        (OverwriteFoundToken, [9, 4, 6, 7, 6, 7]),
        (InsertFoundToken, [11, 5, 6, 7, 6, 7]),
        (SpliceOverwrite, [13, 12, 9, 7, 8, 7]),
        (SpliceInsert, [14, 13, 10, 9, 10, 9]),
    ]
};

/// What there is for operators that take bytes from elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Available {
    /// Tokens of the user's.
    pub tokens: bool,
    /// Tokens that were found on the way.
    pub found_tokens: bool,
    /// Other testcases.
    pub partners: bool,
}

impl Available {
    fn has(self, operator: Operator) -> bool {
        match operator {
            Operator::OverwriteToken | Operator::InsertToken => self.tokens,
            Operator::OverwriteFoundToken | Operator::InsertFoundToken => self.found_tokens,
            Operator::SpliceOverwrite | Operator::SpliceInsert => self.partners,
            _ => true,
        }
    }
}

/// A table to choose from: each operator stands in it as often as it has weight.
#[derive(Debug, Clone)]
pub struct Choices {
    made_for: (Kind, Aim, Available),
    operators: [Operator; 256],
    count: usize,
}

impl Choices {
    /// The table for inputs of a kind, without the operators that lack something.
    #[must_use]
    pub fn new(kind: Kind, aim: Aim, available: Available) -> Self {
        let column = match (kind, aim) {
            (Kind::Generic, Aim::Explore) => 0,
            (Kind::Generic, Aim::Exploit) => 1,
            (Kind::Text, Aim::Explore) => 2,
            (Kind::Text, Aim::Exploit) => 3,
            (Kind::Binary, Aim::Explore) => 4,
            (Kind::Binary, Aim::Exploit) => 5,
        };
        let mut operators = [Operator::FlipBit; 256];
        let mut count = 0;
        for (operator, weights) in WEIGHTS {
            if !available.has(operator) {
                continue;
            }
            let end = count + usize::from(weights[column]);
            operators[count..end].fill(operator);
            count = end;
        }
        Self {
            made_for: (kind, aim, available),
            operators,
            count,
        }
    }

    /// Makes the table anew if it is for something else.
    pub fn adapt(&mut self, kind: Kind, aim: Aim, available: Available) {
        if self.made_for != (kind, aim, available) {
            *self = Self::new(kind, aim, available);
        }
    }

    /// An operator at random.
    #[inline]
    pub fn choose(&self, rand: &mut StdRand) -> Operator {
        self.operators[rand.below_or_zero(self.count) & 0xff]
    }
}

#[cfg(test)]
mod tests {
    use super::{Aim, Available, Choices, Kind, WEIGHTS};
    use fast_rands::StdRand;
    use std::collections::HashMap;

    const ALL: Available = Available {
        tokens: true,
        found_tokens: true,
        partners: true,
    };

    const TABLES: [(Kind, Aim); 6] = [
        (Kind::Generic, Aim::Explore),
        (Kind::Generic, Aim::Exploit),
        (Kind::Text, Aim::Explore),
        (Kind::Text, Aim::Exploit),
        (Kind::Binary, Aim::Explore),
        (Kind::Binary, Aim::Exploit),
    ];

    #[test]
    fn the_weights_add_up_to_the_sizes_of_afl_fuzzs_tables() {
        let sums: [u32; 6] =
            std::array::from_fn(|column| WEIGHTS.iter().map(|(_, w)| u32::from(w[column])).sum());
        assert_eq!(sums, [256, 200, 256, 256, 256, 256]);
        for (at, (operator, _)) in WEIGHTS.iter().enumerate() {
            assert_eq!(*operator as usize, at, "each operator once, in its order");
        }
    }

    #[test]
    fn operators_are_chosen_as_often_as_their_weights_say() {
        const DRAWS: u32 = 500_000;
        let some = Available {
            partners: false,
            ..ALL
        };
        for (column, (kind, aim)) in TABLES.into_iter().enumerate() {
            for available in [ALL, some, Available::default()] {
                let choices = Choices::new(kind, aim, available);
                let mut rand = StdRand::with_seed(7);
                let mut counts = HashMap::new();
                for _ in 0..DRAWS {
                    *counts.entry(choices.choose(&mut rand)).or_insert(0_u32) += 1;
                }
                for (operator, weights) in WEIGHTS {
                    let weight = if available.has(operator) {
                        weights[column]
                    } else {
                        0
                    };
                    let expected = f64::from(weight) * f64::from(DRAWS) / choices.count as f64;
                    let drawn = f64::from(counts.get(&operator).copied().unwrap_or_default());
                    // Five times the standard deviation.
                    assert!(
                        (drawn - expected).abs() <= 5.0 * expected.sqrt(),
                        "{kind:?} {aim:?} {operator:?}: {drawn} for {expected}"
                    );
                }
            }
        }
    }
}
