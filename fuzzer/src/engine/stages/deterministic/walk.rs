//! The walk: all small changes at the places that matter. Changes that another step
//! of it makes are left out.

use super::{DeterministicStage, Runs, Stop};
use crate::engine::mutate::{
    INTERESTING_8, INTERESTING_16, INTERESTING_32, MOST_ADDED, is_bit_flip, is_interesting, is_sum,
};
use crate::report::name::Operation;
use fast_rands::Rand;

/// Bytes of a token that is found by bit flips.
const TOKEN_LENGTHS: std::ops::RangeInclusive<usize> = 3..=32;

/// No more tokens are found than this.
const MOST_FOUND_TOKENS: usize = 512;

impl DeterministicStage {
    pub(super) fn walk(&mut self, runs: &mut Runs<'_>, expected: u64) -> Result<(), Stop> {
        self.flip_single_bits(runs, expected)?;
        self.flip_bits(runs, Operation::Flip(2), 2)?;
        self.flip_bits(runs, Operation::Flip(4), 4)?;
        self.flip_bytes(runs, Operation::Flip(8), 1)?;
        self.flip_bytes(runs, Operation::Flip(16), 2)?;
        self.flip_bytes(runs, Operation::Flip(32), 4)?;
        if runs.session.mutation.strategy.arithmetic {
            self.add(runs, Operation::Arithmetic(8), 1)?;
            self.add(runs, Operation::Arithmetic(16), 2)?;
            self.add(runs, Operation::Arithmetic(32), 4)?;
        }
        let eight = INTERESTING_8.map(|value| value as u32);
        let sixteen = INTERESTING_16.map(|value| value as u32);
        let thirty_two = INTERESTING_32.map(|value| value as u32);
        self.set(runs, Operation::Interesting(8), 1, &eight)?;
        self.set(runs, Operation::Interesting(16), 2, &sixteen)?;
        self.set(runs, Operation::Interesting(32), 4, &thirty_two)?;
        self.overwrite_with_tokens(runs, false)?;
        self.insert_tokens(runs, false)?;
        self.overwrite_with_tokens(runs, true)?;
        self.insert_tokens(runs, true)
    }

    /// Flips each bit. Bytes in a row of which the lowest bit always leads to the same
    /// other coverage are compared as a whole: a token.
    fn flip_single_bits(&mut self, runs: &mut Runs<'_>, expected: u64) -> Result<(), Stop> {
        let mut token = 0..0;
        let mut token_leads_to = expected;
        for at in 0..self.base.len() {
            if !self.matters[at] {
                self.found_token(runs, &token);
                token = 0..0;
                continue;
            }
            let mut leads_to = expected;
            for bit in (0..8).rev() {
                self.input[at] ^= 1 << bit;
                let evaluated = runs.run(Operation::Flip(1), at, &self.input);
                self.input[at] = self.base[at];
                evaluated?;
                // The lowest bit comes last.
                leads_to = runs.checksum();
            }
            if token.is_empty() || leads_to != token_leads_to {
                self.found_token(runs, &token);
                token = at..at;
                token_leads_to = leads_to;
            }
            if leads_to == expected {
                token = 0..0;
            } else {
                token.end = at + 1;
            }
        }
        self.found_token(runs, &token);
        Ok(())
    }

    fn found_token(&self, runs: &mut Runs<'_>, place: &std::ops::Range<usize>) {
        let token = &self.base[place.clone()];
        if !is_token(token) {
            return;
        }
        let given = runs.session.mutation.strategy.given_tokens;
        let tokens = &mut runs.session.mutation.tokens;
        if tokens.all().len().saturating_sub(given) < MOST_FOUND_TOKENS {
            tokens.add(token);
        }
    }

