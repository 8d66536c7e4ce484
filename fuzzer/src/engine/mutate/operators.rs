//! The operators: each changes the bytes in place.
//!
//! The buffer has room for the longest input from the beginning, so that none of
//! them allocates.

use super::{
    blocks::{Blocks, LONGEST_BLOCK},
    numbers::{INTERESTING_8, INTERESTING_16, INTERESTING_32, MOST_ADDED},
    partners::Partners,
    tables::Operator,
    tokens::TokenTable,
};
use fast_rands::{Rand, StdRand};
use std::io::Write;

/// Digits of the longest number that is understood or written, with its sign.
const DIGITS: usize = 20;

/// What operators take from elsewhere, and their limits.
#[derive(Debug)]
pub struct Context {
    /// The longest that an input may become.
    pub longest: usize,
    /// How long blocks are.
    pub blocks: Blocks,
    /// Tokens.
    pub tokens: TokenTable,
    /// Other testcases.
    pub partners: Partners,
    /// A block on its way from one place to another.
    block: Vec<u8>,
}

impl Context {
    /// Without tokens and testcases.
    #[must_use]
    pub fn new(longest: usize) -> Self {
        Self {
            longest,
            blocks: Blocks::default(),
            tokens: TokenTable::default(),
            partners: Partners::new(),
            block: Vec::with_capacity(LONGEST_BLOCK),
        }
    }

    /// Applies an operator. `bytes` must not be empty, nor longer than allowed, and
    /// is not empty afterwards. Returns whether the operator was of any use here;
    /// if it was not, nothing is changed.
    #[inline]
    pub fn apply(&mut self, operator: Operator, bytes: &mut Vec<u8>, rand: &mut StdRand) -> bool {
        use Operator as Op;
        match operator {
            Op::FlipBit => {
                let bit = 1 << rand.below_or_zero(8);
                change_byte(bytes, rand, |byte| byte ^ bit);
            }
            Op::Interesting8 => {
                let value = INTERESTING_8[rand.below_or_zero(INTERESTING_8.len())] as u8;
                change_byte(bytes, rand, |_| value);
            }
            Op::Interesting16 | Op::Interesting16Be => {
                let value = INTERESTING_16[rand.below_or_zero(INTERESTING_16.len())] as u16;
                return change_16(bytes, rand, operator == Op::Interesting16Be, |_| value);
            }
            Op::Interesting32 | Op::Interesting32Be => {
                let value = INTERESTING_32[rand.below_or_zero(INTERESTING_32.len())] as u32;
                return change_32(bytes, rand, operator == Op::Interesting32Be, |_| value);
            }
            Op::Subtract8 | Op::Add8 => {
                let number = summand(rand, operator == Op::Subtract8) as u8;
                change_byte(bytes, rand, |byte| byte.wrapping_add(number));
            }
            Op::Subtract16 | Op::Subtract16Be | Op::Add16 | Op::Add16Be => {
                let is_big = matches!(operator, Op::Subtract16Be | Op::Add16Be);
                let is_minus = matches!(operator, Op::Subtract16 | Op::Subtract16Be);
                let number = summand(rand, is_minus) as u16;
                return change_16(bytes, rand, is_big, |old| old.wrapping_add(number));
            }
            Op::Subtract32 | Op::Subtract32Be | Op::Add32 | Op::Add32Be => {
                let is_big = matches!(operator, Op::Subtract32Be | Op::Add32Be);
                let is_minus = matches!(operator, Op::Subtract32 | Op::Subtract32Be);
                let number = summand(rand, is_minus);
                return change_32(bytes, rand, is_big, |old| old.wrapping_add(number));
            }
            Op::Random8 => {
                let other = 1 + rand.below_or_zero(255) as u8;
                change_byte(bytes, rand, |byte| byte ^ other);
            }
            Op::Increment => change_byte(bytes, rand, |byte| byte.wrapping_add(1)),
            Op::Decrement => change_byte(bytes, rand, |byte| byte.wrapping_sub(1)),
            Op::FlipByte => change_byte(bytes, rand, |byte| !byte),
            Op::CloneBlock => return self.clone_block(bytes, rand),
            Op::InsertFixed => {
                let length = self.block_length(LONGEST_BLOCK, rand);
                return self.insert_fixed(bytes, length, rand);
            }
            Op::InsertByte => return self.insert_fixed(bytes, 1, rand),
            Op::OverwriteBlock => return self.overwrite_block(bytes, rand),
            Op::OverwriteFixed => return self.overwrite_fixed(bytes, rand),
            Op::SwapBlocks => return self.swap_blocks(bytes, rand),
            Op::DeleteBlock => {
                let length = self.block_length(bytes.len().saturating_sub(1), rand);
                return delete(bytes, length, rand);
            }
            Op::DeleteByte => return delete(bytes, 1, rand),
            Op::Shuffle => return self.shuffle(bytes, rand),
            Op::ChangeNumber => return self.change_number(bytes, rand),
            Op::OverwriteDigits => return overwrite_digits(bytes, rand),
            Op::OverwriteToken | Op::OverwriteFoundToken => {
                let is_found = operator == Op::OverwriteFoundToken;
                let Some(token) = self.tokens.choose(is_found, rand) else {
                    return false;
                };
                return overwrite(bytes, token, rand);
            }
            Op::InsertToken | Op::InsertFoundToken => {
                let is_found = operator == Op::InsertFoundToken;
                let Some(token) = self.tokens.choose(is_found, rand) else {
                    return false;
                };
                return insert(bytes, token, self.longest, rand);
            }
            Op::SpliceOverwrite | Op::SpliceInsert => {
                let Some(other) = self.partners.choose(rand) else {
                    return false;
                };
                let is_insert = operator == Op::SpliceInsert;
                let most = if is_insert {
                    other.len()
                } else {
                    other.len() - 1
                };
                let length = block_length(self.blocks, most, rand);
                let length = if is_insert {
                    length
                } else {
                    length.min(bytes.len())
                };
                let from = rand.below_or_zero(other.len() - length + 1);
                let block = &other[from..from + length];
                return if is_insert {
                    insert(bytes, block, self.longest, rand)
                } else {
                    overwrite(bytes, block, rand)
                };
            }
        }
        true
    }

