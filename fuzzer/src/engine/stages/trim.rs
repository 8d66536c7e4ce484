//! Trimming: a testcase is made shorter as long as it covers the same. Once for each,
//! when it is its turn for the first time.

use super::{stage::Stage, turn::Turn};
use crate::{
    engine::{
        corpus::CorpusId,
        error::FuzzError,
        session::{Evaluated, Session, Submission},
    },
    report::name::{Operation, Origin},
};
use std::time::{Duration, Instant};

/// The first chunks are this part of the length, rounded up to a power of two.
const FIRST_STEPS: usize = 16;

/// The last ones are this part.
const LAST_STEPS: usize = 1024;

/// No chunk is shorter, and no testcase that is not longer is trimmed.
const SHORTEST_CHUNK: usize = 4;

/// So long may it take to trim a testcase. The steps above are some 2,000 runs.
const PATIENCE: Duration = Duration::from_secs(10);

/// So many runs it may take at the most.
const MOST_RUNS: u64 = 16 * 1024;

/// The stage.
#[derive(Debug, Default)]
pub struct TrimStage {
    original: Vec<u8>,
    input: Vec<u8>,
    candidate: Vec<u8>,
}

impl Stage for TrimStage {
    fn perform(&mut self, session: &mut Session, turn: &Turn) -> Result<(), FuzzError> {
        let entry = session.corpus.queue.entry_mut(turn.id);
        let custom = session.mutation.custom.as_ref();
        let by_custom = custom.is_some_and(|mutators| mutators.any().trim);
        if entry.trimmed || by_custom || !session.mutation.strategy.trims {
            return Ok(());
        }
        entry.trimmed = true;
        if entry.len <= SHORTEST_CHUNK {
            return Ok(());
        }
        let began = Instant::now();
        session.corpus.copy(turn.id, &mut self.original);
        let trimmed = self.trim(session, turn);
        session.tally.counters.trim += began.elapsed();
        trimmed
    }
}

impl TrimStage {
    fn trim(&mut self, session: &mut Session, turn: &Turn) -> Result<(), FuzzError> {
        let mut runs = Runs {
            left: turn.budget(session, PATIENCE, MOST_RUNS),
            is_fresh: false,
            session,
            turn,
        };
        // What a persistent child ran before must not be a part of what is compared.
        runs.session.target.discard_child();
        let Some(expected) = runs.checksum(&self.original, 0)? else {
            return Ok(());
        };
        if runs.checksum(&self.original, 0)? != Some(expected) {
            // It covers something else each time.
            return Ok(());
        }
        loop {
            self.input.clone_from(&self.original);
            self.shorten(&mut runs, expected)?;
            if runs.session.stop.ending().is_some() {
                // A part of the session that is to come does it anew.
                runs.session.corpus.queue.entry_mut(turn.id).trimmed = false;
                return Ok(());
            }
            if self.input.len() == self.original.len() {
                return Ok(());
            }
            runs.session.target.discard_child();
            if runs.checksum(&self.input, 0)? == Some(expected) {
                return replace(runs.session, turn.id, &self.input);
            }
            if runs.is_fresh {
                return Ok(());
            }
            // What it covered was due to what the same child ran before: once more, each
            // run in a child of its own.
            runs.is_fresh = true;
        }
    }

    /// Takes chunks out that nothing depends on: ever smaller ones, one after another.
    fn shorten(&mut self, runs: &mut Runs<'_>, expected: u64) -> Result<(), FuzzError> {
        let shortest = runs.session.mutation.strategy.shortest;
        let mut rounded = self.input.len().next_power_of_two();
        let mut chunk = (rounded / FIRST_STEPS).max(SHORTEST_CHUNK);
        while chunk >= (rounded / LAST_STEPS).max(SHORTEST_CHUNK) {
            // As with afl-fuzz the start, where the magic numbers are, stays.
            let mut at = chunk;
            while at < self.input.len() {
                if runs.is_over() {
                    return Ok(());
                }
                let end = self.input.len().min(at + chunk);
                if self.input.len() - (end - at) < shortest {
                    break;
                }
                self.candidate.clear();
                self.candidate.extend_from_slice(&self.input[..at]);
                self.candidate.extend_from_slice(&self.input[end..]);
                if runs.checksum(&self.candidate, at)? == Some(expected) {
                    std::mem::swap(&mut self.input, &mut self.candidate);
                    rounded = self.input.len().next_power_of_two();
                } else {
                    at += chunk;
                }
            }
            chunk /= 2;
        }
        Ok(())
    }
}

/// Runs for trimming. Whatever else they find is kept, as with any other run.
struct Runs<'a> {
    session: &'a mut Session,
    turn: &'a Turn,
    left: u64,
    /// Each run is the first one of a child.
    is_fresh: bool,
}

impl Runs<'_> {
    fn is_over(&self) -> bool {
        self.left == 0 || self.session.stop.ending().is_some()
    }

    /// What an input covers; `None` if it is new, or fails. `place` is where it differs
    /// from the testcase.
    fn checksum(&mut self, input: &[u8], place: usize) -> Result<Option<u64>, FuzzError> {
        if self.is_fresh {
            self.session.target.discard_child();
        }
        self.left = self.left.saturating_sub(1);
        let origin = Origin {
            repetitions: place as u32,
            ..self.turn.origin(Operation::Trim)
        };
        let submission = Submission::of(self.turn.id, input, origin);
        let evaluated = self.session.evaluate(&submission)?;
        let is_known = evaluated == Evaluated::Known;
        let Session {
            coverage, target, ..
        } = &*self.session;
        Ok(is_known.then(|| coverage.checksum(target.trace())))
    }
}

/// Puts a shorter input, which was just run and covers the same, in a testcase's
/// place: on disk, where a kill leaves the one or the other, then in memory.
fn replace(session: &mut Session, id: CorpusId, input: &[u8]) -> Result<(), FuzzError> {
    let Session {
        corpus,
        finds,
        target,
        ..
    } = session;
    finds.rewrite(corpus.inputs.name(id), input)?;
    corpus.replace(id, input);
    corpus.queue.reclaim(id, target.trace().footprint());
    Ok(())
}
