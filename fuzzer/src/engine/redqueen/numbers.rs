//! Numbers that the input has as text: decimal, hexadecimal, octal.

use super::{
    goal::{Goal, mask, sign_extended},
    scan::Number,
    subject::{Edit, Subject, Try},
};
use std::ops::ControlFlow;

/// A number is believed to be the operand at so many places at the most.
const MOST_PLACES: usize = 8;

/// Hands out candidates for an operand that is a number in the text; with `linear`
/// also one that was multiplied and shifted by constants.
pub fn candidates(
    subject: &Subject<'_>,
    goal: &Goal,
    linear: bool,
    attempt: &mut Try<'_>,
) -> ControlFlow<()> {
    let mask = mask(goal.bytes);
    let mut places = 0;
    let mut linear_places = 0;
    for number in &subject.numbers {
        let (before, after) = (number.original as u128, number.changed as u128);
        if before & mask == goal.original && after & mask == goal.changed {
            if places < MOST_PLACES {
                places += 1;
                for value in goal.wanted() {
                    write(number, value as i128, attempt)?;
                    let signed = sign_extended(value, goal.bytes);
                    if signed < 0 {
                        write(number, signed, attempt)?;
                    }
                }
            }
        } else if linear
            && linear_places < MOST_PLACES
            && let Some((factor, constant)) = line(number, goal)
        {
            let mut any = false;
            for value in goal.wanted() {
                let rest = sign_extended(value, goal.bytes).wrapping_sub(constant);
                if rest % factor == 0 {
                    any = true;
                    write(number, rest / factor, attempt)?;
                }
            }
            linear_places += usize::from(any);
        }
    }
    ControlFlow::Continue(())
}

/// Hands out candidates for an operand that is 0 whatever the input has there, and
/// should be a constant: text that was read as a number and is none. Where it is cannot
/// be seen, so words are tried, the first ones of the input.
pub fn guesses(subject: &Subject<'_>, goal: &Goal, attempt: &mut Try<'_>) -> ControlFlow<()> {
    const MOST_WORDS: usize = 16;
    let is_word = |at: usize| subject.input[at].is_ascii_alphanumeric();
    let starts =
        (0..subject.input.len()).filter(|&at| is_word(at) && (at == 0 || !is_word(at - 1)));
    for at in starts.take(MOST_WORDS) {
        let len = (at..subject.input.len())
            .take_while(|&at| is_word(at))
            .count();
        if subject.input[at].is_ascii_digit() {
            continue;
        }
        for value in goal.wanted() {
            let text = sign_extended(value, goal.bytes).to_string();
            attempt(Edit {
                at,
                remove: len,
                insert: text.as_bytes(),
            })?;
        }
    }
    ControlFlow::Continue(())
}

/// The factor and the constant that make the operand of the number, if whole numbers
/// do for the testcase and its twin.
fn line(number: &Number, goal: &Goal) -> Option<(i128, i128)> {
    let original = sign_extended(goal.original, goal.bytes);
    let changed = sign_extended(goal.changed, goal.bytes);
    let step = number.changed.checked_sub(number.original)?;
    let rise = changed.checked_sub(original)?;
    if step == 0 || rise == 0 || rise % step != 0 {
        return None;
    }
    let factor = rise / step;
    let constant = original.checked_sub(factor.checked_mul(number.original)?)?;
    Some((factor, constant))
}

/// Writes `value` in place of a number: with as many digits as it had, if it has fewer,
/// and then with its own.
fn write(number: &Number, value: i128, attempt: &mut Try<'_>) -> ControlFlow<()> {
    let magnitude = value.unsigned_abs();
    let text = match number.base {
        16 => format!("{magnitude:x}"),
        8 => format!("{magnitude:o}"),
        _ => magnitude.to_string(),
    };
    // A minus sign is the byte before the digits.
    let (at, len) = if number.negative {
        (number.at - 1, number.len + 1)
    } else {
        (number.at, number.len)
    };
    let sign = if value < 0 { "-" } else { "" };
    let width = len.saturating_sub(sign.len());
    if text.len() < width {
        let padded = format!("{sign}{text:0>width$}");
        attempt(Edit {
            at,
            remove: len,
            insert: padded.as_bytes(),
        })?;
    }
    let text = format!("{sign}{text}");
    attempt(Edit {
        at,
        remove: len,
        insert: text.as_bytes(),
    })
}
