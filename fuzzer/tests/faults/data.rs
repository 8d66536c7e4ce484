//! `targets/faults/faults.toml`: what goes wrong, and what has to come of it.

// Some fields are for the table in the documentation.
#![allow(dead_code)]

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use tine_workbench::{Compiler, Expected, Input, Workbench, targets_folder};

/// The folder of the faults.
pub fn folder() -> PathBuf {
    targets_folder().join("faults")
}

/// All faults.
pub fn faults() -> Vec<Fault> {
    let path = folder().join("faults.toml");
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file: File =
        toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    file.fault
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    fault: Vec<Fault>,
}

/// One fault. The file's heading says what the fields mean.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    pub name: String,
    does: String,
    source: Option<String>,
    #[serde(default)]
    by: By,
    group: Group,
    pub start: Option<String>,
    pub startup_limit: Option<u64>,
    pub memory_limit: Option<u64>,
    #[serde(default)]
    pub runs: Vec<Run>,
    /// For a fault without `runs`.
    input: Option<Input>,
    pub outside: Option<Outside>,
    within: u64,
    pub command: Option<Command>,
    #[serde(default)]
    pub says: String,
    pub inside: Option<Inside>,
    comment: Option<String>,
}

/// Who speaks the protocol.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum By {
    /// tine's runtime.
    #[default]
    TineCc,
    /// The target itself.
    Hand,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Group {
    Start,
    Run,
    Server,
    Machine,
}

/// An input and what comes of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    pub input: Input,
    pub outcome: Wanted,
    time_limit: Option<u64>,
    #[serde(default)]
    pub restarts: u64,
    pub loss: Option<String>,
}

impl Run {
    /// Limit of the run; where the data names none there is time enough.
    pub fn time_limit(&self) -> Duration {
        Duration::from_millis(self.time_limit.unwrap_or(10_000))
    }
}

/// How a run has to end.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub enum Wanted {
    /// The target ends like this.
    Outcome(Expected),
    /// It cannot be run: the kind of error.
    Error(String),
}

impl TryFrom<String> for Wanted {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.strip_prefix("error:") {
            Some(kind) => Ok(Self::Error(kind.into())),
            None => Expected::try_from(text).map(Self::Outcome),
        }
    }
}

/// What the test does to the fork server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outside {
    Kill,
    Stop,
    Pause,
    Lift,
}

/// How the command ends.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Command {
    /// With this exit code.
    Code(i32),
    /// By a signal, which has to be called "killed" in the data.
    Killed(String),
}

/// What the command runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inside {
    Pid,
    Ipc,
    Disk,
}

impl Fault {
    /// Its source file.
    pub fn source(&self) -> PathBuf {
        let own = format!("{}.c", self.name);
        folder().join(self.source.as_ref().unwrap_or(&own))
    }

    /// The time in which it has to be answered.
    pub fn within(&self) -> Duration {
        Duration::from_secs(self.within)
    }

    /// What the target gets first.
    pub fn first_input(&self) -> Vec<u8> {
        let first = self.runs.first().map(|run| &run.input);
        first
            .or(self.input.as_ref())
            .map_or_else(|| b"a".to_vec(), Input::bytes)
    }

    /// Builds the target in the test's folder.
    pub fn build(&self, bench: &Workbench) -> PathBuf {
        let program = bench.path(format!("{}-target", self.name));
        let compiler = match self.by {
            By::TineCc => bench.tine_cc().env("TINE_CC", Compiler::clang().cc),
            By::Hand => bench.program(Compiler::gcc().cc),
        };
        compiler
            .args(["-g", "-Wall", "-Wextra", "-Werror", "-o"])
            .arg(&program)
            .arg(self.source())
            .run()
            .assert_code(0);
        program
    }
}