    /// Flips so many bits in a row, which may reach into the next byte.
    fn flip_bits(
        &mut self,
        runs: &mut Runs<'_>,
        operation: Operation<'static>,
        bits: u32,
    ) -> Result<(), Stop> {
        let mask = (1_u16 << bits) - 1;
        for at in 0..self.base.len() {
            if !self.matters[at] {
                continue;
            }
            let end = self.base.len().min(at + 2);
            for shift in (0..8).rev() {
                // The first byte is the upper one.
                let [first, second] = (mask << 8 >> (bits - 1) << shift).to_be_bytes();
                if second != 0 && end == at + 1 {
                    break;
                }
                self.input[at] ^= first;
                if let Some(byte) = self.input.get_mut(at + 1) {
                    *byte ^= second;
                }
                self.run_changed(runs, operation, at, at..end)?;
            }
        }
        Ok(())
    }

    /// Flips all bits of so many bytes.
    fn flip_bytes(
        &mut self,
        runs: &mut Runs<'_>,
        operation: Operation<'static>,
        width: usize,
    ) -> Result<(), Stop> {
        for at in self.places(width) {
            if self.matters[at] {
                super::flip(&mut self.input[at..at + width]);
                self.run_changed(runs, operation, at, at..at + width)?;
            }
        }
        Ok(())
    }

