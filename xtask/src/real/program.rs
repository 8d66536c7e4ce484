//! A program that was built.

use std::path::PathBuf;

use serde::Serialize;

/// A built program and how to run it.
#[derive(Serialize)]
pub struct Program {
    /// Target's name, with `_persistent` when that is how it runs.
    pub name: String,
    /// The executable.
    pub path: PathBuf,
    /// True for a whole program, false for a harness around a library.
    pub whole: bool,
    /// True when one process serves many runs.
    pub persistent: bool,
    /// True when two runs of one input cover the same edges.
    pub deterministic: bool,
    /// Arguments of a run; `@@` stands for the input file.
    pub arguments: Vec<String>,
    /// Folder of seeds.
    pub seeds: PathBuf,
    /// Dictionary file, if there is one.
    pub dictionary: Option<PathBuf>,
}
