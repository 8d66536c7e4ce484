//! What is measured, and how it is kept.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::bench::fuzzer::Side;
use crate::paths;

/// All that one measurement came to.
#[derive(Serialize, Deserialize)]
pub struct Figures {
    pub date: String,
    pub machine: String,
    pub kernel: String,
    /// Load of the machine when it began.
    pub load: f64,
    /// The other fuzzer, with its version.
    pub peer: String,
    /// What built both fuzzers' targets.
    pub compiler: String,
    /// How long each session is.
    pub length: Length,
    /// Sessions of each fuzzer on each target.
    pub sessions: usize,
    /// Both fuzzers log compares.
    pub cmplog: bool,
    pub targets: Vec<Target>,
    pub programs: Vec<Program>,
}

/// How long a session is, and so what its progress is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Length {
    Seconds(u64),
    Runs(u64),
}

/// A real target.
#[derive(Serialize, Deserialize)]
pub struct Target {
    pub name: String,
    /// Edges that the seeds take.
    pub seed_edges: u32,
    pub tine: Vec<Session>,
    pub afl: Vec<Session>,
}

/// What one session on a real target came to.
#[derive(Clone, Serialize, Deserialize)]
pub struct Session {
    pub runs: u64,
    pub runs_per_second: f64,
    /// Entries of the queue.
    pub corpus: u64,
    /// Edges of the whole queue, as the independent program counts them.
    pub edges: u32,
    /// Progress (milliseconds or runs) and the edges that were known then.
    pub curve: Vec<(u64, u32)>,
}

/// A program with planted bugs.
#[derive(Serialize, Deserialize)]
pub struct Program {
    pub name: String,
    /// Names of its bugs.
    pub bugs: Vec<String>,
    pub tine: Vec<Hunt>,
    pub afl: Vec<Hunt>,
}

/// What one session on a program with planted bugs came to.
#[derive(Clone, Serialize, Deserialize)]
pub struct Hunt {
    pub runs: u64,
    pub runs_per_second: f64,
    /// Bugs that were found, and the progress (milliseconds or runs) until then.
    pub found: BTreeMap<String, u64>,
}

/// Of both fuzzers.
pub trait Both {
    type Session;
    fn of(&self, side: Side) -> &[Self::Session];
}

impl Both for Target {
    type Session = Session;

    fn of(&self, side: Side) -> &[Session] {
        match side {
            Side::Tine => &self.tine,
            Side::Afl => &self.afl,
        }
    }
}

impl Both for Program {
    type Session = Hunt;

    fn of(&self, side: Side) -> &[Hunt] {
        match side {
            Side::Tine => &self.tine,
            Side::Afl => &self.afl,
        }
    }
}

impl Session {
    /// How far the session was when it knew `edges`; infinite if it never did.
    pub fn reached(&self, edges: f64) -> f64 {
        let point = self.curve.iter().find(|point| f64::from(point.1) >= edges);
        point.map_or(f64::INFINITY, |point| point.0 as f64)
    }

    /// The edges that were known at some point of the progress.
    pub fn edges_at(&self, progress: u64) -> u32 {
        let behind = self.curve.partition_point(|point| point.0 <= progress);
        self.curve[..behind].last().map_or(0, |point| point.1)
    }
}

impl Hunt {
    /// How far the session was when it found a bug; infinite if it did not.
    pub fn time_to(&self, bug: &str) -> f64 {
        self.found.get(bug).map_or(f64::INFINITY, |&at| at as f64)
    }
}

impl Length {
    /// The whole length, in the unit of the progress.
    pub fn progress(self) -> u64 {
        match self {
            Length::Seconds(seconds) => seconds * 1000,
            Length::Runs(runs) => runs,
        }
    }

    /// Progress as a reader wants it.
    pub fn shown(self, progress: f64) -> String {
        if progress.is_infinite() {
            return "never".into();
        }
        match self {
            Length::Seconds(_) if progress < 9_950.0 => format!("{:.1} s", progress / 1000.0),
            Length::Seconds(_) => format!("{:.0} s", progress / 1000.0),
            Length::Runs(_) if progress < 9_950.0 => format!("{progress:.0}"),
            Length::Runs(_) => format!("{:.0} k", progress / 1000.0),
        }
    }
}

/// The committed figures.
pub fn file() -> PathBuf {
    paths::root().join("docs/data/effectiveness.json")
}

#[cfg(test)]
mod tests {
    use super::{Length, Session};

    #[test]
    fn a_curve_is_a_staircase() {
        let session = Session {
            runs: 0,
            runs_per_second: 0.0,
            corpus: 0,
            edges: 30,
            curve: vec![(0, 10), (500, 20), (900, 30)],
        };
        let points = [0, 499, 500, 10_000].map(|at| session.edges_at(at));
        assert_eq!(points, [10, 10, 20, 30]);
        let times = [5.0, 20.0, 20.5, 31.0].map(|edges| session.reached(edges));
        assert_eq!(times, [0.0, 500.0, 900.0, f64::INFINITY]);
    }

    #[test]
    fn progress_has_the_unit_of_the_length() {
        let seconds = Length::Seconds(60);
        assert_eq!(seconds.progress(), 60_000);
        assert_eq!(seconds.shown(1234.0), "1.2 s");
        assert_eq!(seconds.shown(59_600.0), "60 s");
        assert_eq!(seconds.shown(f64::INFINITY), "never");
        assert_eq!(Length::Runs(9).shown(1234.0), "1234");
        assert_eq!(Length::Runs(9).shown(123_400.0), "123 k");
    }
}
