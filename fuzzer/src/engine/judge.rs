//! One run and what follows from it.

use super::{
    State,
    blind::BlindFaults,
    calibration::VariableEdges,
    config::Limits,
    control::Control,
    counters::{Counters, NextNumbers},
    custom::Shared,
    error::FuzzError,
    executor::ForkServerExecutor,
    novelty::{FaultMap, Novelty, VirginMap},
    progress::Progress,
    queue::Queue,
    resume::{Identity, Pace},
    sanitized::Sanitized,
    strategy::Strategy,
    sync::Sync,
};
use crate::report::{
    counted,
    folder::OutputFolder,
    name::{self, Moment, Origin},
    store::{self, StoreError},
    summary::{Ending, Replay},
};
use libafl::{
    corpus::{Corpus, CorpusId, Testcase},
    schedulers::Scheduler,
    state::{HasCorpus, HasExecutions},
};
use std::{ffi::OsString, time::Duration};
use tine_controller::{Outcome, RunError};

/// So many inputs in a row may take the fork server along.
const MOST_LOST: u32 = 10;

/// No more inputs that take the fork server along are saved than this.
const MOST_KEPT: u32 = 64;

/// What came of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evaluated {
    /// Nothing new.
    Known,
    /// It is a testcase now.
    Kept(CorpusId),
    /// It crashed the target, took too long, or took the fork server along.
    Failed,
}

/// How the crashes can be replayed.
#[derive(Debug)]
pub struct Account {
    /// The command that replays a crash.
    pub replay: Replay,
    /// How the fuzzer was started.
    pub command_line: String,
    /// The user's command at a new crash.
    pub on_crash: Option<OsString>,
}

/// The fuzzer: judges runs, keeps what is new. In LibAFL's words `Z`.
#[derive(Debug)]
pub struct Engine {
    pub(super) virgin: VirginMap,
    pub(super) crashes: FaultMap,
    pub(super) timeouts: FaultMap,
    pub(super) blind: BlindFaults,
    pub(super) variable: VariableEdges,
    pub(super) queue: Queue,
    pub(super) strategy: Strategy,
    pub(super) counters: Counters,
    pub(super) next: NextNumbers,
    pub(super) limits: Limits,
    pub(super) folder: OutputFolder,
    pub(super) account: Account,
    pub(super) control: Control,
    pub(super) progress: Progress,
    /// The binaries that `-w` names.
    pub(super) sanitized: Option<Sanitized>,
    /// The exchange with other fuzzers.
    pub(super) sync: Sync,
    /// Score of the entry that is fuzzed now.
    pub(super) score: u64,
    pub(super) ending: Option<Ending>,
    /// What the state file is about; without it there is none.
    pub(super) identity: Option<Identity>,
    pub(super) pace: Pace,
    /// Mutators of the user's.
    pub(super) custom: Option<Shared>,
    /// What the queue gets in place of the input that is run.
    pub(super) original: Option<Vec<u8>>,
    failure: Option<FuzzError>,
}

impl Engine {
    /// With an empty queue. `words` is the size of the map in words.
    pub fn new(
        words: usize,
        queue: Queue,
        limits: Limits,
        folder: OutputFolder,
        account: Account,
        control: Control,
        progress: Progress,
    ) -> Self {
        Self {
            virgin: VirginMap::new(words),
            crashes: FaultMap::default(),
            timeouts: FaultMap::default(),
            blind: BlindFaults::default(),
            variable: VariableEdges::default(),
            queue,
            strategy: Strategy::default(),
            counters: Counters::default(),
            next: NextNumbers::default(),
            limits,
            folder,
            account,
            control,
            progress,
            sanitized: None,
            sync: Sync::default(),
            score: 0,
            ending: None,
            identity: None,
            pace: Pace::default(),
            custom: None,
            original: None,
            failure: None,
        }
    }

    /// Runs an input, and keeps it if it is new.
    ///
    /// # Errors
    /// When the target cannot be run any more, or a find cannot be written.
    #[inline]
    pub fn evaluate(
        &mut self,
        state: &mut State,
        executor: &mut ForkServerExecutor,
        input: &[u8],
        origin: &Origin<'_>,
    ) -> Result<Evaluated, FuzzError> {
        if let Some(custom) = self.custom.clone() {
            return self.evaluate_custom(&custom, state, executor, input, origin);
        }
        self.evaluate_sent(state, executor, input, origin)
    }

