//! Integers in encodings whose length depends on the value: the base-128 varints of
//! protocol buffers, and SCALE's compact integers.

use super::{
    goal::Goal,
    subject::{Edit, Subject, Try},
};
use memchr::memmem;
use std::ops::ControlFlow;

/// Each encoding is looked for at so many places at the most.
const MOST_PLACES: usize = 8;

/// Writes a value, at most 19 bytes; `None` if it cannot be written.
type Encode = fn(u128, &mut [u8; 19]) -> Option<usize>;

/// Hands out the candidates. Encodings of one byte are left to `encoded`.
pub fn candidates(
    subject: &Subject<'_>,
    goal: &Goal,
    scale: bool,
    attempt: &mut Try<'_>,
) -> ControlFlow<()> {
    of_encoding(varint, 2, subject, goal, attempt)?;
    if scale {
        of_encoding(compact, 1, subject, goal, attempt)?;
    }
    ControlFlow::Continue(())
}

fn of_encoding(
    encode: Encode,
    shortest: usize,
    subject: &Subject<'_>,
    goal: &Goal,
    attempt: &mut Try<'_>,
) -> ControlFlow<()> {
    let (mut before, mut after, mut insert) = ([0; 19], [0; 19], [0; 19]);
    let (Some(size), Some(other)) = (
        encode(goal.original, &mut before),
        encode(goal.changed, &mut after),
    ) else {
        return ControlFlow::Continue(());
    };
    if size != other || size < shortest {
        return ControlFlow::Continue(());
    }
    let places = memmem::find_iter(subject.changed, &after[..size])
        .filter(|&at| subject.input[at..at + size] == before[..size]);
    for at in places.take(MOST_PLACES) {
        for value in goal.wanted() {
            if let Some(len) = encode(value, &mut insert) {
                attempt(Edit {
                    at,
                    remove: size,
                    insert: &insert[..len],
                })?;
            }
        }
    }
    ControlFlow::Continue(())
}

/// Seven bits a byte, the lowest first; all but the last have their top bit set.
fn varint(mut value: u128, bytes: &mut [u8; 19]) -> Option<usize> {
    let mut len = 0;
    loop {
        bytes[len] = (value & 0x7f) as u8;
        value >>= 7;
        len += 1;
        if value == 0 {
            return Some(len);
        }
        bytes[len - 1] |= 0x80;
    }
}

/// SCALE: the low two bits tell 1, 2 or 4 bytes, or a length before the bytes.
fn compact(value: u128, bytes: &mut [u8; 19]) -> Option<usize> {
    let (word, len) = match value {
        0..0x40 => (value << 2, 1),
        0x40..0x4000 => (value << 2 | 1, 2),
        0x4000..0x4000_0000 => (value << 2 | 2, 4),
        _ => {
            let len = (value.checked_ilog2()? / 8 + 1) as usize;
            bytes[0] = ((len - 4) as u8) << 2 | 3;
            bytes[1..=len].copy_from_slice(&value.to_le_bytes()[..len]);
            return Some(len + 1);
        }
    };
    bytes[..len].copy_from_slice(&word.to_le_bytes()[..len]);
    Some(len)
}

#[cfg(test)]
mod tests {
    use super::{compact, varint};

    #[test]
    fn encodings_are_those_of_their_specifications() {
        let cases: [(u128, &[u8], &[u8]); 7] = [
            (1, &[1], &[4]),
            (63, &[63], &[0xfc]),
            (64, &[64], &[0x01, 0x01]),
            (300, &[0xac, 0x02], &[0xb1, 0x04]),
            (16_384, &[0x80, 0x80, 1], &[2, 0, 1, 0]),
            (1 << 30, &[0x80, 0x80, 0x80, 0x80, 4], &[3, 0, 0, 0, 0x40]),
            (
                1 << 32,
                &[0x80, 0x80, 0x80, 0x80, 0x10],
                &[7, 0, 0, 0, 0, 1],
            ),
        ];
        for (value, as_varint, as_compact) in cases {
            let mut bytes = [0; 19];
            let len = varint(value, &mut bytes).unwrap();
            assert_eq!(&bytes[..len], as_varint, "{value}");
            let len = compact(value, &mut bytes).unwrap();
            assert_eq!(&bytes[..len], as_compact, "{value}");
        }
        for encode in [varint, compact] {
            assert!(encode(u128::MAX, &mut [0; 19]).is_some_and(|len| len <= 19));
        }
    }
}
