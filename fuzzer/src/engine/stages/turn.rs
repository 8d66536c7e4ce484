//! The testcase whose turn it is, and how long it is fuzzed.

use crate::{
    engine::{
        corpus::{CorpusId, energy},
        session::Session,
    },
    report::name::{Operation, Origin},
};
use std::time::Duration;

/// The turn of a testcase.
#[derive(Debug, Clone, Copy)]
pub struct Turn {
    /// The testcase.
    pub id: CorpusId,
    /// The number in the name of its file, which finds name as their source.
    pub source: u32,
    /// How long it is fuzzed: afl-fuzz's score.
    pub score: u64,
}

/// Rounds for any entry.
const LEAST_ROUNDS: u64 = 12;

/// A turn that finds something goes on for longer, but not for long: what was found
/// waits for its own turn.
const EXTENDED_UP_TO: u64 = 4 * energy::AVERAGE;

impl Turn {
    /// Of a testcase with this score.
    #[must_use]
    pub fn new(session: &Session, id: CorpusId, score: u64) -> Self {
        Self {
            id,
            source: session.corpus.queue.entry(id).number,
            score,
        }
    }

    /// The origin of inputs that an operation makes of the testcase.
    #[must_use]
    pub const fn origin<'a>(&self, operation: Operation<'a>) -> Origin<'a> {
        Origin::new(self.source, operation)
    }

    /// How often it is mutated, from its score. afl-fuzz divides by 256 where a
    /// score is in percent: an entry of average score gets `cycles` / 2.56.
    #[must_use]
    pub fn rounds(&self, session: &Session, cycles: u64) -> u64 {
        let rounds = cycles * self.score / session.corpus.queue.slowness() / 256;
        rounds.max(LEAST_ROUNDS)
    }

    /// How many runs of it fit into a time, `most` at the most.
    #[must_use]
    pub fn budget(&self, session: &Session, time: Duration, most: u64) -> u64 {
        const LEAST: u64 = 64;
        let queue = &session.corpus.queue;
        if queue.ignores_time() {
            return most;
        }
        let exec_us = queue.entry(self.id).exec_us.max(1);
        (time.as_micros() as u64 / exec_us).clamp(LEAST, most)
    }
}

/// Doubles the rounds of a turn after a find, as long as the score, which counts the
/// doublings, is not too high.
pub const fn extend(score: &mut u64, rounds: &mut u64) {
    if *score <= EXTENDED_UP_TO {
        *score *= 2;
        *rounds *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::extend;

    #[test]
    fn a_turn_grows_with_its_finds_up_to_a_limit() {
        let after = |mut score: u64, finds: u32| {
            let mut rounds = 10;
            for _ in 0..finds {
                extend(&mut score, &mut rounds);
            }
            rounds
        };
        assert_eq!(
            [0, 1, 2, 3, 4, 100].map(|finds| after(100, finds)),
            [10, 20, 40, 80, 80, 80]
        );
        assert_eq!(after(25, 100), 320, "a low score leaves more room");
        assert_eq!(after(401, 100), 10, "a high one is a long turn already");
    }
}
