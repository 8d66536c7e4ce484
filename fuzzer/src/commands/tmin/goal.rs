//! What the target has to go on doing, and whether it does.

use super::stack::{Place, Tracer};
use crate::{
    cli::TminArgs,
    commands::corpus::ToolError,
    engine::{Control, classify},
    environment::Variables,
    target::Target,
};
use std::{collections::BTreeMap, fmt};
use tine_controller::{ForkServer, Outcome, RunError, signal_name};

/// How often the input is run at first: what differs then does not matter later.
const FIRST_RUNS: usize = 4;

/// The edges of a run, eight at a time, with the buckets of their hit counts.
type Trace = Vec<(u32, u64)>;

/// How a run ends that is to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// By itself.
    Normal,
    /// By this signal.
    Signal(i32),
    /// With an exit code that counts as a crash.
    Code(i32),
    /// Over its limit.
    TimedOut,
}

/// What tells a crash from another one with the same signal.
#[derive(Debug)]
enum Where {
    /// Nothing: any crash will do.
    Anywhere,
    /// The stack.
    Stack(Place),
    /// The edges of the run, with their hit counts if that was asked for.
    Edges(Trace),
}

/// What has to stay.
#[derive(Debug)]
enum Goal {
    /// The edges.
    Trace(Trace),
    /// The crash.
    Crash(End, Where),
    /// That it takes too long.
    Hang,
}

/// Why an input cannot be made small.
#[derive(Debug, thiserror::Error)]
pub enum GoalError {
    /// A run came to nothing.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A signal came.
    #[error("stopped by {}", signal_name(*.0))]
    Stopped(i32),
    /// It is over its limit, and that was not asked for.
    #[error("the target takes longer than {0} ms (-t): -H keeps that, a longer limit may help")]
    TimesOut(u128),
    /// It is not over its limit, and was to be.
    #[error("the target {outcome} within {limit} ms (-t): with -H it has to take longer")]
    DoesNotHang {
        /// How it ended.
        outcome: Outcome,
        /// The limit in milliseconds.
        limit: u128,
    },
    /// It ends in another way each time.
    #[error("the target {0} once and {1} another time: what it does is a matter of chance")]
    Chance(Outcome, Outcome),
    /// Nothing was covered.
    #[error(
        "no code that tine-cc or tine-c++ compiled was reached: compile the target's sources with \
         them too, not only its last link"
    )]
    NoCoverage,
    /// The harness wants the input in no corpus.
    #[error("the harness rejects it: it returns -1, and such a run covers nothing")]
    Rejected,
    /// What both tools can meet.
    #[error(transparent)]
    Tool(#[from] ToolError),
}

/// Runs inputs, and says whether the target does what it has to.
#[derive(Debug)]
pub struct Judge<'a> {
    server: ForkServer,
    tracer: Tracer,
    args: &'a TminArgs,
    /// Crashes are told apart by hit counts, too.
    exact: bool,
    control: &'a Control,
    goal: Goal,
    /// The counters that differ from run to run, as masks.
    variable: BTreeMap<u32, u64>,
    trace: Trace,
    /// How many runs there were.
    pub runs: u64,
    /// What stays, in words.
    pub kept: String,
}

impl<'a> Judge<'a> {
    /// Over a fork server that runs.
    pub fn new(
        server: ForkServer,
        target: &Target,
        args: &'a TminArgs,
        variables: &Variables,
        control: &'a Control,
    ) -> Self {
        Self {
            server,
            tracer: Tracer::new(&target.config),
            args,
            exact: variables.is_set("AFL_TMIN_EXACT"),
            control,
            goal: Goal::Hang,
            variable: BTreeMap::new(),
            trace: Trace::new(),
            runs: 0,
            kept: String::new(),
        }
    }

