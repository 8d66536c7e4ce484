//! Reasons why a file cannot be a target.

use super::architecture::Architecture;
use std::{io, path::PathBuf};

/// Reason why a file cannot be a target.
#[derive(Debug, thiserror::Error)]
pub enum TargetFileError {
    /// No such file, and no such command.
    #[error("there is no {name}{}", if *.on_path {
        " on PATH; a program in this folder needs `./` before its name"
    } else {
        ": is the path right?"
    })]
    NotFound {
        /// The name that was given.
        name: String,
        /// Set if it was searched on `PATH`.
        on_path: bool,
    },
    /// A folder, a device or a pipe.
    #[error("{} is {what}, not a program", .path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// Kind of file.
        what: &'static str,
    },
    /// The permission to execute it is missing.
    #[error("{path} is not executable: `chmod +x {path}` makes it so, if it is a program",
        path = .path.display())]
    NotExecutable {
        /// The path.
        path: PathBuf,
    },
    /// It could not be looked at.
    #[error("cannot read {}: {source}", .path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// Error of the system.
        source: io::Error,
    },
    /// A script, which an interpreter runs.
    #[error(
        "{} is a script for {interpreter}, not a compiled program: give the program that it \
         starts (libtool keeps it in .libs/; `./configure --disable-shared` avoids the script); \
         `tine fuzz -n` runs the script, without coverage",
        .path.display()
    )]
    Script {
        /// The path.
        path: PathBuf,
        /// The program that its first line names.
        interpreter: String,
    },
    /// Not an ELF file.
    #[error("{} is not a program that Linux can execute (it is not an ELF file)", .path.display())]
    NotElf {
        /// The path.
        path: PathBuf,
    },
    /// An ELF file of another kind.
    #[error("{} is {what}, not a program: link it first", .path.display())]
    NotAProgram {
        /// The path.
        path: PathBuf,
        /// Kind of file.
        what: &'static str,
    },
    /// Built for another processor.
    #[error(
        "{} is built for {found}, tine runs {} programs: build it for this machine{}",
        .path.display(), Architecture::HOST,
        if .found.bits == 32 { ", without -m32" } else { "" }
    )]
    WrongArchitecture {
        /// The path.
        path: PathBuf,
        /// The architecture that it is built for.
        found: Architecture,
    },
    /// The loader that it names is missing.
    #[error(
        "{} needs the loader {interpreter}, which is not there: it was built for another \
         system; build it here, or link it with -static",
        .path.display()
    )]
    NoLoader {
        /// The path.
        path: PathBuf,
        /// The loader.
        interpreter: String,
    },
    /// It has no runtime.
    #[error(
        "{} is not instrumented: compile and link it with tine-cc or tine-c++ in place of the \
         compiler (CC=tine-cc CXX=tine-c++). If only a library that it loads is instrumented, \
         set AFL_SKIP_BIN_CHECK=1; `tine fuzz -n` runs any program, without coverage",
        .path.display()
    )]
    NotInstrumented {
        /// The path.
        path: PathBuf,
    },
}
