//! Comparisons of buffers: memcmp, strcmp and their kin.

use super::{
    subject::{Edit, Effort, Subject, Try},
    transform::key_of_bytes,
};
use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER, HEXUPPER};
use std::{borrow::Cow, ops::ControlFlow};

/// An operand of a routine, as it was logged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Operand {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// It is a string, which ends at a NUL.
    pub text: bool,
    /// The log holds no more: it may be longer, or shorter than what was logged.
    pub cut: bool,
}

impl Operand {
    /// The bytes before the first NUL.
    #[must_use]
    pub fn string(&self) -> &[u8] {
        let end = memchr::memchr(0, &self.bytes).unwrap_or(self.bytes.len());
        &self.bytes[..end]
    }

    /// Whether it is a string, as far as one can see.
    #[must_use]
    pub fn is_string(&self) -> bool {
        let string = self.string();
        self.text || string.len() >= 3 && string.iter().all(|byte| matches!(byte, b' '..=b'~'))
    }
}

/// A call that compares two buffers, as it was logged for a testcase and for its twin.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Routine {
    /// The operands for the testcase.
    pub original: [Operand; 2],
    /// The same for its twin.
    pub changed: [Operand; 2],
}

/// Hands out the candidates of a comparison, the cheapest first.
pub fn candidates(
    subject: &Subject<'_>,
    comparison: &Routine,
    effort: Effort,
    attempt: &mut Try<'_>,
) -> ControlFlow<()> {
    for side in 0..2 {
        let goal = Goal {
            original: &comparison.original[side],
            changed: &comparison.changed[side],
            wanted: &comparison.original[1 - side],
        };
        if goal.original.bytes == goal.wanted.bytes || goal.wanted.bytes.is_empty() {
            continue;
        }
        as_it_is(subject, goal, attempt)?;
        if effort.transforms && goal.original.bytes != goal.changed.bytes {
            with_key(subject, goal, attempt)?;
            with_other_case(subject, goal, attempt)?;
        }
        if effort.extreme && goal.original.bytes != goal.changed.bytes {
            for coding in Coding::ALL {
                coding.candidates(subject, goal, attempt)?;
            }
        }
    }
    ControlFlow::Continue(())
}

/// An operand that may come from the input, and what it should be.
#[derive(Debug, Clone, Copy)]
struct Goal<'a> {
    original: &'a Operand,
    changed: &'a Operand,
    wanted: &'a Operand,
}

/// A place where the operand begins in the input, and how far they are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    at: usize,
    len: usize,
}

/// How many places are kept.
const MOST_PLACES: usize = 6;

/// The places where both inputs begin like the operand in both logs, those with the
/// longest common part first.
fn places(subject: &Subject<'_>, original: &[u8], changed: &[u8]) -> Vec<Place> {
    /// So much must be the same when the inputs do not differ there.
    const TELLING: usize = 4;
    let Some(&first) = changed.first() else {
        return Vec::new();
    };
    let mut places: Vec<Place> = Vec::new();
    for at in memchr::memchr_iter(first, subject.changed) {
        let common = |input: &[u8], operand: &[u8]| {
            let pairs = input[at..].iter().zip(operand);
            pairs.take_while(|(one, other)| one == other).count()
        };
        let len = common(subject.input, original).min(common(subject.changed, changed));
        let range = at..at + len;
        let differs = subject.input[range.clone()] != subject.changed[range];
        if len == 0 || !differs && len < TELLING {
            continue;
        }
        let rank = places.partition_point(|place| place.len >= len);
        if rank < MOST_PLACES {
            places.truncate(MOST_PLACES - 1);
            places.insert(rank, Place { at, len });
        }
    }
    places
}

/// The operand as the input has it.
fn as_it_is(subject: &Subject<'_>, goal: Goal<'_>, attempt: &mut Try<'_>) -> ControlFlow<()> {
    let (token, string) = (goal.original.string(), goal.wanted.string());
    let wanted = &goal.wanted.bytes;
    for place in places(subject, &goal.original.bytes, &goal.changed.bytes) {
        let mut replace = |remove: usize, insert: &[u8]| {
            attempt(Edit {
                at: place.at,
                remove,
                insert,
            })
        };
        // A beginning of so many bytes is enough: what stands behind it now may be looked
        // at next.
        if !goal.wanted.cut && !wanted.contains(&0) {
            replace(wanted.len(), wanted)?;
        }
        // A word by another one, which may have another length. One that goes on to the
        // end of the input is no word, but whatever lies there.
        let is_word = !string.is_empty() && place.len >= token.len();
        let is_rest = place.at + token.len() >= subject.input.len();
        if is_word && !is_rest {
            replace(token.len(), string)?;
        }
        // What is behind the end of a string would overwrite something else.
        let is_string = goal.wanted.is_string();
        if !is_string {
            replace(wanted.len(), wanted)?;
        }
        if !string.is_empty() {
            replace(string.len(), string)?;
        }
        if is_string {
            let with_end: Vec<u8> = [string, &[0]].concat();
            replace(with_end.len(), &with_end)?;
            replace(wanted.len(), wanted)?;
        }
        if is_word && is_rest {
            replace(token.len(), string)?;
        }
        if goal.wanted.cut && !goal.wanted.text {
            // What is behind the operand was logged with it. How long is it?
            let usual = [place.len, 4, 8, 16].into_iter();
            for len in usual.chain(2..wanted.len()).filter(|&it| it < wanted.len()) {
                replace(len, &wanted[..len])?;
            }
        }
    }
    ControlFlow::Continue(())
}