    /// As [`Self::evaluate`], for an input that is given to the target as it is.
    #[inline]
    pub(super) fn evaluate_sent(
        &mut self,
        state: &mut State,
        executor: &mut ForkServerExecutor,
        input: &[u8],
        origin: &Origin<'_>,
    ) -> Result<Evaluated, FuzzError> {
        let mut evaluated = Evaluated::Failed;
        match executor.run(input) {
            Ok(outcome) => {
                *state.executions_mut() += 1;
                let (map, trace) = executor.coverage();
                let is_new = self.virgin.take(map, trace);
                self.queue.ran(trace);
                self.counters.lost = 0;
                match outcome {
                    _ if self.limits.explore_crashes && !outcome.is_timeout() => {
                        evaluated =
                            self.explore(state, executor, input, origin, outcome, is_new)?;
                    }
                    Outcome::Exited(_) | Outcome::LoopDone => {
                        let is_wanted = self.wants_sanitizer(executor, is_new);
                        evaluated = if is_new {
                            Evaluated::Kept(self.keep(state, executor, input, origin)?)
                        } else {
                            Evaluated::Known
                        };
                        if is_wanted {
                            self.sanitize(state, executor, input, origin)?;
                        }
                    }
                    Outcome::Signaled { .. } | Outcome::CrashExit(_) => {
                        self.crashed(state, executor, input, origin, outcome)?;
                    }
                    Outcome::TimedOut => self.timed_out(state, executor, input, origin)?,
                }
            }
            Err(error) => self.lost(state, error, input, Some(origin))?,
        }
        if self.control.is_due() || *state.executions() >= self.limits.runs {
            self.attend(state, executor)?;
        }
        Ok(evaluated)
    }

    /// What comes of a run where crashes are looked around: one that crashes and covers
    /// something new is a testcase, one that does not crash is nothing.
    fn explore(
        &mut self,
        state: &mut State,
        executor: &mut ForkServerExecutor,
        input: &[u8],
        origin: &Origin<'_>,
        outcome: Outcome,
        is_new: bool,
    ) -> Result<Evaluated, FuzzError> {
        if !outcome.is_crash() || self.control.broke_off(outcome) {
            return Ok(Evaluated::Known);
        }
        let mut evaluated = Evaluated::Known;
        if is_new {
            evaluated = Evaluated::Kept(self.keep(state, executor, input, origin)?);
        }
        self.crashed(state, executor, input, origin, outcome)?;
        Ok(evaluated)
    }

    /// Puts an input that covers something new into the queue.
    pub(super) fn keep(
        &mut self,
        state: &mut State,
        executor: &mut ForkServerExecutor,
        input: &[u8],
        origin: &Origin<'_>,
    ) -> Result<CorpusId, FuzzError> {
        let novelty = self.virgin.learn(executor.trace());
        let moment = self.moment(state);
        let number = self.next.queue;
        let has_new_edges = novelty == Novelty::Edges;
        let name = self.described(name::of_find(number, *origin, moment, has_new_edges));
        let mut original = self.original.take();
        let stored = original.as_deref().unwrap_or(input);
        store::write(&self.folder.queue(), &name, &[stored])?;
        if let Some(changed) = self.tell_custom(state, &name)? {
            original = Some(changed);
        }
        self.next.queue += 1;
        if origin.import().is_some() {
            self.sync.imported += 1;
        } else {
            self.counters.found += 1;
        }
        let gap = self.progress.note_find();
        self.counters.found_at(Progress::now(), gap);
        let id = self.add(state, original.as_deref().unwrap_or(input), number, name)?;
        let limit = self.generous_limit();
        self.calibrate(state, executor, id, input, origin, limit)?;
        Ok(id)
    }

    /// A limit for runs of testcases that were within the limit before: the
    /// machine may be busy.
    pub(super) fn generous_limit(&self) -> Duration {
        const MORE: Duration = Duration::from_millis(50);
        let limit = self.limits.run;
        (limit + MORE).max(limit * 5 / 4)
    }

