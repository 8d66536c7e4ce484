//! Filling the corpus: with seeds, or with what an earlier session left.

use super::{Session, Submission};
use crate::{
    engine::{
        config::LONGEST_RUN, corpus::CorpusId, counters::NextNumbers, error::FuzzError,
        seeds::Seed, state_file::Known,
    },
    report::{
        counted,
        name::{self, Operation, Origin},
        store,
    },
};
use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use tine_controller::{Outcome, RunError};
use tine_protocol::layout::input::MAX_INPUT;

/// Number of sentences about single seeds; the others are counted.
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

/// An input that is run for the first time.
#[derive(Clone, Copy)]
struct Candidate<'a> {
    /// Its file.
    path: &'a Path,
    bytes: &'a [u8],
    /// User-supplied mutators have completed it already.
    is_processed: bool,
    /// Limit of its run.
    limit: Duration,
}

/// The number after those of these testcases.
fn next_of(names: &[String]) -> u32 {
    name::next_number(names.iter().filter_map(|name| name::number(name)))
}

impl Session {
    /// Runs the seeds and puts those that the target handles into the corpus.
    ///
    /// # Errors
    /// When the target cannot be run any more, or a testcase cannot be written.
    pub fn import_seeds(&mut self, seeds: Vec<Seed>) -> Result<Imported, FuzzError> {
        let mut imported = Imported::default();
        let mut rejected = Vec::new();
        let mut entered = 0;
        for seed in seeds {
            if self.stop.ending().is_some() {
                imported.cut_short = true;
                break;
            }
            if !self.try_out(self.candidate(&seed), &mut imported)? {
                continue;
            }
            if self.target.take_rejection() {
                rejected.push(seed);
                continue;
            }
            self.enter_seed(&seed)?;
            entered += 1;
        }
        imported.rejected = !rejected.is_empty();
        self.tell_rejected(&rejected, entered == 0);
        if entered == 0 {
            // There has to be something to begin with.
            for seed in rejected {
                if self.try_out(self.candidate(&seed), &mut Imported::default())? {
                    self.enter_seed(&seed)?;
                }
            }
        }
        Ok(imported)
    }

