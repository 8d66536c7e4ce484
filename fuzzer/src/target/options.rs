//! How a target is started and watched, beyond its command line and its limits.

use super::PLACEHOLDER;
use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
    time::Duration,
};

/// How a target is started and watched, beyond its command line and its limits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StartOptions {
    /// Take the program for a target, whatever its file looks like.
    pub unchecked: bool,
    /// It has a persistent loop, though its file does not say so.
    pub persistent: bool,
    /// It starts its fork server late, though its file does not say so.
    pub deferred: bool,
    /// Show what it and its runtime write.
    pub shows_output: bool,
    /// Stands for the input file in its arguments, in place of `@@`.
    pub placeholder: Option<OsString>,
    /// Exit code that counts as a crash.
    pub crash_exit_code: Option<i32>,
    /// Size of the coverage map.
    pub map_size: Option<usize>,
    /// Limit of its start.
    pub startup_timeout: Option<Duration>,
    /// Its working directory; this process's otherwise.
    pub current_dir: Option<PathBuf>,
    /// Signal that ends a run.
    pub kill_signal: Option<i32>,
    /// Signal that ends the fork server.
    pub server_kill_signal: Option<i32>,
    /// Variables that only the target gets.
    pub variables: Vec<(OsString, OsString)>,
    /// Options of sanitizers that the user chose: names of variables, and their values.
    pub sanitizer_options: Vec<(OsString, OsString)>,
}

impl StartOptions {
    /// What stands for the input file in the target's arguments.
    #[must_use]
    pub fn placeholder(&self) -> &OsStr {
        let chosen = self.placeholder.as_deref();
        chosen.unwrap_or(OsStr::new(PLACEHOLDER))
    }
}