    /// Finds out what the target does on `input`: that is what has to stay.
    ///
    /// # Errors
    /// When it does something that cannot be kept.
    pub fn learn(&mut self, input: &[u8]) -> Result<(), GoalError> {
        self.variable.clear();
        let first = self.run(input)?;
        let limit = self.args.timeout.0.as_millis();
        match (self.args.hang, first.is_timeout()) {
            (true, true) => {
                self.goal = Goal::Hang;
                self.kept = format!("a run of more than {limit} ms");
                return Ok(());
            }
            (true, false) => {
                return Err(GoalError::DoesNotHang {
                    outcome: first,
                    limit,
                });
            }
            (false, true) => return Err(GoalError::TimesOut(limit)),
            (false, false) => {}
        }
        let end = self.end(first);
        let trace = std::mem::take(&mut self.trace);
        for _ in 1..FIRST_RUNS {
            let outcome = self.run(input)?;
            if self.end(outcome) != end {
                return Err(GoalError::Chance(first, outcome));
            }
            self.learn_differences(&trace);
        }
        let trace = self.masked(trace);
        if end == End::Normal {
            if trace.is_empty() {
                return Err(if self.server.take_rejections() > 0 {
                    GoalError::Rejected
                } else {
                    GoalError::NoCoverage
                });
            }
            self.kept = format!(
                "{} edges{}",
                edges(&trace),
                if self.args.edges_only {
                    ""
                } else {
                    " with their hit counts"
                }
            );
            self.goal = Goal::Trace(trace);
            return Ok(());
        }
        let place = self.place_of_crash(input, end, trace);
        self.kept = Crash(end, &place).to_string();
        self.goal = Goal::Crash(end, place);
        Ok(())
    }

    fn place_of_crash(&mut self, input: &[u8], end: End, trace: Trace) -> Where {
        if self.args.any_crash {
            return Where::Anywhere;
        }
        if self.exact {
            return Where::Edges(trace);
        }
        if let End::Signal(signal) = end {
            // Twice: it has to be the same.
            let mut look = || self.tracer.place(input, signal).ok().flatten();
            if let (Some(one), Some(other)) = (look(), look())
                && one == other
            {
                return Where::Stack(one);
            }
        } else if matches!(end, End::Code(_)) && self.args.exit_codes {
            // Which code it is tells enough.
            return Where::Anywhere;
        }
        let only_edges = trace.iter().map(|&(word, buckets)| (word, marks(buckets)));
        Where::Edges(only_edges.collect())
    }

    /// Whether the target does on `input` what it has to.
    ///
    /// # Errors
    /// When it cannot be run, or a signal came.
    pub fn keeps(&mut self, input: &[u8]) -> Result<bool, GoalError> {
        let outcome = self.run(input)?;
        let end = self.end(outcome);
        match &self.goal {
            Goal::Hang => Ok(end == End::TimedOut),
            Goal::Trace(trace) => {
                if end != End::Normal {
                    return Ok(false);
                }
                let run = std::mem::take(&mut self.trace);
                let run = mask(&self.variable, run);
                let same = run == *trace;
                self.trace = run;
                Ok(same)
            }
            Goal::Crash(crash, _) if end != *crash => {
                Ok(self.args.any_crash && matches!(end, End::Signal(_) | End::Code(_)))
            }
            Goal::Crash(_, Where::Anywhere) => Ok(true),
            Goal::Crash(_, Where::Edges(edges)) => {
                let exact = self.exact;
                let run = mask(&self.variable, std::mem::take(&mut self.trace));
                let same = run.len() == edges.len()
                    && run.iter().zip(edges).all(|(one, other)| {
                        let buckets = if exact { one.1 } else { marks(one.1) };
                        (one.0, buckets) == *other
                    });
                self.trace = run;
                Ok(same)
            }
            Goal::Crash(End::Signal(signal), Where::Stack(place)) => {
                let found = self.tracer.place(input, *signal);
                Ok(found.ok().flatten().as_ref() == Some(place))
            }
            Goal::Crash(_, Where::Stack(_)) => Ok(false),
        }
    }

    fn run(&mut self, input: &[u8]) -> Result<Outcome, GoalError> {
        if let Some(signal) = self.control.signal() {
            return Err(GoalError::Stopped(signal));
        }
        // What inputs before left in a persistent child must not matter.
        if self.server.info().persistent {
            self.server.discard_child();
        }
        self.server.map().clear();
        self.runs += 1;
        let ran = self.server.run(input);
        if let Some(signal) = self.control.signal() {
            return Err(GoalError::Stopped(signal));
        }
        self.trace.clear();
        let (trace, only_edges) = (&mut self.trace, self.args.edges_only);
        self.server.map().take_nonzero(|word, counters| {
            let buckets = classify(counters);
            let shown = if only_edges { marks(buckets) } else { buckets };
            trace.push((word as u32, shown));
        });
        match ran {
            // It takes the fork server along: that is not what is looked for.
            Err(error) if error.is_of_input() && !self.kept.is_empty() => Ok(Outcome::Exited(-1)),
            other => Ok(other?),
        }
    }

