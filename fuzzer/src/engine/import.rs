//! Filling the queue: with seeds, or with what an earlier session left.

use super::{
    State, config::LONGEST_RUN, counters::NextNumbers, error::FuzzError,
    executor::ForkServerExecutor, judge::Engine, resume::Known, seeds::Seed,
};
use crate::report::{
    counted,
    name::{self, Operation, Origin},
    store,
};
use libafl::corpus::Corpus;
use libafl::state::{HasCorpus, HasExecutions};
use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use tine_controller::{Outcome, RunError};
use tine_protocol::layout::input::MAX_INPUT;

/// So many sentences about single seeds; the others are counted.
const MOST_SENTENCES: u64 = 10;

/// Automatic limits are multiples of this.
const LIMIT_STEP: Duration = Duration::from_millis(20);

/// What became of the inputs.
#[derive(Debug, Default)]
pub struct Imported {
    /// How many inputs there were.
    count: u64,
    /// How many the target handles.
    handled: u64,
    /// How many crash it or take too long.
    failed: u64,
    first_failure: Option<(PathBuf, Result<Outcome, RunError>)>,
    /// The harness wants some in no corpus.
    rejected: bool,
    /// The session ended before all were run.
    cut_short: bool,
}

/// What an earlier session left that cannot be read, or is no testcase because
/// of its length, is told of and passed over.
fn read(engine: &mut Engine, path: &Path) -> Option<Vec<u8>> {
    let problem = match store::read(path) {
        // A find whose content was not on the disk yet when the machine lost its power.
        Ok(bytes) if bytes.is_empty() => "is empty and is passed over".into(),
        Ok(bytes) if bytes.len() <= MAX_INPUT => return Some(bytes),
        Ok(_) => format!("is longer than {MAX_INPUT} bytes and is passed over"),
        Err(error) => format!("cannot be read and is passed over: {error}"),
    };
    let path = path.display();
    engine.progress.note(format_args!("{path} {problem}"));
    None
}

/// The number after those of these testcases.
fn next_of(names: &[String]) -> u32 {
    name::next_number(names.iter().filter_map(|name| name::number(name)))
}

impl Engine {
    /// Runs the seeds and puts those that the target handles into the queue.
    pub(super) fn import_seeds(
        &mut self,
        state: &mut State,
        executor: &mut ForkServerExecutor,
        seeds: Vec<Seed>,
    ) -> Result<Imported, FuzzError> {
        let mut imported = Imported::default();
        let mut rejected = Vec::new();
        let mut entered = 0;
        for seed in seeds {
            if self.ending().is_some() {
                imported.cut_short = true;
                break;
            }
            let limit = self.limits.run;
            if !self.try_out(
                state,
                executor,
                &seed.path,
                &seed.bytes,
                limit,
                &mut imported,
            )? {
                continue;
            }
            if executor.take_rejection() {
                rejected.push(seed);
                continue;
            }
            self.enter_seed(state, executor, &seed)?;
            entered += 1;
        }
        imported.rejected = !rejected.is_empty();
        self.tell_rejected(&rejected, entered == 0);
        if entered == 0 {
            // There has to be something to begin with.
            for seed in rejected {
                let limit = self.limits.run;
                let counted = &mut Imported::default();
                if self.try_out(state, executor, &seed.path, &seed.bytes, limit, counted)? {
                    self.enter_seed(state, executor, &seed)?;
                }
            }
        }
        Ok(imported)
    }

    /// Puts a seed that was just run into the queue.
    fn enter_seed(
        &mut self,
        state: &mut State,
        executor: &mut ForkServerExecutor,
        seed: &Seed,
    ) -> Result<(), FuzzError> {
        let number = self.next.queue;
        let original = seed.path.file_name().unwrap_or_default().to_string_lossy();
        let name = name::of_seed(number, &original);
        store::write(&self.folder.queue(), &name, &[&seed.bytes])?;
        self.next.queue += 1;
        let limit = self.limits.run;
        self.enter(state, executor, &seed.bytes, number, name, limit)
    }

    /// Says which seeds the harness does not want.
    fn tell_rejected(&mut self, rejected: &[Seed], is_all: bool) {
        let Some(first) = rejected.first() else {
            return;
        };
        let count = counted(rejected.len() as u64, "seed");
        let path = first.path.display();
        let consequence = if is_all {
            "all that there are, so the session begins with them"
        } else {
            "they are left out"
        };
        self.progress.note(format_args!(
            "the harness rejects {count} (it returns -1): {consequence}; the \
             first is {path}"
        ));
    }

