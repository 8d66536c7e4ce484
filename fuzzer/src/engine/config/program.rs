//! The target, and where it runs.

use crate::target::{MemoryLimit, StartOptions};
use std::{ffi::OsString, path::PathBuf, time::Duration};

/// The target of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The program and its arguments.
    pub command: Vec<OsString>,
    /// File that each input is written to, if the user names one.
    pub file: Option<PathBuf>,
    /// Ending of the input file's name.
    pub extension: Option<String>,
    /// Folder for the input file, in place of the instance's.
    pub input_folder: Option<PathBuf>,
    /// Limit of a run; `None` measures it.
    pub timeout: Option<Duration>,
    /// Limit of its memory.
    pub memory: MemoryLimit,
    /// It has no coverage, and is executed anew for each run.
    pub non_instrumented: bool,
    /// How it is started.
    pub start: StartOptions,
}

/// Which core a session runs on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CoreChoice {
    /// This one; `None` takes a free one.
    pub wanted: Option<usize>,
    /// Where the one that is wanted cannot be had, go on without.
    pub may_fail: bool,
    /// Take none, if none is wanted.
    pub off: bool,
}
