//! Comparisons of integers: which bytes of the input the one operand is, and what
//! they must become to be the other one.

use super::{
    encoded::encoded,
    floats,
    goal::{Goal, Integers},
    numbers,
    subject::{Effort, Subject, Try},
    transform, varlen,
};
use std::ops::ControlFlow;
use tine_protocol::layout::cmplog::attribute;

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

#[cfg(test)]
mod tests;
