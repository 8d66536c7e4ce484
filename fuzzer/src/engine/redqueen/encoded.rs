//! Operands that the input has as they are, in one of the usual encodings.

use super::{
    goal::{Goal, Order, mask, sign_extended},
    subject::{Edit, Subject, Try},
};
use memchr::memmem;
use std::ops::ControlFlow;

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

/// Whether an integer of `bytes` bytes may be one of `size` bytes that was extended.
fn fits(value: u128, bytes: u32, size: usize) -> bool {
    let size = size as u32;
    size >= bytes
        || value & !mask(size) == 0
        || sign_extended(value, size) == sign_extended(value, bytes)
}
