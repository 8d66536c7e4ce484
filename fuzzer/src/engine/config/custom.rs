//! User-supplied mutators.

use std::ffi::OsString;

/// User-supplied mutators of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomLibraries {
    /// The shared objects, in the order in which they are called.
    pub libraries: Vec<OsString>,
    /// No other mutations.
    pub only: bool,
    /// The queue gets inputs as they were before `post_process`.
    pub keeps_original: bool,
    /// Inputs are to be sent after the run has begun.
    pub sends_late: bool,
    /// They may trim testcases.
    pub trims: bool,
}

impl Default for CustomLibraries {
    fn default() -> Self {
        Self {
            libraries: Vec::new(),
            only: false,
            keeps_original: false,
            sends_late: false,
            trims: true,
        }
    }
}