    fn end(&self, outcome: Outcome) -> End {
        match outcome {
            Outcome::Exited(code) if self.args.exit_codes && code != 0 => End::Code(code),
            Outcome::Exited(_) | Outcome::LoopDone => End::Normal,
            Outcome::CrashExit(code) => End::Code(code),
            Outcome::Signaled { signal, .. } => End::Signal(signal),
            Outcome::TimedOut => End::TimedOut,
        }
    }

    /// Remembers in which counters the last run differs from `first`.
    fn learn_differences(&mut self, first: &Trace) {
        let mut words: BTreeMap<u32, u64> = first.iter().copied().collect();
        for &(word, buckets) in &self.trace {
            *words.entry(word).or_default() ^= buckets;
        }
        for (word, difference) in words.into_iter().filter(|(_, difference)| *difference != 0) {
            *self.variable.entry(word).or_default() |= whole_bytes(difference);
        }
    }

    fn masked(&self, trace: Trace) -> Trace {
        mask(&self.variable, trace)
    }
}

fn mask(variable: &BTreeMap<u32, u64>, mut trace: Trace) -> Trace {
    if !variable.is_empty() {
        trace.retain_mut(|(word, buckets)| {
            *buckets &= !variable.get(word).copied().unwrap_or(0);
            *buckets != 0
        });
    }
    trace
}

/// 1 for each byte that is not zero.
fn marks(buckets: u64) -> u64 {
    u64::from_ne_bytes(buckets.to_ne_bytes().map(|bucket| u8::from(bucket != 0)))
}

/// All bits of each byte that is not zero.
fn whole_bytes(bits: u64) -> u64 {
    u64::from_ne_bytes(
        bits.to_ne_bytes()
            .map(|byte| if byte == 0 { 0 } else { 0xff }),
    )
}

fn edges(trace: &Trace) -> u32 {
    let counts = trace
        .iter()
        .map(|&(_, buckets)| marks(buckets).count_ones());
    counts.sum()
}

/// A crash, for a sentence.
struct Crash<'a>(End, &'a Where);

impl fmt::Display for Crash<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            End::Signal(signal) => write!(f, "{}", signal_name(signal))?,
            End::Code(code) => write!(f, "exit code {code}")?,
            End::Normal | End::TimedOut => {}
        }
        match self.1 {
            Where::Anywhere if matches!(self.0, End::Code(_)) => Ok(()),
            Where::Anywhere => f.write_str(" or any other crash"),
            Where::Edges(edges_) => write!(f, " and {} edges", edges(edges_)),
            Where::Stack(place) if place.recursion => f.write_str(" of the same recursion"),
            Where::Stack(Place {
                function: Some(name),
                ..
            }) => write!(f, " in {name}, called from the same place"),
            Where::Stack(_) => f.write_str(" at the same place"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{edges, marks, mask, whole_bytes};
    use std::collections::BTreeMap;

    #[test]
    fn what_varies_is_left_out() {
        let word = u64::from_ne_bytes([1, 0, 8, 0, 0, 128, 0, 0]);
        assert_eq!(marks(word), u64::from_ne_bytes([1, 0, 1, 0, 0, 1, 0, 0]));
        let varies = whole_bytes(u64::from_ne_bytes([0, 0, 9, 0, 0, 0, 0, 0]));
        let variable = BTreeMap::from([(3, varies), (9, u64::MAX)]);
        let trace = mask(&variable, vec![(1, word), (3, word), (9, word)]);
        assert_eq!(
            trace,
            [
                (1, word),
                (3, u64::from_ne_bytes([1, 0, 0, 0, 0, 128, 0, 0]))
            ]
        );
        assert_eq!(edges(&trace), 5);
    }
}
