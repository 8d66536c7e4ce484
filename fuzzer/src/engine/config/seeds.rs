//! Where a session begins.

use std::{ffi::OsString, path::PathBuf};

/// Where a session begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeedSource {
    /// From the files in this folder.
    Folder(PathBuf),
    /// Where the session in the output folder stopped (`-i -`).
    Resume,
}

impl From<OsString> for SeedSource {
    fn from(argument: OsString) -> Self {
        if argument == "-" {
            Self::Resume
        } else {
            Self::Folder(argument.into())
        }
    }
}