    fn block_length(&self, most: usize, rand: &mut StdRand) -> usize {
        block_length(self.blocks, most, rand)
    }

    fn clone_block(&mut self, bytes: &mut Vec<u8>, rand: &mut StdRand) -> bool {
        let length = self.block_length(bytes.len(), rand);
        let from = rand.below_or_zero(bytes.len() - length + 1);
        self.block.clear();
        self.block.extend_from_slice(&bytes[from..from + length]);
        insert(bytes, &self.block, self.longest, rand)
    }

    /// Inserts one byte so many times: any byte, or the one before.
    fn insert_fixed(&self, bytes: &mut Vec<u8>, length: usize, rand: &mut StdRand) -> bool {
        let length = length.min(self.longest - bytes.len());
        if length == 0 {
            return false;
        }
        let at = rand.below_or_zero(bytes.len() + 1);
        let byte = any_byte_or_the_one_before(bytes, at, rand);
        make_gap(bytes, at, length);
        bytes[at..at + length].fill(byte);
        true
    }

    fn overwrite_block(&self, bytes: &mut [u8], rand: &mut StdRand) -> bool {
        if bytes.len() < 2 {
            return false;
        }
        let length = self.block_length(bytes.len() - 1, rand);
        let places = bytes.len() - length + 1;
        let from = rand.below_or_zero(places);
        // Any place but the same one.
        let to = (from + 1 + rand.below_or_zero(places - 1)) % places;
        bytes.copy_within(from..from + length, to);
        true
    }

    fn overwrite_fixed(&self, bytes: &mut [u8], rand: &mut StdRand) -> bool {
        if bytes.len() < 2 {
            return false;
        }
        let length = self.block_length(bytes.len() - 1, rand);
        let at = rand.below_or_zero(bytes.len() - length + 1);
        let byte = any_byte_or_the_one_before(bytes, at, rand);
        bytes[at..at + length].fill(byte);
        true
    }

