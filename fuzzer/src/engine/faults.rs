//! Crashes and hangs: which are new, and what is saved of them.

use super::{
    State,
    error::FuzzError,
    executor::ForkServerExecutor,
    judge::{Account, Engine},
    progress::Progress,
    sequence::Needs,
};
use crate::report::{
    inform,
    name::{self, Origin},
    store,
    summary::Ending,
};
use libafl::state::HasExecutions;
use std::{fs, path::Path};
use tine_controller::Outcome;

/// No more crashes are saved than this.
const MOST_CRASHES: u64 = 25_600;

/// No more hangs are saved than this.
const MOST_HANGS: u64 = 512;

/// No more sequences are saved that were not seen to do it again.
const MOST_UNPROVEN: u64 = 100;

impl Engine {
    /// Saves an input that crashed the target, if the crash is a new one.
    pub(super) fn crashed(
        &mut self,
        state: &mut State,
        executor: &mut ForkServerExecutor,
        input: &[u8],
        origin: &Origin<'_>,
        outcome: Outcome,
    ) -> Result<(), FuzzError> {
        if self.control.broke_off(outcome) {
            return Ok(());
        }
        self.counters.total_crashes += 1;
        let is_new = self.is_new_fault(executor, input, outcome);
        if !is_new || self.counters.saved_crashes >= MOST_CRASHES {
            return Ok(());
        }
        let signal = match outcome {
            Outcome::Signaled { signal, .. } => signal,
            _ => 0,
        };
        let folder = self.folder.crashes();
        self.explain(&folder)?;
        let moment = self.moment(state);
        let name = self.described(name::of_crash(self.next.crash, signal, *origin, moment));
        let runs = *state.executions();
        let limit = self.generous_limit();
        let inputs = executor.history();
        let needs = self.needs(state, executor, inputs, false, limit, Outcome::is_crash)?;
        self.save(&folder, &name, input, &needs)?;
        self.blind.saved(outcome, input);
        self.inform(&folder.join(&name));
        self.count_crash(runs);
        Ok(())
    }

    /// Saves an input that only a sanitizer objects to, under a name of its own.
    pub(super) fn save_sanitizer_crash(
        &mut self,
        state: &State,
        name: &str,
        input: &[u8],
    ) -> Result<(), FuzzError> {
        if self.counters.saved_crashes >= MOST_CRASHES {
            return Ok(());
        }
        let folder = self.folder.crashes();
        self.explain(&folder)?;
        self.save(&folder, name, input, &Needs::Input)?;
        self.inform(&folder.join(name));
        self.count_crash(*state.executions());
        Ok(())
    }

    /// Takes note of a crash that was saved after so many runs.
    fn count_crash(&mut self, runs: u64) {
        self.next.crash += 1;
        self.counters.saved_crashes += 1;
        self.counters.last_crash = Progress::now();
        self.counters.runs_at_last_crash = runs;
        if self.limits.until_crash {
            self.ending.get_or_insert(Ending::Crash);
        }
    }

    /// Remembers a fault, and says whether it is a new one. What a target without
    /// coverage does is remembered when it is saved.
    pub(super) fn is_new_fault(
        &mut self,
        executor: &ForkServerExecutor,
        input: &[u8],
        outcome: Outcome,
    ) -> bool {
        if !executor.info().instrumented {
            self.blind.wants(outcome, input)
        } else if outcome.is_timeout() {
            self.timeouts.learn(executor.trace())
        } else {
            self.crashes.learn(executor.trace())
        }
    }

    /// Runs the user's command for a new crash.
    fn inform(&mut self, crash: &Path) {
        let Some(command) = &self.account.on_crash else {
            return;
        };
        if let Err(error) = inform::of_crash(command, crash) {
            self.progress
                .note(format_args!("cannot run the command of -I: {error}"));
        }
    }

    /// Writes an input, and the inputs that it does not do it without.
    fn save(
        &mut self,
        folder: &Path,
        name: &str,
        input: &[u8],
        needs: &Needs,
    ) -> Result<(), FuzzError> {
        // First, so that they are there whenever the input is.
        match needs {
            Needs::Input => {}
            Needs::Sequence(inputs) => store::write_folder(&self.folder.replay(), name, inputs)?,
            Needs::Unknown(inputs) => {
                self.counters.unproven += 1;
                if self.counters.unproven <= MOST_UNPROVEN {
                    store::write_folder(&self.folder.replay(), name, inputs)?;
                }
            }
        }
        Ok(store::write_synced(folder, name, &[input])?)
    }

    /// Tells beside the first crash how to replay it.
    fn explain(&self, folder: &Path) -> Result<(), FuzzError> {
        const README: &str = "README.txt";
        // Somebody may have removed it alone; where all is gone, so is this.
        let _ = fs::create_dir(folder);
        if self.limits.wishes.no_readme {
            return Ok(());
        }
        let Account {
            replay,
            command_line,
            ..
        } = &self.account;
        // That of an earlier part of the session may be about other binaries.
        let text = replay.readme(command_line);
        if store::read_text(&folder.join(README)) != text {
            store::write(folder, README, &[text.as_bytes()])?;
        }
        Ok(())
    }

    /// Saves an input that took too long, if that is new and it takes too long
    /// with a longer limit, too.
    pub(super) fn timed_out(
        &mut self,
        state: &mut State,
        executor: &mut ForkServerExecutor,
        input: &[u8],
        origin: &Origin<'_>,
    ) -> Result<(), FuzzError> {
        self.counters.total_timeouts += 1;
        if self.limits.wishes.ignore_timeouts {
            return Ok(());
        }
        let is_new = self.is_new_fault(executor, input, Outcome::TimedOut);
        if !is_new || self.counters.saved_hangs >= MOST_HANGS {
            return Ok(());
        }
        let moment = self.moment(state);
        let name = self.described(name::of_hang(self.next.hang, *origin, moment));
        let inputs = executor.history();
        let limit = self.limits.hang;
        let is_confirmed = self.limits.run < limit;
        let mut alone = false;
        if is_confirmed {
            let outcome = match executor.run_within(input, limit) {
                Ok(outcome) => outcome,
                Err(error) => return self.lost(state, error, input, Some(origin)),
            };
            *state.executions_mut() += 1;
            let (map, trace) = executor.coverage();
            let is_new = self.virgin.take(map, trace);
            if outcome.is_crash() {
                return self.crashed(state, executor, input, origin, outcome);
            }
            alone = outcome.is_timeout();
            if self.limits.wishes.keep_timeouts && is_new && !alone {
                self.keep(state, executor, input, origin)?;
                return Ok(());
            }
        }
        let needs = if alone {
            Needs::Input
        } else {
            self.needs(
                state,
                executor,
                inputs,
                is_confirmed,
                limit,
                Outcome::is_timeout,
            )?
        };
        if is_confirmed && !alone && !matches!(needs, Needs::Sequence(_)) {
            // The machine was busy.
            return Ok(());
        }
        self.save(&self.folder.hangs(), &name, input, &needs)?;
        self.blind.saved(Outcome::TimedOut, input);
        self.next.hang += 1;
        self.counters.saved_hangs += 1;
        self.counters.last_hang = Progress::now();
        Ok(())
    }
}
