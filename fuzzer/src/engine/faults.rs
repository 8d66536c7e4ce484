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
    name::{self, Origin},
    store,
    summary::Ending,
};
use libafl::state::HasExecutions;
use std::path::Path;
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
        origin: &Origin,
        outcome: Outcome,
    ) -> Result<(), FuzzError> {
        if self.control.broke_off(outcome) {
            return Ok(());
        }
        self.counters.total_crashes += 1;
        let is_new = self.crashes.learn(executor.trace());
        if !is_new || self.counters.saved_crashes >= MOST_CRASHES {
            return Ok(());
        }
        let signal = match outcome {
            Outcome::Signaled { signal, .. } => signal,
            _ => 0,
        };
        let folder = self.folder.crashes();
        self.explain(&folder)?;
        let name = name::of_crash(self.next.crash, signal, *origin, self.moment(state));
        let name = self.described(name);
        let runs = *state.executions();
        let limit = self.generous_limit();
        let inputs = executor.history();
        let needs = self.needs(state, executor, inputs, false, limit, Outcome::is_crash)?;
        self.save(&folder, &name, input, &needs)?;
        self.next.crash += 1;
        self.counters.saved_crashes += 1;
        self.counters.last_crash = Progress::now();
        self.counters.runs_at_last_crash = runs;
        if self.limits.until_crash {
            self.ending.get_or_insert(Ending::Crash);
        }
        Ok(())
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
        Ok(store::write(folder, name, &[input])?)
    }

    /// Tells beside the first crash how to replay it.
    fn explain(&self, folder: &Path) -> Result<(), FuzzError> {
        const README: &str = "README.txt";
        if folder.join(README).exists() {
            return Ok(());
        }
        let Account {
            replay,
            command_line,
        } = &self.account;
        store::write(folder, README, &[replay.readme(command_line).as_bytes()])?;
        Ok(())
    }

    /// Saves an input that took too long, if that is new and it takes too long
    /// with a longer limit, too.
    pub(super) fn timed_out(
        &mut self,
        state: &mut State,
        executor: &mut ForkServerExecutor,
        input: &[u8],
        origin: &Origin,
    ) -> Result<(), FuzzError> {
        self.counters.total_timeouts += 1;
        let is_new = self.timeouts.learn(executor.trace());
        if !is_new || self.counters.saved_hangs >= MOST_HANGS {
            return Ok(());
        }
        let name = self.described(name::of_hang(self.next.hang, *origin, self.moment(state)));
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
            self.virgin.take(map, trace);
            if outcome.is_crash() {
                return self.crashed(state, executor, input, origin, outcome);
            }
            alone = outcome.is_timeout();
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
        self.next.hang += 1;
        self.counters.saved_hangs += 1;
        self.counters.last_hang = Progress::now();
        Ok(())
    }
}
