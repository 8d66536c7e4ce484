//! The splice stage: the start of one testcase and the end of another, then
//! havoc. As in afl-fuzz it is off unless `-u` is given: havoc takes blocks of other
//! testcases itself.

use super::{havoc::Havoc, stage::Stage, turn::Turn};
use crate::{
    engine::{corpus::CorpusId, error::FuzzError, session::Session},
    report::name::{Operation, Origin},
};
use fast_rands::Rand;
use std::num::NonZeroUsize;

/// So many partners for each testcase: twice the rounds of havoc, as in afl-fuzz.
const PARTNERS: u32 = 4;

/// Cycles with one partner: 12 rounds for an entry of average score.
const ROUNDS: u64 = 32;

/// The stage.
#[derive(Debug)]
pub struct SpliceStage {
    havoc: Havoc,
    original: Vec<u8>,
    other: Vec<u8>,
}

impl SpliceStage {
    /// With a mutator of its own.
    #[must_use]
    pub const fn new(havoc: Havoc) -> Self {
        Self {
            havoc,
            original: Vec::new(),
            other: Vec::new(),
        }
    }
}

impl Stage for SpliceStage {
    fn perform(&mut self, session: &mut Session, turn: &Turn) -> Result<(), FuzzError> {
        if !session.mutation.strategy.splices || session.corpus.queue.len() < 2 {
            return Ok(());
        }
        session.corpus.copy(turn.id, &mut self.original);
        for _ in 0..PARTNERS {
            if session.stop.ending().is_some() {
                break;
            }
            let count = session.corpus.queue.len();
            let count = NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN);
            let partner = CorpusId::new(session.mutation.rand.below(count));
            if partner == turn.id {
                continue;
            }
            session.corpus.copy(partner, &mut self.other);
            let Some((first, last)) = difference(&self.original, &self.other) else {
                continue;
            };
            let cut = session.mutation.rand.between(first + 1, last);
            let base = self.havoc.base_mut();
            base.clear();
            base.extend_from_slice(&self.original[..cut]);
            base.extend_from_slice(&self.other[cut..]);
            let origin = Origin {
                with: Some(session.corpus.queue.entry(partner).number),
                ..turn.origin(Operation::Splice)
            };
            let rounds = turn.rounds(session, ROUNDS);
            self.havoc.run(session, turn, rounds, origin)?;
        }
        Ok(())
    }
}

/// The first and the last place where two inputs differ, if a cut between them
/// gives something new.
fn difference(one: &[u8], other: &[u8]) -> Option<(usize, usize)> {
    let differs = |&at: &usize| one[at] != other[at];
    let common = one.len().min(other.len());
    let first = (0..common).find(differs)?;
    let last = (0..common).rfind(differs)?;
    (first < last).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn a_cut_must_lie_between_differences() {
        assert_eq!(difference(b"abcdef", b"aXcdeY"), Some((1, 5)));
        assert_eq!(difference(b"abcdef", b"aXcdYfgh"), Some((1, 4)));
        assert_eq!(difference(b"abc", b"abcdef"), None, "nothing differs");
        assert_eq!(
            difference(b"abc", b"aXc"),
            None,
            "one side would be the whole input"
        );
        assert_eq!(difference(b"", b"x"), None);
    }
}