    /// Runs the testcases of an earlier session. Their files stay as they are. What is
    /// known of them is not used if the session `forgets`.
    pub(super) fn import_queue(
        &mut self,
        state: &mut State,
        executor: &mut ForkServerExecutor,
        forgets: bool,
    ) -> Result<Imported, FuzzError> {
        let mut imported = Imported::default();
        let mut depths = HashMap::new();
        let mut known = if forgets {
            Known::default()
        } else {
            self.recall_state()
        };
        let mut all_known = true;
        let folder = self.folder.queue();
        self.folder.rename_odd_testcases()?;
        for name in self.folder.testcases(&folder)? {
            let Some(number) = name::number(&name) else {
                continue;
            };
            self.next.queue = self.next.queue.max(name::next_number([number]));
            if let Some(depth) = self.restore(state, &mut known, &name) {
                imported.count += 1;
                imported.handled += 1;
                depths.insert(number, depth);
                self.count_known(&name);
                continue;
            }
            all_known = false;
            if self.ending().is_some() {
                // What is known goes on being so.
                imported.cut_short = true;
                continue;
            }
            let path = folder.join(&name);
            let Some(bytes) = read(self, &path) else {
                continue;
            };
            let limit = self.generous_limit();
            executor.is_processed = self.was_processed(&name);
            if !self.try_out(state, executor, &path, &bytes, limit, &mut imported)? {
                continue;
            }
            let source = name::source(&name);
            let depth = source
                .and_then(|source| depths.get(&source))
                .map_or(1, |depth| depth + 1);
            depths.insert(number, depth);
            self.count_known(&name);
            self.enter(state, executor, &bytes, number, name, limit)?;
            if let Some(last) = state.corpus().last() {
                self.queue.set_depth(last, depth);
            }
        }
        imported.rejected = executor.take_rejection();
        // What is saved of a fault is what the target was given.
        executor.is_processed = true;
        let recalled = self.recall_faults(state, executor, known.next);
        executor.is_processed = false;
        recalled?;
        self.queue.cull();
        if all_known {
            self.queue.recall_dry_spell(known.cycles_without_finds);
        }
        Ok(imported)
    }

    /// Counts a testcase of an earlier session by its name.
    fn count_known(&mut self, name: &str) {
        if name::is_import(name) {
            self.sync.imported += 1;
        } else {
            self.counters.found += u64::from(!name::is_seed(name));
        }
    }

    /// Runs the crashes and hangs of an earlier session, so that they are not
    /// taken for new ones. Those before the numbers of `known` are known already.
    fn recall_faults(
        &mut self,
        state: &mut State,
        executor: &mut ForkServerExecutor,
        known: NextNumbers,
    ) -> Result<(), FuzzError> {
        let lost = self.folder.testcases(&self.folder.lost())?;
        self.next.lost = next_of(&lost);
        for is_crash in [true, false] {
            let folder = if is_crash {
                self.folder.crashes()
            } else {
                self.folder.hangs()
            };
            let names = self.folder.testcases(&folder)?;
            let next = next_of(&names);
            if is_crash {
                self.next.crash = next;
                self.counters.saved_crashes = names.len() as u64;
            } else {
                self.next.hang = next;
                self.counters.saved_hangs = names.len() as u64;
            }
            // Without coverage the inputs themselves tell what is new.
            let known = match (executor.info().instrumented, is_crash) {
                (false, _) => 0,
                (true, true) => known.crash,
                (true, false) => known.hang,
            };
            let is_new = |name: &String| name::number(name).is_none_or(|it| it >= known);
            for name in names.into_iter().filter(is_new) {
                if self.control.signal().is_some() {
                    return Ok(());
                }
                let inputs = match self.sequence(&name) {
                    Some(inputs) => inputs,
                    None => read(self, &folder.join(name)).into_iter().collect(),
                };
                let limit = self.limits.run;
                let Some(outcome) = self.replay(state, executor, &inputs, limit, None)? else {
                    continue;
                };
                if let (true, Some(input)) =
                    (outcome.is_crash() || outcome.is_timeout(), inputs.last())
                {
                    self.is_new_fault(executor, input, outcome);
                    self.blind.saved(outcome, input);
                }
            }
        }
        Ok(())
    }

    /// The inputs that a crash or hang takes, if it was saved with them.
    fn sequence(&mut self, name: &str) -> Option<Vec<Vec<u8>>> {
        let entries = fs::read_dir(self.folder.replay().join(name)).ok()?;
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        files.sort();
        files.iter().map(|file| read(self, file)).collect()
    }