    fn swap_blocks(&self, bytes: &mut [u8], rand: &mut StdRand) -> bool {
        if bytes.len() < 4 {
            return false;
        }
        let one = rand.below_or_zero(bytes.len());
        let other = (one + 1 + rand.below_or_zero(bytes.len() - 1)) % bytes.len();
        let (first, second) = (one.min(other), one.max(other));
        let most = (second - first).min(bytes.len() - second);
        let length = self.block_length(most, rand);
        let (head, tail) = bytes.split_at_mut(second);
        head[first..first + length].swap_with_slice(&mut tail[..length]);
        true
    }

    fn shuffle(&self, bytes: &mut [u8], rand: &mut StdRand) -> bool {
        if bytes.len() < 4 {
            return false;
        }
        let length = self.block_length(bytes.len() - 1, rand);
        let at = rand.below_or_zero(bytes.len() - length + 1);
        let block = &mut bytes[at..at + length];
        for last in (1..block.len()).rev() {
            block.swap(last, rand.below_or_zero(last));
        }
        true
    }

    /// Changes a decimal number, with its sign: the first one from some place on.
    fn change_number(&mut self, bytes: &mut Vec<u8>, rand: &mut StdRand) -> bool {
        let place = rand.below_or_zero(bytes.len());
        let digit_in = |from: usize, to: usize| {
            let found = bytes[from..to].iter().position(u8::is_ascii_digit);
            found.map(|at| from + at)
        };
        let Some(digit) = digit_in(place, bytes.len()).or_else(|| digit_in(0, place)) else {
            return false;
        };
        let before = bytes[..digit].iter().rev();
        let first = digit - before.take_while(|byte| byte.is_ascii_digit()).count();
        let digits = bytes[first..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit());
        let end = first + digits.count();
        let mut value = bytes[first..end].iter().fold(0_i64, |value, digit| {
            value.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'))
        });
        let mut start = first;
        if first > 0 && bytes[first - 1] == b'-' {
            start -= 1;
            value = value.wrapping_neg();
        }
        let value = other_number(value, rand);
        let mut text = [0; DIGITS];
        let mut rest = &mut text[..];
        // The longest number has just that many characters.
        let _ = write!(rest, "{value}");
        let length = DIGITS - rest.len();
        let (old, length) = (end - start, length.min(self.longest));
        if length > old {
            if bytes.len() + length - old > self.longest {
                return false;
            }
            make_gap(bytes, end, length - old);
        } else {
            close_gap(bytes, start + length, old - length);
        }
        bytes[start..start + length].copy_from_slice(&text[..length]);
        true
    }
}

/// A length from 1 to `most`, which must not be 0.
#[inline]
fn block_length(blocks: Blocks, most: usize, rand: &mut StdRand) -> usize {
    const SHORT: (usize, usize) = (1, 32);
    const MEDIUM: (usize, usize) = (32, 128);
    let sizes = match blocks {
        Blocks::Short => 1,
        Blocks::Medium => 2,
        Blocks::Long => 3,
    };
    let (from, to) = match if sizes == 1 {
        0
    } else {
        rand.below_or_zero(sizes)
    } {
        0 => SHORT,
        1 => MEDIUM,
        _ if rand.below_or_zero(10) > 0 => (128, 1500),
        _ => (1500, LONGEST_BLOCK),
    };
    let from = if from >= most { 1 } else { from };
    from + rand.below_or_zero(to.min(most).saturating_sub(from) + 1)
}

#[inline]
fn change_byte(bytes: &mut [u8], rand: &mut StdRand, change: impl FnOnce(u8) -> u8) {
    let at = rand.below_or_zero(bytes.len());
    bytes[at] = change(bytes[at]);
}

#[inline]
fn change_16(
    bytes: &mut [u8],
    rand: &mut StdRand,
    is_big_endian: bool,
    change: impl FnOnce(u16) -> u16,
) -> bool {
    let at = rand.below_or_zero(bytes.len().saturating_sub(1));
    let Some(place) = bytes[at..].first_chunk_mut() else {
        return false;
    };
    *place = if is_big_endian {
        change(u16::from_be_bytes(*place)).to_be_bytes()
    } else {
        change(u16::from_le_bytes(*place)).to_le_bytes()
    };
    true
}

