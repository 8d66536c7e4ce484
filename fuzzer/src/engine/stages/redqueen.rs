//! The redqueen stage: solves the comparisons that a testcase meets, once for each
//! testcase, with a program that logs them.

use super::{begins_anew, copy_input, current};
use crate::{
    engine::{
        State,
        error::FuzzError,
        executor::ForkServerExecutor,
        judge::{Engine, Evaluated},
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
        trace::Trace,
    },
    report::name::{Operation, Origin},
};
use libafl::{
    Error, HasMetadata,
    corpus::{Corpus, CorpusId},
    mutators::Tokens,
    stages::Stage,
    state::{HasCorpus, HasExecutions, HasRand},
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

impl<EM> Stage<ForkServerExecutor, EM, State, Engine> for RedqueenStage {
    fn perform(
        &mut self,
        engine: &mut Engine,
        executor: &mut ForkServerExecutor,
        state: &mut State,
        _manager: &mut EM,
    ) -> Result<(), Error> {
        let Some(redqueen) = &mut self.0 else {
            return Ok(());
        };
        let id = current(state)?;
        if !redqueen.is_due(engine, state, id) {
            return Ok(());
        }
        let (began, runs) = (Instant::now(), *state.executions());
        let solved = redqueen.solve_with_finds(engine, executor, state, id);
        *state.corpus_mut().current_mut() = Some(id);
        engine.counters.cmplog += began.elapsed();
        redqueen.budget.spend(*state.executions() - runs);
        match solved {
            Ok(()) => Ok(()),
            Err(Failure::Engine(error)) => Err(engine.fail(error)),
            Err(Failure::Logger(error)) if error.is_of_input() && redqueen.lost < MOST_LOST => {
                redqueen.lost += 1;
                redqueen.done.add(engine.queue.entry(id).number);
                Ok(())
            }
            Err(Failure::Logger(error)) => {
                if engine.control.signal().is_none() {
                    engine.progress.note(format_args!(
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

begins_anew!(RedqueenStage);

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
    Engine(FuzzError),
    /// The program that logs cannot be run any more.
    Logger(RunError),
}

impl From<FuzzError> for Failure {
    fn from(error: FuzzError) -> Self {
        Self::Engine(error)
    }
}

impl Redqueen {
    /// Whether the testcase is worth it and not done yet.
    fn is_due(&mut self, engine: &Engine, state: &State, id: CorpusId) -> bool {
        let entry = engine.queue.entry(id);
        let longest = self.longest.unwrap_or_else(|| self.begin(engine));
        if self.done.has(entry.number) || !self.budget.has_share(*state.executions(), entry.favored)
        {
            return false;
        }
        // Nothing found for a while: what was too long comes into play.
        let idle = engine.queue.cycles_without_finds();
        let longest = longest.saturating_mul(1 << (4 * idle.min(8)));
        let is_chosen = entry.favored || idle > 0 || self.logger.level.level > 1;
        is_chosen && (entry.len <= longest || self.logger.level.level > 2)
    }

    /// Looks at the first testcases. Returns how long inputs may be for now.
    fn begin(&mut self, engine: &Engine) -> usize {
        const LEAST: usize = 1024;
        let lens = engine.queue.entries().iter().map(|entry| entry.len);
        let longest = match self.logger.level.level {
            1 => lens.min(),
            _ => lens.max(),
        };
        if self.only_new {
            for entry in engine.queue.entries() {
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
    fn solve_with_finds(
        &mut self,
        engine: &mut Engine,
        executor: &mut ForkServerExecutor,
        state: &mut State,
        id: CorpusId,
    ) -> Result<(), Failure> {
        let mut left = vec![id];
        for _ in 0..MOST_AT_ONCE {
            let Some(id) = left.pop() else { break };
            if ends(engine) {
                break;
            }
            if !self.is_due(engine, state, id) {
                continue;
            }
            // What is found now comes from this testcase.
            *state.corpus_mut().current_mut() = Some(id);
            let known = engine.queue.len();
            self.solve(engine, executor, state, id)?;
            // The newest last: it was found with the most solutions.
            left.extend((known..engine.queue.len()).map(CorpusId));
        }
        Ok(())
    }

    /// Solves what can be solved of a testcase.
    fn solve(
        &mut self,
        engine: &mut Engine,
        executor: &mut ForkServerExecutor,
        state: &mut State,
        id: CorpusId,
    ) -> Result<(), Failure> {
        let number = engine.queue.entry(id).number;
        copy_input(state, id, &mut self.work.input)
            .map_err(|error| Failure::Engine(error.into()))?;
        let origin = |operation| Origin::new(number, operation);
        if self.work.input.len() > 1 {
            let colored = self.color(engine, executor, state, &origin(Operation::Colorization))?;
            if colored && !ends(engine) {
                let found = self.compare(engine, state)?;
                self.try_all(
                    engine,
                    executor,
                    state,
                    &found,
                    &origin(Operation::InputToState),
                )?;
                self.combine(engine, executor, state, &origin(Operation::InputToState))?;
            }
        }
        if !ends(engine) {
            self.done.add(number);
        }
        Ok(())
    }

    /// Makes the twin. Returns whether the testcase runs as it should.
    fn color(
        &mut self,
        engine: &mut Engine,
        executor: &mut ForkServerExecutor,
        state: &mut State,
        origin: &Origin<'_>,
    ) -> Result<bool, FuzzError> {
        let Work { input, changed, .. } = &mut self.work;
        let random = self.logger.level.random;
        let replacements = replacements(input, random, state.rand_mut());
        changed.clone_from(input);
        let Some(first) = trace_of(engine, executor, state, input, origin)? else {
            return Ok(false);
        };
        let mut runs = budget::of_colorization(input.len());
        colorize(changed, &replacements, |candidate| {
            if runs == 0 || ends(engine) {
                return Ok(None);
            }
            runs -= 1;
            let evaluated = engine.evaluate(state, executor, candidate, origin)?;
            let variable = |word| engine.variable.mask(word);
            let is_same =
                evaluated == Evaluated::Known && executor.trace().is_same(&first, variable);
            Ok::<_, FuzzError>(Some(is_same))
        })?;
        Ok(true)
    }

    /// What the testcase and its twin have for operands.
    fn compare(&mut self, engine: &Engine, state: &mut State) -> Result<Vec<Found>, Failure> {
        let Work { input, changed, .. } = &self.work;
        let mut log = |input: &[u8]| {
            *state.executions_mut() += 1;
            let run = self.logger.run(input, engine.limits.run);
            // The outcome does not matter: what was logged until then is true.
            run.map(|(_, log)| log).map_err(Failure::Logger)
        };
        let (original, twin) = (log(input)?, log(changed)?);
        Ok(log::compare(&original, &twin, &mut self.budget))
    }

    /// Tries the candidates of all comparisons.
    fn try_all(
        &mut self,
        engine: &mut Engine,
        executor: &mut ForkServerExecutor,
        state: &mut State,
        found: &[Found],
        origin: &Origin<'_>,
    ) -> Result<(), FuzzError> {
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
            if ends(engine) || !may_search || !self.budget.has_testcase() {
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
                    match engine.evaluate(state, executor, candidate, origin) {
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
                    let goes_on = self.budget.tried(*site) && !ends(engine);
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
            } else if let Ok(tokens) = state.metadata_mut::<Tokens>() {
                self.gathered.gather(comparison, |token| {
                    tokens.add_token(&token.to_vec());
                });
            }
        }
        self.budget.ended(|site| solved_sites.contains(&site));
        Ok(())
    }

    /// Several solutions at once may lead further.
    fn combine(
        &mut self,
        engine: &mut Engine,
        executor: &mut ForkServerExecutor,
        state: &mut State,
        origin: &Origin<'_>,
    ) -> Result<(), FuzzError> {
        if self.work.solutions > 1 && !ends(engine) {
            engine.evaluate(state, executor, &self.work.combined, origin)?;
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

/// Whether the session ends, or is about to: searching runs nothing that would notice.
fn ends(engine: &Engine) -> bool {
    engine.ending().is_some() || engine.control.signal().is_some()
}

/// What an input covers; `None` if it does not run to its end.
fn trace_of(
    engine: &mut Engine,
    executor: &mut ForkServerExecutor,
    state: &mut State,
    input: &[u8],
    origin: &Origin<'_>,
) -> Result<Option<Trace>, FuzzError> {
    /// One that varies may be new again.
    const ATTEMPTS: u32 = 3;
    for _ in 0..ATTEMPTS {
        match engine.evaluate(state, executor, input, origin)? {
            Evaluated::Known => return Ok(Some(executor.trace().clone())),
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
