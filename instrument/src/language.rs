//! The language that a wrapper stands for.

use std::{ffi::OsStr, path::Path};

/// The language that the wrapper stands for. It decides which compiler is run;
/// that one goes by the names of the files, as ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `tine-cc`.
    C,
    /// `tine-c++`.
    Cxx,
}

impl Language {
    /// The language that a program of this name stands for: C++ if it ends in
    /// `c++` or `cxx`.
    #[must_use]
    pub fn of_name(argv0: &OsStr) -> Option<Language> {
        let name = Path::new(argv0).file_name()?.to_str()?;
        if name.ends_with("c++") || name.ends_with("cxx") {
            Some(Language::Cxx)
        } else if name.ends_with("cc") {
            Some(Language::C)
        } else {
            None
        }
    }

    pub(crate) fn wrapper(self) -> &'static str {
        match self {
            Language::C => "tine-cc",
            Language::Cxx => "tine-c++",
        }
    }

    pub(crate) fn variable(self) -> &'static str {
        match self {
            Language::C => "TINE_CC",
            Language::Cxx => "TINE_CXX",
        }
    }

    pub(crate) fn other(self) -> Language {
        match self {
            Language::C => Language::Cxx,
            Language::Cxx => Language::C,
        }
    }
}
