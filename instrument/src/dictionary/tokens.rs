//! Tokens: which are worth it, and how they are written down.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt::Write,
};

/// Longer strings are messages rather than keywords.
const LONGEST: usize = 64;

/// A longer number is hardly what a person wrote.
const LONGEST_NUMBER: usize = 12;

/// A fuzzer that chooses from more than this hardly ever takes the right one.
const MOST: usize = 1024;

/// A constant that the program compares its input with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its bytes, 2 at least.
    pub bytes: Vec<u8>,
    /// What it was taken from.
    pub source: Source,
}

/// Where a token comes from, the most useful first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// It is an argument of a function that compares strings or memory.
    String,
    /// It is compared as a whole with a register or memory.
    Number,
    /// It is such a number the other way round: the input may be in that order.
    Swapped,
    /// It is a word in a table.
    Word,
}

/// Tokens as they are found, each once.
#[derive(Debug, Default)]
pub(super) struct Collection {
    /// The order in which it was found.
    seen: HashMap<Vec<u8>, (Source, usize)>,
}

impl Collection {
    /// What a string or memory is compared with.
    pub(super) fn string(&mut self, bytes: &[u8]) {
        let bytes = without_end(bytes);
        if (2..=LONGEST).contains(&bytes.len()) && bytes.iter().any(|&byte| byte != bytes[0]) {
            self.add(bytes.to_vec(), Source::String);
        }
    }

    /// A number of `width` bytes that memory is compared with.
    pub(super) fn number_in_memory(&mut self, value: u64, width: usize) {
        if !matches!(width, 2 | 4 | 8) || is_ordinary(value, width) {
            return;
        }
        let bytes = &value.to_le_bytes()[..width];
        let text = without_end(bytes);
        if text.iter().all(is_printable) {
            self.string(text);
        } else {
            self.add(bytes.to_vec(), Source::Number);
        }
    }

    /// A floating-point number, of four or eight bytes, that something is compared with:
    /// itself, what lies next to it on both sides, and how it is written.
    pub(super) fn float(&mut self, bytes: &[u8]) {
        let (value, near): (f64, [Vec<u8>; 3]) = if let Ok(single) = bytes.try_into() {
            let value = f32::from_le_bytes(single);
            let near = [value, value.next_up(), value.next_down()];
            (value.into(), near.map(|it| it.to_le_bytes().into()))
        } else if let Ok(double) = bytes.try_into() {
            let value = f64::from_le_bytes(double);
            let near = [value, value.next_up(), value.next_down()];
            (value, near.map(|it| it.to_le_bytes().into()))
        } else {
            return;
        };
        if !value.is_finite() || value == 0.0 {
            return;
        }
        let text = if bytes.len() == 4 {
            format!("{}", value as f32)
        } else {
            format!("{value}")
        };
        if text.len() <= LONGEST_NUMBER {
            self.string(text.as_bytes());
        }
        for bytes in near {
            self.add(bytes, Source::Number);
        }
    }

    /// A number of `width` bytes that something is compared with of which it is not
    /// known how it came from memory.
    pub(super) fn number(&mut self, value: u64, width: usize) {
        // A length, rather than eight bytes of the input.
        let width = if width == 8 && value >> 32 == 0 {
            4
        } else {
            width
        };
        if !matches!(width, 2 | 4 | 8) || is_ordinary(value, width) {
            return;
        }
        let mut swapped = value.to_le_bytes()[..width].to_vec();
        swapped.reverse();
        self.number_in_memory(value, width);
        self.add(swapped, Source::Swapped);
    }

    /// A word out of a table.
    pub(super) fn word(&mut self, word: &[u8]) {
        if is_word(word) {
            self.add(word.to_vec(), Source::Word);
        }
    }

    fn add(&mut self, bytes: Vec<u8>, source: Source) {
        let order = self.seen.len();
        match self.seen.entry(bytes) {
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                known.0 = known.0.min(source);
            }
            Entry::Vacant(place) => {
                place.insert((source, order));
            }
        }
    }

    /// The tokens, the most useful first.
    pub(super) fn into_tokens(self) -> Vec<Token> {
        let mut tokens: Vec<_> = self.seen.into_iter().collect();
        tokens.sort_unstable_by_key(|(_, place)| *place);
        tokens.truncate(MOST);
        tokens
            .into_iter()
            .map(|(bytes, (source, _))| Token { bytes, source })
            .collect()
    }
}

