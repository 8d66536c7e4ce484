//! The stage of the custom mutators: each makes inputs of the testcase.

use super::{
    stage::Stage,
    turn::{Turn, extend},
};
use crate::{
    engine::{
        corpus::CorpusId,
        error::FuzzError,
        session::{Evaluated, Session, Submission},
    },
    report::name::{Operation, Origin},
};
use fast_rands::Rand;
use std::num::NonZeroUsize;

/// Cycles of the mutators: 25 rounds for an entry of average score.
const ROUNDS: u64 = 64;

/// The same if there are no other mutations.
const ROUNDS_ALONE: u64 = 128;

/// So often another testcase is looked for that is long enough to be spliced with.
const TRIES: u32 = 8;

/// Shorter testcases are of no use for that.
const LEAST_OTHER: usize = 4;

/// The stage.
#[derive(Debug, Default)]
pub struct CustomStage {
    base: Vec<u8>,
    other: Vec<u8>,
    output: Vec<u8>,
}

impl Stage for CustomStage {
    fn perform(&mut self, session: &mut Session, turn: &Turn) -> Result<(), FuzzError> {
        let Some(custom) = &session.mutation.custom else {
            return Ok(());
        };
        let (fuzzers, trims) = (custom.fuzzers(), custom.any().trim && custom.trims);
        session.corpus.copy(turn.id, &mut self.base);
        let is_first = session.corpus.queue.entry(turn.id).fuzzed == 0;
        if is_first && trims {
            session.custom_trim(turn.id, &mut self.base)?;
        }
        for number in fuzzers {
            self.fuzz(number, session, turn)?;
        }
        Ok(())
    }
}

impl CustomStage {
    /// Has the mutator of this number make inputs of the testcase.
    fn fuzz(&mut self, number: usize, session: &mut Session, turn: &Turn) -> Result<(), FuzzError> {
        let Some(custom) = &mut session.mutation.custom else {
            return Ok(());
        };
        let wanted = custom.fuzz_count(number, &self.base);
        let splices = !custom.any().splice_optout;
        let average = if custom.only { ROUNDS_ALONE } else { ROUNDS };
        let mut most = wanted.map_or_else(|| turn.rounds(session, average), u64::from);
        let mut score = turn.score;
        let mut round = 0;
        while round < most && session.stop.ending().is_none() {
            round += 1;
            let partner = if splices {
                self.partner(session, turn.id)
            } else {
                None
            };
            let other = partner.map(|_| self.other.as_slice());
            let Some(custom) = &mut session.mutation.custom else {
                return Ok(());
            };
            if !custom.fuzz(number, &self.base, other, &mut self.output) {
                // No result is an answer. Time passes all the same.
                session.attend_if_due()?;
                continue;
            }
            let origin = Origin {
                with: partner.map(|partner| session.corpus.queue.entry(partner).number),
                repetitions: 1,
                ..turn.origin(Operation::Custom)
            };
            let evaluated = session.evaluate(&Submission::of(turn.id, &self.output, origin));
            if let Some(custom) = &mut session.mutation.custom {
                custom.rest();
            }
            let found = matches!(evaluated?, Evaluated::Kept(_));
            if found && wanted.is_none() {
                extend(&mut score, &mut most);
            }
        }
        Ok(())
    }

    /// Another testcase, whose bytes are in `other` then.
    fn partner(&mut self, session: &mut Session, id: CorpusId) -> Option<CorpusId> {
        let count = NonZeroUsize::new(session.corpus.queue.len());
        let count = count.filter(|count| count.get() > 1)?;
        for _ in 0..TRIES {
            let partner = CorpusId::new(session.mutation.rand.below(count));
            if partner == id {
                continue;
            }
            session.corpus.copy(partner, &mut self.other);
            if self.other.len() >= LEAST_OTHER {
                return Some(partner);
            }
        }
        None
    }
}
