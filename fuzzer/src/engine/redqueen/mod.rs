//! Input-to-state: comparisons of the program are solved by putting into the input what
//! the program compares it with.
//!
//! A second build of the target logs the operands of its comparisons. It runs a
//! testcase, and a twin of it with other bytes and the same coverage. Operands that
//! changed along with the bytes come from them; the other operand is what they should
//! be, in the same encoding.
//!
//! | file | what |
//! |---|---|
//! | `start` | the fork server of the program that logs |
//! | `colorize` | the twin |
//! | `log` | from two logs to comparisons |
//! | `subject` | what candidates are made from, and what one is |
//! | `goal` | a comparison of integers, and what an operand of it must become |
//! | `scan` | the numbers that an input has as text |
//! | `integers`, `encoded`, `varlen`, `floats`, `numbers` | candidates for integers, their encodings, text |
//! | `routines` | candidates for memcmp, strcmp and their kin |
//! | `transform` | operands that were computed from the input |
//! | `tokens` | constants become a dictionary |
//! | `budget` | what it may cost |
//! | `done` | each testcase once, also when a session goes on |
//!
//! The stage that drives all this is `stages::redqueen`. Candidates are made one after
//! another: there is no list of them.

pub mod budget;
pub mod colorize;
pub mod done;
mod encoded;
mod floats;
mod goal;
pub mod integers;
pub mod log;
mod numbers;
pub mod routines;
mod scan;
pub mod start;
pub mod subject;
pub mod tokens;
mod transform;
mod varlen;

use log::Comparison;
use std::ops::ControlFlow;
use subject::{Edit, Effort, Subject};

/// Hands out the candidates of a comparison, until `attempt` breaks off.
pub fn candidates(
    subject: &Subject<'_>,
    comparison: &Comparison,
    effort: Effort,
    mut attempt: impl FnMut(Edit<'_>) -> ControlFlow<()>,
) {
    let _ = match comparison {
        Comparison::Integers(it) => integers::candidates(subject, it, effort, &mut attempt),
        Comparison::Routine(it) => routines::candidates(subject, it, effort, &mut attempt),
    };
}