/// A string without the zeros behind it.
fn without_end(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().rev().take_while(|&&byte| byte == 0).count();
    let text = &bytes[..bytes.len() - zeros];
    if text.iter().all(is_printable) {
        text
    } else {
        bytes
    }
}

fn is_printable(byte: &u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r')
}

/// Numbers that mutation finds by itself, small ones and powers of two, and those that
/// compilers subtract.
fn is_ordinary(value: u64, width: usize) -> bool {
    let mask = u64::MAX >> (64 - 8 * width);
    let value = value & mask;
    let negative = value.wrapping_neg() & mask;
    let bits = |value: u64| 64 - value.leading_zeros() - value.trailing_zeros().min(63);
    value <= 0xff
        || negative <= if width > 2 { 0x1_0000 } else { 0x100 }
        || bits(value) <= 1
        || bits(value + 1) <= 1
}

/// A keyword or a name, not a message.
fn is_word(word: &[u8]) -> bool {
    const SIGNS: &[u8] = b"_-<>/!?:.#&%$@=*+~^|";
    (2..=24).contains(&word.len())
        && word
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || SIGNS.contains(byte))
        && !word.iter().all(u8::is_ascii_digit)
}

/// As a target sends it: `{ u8 n, n bytes }`, no more than `room` bytes.
pub(super) fn as_sent(tokens: &[Token], room: usize) -> Vec<u8> {
    let mut sent = Vec::new();
    for Token { bytes, .. } in tokens {
        if sent.len() + 1 + bytes.len() > room {
            break;
        }
        sent.push(bytes.len() as u8);
        sent.extend_from_slice(bytes);
    }
    sent
}

/// In the format of AFL's dictionaries.
pub(super) fn as_text(tokens: &[Token]) -> String {
    let mut text = String::new();
    for Token { bytes, .. } in tokens {
        text.push('"');
        for &byte in bytes {
            // Writing to a string cannot fail.
            let _ = match byte {
                b'"' | b'\\' => write!(text, "\\{}", byte as char),
                b' '..=b'~' => write!(text, "{}", byte as char),
                _ => write!(text, "\\x{byte:02x}"),
            };
        }
        text.push_str("\"\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_mutation_finds_by_itself_are_left_out() {
        for (value, width) in [
            (0, 4),
            (1, 8),
            (255, 2),
            (0xffff_ffff, 4),
            (0xffff_fff0, 4),
            (u64::MAX, 4),
            (0x8000, 2),
            (0x7fff_ffff, 4),
            (0x10000, 4),
            (4096, 8),
        ] {
            assert!(is_ordinary(value, width), "{value:x} {width}");
        }
        for (value, width) in [(1000, 4), (0xdead_beef, 4), (0xffee_8950, 4), (0x8950, 2)] {
            assert!(!is_ordinary(value, width), "{value:x} {width}");
        }
    }

    #[test]
    fn each_token_is_there_once_the_most_useful_first() {
        let mut found = Collection::default();
        found.word(b"while");
        found.number(0x474e_5089, 4);
        found.string(b"while");
        found.word(b"not a word");
        found.word(b"12");
        found.string(b"AAAA");
        found.number(0x474e_5089, 1);
        found.number_in_memory(0x1234_5678, 4);
        let tokens = found.into_tokens();
        let bytes: Vec<&[u8]> = tokens.iter().map(|token| &token.bytes[..]).collect();
        assert_eq!(
            bytes,
            [b"while".as_slice(), b"\x89PNG", b"xV4\x12", b"GNP\x89"]
        );
        assert_eq!(as_sent(&tokens, 12), b"\x05while\x04\x89PNG"[..11]);
        assert_eq!(
            as_text(&tokens),
            "\"while\"\n\"\\x89PNG\"\n\"xV4\\x12\"\n\"GNP\\x89\"\n"
        );
    }

    #[test]
    fn text_has_one_order_and_no_zeros_behind_it() {
        let mut found = Collection::default();
        found.number_in_memory(u64::from_le_bytes(*b"line\0\0\0\0"), 8);
        found.number(u64::from_le_bytes(*b"GIF8\0\0\0\0"), 4);
        found.string(b"key\0");
        found.string(b"\x01\0\0");
        let tokens = found.into_tokens();
        let bytes: Vec<&[u8]> = tokens.iter().map(|token| &token.bytes[..]).collect();
        assert_eq!(
            bytes,
            [b"line".as_slice(), b"GIF8", b"key", b"\x01\0\0", b"8FIG"]
        );
    }
}
