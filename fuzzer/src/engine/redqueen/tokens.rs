//! The dictionary that is gathered on the way: what the program compares with, where
//! no candidate could be made or none was new.

use super::{
    goal::{Integers, Order},
    log::Comparison,
    routines::Routine,
};
use std::collections::HashSet;

/// No more tokens are gathered.
const MOST: usize = 4096;

/// The longest one, in bytes.
const LONGEST: usize = 32;

/// The tokens that were gathered.
#[derive(Debug, Clone, Default)]
pub struct Gathered(HashSet<Vec<u8>>);

impl Gathered {
    /// Hands the constants of a comparison to `add`, those that were not gathered
    /// before. A constant is what the input does not change.
    pub fn gather(&mut self, comparison: &Comparison, mut add: impl FnMut(&[u8])) {
        match comparison {
            Comparison::Integers(integers) => self.gather_integers(integers, &mut add),
            Comparison::Routine(routine) => self.gather_routine(routine, &mut add),
        }
    }

    fn gather_integers(&mut self, integers: &Integers, add: &mut impl FnMut(&[u8])) {
        for side in 0..2 {
            let value = integers.original[side];
            let varies = integers.original[1 - side] != integers.changed[1 - side];
            if value != integers.changed[side] || !varies {
                continue;
            }
            // As many bytes as it needs.
            let needed = 16 - value.leading_zeros() as usize / 8;
            let sizes = [2, 4, 8, 16].into_iter().filter(|&size| size >= needed);
            let Some(size) = sizes.min().map(|size| size.min(integers.bytes as usize)) else {
                continue;
            };
            if size < 2 || is_small(value, size) {
                continue;
            }
            for order in Order::of_size(size) {
                self.add(order.part(&order.bytes(value), size), add);
            }
        }
    }

    fn gather_routine(&mut self, routine: &Routine, add: &mut impl FnMut(&[u8])) {
        for side in 0..2 {
            let (operand, other) = (&routine.original[side], &routine.original[1 - side]);
            if *operand != routine.changed[side] || operand.bytes == other.bytes {
                continue;
            }
            // What is cut may have anything behind it.
            let token = match (operand.is_string(), operand.cut) {
                (true, _) => operand.string(),
                (false, false) => &operand.bytes[..],
                (false, true) => continue,
            };
            self.add(token, add);
        }
    }

    fn add(&mut self, token: &[u8], add: &mut impl FnMut(&[u8])) {
        let is_uniform = token.iter().all(|byte| Some(byte) == token.first());
        if !(2..=LONGEST).contains(&token.len()) || is_uniform || self.0.len() >= MOST {
            return;
        }
        if self.0.insert(token.to_vec()) {
            add(token);
        }
    }
}

/// Whether mutations find it by themselves: near zero, or near a power of two.
fn is_small(value: u128, size: usize) -> bool {
    const NEAR: u128 = 35;
    let end = 1u128.checked_shl(8 * size as u32).unwrap_or_default();
    value <= 255
        || end.wrapping_sub(value) <= NEAR
        || value.is_power_of_two()
        || value.wrapping_add(1).is_power_of_two()
}

#[cfg(test)]
mod tests {
    use super::{Comparison, Gathered, Integers, Routine};
    use crate::engine::redqueen::routines::Operand;

    fn tokens(comparison: &Comparison) -> Vec<Vec<u8>> {
        let mut gathered = Gathered::default();
        let mut tokens = Vec::new();
        gathered.gather(comparison, |token| tokens.push(token.to_vec()));
        gathered.gather(comparison, |token| panic!("{token:?} twice"));
        tokens
    }

    #[test]
    fn constants_are_gathered_and_what_the_input_changes_is_not() {
        for (bytes, constant, changed, expected) in [
            (
                4,
                0x1234_5678,
                0x1234_5678,
                &[&b"\x78\x56\x34\x12"[..], b"\x12\x34\x56\x78"][..],
            ),
            (8, 0x1234, 0x1234, &[b"\x34\x12", b"\x12\x34"]),
            (4, 0x1234_5678, 0x2234_5678, &[]),
            (4, 200, 200, &[]),
            (4, 0x7fff_ffff, 0x7fff_ffff, &[]),
            (4, 0xffff_fff0, 0xffff_fff0, &[]),
            (1, 0x80, 0x80, &[]),
        ] {
            let comparison = Comparison::Integers(Integers {
                bytes,
                attribute: 1,
                original: [7, constant],
                changed: [8, changed],
            });
            assert_eq!(tokens(&comparison), expected, "{constant:x}");
        }
        let operand = |bytes: &[u8], text, cut| Operand {
            bytes: bytes.to_vec(),
            text,
            cut,
        };
        let garbage = b"name\0\x01\x02\x03";
        for (constant, text, cut, expected) in [
            (&garbage[..], true, false, &[&b"name"[..]][..]),
            (garbage, false, true, &[b"name"]),
            (&garbage[3..], false, false, &[&garbage[3..]]),
            (&garbage[3..], false, true, &[]),
            (b"aaaa", true, false, &[]),
        ] {
            let constant = operand(constant, text, cut);
            let input = operand(b"input", text, cut);
            let comparison = Comparison::Routine(Routine {
                original: [input.clone(), constant.clone()],
                changed: [operand(b"other", text, cut), constant],
            });
            assert_eq!(tokens(&comparison), expected);
        }
    }
}
