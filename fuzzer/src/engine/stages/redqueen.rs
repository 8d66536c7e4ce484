//! The redqueen stage: solves the comparisons that a testcase meets, once for each
//! testcase, with a program that logs them.

use super::{stage::Stage, turn::Turn};
use crate::{
    engine::{
        corpus::{CorpusId, Queue},
        coverage::Trace,
        error::FuzzError,
        redqueen::{
            budget::{self, Budget},
            candidates,
            colorize::{colorize, replacements},
            done::Done,
            log::{self, Found},
            start::Logger,
            subject::{Edit, Effort, Subject},
            tokens::Gathered,
        },
        session::{Evaluated, Session, Submission},
    },
    report::name::Operation,
};
use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    ops::ControlFlow,
    path::Path,
    time::Instant,
};
use tine_controller::RunError;

/// Inputs up to this length are searched for computed operands without being asked to.
const SHORT: usize = 1024;

/// So many testcases are done in one turn: the first one, and what it led to.
const MOST_AT_ONCE: usize = 64;

/// So many testcases may take the fork server of the program that logs along.
const MOST_LOST: u32 = 3;

/// The stage. Without a program that logs comparisons it does nothing.
#[derive(Debug, Default)]
pub struct RedqueenStage(Option<Box<Redqueen>>);

impl RedqueenStage {
    /// With the program that logs, for all testcases or for those that are found from now
    /// on. `folder` is that of the instance, `is_fresh` whether the session has no earlier
    /// part.
    #[must_use]
    pub fn new(logger: Option<Logger>, only_new: bool, folder: &Path, is_fresh: bool) -> Self {
        Self(logger.map(|logger| {
            Box::new(Redqueen {
                done: Done::open(folder, &logger, is_fresh),
                budget: Budget::new(logger.level.level >= 3),
                gathered: Gathered::default(),
                longest: None,
                lost: 0,
                only_new,
                work: Work::default(),
                logger,
            })
        }))
    }
}

impl Stage for RedqueenStage {
    fn perform(&mut self, session: &mut Session, turn: &Turn) -> Result<(), FuzzError> {
        let Some(redqueen) = &mut self.0 else {
            return Ok(());
        };
        if !redqueen.is_due(session, turn.id) {
            return Ok(());
        }
        let (began, runs) = (Instant::now(), session.tally.runs);
        let solved = redqueen.solve_with_finds(session, turn);
        session.tally.counters.cmplog += began.elapsed();
        redqueen.budget.spend(session.tally.runs - runs);
        match solved {
            Ok(()) => Ok(()),
            Err(Failure::Session(error)) => Err(error),
            Err(Failure::Logger(error)) if error.is_of_input() && redqueen.lost < MOST_LOST => {
                redqueen.lost += 1;
                redqueen.done.add(turn.source);
                Ok(())
            }
            Err(Failure::Logger(error)) => {
                if session.stop.control.signal().is_none() {
                    session.tally.note(format_args!(
                        "comparisons are not solved any more, because -c {} failed: {error}",
                        redqueen.logger.program.display()
                    ));
                }
                self.0 = None;
                Ok(())
            }
        }
    }
}

#[derive(Debug)]
struct Redqueen {
    logger: Logger,
    done: Done,
    budget: Budget,
    gathered: Gathered,
    /// The longest input, as the first testcases are; known once they are there.
    longest: Option<usize>,
    /// The testcases that the session begins with are left out.
    only_new: bool,
    /// Testcases that took the fork server along.
    lost: u32,
    work: Work,
}

/// What is used again for each testcase.
#[derive(Debug, Default)]
struct Work {
    input: Vec<u8>,
    changed: Vec<u8>,
    candidate: Vec<u8>,
    /// Hashes of the candidates that were tried.
    tried: HashSet<u64>,
    /// Testcase with all solutions that do not change its length.
    combined: Vec<u8>,
    solutions: u32,
}

/// Why a testcase is not done.
enum Failure {
    /// The session ends.
    Session(FuzzError),
    /// The program that logs cannot be run any more.
    Logger(RunError),
}

