//! Comparisons of integers: which bytes of the input the one operand is, and what
//! they must become to be the other one.

use super::{
    floats, numbers,
    subject::{Edit, Effort, Subject, Try},
    transform, varlen,
};
use memchr::memmem;
use std::ops::ControlFlow;
use tine_protocol::layout::cmplog::attribute;

/// A comparison of two integers, as it was logged for a testcase and for its twin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Integers {
    /// Size of the operands, 1 to 16 bytes.
    pub bytes: u32,
    /// Bits of [`attribute`].
    pub attribute: u8,
    /// The operands for the testcase.
    pub original: [u128; 2],
    /// The same for its twin.
    pub changed: [u128; 2],
}

/// One operand that may come from the input, and the values that it should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Goal {
    /// Size of the operands, 1 to 16 bytes.
    pub bytes: u32,
    /// The operand for the testcase.
    pub original: u128,
    /// The same for its twin.
    pub changed: u128,
    wanted: [u128; 3],
    count: usize,
}

impl Goal {
    /// The values that the operand should have, the likeliest first.
    pub fn wanted(&self) -> impl Iterator<Item = u128> {
        self.wanted[..self.count].iter().copied()
    }

    /// Towards a value; with `neighbours` also the one beyond it, which makes it
    /// greater (or less) as well.
    pub fn new(bytes: u32, original: u128, changed: u128, value: u128, neighbours: bool) -> Self {
        let mut goal = Self {
            bytes,
            original,
            changed,
            wanted: [0; 3],
            count: 0,
        };
        if original != value {
            goal.push(value);
        }
        if neighbours {
            let (signed, other) = (sign_extended(original, bytes), sign_extended(value, bytes));
            if original <= value || signed <= other {
                goal.push(value.wrapping_add(1) & mask(bytes));
            }
            if original >= value || signed >= other {
                goal.push(value.wrapping_sub(1) & mask(bytes));
            }
        }
        goal
    }

    fn push(&mut self, value: u128) {
        self.wanted[self.count] = value;
        self.count += 1;
    }
}

/// Hands out the candidates of a comparison, the cheapest first.
pub fn candidates(
    subject: &Subject<'_>,
    comparison: &Integers,
    effort: Effort,
    attempt: &mut Try<'_>,
) -> ControlFlow<()> {
    let Integers {
        bytes,
        attribute,
        original,
        changed,
    } = *comparison;
    if attribute & attribute::FLOATING_POINT != 0 {
        floats::candidates(subject, comparison, attempt)?;
    }
    let is_order = attribute & (attribute::GREATER | attribute::LESSER) != 0;
    let neighbours = is_order || attribute == 0 && effort.neighbours;
    for side in 0..2 {
        let value = original[1 - side];
        let goal = Goal::new(bytes, original[side], changed[side], value, neighbours);
        encoded(subject, &goal, attempt)?;
        if goal.original == goal.changed {
            let is_constant = value == changed[1 - side];
            if effort.transforms && goal.original == 0 && is_constant && value > 9 && bytes > 1 {
                numbers::guesses(subject, &goal, attempt)?;
            }
            continue;
        }
        numbers::candidates(subject, &goal, effort.transforms, attempt)?;
        varlen::candidates(subject, &goal, effort.scale, attempt)?;
        if effort.transforms {
            transform::of_integers(subject, &goal, attempt)?;
        }
    }
    ControlFlow::Continue(())
}

/// An encoding is looked for at so many places at the most.
const MOST_PLACES: usize = 16;

/// The operand as the input has it: in either byte order, and in fewer bytes than it is
/// compared with.
pub fn encoded(subject: &Subject<'_>, goal: &Goal, attempt: &mut Try<'_>) -> ControlFlow<()> {
    for size in sizes(goal.bytes) {
        if !fits(goal.original, goal.bytes, size) || !fits(goal.changed, goal.bytes, size) {
            continue;
        }
        for order in Order::of_size(size) {
            let before = order.bytes(goal.original);
            let after = order.bytes(goal.changed);
            let (before, after) = (order.part(&before, size), order.part(&after, size));
            // What is the same in both inputs is found by its value alone, which must
            // be a rare one then.
            if before == after && !is_telling(before) {
                continue;
            }
            let places = memmem::find_iter(subject.changed, after)
                .filter(|&at| &subject.input[at..at + size] == before);
            for at in places.take(MOST_PLACES) {
                for value in goal.wanted().filter(|&it| fits(it, goal.bytes, size)) {
                    let bytes = order.bytes(value);
                    attempt(Edit {
                        at,
                        remove: size,
                        insert: order.part(&bytes, size),
                    })?;
                }
            }
        }
    }
    ControlFlow::Continue(())
}

/// The sizes that an operand of `bytes` bytes may have in the input, its own first.
fn sizes(bytes: u32) -> impl Iterator<Item = usize> {
    let own = bytes as usize;
    let smaller = [8, 4, 3, 2, 1].into_iter().filter(move |&size| size < own);
    std::iter::once(own).chain(smaller)
}

/// Whether bytes are unlikely to stand in an input by chance.
fn is_telling(bytes: &[u8]) -> bool {
    bytes.len() >= 4
        && bytes
            .iter()
            .filter(|&&byte| byte != 0 && byte != 0xff)
            .count()
            >= 3
}

/// The order of an integer's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The lowest first.
    Little,
    /// The highest first.
    Big,
}

impl Order {
    /// Both; one for a single byte.
    pub fn of_size(size: usize) -> impl Iterator<Item = Self> {
        let both = [Self::Little, Self::Big];
        both.into_iter().take(if size > 1 { 2 } else { 1 })
    }

    /// The bytes of a value.
    #[must_use]
    pub const fn bytes(self, value: u128) -> [u8; 16] {
        match self {
            Self::Little => value.to_le_bytes(),
            Self::Big => value.to_be_bytes(),
        }
    }

    /// The low `size` bytes of [`Self::bytes`].
    #[must_use]
    pub fn part(self, bytes: &[u8; 16], size: usize) -> &[u8] {
        match self {
            Self::Little => &bytes[..size],
            Self::Big => &bytes[16 - size..],
        }
    }

    /// The value of up to 16 bytes.
    #[must_use]
    pub fn value(self, bytes: &[u8]) -> u128 {
        let add = |value, &byte: &u8| value << 8 | u128::from(byte);
        match self {
            Self::Little => bytes.iter().rev().fold(0, add),
            Self::Big => bytes.iter().fold(0, add),
        }
    }
}

/// The low `bytes` bytes.
#[must_use]
pub const fn mask(bytes: u32) -> u128 {
    if bytes >= 16 {
        u128::MAX
    } else {
        (1 << (8 * bytes)) - 1
    }
}

/// An integer of `bytes` bytes as one with a sign.
#[must_use]
pub const fn sign_extended(value: u128, bytes: u32) -> i128 {
    let unused = 128 - 8 * if bytes >= 16 { 16 } else { bytes };
    ((value << unused) as i128) >> unused
}

/// Whether an integer of `bytes` bytes may be one of `size` bytes that was extended.
fn fits(value: u128, bytes: u32, size: usize) -> bool {
    let size = size as u32;
    size >= bytes
        || value & !mask(size) == 0
        || sign_extended(value, size) == sign_extended(value, bytes)
}

#[cfg(test)]
mod tests;
