//! The dictionary, and its tokens in a form that is fast to choose from.

use fast_rands::{Rand, StdRand};
use std::collections::HashSet;

/// The tokens of a session, in the order in which they were added, each once.
#[derive(Debug, Clone, Default)]
pub struct Tokens {
    list: Vec<Vec<u8>>,
    known: HashSet<Vec<u8>>,
}

impl Tokens {
    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Vec<u8>] {
        &self.list
    }

    /// Adds a token, if it is not there.
    pub fn add(&mut self, token: &[u8]) {
        if self.known.insert(token.to_vec()) {
            self.list.push(token.to_vec());
        }
    }
}

/// All tokens, one behind the other: first those of the user, then those that were
/// found on the way.
#[derive(Debug, Clone, Default)]
pub struct TokenTable {
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
    /// How many are the user's.
    given: usize,
}

impl TokenTable {
    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Holds these from now on, of which the first `given` are the user's.
    pub fn load(&mut self, tokens: &[Vec<u8>], given: usize) {
        self.bytes.clear();
        self.ends.clear();
        for token in tokens {
            self.bytes.extend_from_slice(token);
            self.ends.push(self.bytes.len());
        }
        self.given = given.min(tokens.len());
    }

    /// How many are the user's, or were found.
    #[must_use]
    pub const fn count(&self, is_found: bool) -> usize {
        if is_found {
            self.ends.len() - self.given
        } else {
            self.given
        }
    }

    /// The token of this number, of the user's or of those that were found.
    #[inline]
    #[must_use]
    pub fn get(&self, is_found: bool, number: usize) -> &[u8] {
        let index = if is_found {
            self.given + number
        } else {
            number
        };
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[start..self.ends[index]]
    }

    /// One at random.
    #[inline]
    pub fn choose(&self, is_found: bool, rand: &mut StdRand) -> Option<&[u8]> {
        let count = self.count(is_found);
        (count > 0).then(|| self.get(is_found, rand.below_or_zero(count)))
    }
}

#[cfg(test)]
mod tests {
    use super::{TokenTable, Tokens};
    use fast_rands::StdRand;

    #[test]
    fn a_token_is_added_once() {
        let mut tokens = Tokens::default();
        for token in ["if", "else", "if"] {
            tokens.add(token.as_bytes());
        }
        assert_eq!(tokens.all(), [&b"if"[..], b"else"]);
    }

    #[test]
    fn the_users_tokens_and_found_ones_are_told_apart() {
        let mut rand = StdRand::with_seed(1);
        let mut table = TokenTable::default();
        assert_eq!(table.choose(false, &mut rand), None);
        let tokens = ["if", "else", "0x"].map(|token| token.as_bytes().to_vec());
        table.load(&tokens, 2);
        assert_eq!((table.count(false), table.count(true)), (2, 1));
        assert_eq!(table.get(false, 0), b"if");
        assert_eq!(table.get(false, 1), b"else");
        assert_eq!(table.get(true, 0), b"0x");
        table.load(&tokens[..1], 5);
        assert_eq!((table.len(), table.count(true)), (1, 0));
    }
}