/// So much of an operand must agree with a step from the input.
const LEAST_AGREEMENT: usize = 3;

/// Each byte of the operand is one of the input with the same number added, or by
/// exclusive or.
fn with_key(subject: &Subject<'_>, goal: Goal<'_>, attempt: &mut Try<'_>) -> ControlFlow<()> {
    let (original, changed) = (goal.original.string(), goal.changed.string());
    let len = original.len().min(changed.len());
    if len < LEAST_AGREEMENT {
        return ControlFlow::Continue(());
    }
    let windows = subject.input.windows(len).zip(subject.changed.windows(len));
    let found = windows.enumerate().filter_map(|(at, (input, twin))| {
        let key = key_of_bytes([(input, &original[..len]), (twin, &changed[..len])])?;
        (input != twin).then_some((at, key))
    });
    for (at, key) in found.take(MOST_PLACES) {
        for wanted in [goal.wanted.string(), &goal.wanted.bytes[..]] {
            let insert: Vec<u8> = wanted.iter().map(|&byte| key.back(byte)).collect();
            attempt(Edit {
                at,
                remove: insert.len(),
                insert: &insert,
            })?;
        }
    }
    ControlFlow::Continue(())
}

/// The operand has the letters of the input, in upper or in lower case.
fn with_other_case(
    subject: &Subject<'_>,
    goal: Goal<'_>,
    attempt: &mut Try<'_>,
) -> ControlFlow<()> {
    let (original, changed) = (goal.original.string(), goal.changed.string());
    let len = original.len().min(changed.len());
    if len == 0 {
        return ControlFlow::Continue(());
    }
    let windows = subject.input.windows(len).zip(subject.changed.windows(len));
    let found = windows.enumerate().filter(|(_, (input, twin))| {
        input != twin
            && input.eq_ignore_ascii_case(&original[..len])
            && twin.eq_ignore_ascii_case(&changed[..len])
            // As it is, it was tried.
            && *input != &original[..len]
    });
    for (at, _) in found.take(MOST_PLACES) {
        let wanted = goal.wanted.string();
        for remove in [len, wanted.len()] {
            attempt(Edit {
                at,
                remove,
                insert: wanted,
            })?;
        }
    }
    ControlFlow::Continue(())
}

/// How bytes and text stand for each other.
#[derive(Debug, Clone, Copy)]
enum Coding {
    /// The input has hexadecimal text, the operand what it means.
    FromHex { upper: bool },
    /// The input has base64 text, the operand what it means.
    FromBase64 { padded: bool },
    /// The operand is the hexadecimal text of what the input has.
    ToHex,
    /// The operand is the base64 text of what the input has.
    ToBase64,
}

impl Coding {
    const ALL: [Self; 6] = [
        Self::FromHex { upper: false },
        Self::FromHex { upper: true },
        Self::FromBase64 { padded: true },
        Self::FromBase64 { padded: false },
        Self::ToHex,
        Self::ToBase64,
    ];

    /// What the input has for an operand of these bytes.
    fn in_input<'a>(self, bytes: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        let text = |encoding: &data_encoding::Encoding| Some(encoding.encode(bytes).into_bytes());
        let decoded = match self {
            Self::FromHex { upper: false } => text(&HEXLOWER),
            Self::FromHex { upper: true } => text(&HEXUPPER),
            Self::FromBase64 { padded: true } => text(&BASE64),
            Self::FromBase64 { padded: false } => text(&BASE64_NOPAD),
            Self::ToHex => data_encoding::HEXLOWER_PERMISSIVE.decode(bytes).ok(),
            Self::ToBase64 => BASE64.decode(bytes).ok(),
        };
        decoded.filter(|bytes| !bytes.is_empty()).map(Cow::Owned)
    }

    fn candidates(
        self,
        subject: &Subject<'_>,
        goal: Goal<'_>,
        attempt: &mut Try<'_>,
    ) -> ControlFlow<()> {
        /// Fewer bytes of the input's text agree by chance.
        const AGREE: usize = 4;
        // An operand that was logged with what is behind it shows its length only
        // where it is text, or by the other operand's.
        let lens = [
            goal.wanted.string().len(),
            goal.wanted.bytes.len(),
            4,
            8,
            16,
        ];
        for (nth, &len) in lens.iter().enumerate() {
            let is_open = goal.wanted.cut && !goal.wanted.text;
            if len == 0 || len > goal.wanted.bytes.len() || lens[..nth].contains(&len) {
                continue;
            }
            if nth > 1 && !is_open {
                break;
            }
            let part = |operand: &Operand| {
                let end = len
                    .min(operand.string().len().max(1))
                    .min(operand.bytes.len());
                self.in_input(&operand.bytes[..end]).map(Cow::into_owned)
            };
            let (Some(before), Some(after), Some(insert)) = (
                part(goal.original),
                part(goal.changed),
                self.in_input(&goal.wanted.bytes[..len]),
            ) else {
                continue;
            };
            for place in places(subject, &before, &after) {
                if place.len < before.len().min(AGREE) {
                    continue;
                }
                for remove in [before.len(), insert.len()] {
                    attempt(Edit {
                        at: place.at,
                        remove,
                        insert: &insert,
                    })?;
                }
            }
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests;