    /// Adds an input, which is on disk already as `name`, to the corpus and the queue.
    pub(super) fn add(
        &mut self,
        state: &mut State,
        input: &[u8],
        number: u32,
        name: String,
    ) -> Result<CorpusId, FuzzError> {
        let mut testcase = Testcase::new(input.to_vec().into());
        *testcase.filename_mut() = Some(name);
        let id = state.corpus_mut().add(testcase)?;
        self.queue.on_add(state, id)?;
        self.queue.entry_mut(id).number = number;
        self.sync.publish(input);
        Ok(id)
    }

    /// An input that takes the fork server along is set aside, unless one after
    /// another does. One without an origin is on disk already.
    pub(super) fn lost(
        &mut self,
        state: &State,
        error: RunError,
        input: &[u8],
        origin: Option<&Origin<'_>>,
    ) -> Result<(), FuzzError> {
        if self.control.signal().is_some() {
            // The session ends anyway, and may have ended the server itself.
            return Ok(());
        }
        let is_input = error.is_of_input();
        if let (true, Some(origin), true) = (is_input, origin, self.next.lost < MOST_KEPT) {
            let folder = self.folder.lost();
            let unusable = |source| StoreError {
                path: folder.clone(),
                source,
            };
            store::make_folder(&folder).map_err(unusable)?;
            let name = name::of_lost(self.next.lost, *origin, self.moment(state));
            store::write_synced(&folder, &name, &[input])?;
            self.next.lost += 1;
        }
        self.counters.lost += 1;
        if !is_input || self.counters.lost > MOST_LOST {
            return Err(error.into());
        }
        self.counters.passed_over += 1;
        // Ever more seldom: there may be thousands.
        if self.counters.passed_over.is_power_of_two() {
            let count = counted(self.counters.passed_over, "input");
            self.progress
                .note(format_args!("{count} passed over so far: {error}"));
        }
        Ok(())
    }

    pub(super) fn moment(&self, state: &State) -> Moment {
        let milliseconds = self.progress.run_time().as_millis() as u64;
        Moment {
            milliseconds,
            runs: *state.executions(),
        }
    }

    /// Sees to what need not be done for each run.
    #[cold]
    pub(super) fn attend(
        &mut self,
        state: &State,
        executor: &ForkServerExecutor,
    ) -> Result<(), FuzzError> {
        self.control.acknowledge();
        self.progress.see_modules(executor.server());
        let runs = *state.executions();
        if let Some(signal) = self.control.signal() {
            self.ending.get_or_insert(Ending::Signal(signal));
        } else if runs >= self.limits.runs {
            self.ending.get_or_insert(Ending::Runs);
        } else if self
            .limits
            .time
            .is_some_and(|limit| self.progress.this_part() >= limit)
        {
            self.ending.get_or_insert(Ending::Time);
        } else if let Some(variable) = self.wished_end() {
            self.ending.get_or_insert(Ending::Variable(variable));
        }
        self.report(state, executor)
    }

    /// The variable that asks for an end now.
    fn wished_end(&self) -> Option<&'static str> {
        let progress = &self.progress;
        let (this_part, all) = (progress.this_part(), progress.run_time());
        // Finds of an earlier part do not keep this one from ending.
        self.limits.wishes.end(this_part, all, progress.idle())
    }

    /// Whether the session is to end, and why.
    #[must_use]
    pub const fn ending(&self) -> Option<Ending> {
        self.ending
    }

    /// LibAFL's stages can only return LibAFL's errors: keeps ours for
    /// [`Self::failure`] and returns one that stops all stages.
    pub(super) fn fail(&mut self, error: FuzzError) -> libafl::Error {
        match error {
            FuzzError::Engine(error) => error,
            other => {
                self.failure = Some(other);
                libafl::Error::shutting_down()
            }
        }
    }

    /// What stopped the stages.
    pub(super) fn failure(&mut self, error: libafl::Error) -> FuzzError {
        self.failure.take().unwrap_or(FuzzError::Engine(error))
    }
}