impl From<FuzzError> for Failure {
    fn from(error: FuzzError) -> Self {
        Self::Session(error)
    }
}

impl Redqueen {
    /// Whether the testcase is worth it and not done yet.
    fn is_due(&mut self, session: &Session, id: CorpusId) -> bool {
        let queue = &session.corpus.queue;
        let entry = queue.entry(id);
        let longest = self.longest.unwrap_or_else(|| self.begin(queue));
        let has_share = self.budget.has_share(session.tally.runs, entry.favored);
        if self.done.has(entry.number) || !has_share {
            return false;
        }
        // Nothing found for a while: what was too long comes into play.
        let idle = queue.cycles_without_finds();
        let longest = longest.saturating_mul(1 << (4 * idle.min(8)));
        let is_chosen = entry.favored || idle > 0 || self.logger.level.level > 1;
        is_chosen && (entry.len <= longest || self.logger.level.level > 2)
    }

    /// Looks at the first testcases. Returns how long inputs may be for now.
    fn begin(&mut self, queue: &Queue) -> usize {
        const LEAST: usize = 1024;
        let lens = queue.entries().iter().map(|entry| entry.len);
        let longest = match self.logger.level.level {
            1 => lens.min(),
            _ => lens.max(),
        };
        if self.only_new {
            for entry in queue.entries() {
                self.done.add(entry.number);
            }
        }
        let longest = longest
            .unwrap_or_default()
            .next_multiple_of(LEAST)
            .max(LEAST);
        self.longest = Some(longest);
        longest
    }

    /// Solves what can be solved of a testcase, and then of what was found by that:
    /// behind a comparison there is often the next one.
    fn solve_with_finds(&mut self, session: &mut Session, turn: &Turn) -> Result<(), Failure> {
        let mut left = vec![turn.id];
        for _ in 0..MOST_AT_ONCE {
            let Some(id) = left.pop() else { break };
            if session.stop.is_ending() {
                break;
            }
            if !self.is_due(session, id) {
                continue;
            }
            let known = session.corpus.queue.len();
            // What is found now comes from this testcase.
            self.solve(session, &Turn::new(session, id, turn.score))?;
            // The newest last: it was found with the most solutions.
            left.extend((known..session.corpus.queue.len()).map(CorpusId::new));
        }
        Ok(())
    }

    /// Solves what can be solved of a testcase.
    fn solve(&mut self, session: &mut Session, turn: &Turn) -> Result<(), Failure> {
        session.corpus.copy(turn.id, &mut self.work.input);
        if self.work.input.len() > 1 {
            let colored = self.color(session, turn)?;
            if colored && !session.stop.is_ending() {
                let found = self.compare(session)?;
                self.try_all(session, turn, &found)?;
                self.combine(session, turn)?;
            }
        }
        if !session.stop.is_ending() {
            self.done.add(turn.source);
        }
        Ok(())
    }

    /// Makes the colorized input. Returns whether the testcase runs as it should.
    fn color(&mut self, session: &mut Session, turn: &Turn) -> Result<bool, FuzzError> {
        let origin = turn.origin(Operation::Colorization);
        let Work { input, changed, .. } = &mut self.work;
        let random = self.logger.level.random;
        let replacements = replacements(input, random, &mut session.mutation.rand);
        changed.clone_from(input);
        let Some(first) = trace_of(session, &Submission::of(turn.id, input, origin))? else {
            return Ok(false);
        };
        let mut runs = budget::of_colorization(input.len());
        colorize(changed, &replacements, |candidate| {
            if runs == 0 || session.stop.is_ending() {
                return Ok(None);
            }
            runs -= 1;
            let evaluated = session.evaluate(&Submission::of(turn.id, candidate, origin))?;
            let is_same = evaluated == Evaluated::Known
                && session.coverage.is_same(session.target.trace(), &first);
            Ok::<_, FuzzError>(Some(is_same))
        })?;
        Ok(true)
    }