    fn candidate<'a>(&self, seed: &'a Seed) -> Candidate<'a> {
        Candidate {
            path: &seed.path,
            bytes: &seed.bytes,
            is_processed: false,
            limit: self.stop.limits.run,
        }
    }

    /// Puts a seed that was just run into the corpus.
    fn enter_seed(&mut self, seed: &Seed) -> Result<(), FuzzError> {
        let original = seed.path.file_name().unwrap_or_default().to_string_lossy();
        let name = name::of_seed(self.finds.next.queue, &original);
        let number = self.finds.keep(&name, &seed.bytes)?;
        self.enter(self.candidate(seed), number, name)?;
        Ok(())
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
        self.tally.note(format_args!(
            "the harness rejects {count} (it returns -1): {consequence}; the \
             first is {path}"
        ));
    }

    /// Runs the testcases of an earlier session. Their files stay as they are. What is
    /// known of them is not used if the session `forgets`.
    ///
    /// # Errors
    /// As [`Self::import_seeds`].
    pub fn import_queue(&mut self, forgets: bool) -> Result<Imported, FuzzError> {
        let mut imported = Imported::default();
        let mut depths = HashMap::new();
        let mut known = match forgets {
            true => Known::default(),
            false => self.recall_state(),
        };
        let mut all_known = true;
        let folder = self.finds.folder.queue();
        self.finds.folder.rename_odd_testcases()?;
        for name in self.finds.folder.testcases(&folder)? {
            let Some(number) = name::number(&name) else {
                continue;
            };
            let next = &mut self.finds.next.queue;
            *next = name::next_number([number]).max(*next);
            if let Some(depth) = self.restore(&mut known, &name) {
                imported.count += 1;
                imported.handled += 1;
                depths.insert(number, depth);
                self.count_known(&name);
                continue;
            }
            all_known = false;
            if self.stop.ending().is_some() {
                // What is known goes on being so.
                imported.cut_short = true;
                continue;
            }
            let path = folder.join(&name);
            let Some(bytes) = self.read(&path) else {
                continue;
            };
            let candidate = Candidate {
                path: &path,
                bytes: &bytes,
                is_processed: self.was_processed(&name),
                limit: self.stop.generous_limit(),
            };
            if !self.try_out(candidate, &mut imported)? {
                continue;
            }
            let source = name::source(&name);
            let depth = source
                .and_then(|source| depths.get(&source))
                .map_or(1, |depth| depth + 1);
            depths.insert(number, depth);
            self.count_known(&name);
            let id = self.enter(candidate, number, name)?;
            self.corpus.queue.set_depth(id, depth);
        }
        imported.rejected = self.target.take_rejection();
        self.recall_faults(known.next)?;
        self.corpus.queue.cull();
        if all_known {
            let cycles = known.cycles_without_finds;
            self.corpus.queue.recall_dry_spell(cycles);
        }
        Ok(imported)
    }

    /// Reads what an earlier session left. What cannot be read, or is no testcase because
    /// of its length, is told of and skipped.
    fn read(&mut self, path: &Path) -> Option<Vec<u8>> {
        let problem = match store::read(path) {
            // A find whose content was not on the disk yet when the machine lost its power.
            Ok(bytes) if bytes.is_empty() => "is empty and is passed over".into(),
            Ok(bytes) if bytes.len() <= MAX_INPUT => return Some(bytes),
            Ok(_) => format!("is longer than {MAX_INPUT} bytes and is passed over"),
            Err(error) => format!("cannot be read and is passed over: {error}"),
        };
        let path = path.display();
        self.tally.note(format_args!("{path} {problem}"));
        None
    }

    /// Counts a testcase of an earlier session by its name.
    fn count_known(&mut self, name: &str) {
        if name::is_import(name) {
            self.exchange.imported += 1;
        } else {
            self.tally.counters.found += u64::from(!name::is_seed(name));
        }
    }

    /// Runs the crashes and hangs of an earlier session, so that they are not
    /// taken for new ones. Those before the numbers of `known` are known already.
    fn recall_faults(&mut self, known: NextNumbers) -> Result<(), FuzzError> {
        let lost = self.finds.folder.testcases(&self.finds.folder.lost())?;
        self.finds.next.lost = next_of(&lost);
        for is_crash in [true, false] {
            let folder = if is_crash {
                self.finds.folder.crashes()
            } else {
                self.finds.folder.hangs()
            };
            let names = self.finds.folder.testcases(&folder)?;
            let next = next_of(&names);
            if is_crash {
                self.finds.next.crash = next;
                self.tally.counters.saved_crashes = names.len() as u64;
            } else {
                self.finds.next.hang = next;
                self.tally.counters.saved_hangs = names.len() as u64;
            }
            // Without coverage the inputs themselves tell what is new.
            let known = match (self.target.info().instrumented, is_crash) {
                (false, _) => 0,
                (true, true) => known.crash,
                (true, false) => known.hang,
            };
            let is_new = |name: &String| name::number(name).is_none_or(|it| it >= known);
            for name in names.into_iter().filter(is_new) {
                if self.stop.control.signal().is_some() {
                    return Ok(());
                }
                let inputs = match self.sequence(&name) {
                    Some(inputs) => inputs,
                    None => self.read(&folder.join(name)).into_iter().collect(),
                };
                let limit = self.stop.limits.run;
                // What is saved of a fault is what the target was given.
                let Some(outcome) = self.replay(&inputs, true, limit, None)? else {
                    continue;
                };
                if let (true, Some(input)) =
                    (outcome.is_crash() || outcome.is_timeout(), inputs.last())
                {
                    self.learn_fault(outcome, input);
                    self.coverage.saved_fault(outcome, input);
                }
            }
        }
        Ok(())
    }

    /// The inputs that a crash or hang takes, if it was saved with them.
    fn sequence(&mut self, name: &str) -> Option<Vec<Vec<u8>>> {
        let entries = fs::read_dir(self.finds.folder.replay().join(name)).ok()?;
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        files.sort();
        files.iter().map(|file| self.read(file)).collect()
    }

    /// Runs an input for the first time. Returns whether the target handles it.
    fn try_out(
        &mut self,
        candidate: Candidate<'_>,
        imported: &mut Imported,
    ) -> Result<bool, FuzzError> {
        let Candidate {
            path,
            bytes,
            is_processed,
            limit,
        } = candidate;
        imported.count += 1;
        let ran = match self.run(bytes, is_processed, limit) {
            Ok(outcome) if self.stop.control.broke_off(outcome) => {
                self.attend()?;
                return Ok(false);
            }
            Err(error) if !error.is_of_input() => {
                // An error, unless the session is to end.
                self.count_loss(error)?;
                self.attend()?;
                return Ok(false);
            }
            other => other,
        };
        self.tally.runs += 1;
        self.target.take(&self.coverage);
        let explore_crashes = self.stop.limits.explore_crashes;
        let what = match &ran {
            Ok(outcome) if explore_crashes && !outcome.is_timeout() => {
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
        let wishes = &self.stop.limits.wishes;
        if let (Ok(outcome), true) = (&ran, wishes.crashing_seeds_are_crashes)
            && outcome.is_crash()
        {
            let origin = Origin::new(self.finds.next.queue, Operation::DryRun);
            let submission = Submission {
                is_processed,
                ..Submission::new(bytes, origin)
            };
            self.crashed(&submission, *outcome)?;
        }
        imported.failed += 1;
        if imported.failed <= MOST_SENTENCES {
            self.tally
                .note(format_args!("{} is passed over: {what}", path.display()));
        }
        imported.first_failure.get_or_insert((path.to_owned(), ran));
        self.attend_if_due()?;
        Ok(false)
    }

    /// Puts an input that was just run, and is on disk, into the corpus.
    fn enter(
        &mut self,
        candidate: Candidate<'_>,
        number: u32,
        name: String,
    ) -> Result<CorpusId, FuzzError> {
        self.coverage.learn(self.target.trace());
        let id = self.add(name, number, candidate.bytes, None);
        let submission = Submission {
            is_processed: candidate.is_processed,
            ..Submission::new(candidate.bytes, Origin::new(number, Operation::Calibration))
        };
        let is_unseen = self.wants_sanitizer(true);
        self.calibrate(id, &submission, candidate.limit)?;
        if is_unseen {
            self.sanitize(&submission)?;
        }
        self.attend_if_due()?;
        Ok(id)
    }

    /// Sees whether what was imported is enough to go on with.
    ///
    /// # Errors
    /// When it is not.
    pub fn check_import(
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
            self.tally
                .note(format_args!("{more} passed over for reasons like these"));
        }
        let limits = &self.stop.limits;
        if let (true, Some((first, _))) = (limits.wishes.seeds_must_run, &first_failure) {
            let first = first.clone();
            return Err(FuzzError::SeedIssues {
                count,
                failed,
                first,
            });
        }
        // A limit that was reached on the way is no excuse when all were tried.
        if handled > 0 || cut_short || self.stop.control.signal().is_some() {
            if has_coverage && handled > 0 && !rejected && self.coverage.edges() == 0 {
                return Err(FuzzError::NoCoverage(target.to_owned()));
            }
            return Ok(());
        }
        Err(match first_failure {
            Some((first, Ok(outcome))) if limits.explore_crashes => {
                FuzzError::NoSeedCrashes { first, outcome }
            }
            Some((first, Ok(outcome))) => FuzzError::NoSeedRuns {
                count,
                first,
                outcome,
                memory_limit,
            },
            Some((first, Err(source))) => FuzzError::SeedNotRun { first, source },
            None => FuzzError::QueueGone(self.finds.folder.queue()),
        })
    }

    /// The limit of a run for a target whose limit the user leaves to us: five
    /// times what testcases take in the mean, less for slow ones, but what the
    /// slowest one takes at least.
    #[must_use]
    pub fn automatic_limit(&self) -> Duration {
        let entries = self.corpus.queue.entries();
        let sum: u64 = entries.iter().map(|entry| entry.exec_us).sum();
        let mean = sum / (entries.len() as u64).max(1);
        let slowest = entries.iter().map(|entry| entry.exec_us).max();
        automatic_limit(mean, slowest.unwrap_or_default())
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
