//! Coverage: what runs covered, and what a run means.
//!
//! | file | what |
//! |---|---|
//! | `trace` | what one run covered |
//! | `classify` | counters become buckets, eight at a time |
//! | `novelty` | what no run has shown yet, and which faults were seen |
//! | `variable` | edges whose counts differ from run to run |
//! | `blind` | faults of a target without coverage |
//!
//! Nothing here runs a target, reads a file or asks a clock.

mod blind;
mod classify;
mod novelty;
mod trace;
mod variable;

pub use classify::classify;
pub use novelty::{CounterMap, FaultMap, Novelty, VirginMap};
pub use trace::{Footprint, Trace};
pub use variable::VariableEdges;

use blind::BlindFaults;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use tine_controller::Outcome;

/// What a run means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The target handled the input, and covered nothing new.
    Known,
    /// The target handled the input, and covered something new: it becomes a testcase.
    New,
    /// The target crashed.
    Crash {
        /// It covered something new.
        is_new: bool,
    },
    /// The run was over its limit of time.
    Timeout,
}

/// All that the runs of a session have covered.
#[derive(Debug)]
pub struct Coverage {
    virgin: VirginMap,
    crashes: FaultMap,
    timeouts: FaultMap,
    variable: VariableEdges,
    /// In place of the maps of faults, for a target without coverage.
    blind: Option<BlindFaults>,
    /// Crashes are looked for: a run without one is of no use.
    explores_crashes: bool,
}

/// What is kept of it from one session to the next.
#[derive(Debug, Serialize, Deserialize)]
pub struct Maps<'a> {
    /// What no run has shown yet.
    pub virgin: Cow<'a, VirginMap>,
    /// The crashes that were seen.
    pub crashes: Cow<'a, FaultMap>,
    /// The timeouts that were seen.
    pub timeouts: Cow<'a, FaultMap>,
    /// The edges that vary.
    pub variable: Cow<'a, VariableEdges>,
}

impl Coverage {
    /// Of no run, with a map of `words` words.
    #[must_use]
    pub fn new(words: usize) -> Self {
        Self {
            virgin: VirginMap::new(words),
            crashes: FaultMap::default(),
            timeouts: FaultMap::default(),
            variable: VariableEdges::default(),
            blind: None,
            explores_crashes: false,
        }
    }

    /// Of a target without coverage: its faults are distinguished by how they end.
    #[must_use]
    pub fn blind(mut self, is_blind: bool) -> Self {
        self.blind = is_blind.then(BlindFaults::default);
        self
    }

    /// With crashes as what is looked for.
    #[must_use]
    pub const fn exploring_crashes(mut self, explores_crashes: bool) -> Self {
        self.explores_crashes = explores_crashes;
        self
    }

    /// Decides what a run means that ended with `outcome` and left its counters in
    /// `map`. They move to `trace`, which leaves the map clean for the next run.
    #[inline]
    pub fn judge(&self, outcome: Outcome, map: &impl CounterMap, trace: &mut Trace) -> Verdict {
        let is_new = self.virgin.take(map, trace);
        match outcome {
            Outcome::Exited(_) | Outcome::LoopDone if is_new && !self.explores_crashes => {
                Verdict::New
            }
            Outcome::Exited(_) | Outcome::LoopDone => Verdict::Known,
            Outcome::Signaled { .. } | Outcome::CrashExit(_) => Verdict::Crash { is_new },
            Outcome::TimedOut => Verdict::Timeout,
        }
    }

    /// Moves the counters of a run that nobody judges from `map` to `trace`. Returns
    /// whether it covered something new.
    #[inline]
    pub fn take(&self, map: &impl CounterMap, trace: &mut Trace) -> bool {
        self.virgin.take(map, trace)
    }

    /// Remembers what a run covered. Returns what was new about it.
    pub fn learn(&mut self, trace: &Trace) -> Novelty {
        self.virgin.learn(trace)
    }

    /// Remembers a crash or timeout, and says whether it is a new one. Those of a target
    /// without coverage are remembered when they are saved.
    pub fn learn_fault(&mut self, outcome: Outcome, trace: &Trace, input: &[u8]) -> bool {
        if let Some(blind) = &self.blind {
            blind.wants(outcome, input)
        } else if outcome.is_timeout() {
            self.timeouts.learn(trace)
        } else {
            self.crashes.learn(trace)
        }
    }

    /// Notes that the input of a fault was saved.
    pub fn saved_fault(&mut self, outcome: Outcome, input: &[u8]) {
        if let Some(blind) = &mut self.blind {
            blind.saved(outcome, input);
        }
    }

    /// Compares two runs of one testcase. Edges in which they differ are known in all
    /// their buckets from now on, as with afl-fuzz: otherwise each run would show
    /// something new in them. Returns whether there are any.
    pub fn compare(&mut self, first: &Trace, other: &Trace) -> bool {
        let virgin = &mut self.virgin;
        let ignore = |word, mask| virgin.ignore(word, mask);
        self.variable.add(first, other, ignore)
    }

    /// The same for runs with the same buckets; of edges that vary, only whether they
    /// were taken counts.
    #[must_use]
    pub fn checksum(&self, trace: &Trace) -> u64 {
        self.variable.checksum(trace)
    }

    /// Whether two runs took the same edges equally often, apart from those that vary.
    #[must_use]
    pub fn is_same(&self, one: &Trace, other: &Trace) -> bool {
        one.is_same(other, |word| self.variable.mask(word))
    }

    /// Number of edges that were taken in all runs together.
    #[must_use]
    pub const fn edges(&self) -> usize {
        self.virgin.edges()
    }

    /// Number of edges that vary.
    #[must_use]
    pub const fn variable_edges(&self) -> u64 {
        self.variable.count()
    }

    /// What is kept for the next session.
    #[must_use]
    pub const fn maps(&self) -> Maps<'_> {
        Maps {
            virgin: Cow::Borrowed(&self.virgin),
            crashes: Cow::Borrowed(&self.crashes),
            timeouts: Cow::Borrowed(&self.timeouts),
            variable: Cow::Borrowed(&self.variable),
        }
    }

    /// Continues with what an earlier session kept.
    pub fn restore(&mut self, maps: Maps<'_>) {
        self.virgin = maps.virgin.into_owned();
        self.crashes = maps.crashes.into_owned();
        self.timeouts = maps.timeouts.into_owned();
        self.variable = maps.variable.into_owned();
    }
}

#[cfg(test)]
mod tests;
