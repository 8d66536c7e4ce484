//! What is measured, and how it is kept.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::bench::fuzzer::Side;
use crate::paths;

/// The peer that figures are of when their name says nothing else.
const DEFAULT_PEER: &str = "4.04c";

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
            Length::Seconds(_) if progress < 949.5 => format!("{progress:.0} ms"),
            Length::Seconds(_) if progress < 9_950.0 => format!("{:.1} s", progress / 1000.0),
            Length::Seconds(_) => format!("{:.0} s", progress / 1000.0),
            Length::Runs(_) if progress < 9_950.0 => format!("{progress:.0}"),
            Length::Runs(_) => format!("{:.0} k", progress / 1000.0),
        }
    }
}

impl Figures {
    /// What the files of such figures are called: figures under other conditions do not
    /// replace them.
    pub fn name(&self) -> String {
        let mut name = String::from("effectiveness");
        if let Length::Runs(_) = self.length {
            name.push_str("-runs");
        }
        if self.cmplog {
            name.push_str("-cmplog");
        }
        if !self.peer.contains(DEFAULT_PEER) {
            name.push_str(&self.peer.replace("afl-fuzz ", "-"));
        }
        name
    }

    /// In a few words, what they are of.
    pub fn title(&self) -> String {
        let length = match self.length {
            Length::Seconds(_) => "the same time",
            Length::Runs(_) => "as many runs",
        };
        let log = if self.cmplog {
            ", with a compare log"
        } else {
            ""
        };
        format!("{} in {length}{log}", self.peer)
    }

    /// Keeps them for the documentation.
    pub fn write(&self) -> Result<()> {
        let file = folder().join(format!("{}.json", self.name()));
        fs::write(&file, serde_json::to_string(self)? + "\n")
            .with_context(|| format!("cannot write {}", file.display()))
    }

    /// All that are kept for the documentation.
    pub fn kept() -> Result<Vec<Figures>> {
        let mut files = Vec::new();
        let folder = folder();
        let entries =
            fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with("effectiveness") && name.ends_with(".json") {
                files.push(path);
            }
        }
        files.sort_by_key(|file| file.file_stem().map(std::ffi::OsStr::to_owned));
        files.iter().map(|file| read(file)).collect()
    }
}

fn read(file: &Path) -> Result<Figures> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| {
        format!(
            "{} is not as expected; measure anew with `cargo xtask bench effectiveness --write`",
            file.display()
        )
    })
}

/// Where committed figures are.
fn folder() -> PathBuf {
    paths::root().join("docs/data")
}

#[cfg(test)]
pub mod tests {
    use super::{Figures, Hunt, Length, Program, Session, Target};

    /// Two sessions on a target, and two on a program with three bugs.
    pub fn example() -> Figures {
        let session = |edges, runs_per_second, curve: &[(u64, u32)]| Session {
            runs: 1000,
            runs_per_second,
            corpus: 7,
            edges,
            curve: curve.to_vec(),
        };
        let hunt = |found: &[(&str, u64)]| Hunt {
            runs: 1000,
            runs_per_second: 100.0,
            found: found.iter().map(|&(bug, at)| (bug.into(), at)).collect(),
        };
        Figures {
            date: "2026-01-02".into(),
            machine: "a machine".into(),
            kernel: "Linux 6.1".into(),
            load: 0.04,
            peer: "afl-fuzz 4.04c".into(),
            compiler: "clang-14".into(),
            length: Length::Seconds(10),
            sessions: 2,
            cmplog: false,
            targets: vec![Target {
                name: "png".into(),
                seed_edges: 5,
                tine: vec![
                    session(20, 90.0, &[(0, 5), (500, 10), (900, 20)]),
                    session(30, 110.0, &[(0, 5), (1500, 10), (2000, 30)]),
                ],
                afl: vec![
                    session(10, 50.0, &[(0, 5), (800, 10)]),
                    session(10, 50.0, &[(0, 5), (9000, 10)]),
                ],
            }],
            programs: vec![Program {
                name: "magic".into(),
                bugs: vec!["first".into(), "second".into(), "third".into()],
                tine: vec![hunt(&[("first", 1000)]), hunt(&[("first", 2000)])],
                afl: vec![
                    hunt(&[("first", 3000), ("second", 5000)]),
                    hunt(&[("second", 3000)]),
                ],
            }],
        }
    }

    #[test]
    fn figures_under_other_conditions_have_other_names() {
        let mut figures = example();
        assert_eq!(figures.name(), "effectiveness");
        figures.length = Length::Runs(1000);
        figures.cmplog = true;
        assert_eq!(figures.name(), "effectiveness-runs-cmplog");
        figures.peer = "afl-fuzz 4.40c".into();
        assert_eq!(figures.name(), "effectiveness-runs-cmplog-4.40c");
    }

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