#[inline]
fn change_32(
    bytes: &mut [u8],
    rand: &mut StdRand,
    is_big_endian: bool,
    change: impl FnOnce(u32) -> u32,
) -> bool {
    let at = rand.below_or_zero(bytes.len().saturating_sub(3));
    let Some(place) = bytes[at..].first_chunk_mut() else {
        return false;
    };
    *place = if is_big_endian {
        change(u32::from_be_bytes(*place)).to_be_bytes()
    } else {
        change(u32::from_le_bytes(*place)).to_le_bytes()
    };
    true
}

/// A small number, to be added; its negative, modulo 2 to the 32nd, if it is to be
/// subtracted.
#[inline]
fn summand(rand: &mut StdRand, is_minus: bool) -> u32 {
    let number = 1 + rand.below_or_zero(MOST_ADDED as usize) as u32;
    if is_minus {
        number.wrapping_neg()
    } else {
        number
    }
}

fn any_byte_or_the_one_before(bytes: &[u8], at: usize, rand: &mut StdRand) -> u8 {
    let any = rand.next();
    if any & 1 == 0 {
        (any >> 32) as u8
    } else {
        bytes[at.saturating_sub(1)]
    }
}

/// Keeps one byte at least.
fn delete(bytes: &mut Vec<u8>, length: usize, rand: &mut StdRand) -> bool {
    if bytes.len() <= length {
        return false;
    }
    let at = rand.below_or_zero(bytes.len() - length + 1);
    close_gap(bytes, at, length);
    true
}

fn overwrite(bytes: &mut [u8], block: &[u8], rand: &mut StdRand) -> bool {
    if block.len() > bytes.len() {
        return false;
    }
    let at = rand.below_or_zero(bytes.len() - block.len() + 1);
    bytes[at..at + block.len()].copy_from_slice(block);
    true
}

fn insert(bytes: &mut Vec<u8>, block: &[u8], longest: usize, rand: &mut StdRand) -> bool {
    if bytes.len() + block.len() > longest {
        return false;
    }
    let at = rand.below_or_zero(bytes.len() + 1);
    make_gap(bytes, at, block.len());
    bytes[at..at + block.len()].copy_from_slice(block);
    true
}

fn overwrite_digits(bytes: &mut [u8], rand: &mut StdRand) -> bool {
    let length = 1 + rand.below_or_zero(8);
    let at = rand.below_or_zero(bytes.len());
    let Some(place) = bytes.get_mut(at..at + length) else {
        return false;
    };
    let mut digits = rand.next();
    for byte in place {
        *byte = b'0' + (digits % 10) as u8;
        digits /= 10;
    }
    true
}

fn other_number(value: i64, rand: &mut StdRand) -> i64 {
    let any_byte = |rand: &mut StdRand| rand.below_or_zero(256) as i64;
    match rand.below_or_zero(8) {
        0 => value.wrapping_add(1),
        1 => value.wrapping_sub(1),
        2 => value.wrapping_mul(2),
        3 => value / 2,
        4 => match usize::try_from(value) {
            Ok(value @ 1..0x1999_9999) => rand.below_or_zero(value * 10) as i64,
            _ => any_byte(rand),
        },
        5 => value.wrapping_add(any_byte(rand)),
        6 => value.wrapping_sub(any_byte(rand)),
        _ => !value,
    }
}

/// Makes room for `length` bytes at `at`.
#[inline]
fn make_gap(bytes: &mut Vec<u8>, at: usize, length: usize) {
    let end = bytes.len();
    bytes.resize(end + length, 0);
    bytes.copy_within(at..end, at + length);
}

/// Takes out `length` bytes at `at`.
#[inline]
fn close_gap(bytes: &mut Vec<u8>, at: usize, length: usize) {
    bytes.copy_within(at + length.., at);
    bytes.truncate(bytes.len() - length);
}

#[cfg(test)]
mod tests;
