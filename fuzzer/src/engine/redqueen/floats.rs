//! Comparisons of floating-point numbers, which the log has as their bits.

use super::{
    encoded::encoded,
    goal::{Goal, Integers},
    numbers,
    subject::{Edit, Subject, Try},
};
use std::ops::ControlFlow;

/// A number is believed to be the operand at so many places at the most.
const MOST_PLACES: usize = 8;

/// Hands out the candidates: the other operand and those one more and one less, as a
/// double, as a float, as an integer, and as text.
pub fn candidates(
    subject: &Subject<'_>,
    comparison: &Integers,
    attempt: &mut Try<'_>,
) -> ControlFlow<()> {
    let value: fn(u128) -> f64 = match comparison.bytes {
        4 => |bits| f64::from(f32::from_bits(bits as u32)),
        8 => |bits| f64::from_bits(bits as u64),
        // Nothing that the input could have.
        _ => return ControlFlow::Continue(()),
    };
    for side in 0..2 {
        let original = value(comparison.original[side]);
        let changed = value(comparison.changed[side]);
        let other = value(comparison.original[1 - side]);
        for wanted in [other, other + 1.0, other - 1.0] {
            if original.to_bits() == changed.to_bits() || !wanted.is_finite() {
                continue;
            }
            let double = |value: f64| u128::from(value.to_bits());
            let as_bits = Goal::new(8, double(original), double(changed), double(wanted), false);
            encoded(subject, &as_bits, attempt)?;
            let float = |value: f64| {
                let narrow = value as f32;
                (f64::from(narrow).to_bits() == value.to_bits()).then(|| narrow.to_bits().into())
            };
            if let (Some(original), Some(changed)) = (float(original), float(changed)) {
                let wanted = (wanted as f32).to_bits().into();
                let as_bits = Goal::new(4, original, changed, wanted, false);
                encoded(subject, &as_bits, attempt)?;
            }
            if let (Some(original), Some(changed)) = (whole(original), whole(changed)) {
                let wanted = (wanted.trunc() as i64) as u64;
                let as_integer = Goal::new(8, original, changed, wanted.into(), false);
                encoded(subject, &as_integer, attempt)?;
                numbers::candidates(subject, &as_integer, false, attempt)?;
            }
            text(subject, original, changed, wanted, attempt)?;
        }
    }
    ControlFlow::Continue(())
}

/// A whole number as an integer of eight bytes.
fn whole(value: f64) -> Option<u128> {
    const LIMIT: f64 = 9.0e18;
    let is_whole = value.fract().to_bits() << 1 == 0 && value.abs() < LIMIT;
    is_whole.then_some((value as i64 as u64).into())
}

/// Numbers with a point in the text.
fn text(
    subject: &Subject<'_>,
    original: f64,
    changed: f64,
    wanted: f64,
    attempt: &mut Try<'_>,
) -> ControlFlow<()> {
    let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E');
    let (mut at, mut places) = (0, 0);
    while let Some(skipped) = subject.input[at..].iter().position(is_part) {
        at += skipped;
        let len = subject.input[at..].iter().take_while(|&byte| is_part(byte));
        let len = len.count();
        let value = |bytes: &[u8]| {
            let text = str::from_utf8(&bytes[at..at + len]).ok()?;
            text.contains('.').then(|| text.parse::<f64>().ok())?
        };
        let same = |found: Option<f64>, value: f64| {
            // The operand may be a float.
            found.is_some_and(|it| {
                it.to_bits() == value.to_bits() || f64::from(it as f32).to_bits() == value.to_bits()
            })
        };
        if same(value(subject.input), original) && same(value(subject.changed), changed) {
            let text = format!("{wanted:?}");
            attempt(Edit {
                at,
                remove: len,
                insert: text.as_bytes(),
            })?;
            places += 1;
            if places == MOST_PLACES {
                break;
            }
        }
        at += len;
    }
    ControlFlow::Continue(())
}