    /// What the testcase and its colorized form have for operands.
    fn compare(&mut self, session: &mut Session) -> Result<Vec<Found>, Failure> {
        let Work { input, changed, .. } = &self.work;
        let mut log = |input: &[u8]| {
            session.tally.runs += 1;
            let run = self.logger.run(input, session.stop.limits.run);
            // The outcome does not matter: what was logged until then is true.
            run.map(|(_, log)| log).map_err(Failure::Logger)
        };
        let (original, twin) = (log(input)?, log(changed)?);
        Ok(log::compare(&original, &twin, &mut self.budget))
    }

    /// Tries the candidates of all comparisons.
    fn try_all(
        &mut self,
        session: &mut Session,
        turn: &Turn,
        found: &[Found],
    ) -> Result<(), FuzzError> {
        let origin = turn.origin(Operation::InputToState);
        let effort = self.effort();
        let Work {
            input,
            changed,
            candidate,
            tried,
            combined,
            solutions,
        } = &mut self.work;
        tried.clear();
        combined.clone_from(input);
        *solutions = 0;
        self.budget.begin_testcase();
        let subject = Subject::new(input, changed);
        let mut solved_sites = HashSet::new();
        let mut failure = None;
        for Found {
            comparison, site, ..
        } in found
        {
            let may_search = self.budget.search(input.len(), effort.transforms);
            if session.stop.is_ending() || !may_search || !self.budget.has_testcase() {
                break;
            }
            let mut solved = false;
            if self.budget.has_site(*site) {
                candidates(&subject, comparison, effort, |edit| {
                    if !tried.insert(hash(edit)) {
                        return ControlFlow::Continue(());
                    }
                    edit.apply(input, candidate);
                    let mut is_kept = false;
                    match session.evaluate(&Submission::of(turn.id, candidate, origin)) {
                        Ok(evaluated) => {
                            solved = evaluated != Evaluated::Known;
                            is_kept = matches!(evaluated, Evaluated::Kept(_));
                        }
                        Err(error) => failure = Some(error),
                    }
                    if is_kept && edit.remove == edit.insert.len() {
                        let mut all = Vec::new();
                        edit.apply(combined, &mut all);
                        *combined = all;
                        *solutions += 1;
                    }
                    let goes_on = self.budget.tried(*site) && !session.stop.is_ending();
                    if solved || failure.is_some() || !goes_on {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    }
                });
            }
            if let Some(error) = failure {
                return Err(error);
            }
            if solved {
                solved_sites.insert(*site);
            } else {
                let tokens = &mut session.mutation.tokens;
                self.gathered.gather(comparison, |token| tokens.add(token));
            }
        }
        self.budget.ended(|site| solved_sites.contains(&site));
        Ok(())
    }

    /// Several solutions at once may lead further.
    fn combine(&mut self, session: &mut Session, turn: &Turn) -> Result<(), FuzzError> {
        if self.work.solutions > 1 && !session.stop.is_ending() {
            let origin = turn.origin(Operation::InputToState);
            session.evaluate(&Submission::of(turn.id, &self.work.combined, origin))?;
        }
        Ok(())
    }

    fn effort(&self) -> Effort {
        let level = self.logger.level;
        let is_short = self.work.input.len() <= SHORT;
        Effort {
            neighbours: level.arithmetic || level.level > 2 || self.logger.no_predicates,
            transforms: level.transforms || level.level > 2 || level.level > 1 && is_short,
            extreme: level.extreme || level.level > 1,
            scale: level.scale || level.level > 2,
        }
    }
}

/// What an input covers; `None` if it does not run to its end.
fn trace_of(
    session: &mut Session,
    submission: &Submission<'_>,
) -> Result<Option<Trace>, FuzzError> {
    /// One that varies may be new again.
    const ATTEMPTS: u32 = 3;
    for _ in 0..ATTEMPTS {
        match session.evaluate(submission)? {
            Evaluated::Known => return Ok(Some(session.target.trace().clone())),
            Evaluated::Kept(_) => {}
            Evaluated::Failed => break,
        }
    }
    Ok(None)
}

fn hash(edit: Edit<'_>) -> u64 {
    // Without random keys: a session with a seed is repeated.
    let mut hasher = DefaultHasher::new();
    edit.hash(&mut hasher);
    hasher.finish()
}