    /// Adds and subtracts small numbers, in both byte orders.
    fn add(
        &mut self,
        runs: &mut Runs<'_>,
        operation: Operation<'static>,
        width: usize,
    ) -> Result<(), Stop> {
        for at in self.places(width) {
            if !self.matters[at] {
                continue;
            }
            let old = self.number(at, width);
            for number in 1..=MOST_ADDED {
                for number in [number, number.wrapping_neg()] {
                    for is_big in [false, true].into_iter().take(width.min(2)) {
                        let new =
                            swap(swap(old, width, is_big).wrapping_add(number), width, is_big);
                        let is_known = is_bit_flip(old ^ new)
                            || width > 1 && is_sum(old, new, width as u32 / 2)
                            || width == 4
                                && is_sum(old >> 16, new >> 16, 2)
                                && old << 16 == new << 16
                            || width == 2
                                && is_sum(old >> 8, new >> 8, 1)
                                && old as u8 == new as u8;
                        if !is_known {
                            self.put(at, width, new);
                            self.run_changed(runs, operation, at, at..at + width)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Sets interesting values, in both byte orders.
    fn set(
        &mut self,
        runs: &mut Runs<'_>,
        operation: Operation<'static>,
        width: usize,
        values: &[u32],
    ) -> Result<(), Stop> {
        let mask = u32::MAX >> (32 - width * 8);
        for at in self.places(width) {
            if !self.matters[at] {
                continue;
            }
            let old = self.number(at, width);
            for &value in values {
                for is_big in [false, true].into_iter().take(width.min(2)) {
                    let new = swap(value & mask, width, is_big);
                    let is_known = is_bit_flip(old ^ new)
                        || is_sum(old, new, width as u32)
                        || width > 1 && is_interesting(old, new, width as u32, is_big);
                    if !is_known {
                        self.put(at, width, new);
                        self.run_changed(runs, operation, at, at..at + width)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn overwrite_with_tokens(&mut self, runs: &mut Runs<'_>, is_found: bool) -> Result<(), Stop> {
        let operation = Operation::Token {
            is_found,
            is_inserted: false,
        };
        for at in 0..self.base.len() {
            if !self.matters[at] {
                continue;
            }
            for number in 0..self.tokens.count(is_found) {
                let token = self.tokens.get(is_found, number);
                let end = at + token.len();
                if self.base.get(at..end).is_none_or(|bytes| bytes == token)
                    || !is_chosen(runs, self.tokens.count(is_found))
                {
                    continue;
                }
                self.input[at..end].copy_from_slice(token);
                self.run_changed(runs, operation, at, at..end)?;
            }
        }
        Ok(())
    }

    fn insert_tokens(&mut self, runs: &mut Runs<'_>, is_found: bool) -> Result<(), Stop> {
        let operation = Operation::Token {
            is_found,
            is_inserted: true,
        };
        let length = self.base.len();
        for at in 0..=length {
            if !self.matters[at % length] {
                continue;
            }
            for number in 0..self.tokens.count(is_found) {
                let token = self.tokens.get(is_found, number);
                if length + token.len() > runs.session.mutation.strategy.longest
                    || !is_chosen(runs, self.tokens.count(is_found))
                {
                    continue;
                }
                self.input.truncate(at);
                self.input.extend_from_slice(token);
                self.input.extend_from_slice(&self.base[at..]);
                let evaluated = runs.run(operation, at, &self.input);
                self.input.clear();
                self.input.extend_from_slice(&self.base);
                evaluated?;
            }
        }
        Ok(())
    }

    /// Runs the input, and takes back what was changed.
    fn run_changed(
        &mut self,
        runs: &mut Runs<'_>,
        operation: Operation<'static>,
        at: usize,
        changed: std::ops::Range<usize>,
    ) -> Result<(), Stop> {
        let evaluated = runs.run(operation, at, &self.input);
        self.input[changed.clone()].copy_from_slice(&self.base[changed]);
        evaluated.map(|_| ())
    }

    /// Where so many bytes lie.
    fn places(&self, width: usize) -> std::ops::Range<usize> {
        0..(self.base.len() + 1).saturating_sub(width)
    }

    /// So many bytes, the first one the lowest.
    fn number(&self, at: usize, width: usize) -> u32 {
        let mut bytes = [0; 4];
        bytes[..width].copy_from_slice(&self.base[at..at + width]);
        u32::from_le_bytes(bytes)
    }

    fn put(&mut self, at: usize, width: usize, number: u32) {
        self.input[at..at + width].copy_from_slice(&number.to_le_bytes()[..width]);
    }
}

/// The same bytes read in the other order, if they are to be.
const fn swap(number: u32, width: usize, is_to_be: bool) -> u32 {
    if is_to_be {
        number.swap_bytes() >> (32 - width * 8)
    } else {
        number & (u32::MAX >> (32 - width * 8))
    }
}

/// Of very many tokens only some are tried at each place.
fn is_chosen(runs: &mut Runs<'_>, count: usize) -> bool {
    let most = runs.session.mutation.strategy.most_tokens;
    count <= most || runs.session.mutation.rand.below_or_zero(count) < most
}

/// Whether bytes are worth to be kept as a token: neither one byte repeated nor a
/// number that is tried anyway.
fn is_token(bytes: &[u8]) -> bool {
    if !TOKEN_LENGTHS.contains(&bytes.len()) || bytes.iter().all(|&byte| byte == bytes[0]) {
        return false;
    }
    let Ok(four) = <[u8; 4]>::try_from(bytes) else {
        return true;
    };
    let numbers = [i32::from_le_bytes(four), i32::from_be_bytes(four)];
    !numbers.iter().any(|number| INTERESTING_32.contains(number))
}

#[cfg(test)]
mod tests {
    use super::{is_token, swap};

    #[test]
    fn numbers_are_read_in_either_order() {
        assert_eq!(swap(0x0102_0304, 4, true), 0x0403_0201);
        assert_eq!(swap(0x0102, 2, true), 0x0201);
        assert_eq!(swap(0xffff_0102, 2, true), 0x0201);
        assert_eq!(swap(0xffff_0102, 2, false), 0x0102);
        assert_eq!(swap(0xffff_ff02, 1, false), 2);
    }

    #[test]
    fn tokens_are_words_not_numbers() {
        for (bytes, expected) in [
            (&b"IHDR"[..], true),
            (b"<a>", true),
            (b"ab", false),
            (b"aaaa", false),
            (b"\xff\xff\xff\x7f", false),
            (b"\x7f\xff\xff\xff", false),
            (&[b'x'; 40], false),
        ] {
            assert_eq!(is_token(bytes), expected, "{bytes:?}");
        }
    }
}
