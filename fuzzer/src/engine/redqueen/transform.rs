//! Operands that were computed from the input by one step.

use super::{
    goal::{Goal, Order, mask},
    subject::{Edit, Subject, Try},
};
use std::ops::ControlFlow;

/// A step is believed at so many places at the most.
const MOST_PLACES: usize = 8;

/// How an operand may come from the bytes of the input. Each takes bytes and operand,
/// and gives a constant that is the same for the testcase and its twin.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// operand = bytes + constant
    Plus,
    /// operand = constant - bytes
    Minus,
    /// operand = bytes ^ constant
    Xor,
}

impl Step {
    const ALL: [Self; 3] = [Self::Plus, Self::Minus, Self::Xor];

    const fn constant(self, bytes: u128, operand: u128) -> u128 {
        match self {
            Self::Plus => operand.wrapping_sub(bytes),
            Self::Minus => operand.wrapping_add(bytes),
            Self::Xor => operand ^ bytes,
        }
    }

    /// The bytes that give an operand.
    const fn undo(self, constant: u128, operand: u128) -> u128 {
        match self {
            Self::Plus => operand.wrapping_sub(constant),
            Self::Minus => constant.wrapping_sub(operand),
            Self::Xor => operand ^ constant,
        }
    }
}

/// Hands out candidates for an operand that is a sum, a difference or an exclusive or
/// of bytes of the input with a constant, or bytes whose letters had their case
/// changed. The operand must differ between the testcase and its twin.
pub fn of_integers(subject: &Subject<'_>, goal: &Goal, attempt: &mut Try<'_>) -> ControlFlow<()> {
    for size in [8, 4, 2, 1] {
        // A single byte shows a step by chance at every 256th place.
        if size > goal.bytes as usize || size == 1 && goal.bytes > 2 {
            continue;
        }
        let mask = mask(size as u32);
        for order in Order::of_size(size) {
            let mut places = [0; Step::ALL.len()];
            let mut cased = 0;
            let pairs = subject
                .input
                .windows(size)
                .zip(subject.changed.windows(size));
            for (at, (before, after)) in pairs.enumerate() {
                if before == after {
                    continue;
                }
                let (before, after) = (order.value(before), order.value(after));
                let mut attempt_value = |value: u128| {
                    let bytes = order.bytes(value & mask);
                    attempt(Edit {
                        at,
                        remove: size,
                        insert: order.part(&bytes, size),
                    })
                };
                for (step, places) in Step::ALL.into_iter().zip(&mut places) {
                    let constant = step.constant(before, goal.original) & mask;
                    let other = step.constant(after, goal.changed) & mask;
                    // A constant of 0 is the input as it is.
                    let is_same = constant == 0 && !matches!(step, Step::Minus);
                    if constant != other || is_same || *places == MOST_PLACES {
                        continue;
                    }
                    *places += 1;
                    for value in goal.wanted() {
                        attempt_value(step.undo(constant, value))?;
                    }
                }
                let is_cased = |bytes: u128, operand: u128| {
                    bytes & mask != operand & mask && same_letters(bytes & mask, operand & mask)
                };
                if cased < MOST_PLACES
                    && is_cased(before, goal.original)
                    && same_letters(after & mask, goal.changed & mask)
                {
                    cased += 1;
                    for value in goal.wanted() {
                        attempt_value(value)?;
                    }
                }
            }
        }
    }
    ControlFlow::Continue(())
}

/// Whether two integers have the same letters in their bytes, but for their case.
fn same_letters(one: u128, other: u128) -> bool {
    one.to_le_bytes().eq_ignore_ascii_case(&other.to_le_bytes())
}

/// The constant, other than 0, that makes each byte of `from` that of `to` by `xor`
/// or by addition, if the same does for the twins.
#[must_use]
pub fn key_of_bytes(pairs: [(&[u8], &[u8]); 2]) -> Option<Key> {
    let [(from, to), (other_from, other_to)] = pairs;
    for xor in [true, false] {
        let key = Key {
            byte: if xor {
                from.first()? ^ to.first()?
            } else {
                to.first()?.wrapping_sub(*from.first()?)
            },
            xor,
        };
        let gives = |from: &[u8], to: &[u8]| {
            from.iter()
                .zip(to)
                .all(|(&from, &to)| key.forward(from) == to)
        };
        if key.byte != 0 && gives(from, to) && gives(other_from, other_to) {
            return Some(key);
        }
    }
    None
}

/// A constant for every byte of a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    byte: u8,
    xor: bool,
}

impl Key {
    const fn forward(self, byte: u8) -> u8 {
        if self.xor {
            byte ^ self.byte
        } else {
            byte.wrapping_add(self.byte)
        }
    }

    /// The byte of the input that gives `byte` in the operand.
    #[must_use]
    pub const fn back(self, byte: u8) -> u8 {
        if self.xor {
            byte ^ self.byte
        } else {
            byte.wrapping_sub(self.byte)
        }
    }
}