    /// Runs an input for the first time. Returns whether the target handles it.
    fn try_out(
        &mut self,
        state: &mut State,
        executor: &mut ForkServerExecutor,
        path: &Path,
        bytes: &[u8],
        limit: Duration,
        imported: &mut Imported,
    ) -> Result<bool, FuzzError> {
        imported.count += 1;
        let ran = match executor.run_within(bytes, limit) {
            Ok(outcome) if self.control.broke_off(outcome) => {
                self.attend(state, executor)?;
                return Ok(false);
            }
            Err(error) if !error.is_of_input() => {
                // An error, unless the session is to end.
                self.lost(state, error, bytes, None)?;
                self.attend(state, executor)?;
                return Ok(false);
            }
            other => other,
        };
        *state.executions_mut() += 1;
        let (map, trace) = executor.coverage();
        self.virgin.take(map, trace);
        let what = match &ran {
            Ok(outcome) if self.limits.explore_crashes && !outcome.is_timeout() => {
                if outcome.is_crash() {
                    imported.handled += 1;
                    return Ok(true);
                }
                format!("the target {outcome}, and -C takes inputs that crash it")
            }
            Ok(outcome) if outcome.is_crash() => format!("the target {outcome}"),
            Ok(outcome) if outcome.is_timeout() => {
                format!("the target takes longer than {} ms (-t)", limit.as_millis())
            }
            Err(error) => error.to_string(),
            Ok(_) => {
                imported.handled += 1;
                return Ok(true);
            }
        };
        if let (Ok(outcome), true) = (&ran, self.limits.wishes.crashing_seeds_are_crashes)
            && outcome.is_crash()
        {
            let origin = Origin::new(self.next.queue, Operation::DryRun);
            self.crashed(state, executor, bytes, &origin, *outcome)?;
        }
        imported.failed += 1;
        if imported.failed <= MOST_SENTENCES {
            self.progress
                .note(format_args!("{} is passed over: {what}", path.display()));
        }
        imported.first_failure.get_or_insert((path.to_owned(), ran));
        if self.control.is_due() {
            self.attend(state, executor)?;
        }
        Ok(false)
    }

    /// Puts an input that was just run, and is on disk, into the queue.
    fn enter(
        &mut self,
        state: &mut State,
        executor: &mut ForkServerExecutor,
        bytes: &[u8],
        number: u32,
        name: String,
        limit: Duration,
    ) -> Result<(), FuzzError> {
        self.virgin.learn(executor.trace());
        let id = self.add(state, bytes, number, name)?;
        let origin = Origin::new(number, Operation::Calibration);
        let is_wanted = self.wants_sanitizer(executor, true);
        self.calibrate(state, executor, id, bytes, &origin, limit)?;
        if is_wanted {
            self.sanitize(state, executor, bytes, &origin)?;
        }
        if self.control.is_due() {
            self.attend(state, executor)?;
        }
        Ok(())
    }

    /// Sees whether what was imported is enough to go on with.
    pub(super) fn check_import(
        &mut self,
        imported: Imported,
        target: &Path,
        memory_limit: Option<u64>,
        has_coverage: bool,
    ) -> Result<(), FuzzError> {
        let Imported {
            count,
            handled,
            failed,
            first_failure,
            rejected,
            cut_short,
        } = imported;
        if failed > MOST_SENTENCES {
            let more = counted(failed - MOST_SENTENCES, "other");
            self.progress
                .note(format_args!("{more} passed over for reasons like these"));
        }
        if let (true, Some((first, _))) = (self.limits.wishes.seeds_must_run, &first_failure) {
            let first = first.clone();
            return Err(FuzzError::SeedIssues {
                count,
                failed,
                first,
            });
        }
        // A limit that was reached on the way is no excuse when all were tried.
        if handled > 0 || cut_short || self.control.signal().is_some() {
            if has_coverage && handled > 0 && !rejected && self.virgin.edges() == 0 {
                return Err(FuzzError::NoCoverage(target.to_owned()));
            }
            return Ok(());
        }
        Err(match first_failure {
            Some((first, Ok(outcome))) if self.limits.explore_crashes => {
                FuzzError::NoSeedCrashes { first, outcome }
            }
            Some((first, Ok(outcome))) => FuzzError::NoSeedRuns {
                count,
                first,
                outcome,
                memory_limit,
            },
            Some((first, Err(source))) => FuzzError::SeedNotRun { first, source },
            None => libafl::Error::empty("nothing was imported").into(),
        })
    }

    /// The limit of a run for a target whose limit the user leaves to us: five
    /// times what testcases take in the mean, less for slow ones, but what the
    /// slowest one takes at least.
    pub(super) fn automatic_limit(&self) -> Duration {
        let entries = self.queue.entries();
        let sum: u64 = entries.iter().map(|entry| entry.exec_us).sum();
        let mean = sum / (entries.len() as u64).max(1);
        let slowest = entries
            .iter()
            .map(|entry| entry.exec_us)
            .max()
            .unwrap_or_default();
        automatic_limit(mean, slowest)
    }
}

fn automatic_limit(mean_us: u64, slowest_us: u64) -> Duration {
    let factor = match mean_us {
        50_001.. => 2,
        10_001.. => 3,
        _ => 5,
    };
    let milliseconds = (mean_us * factor).max(slowest_us) / 1000;
    let step = LIMIT_STEP.as_millis() as u64;
    Duration::from_millis((milliseconds + step) / step * step).min(LONGEST_RUN)
}

#[cfg(test)]
mod tests {
    use super::automatic_limit;

    #[test]
    fn the_automatic_limit_is_a_multiple_of_the_mean_in_steps() {
        for (mean, slowest, limit) in [
            (100, 200, 20),
            (4_500, 5_000, 40),
            (12_000, 13_000, 40),
            (60_000, 61_000, 140),
            (100, 95_000, 100),
            (900_000, 950_000, 1000),
        ] {
            assert_eq!(
                automatic_limit(mean, slowest).as_millis(),
                limit,
                "{mean} {slowest}"
            );
        }
    }
}
