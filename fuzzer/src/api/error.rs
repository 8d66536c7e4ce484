//! Why something could not be done, and the way out.

use std::{fmt, io, path::PathBuf};

/// Why a program could not be compiled, started or fuzzed. Each message is one sentence
/// that says what failed, on what, and what to do.
///
/// That a program crashes is no error: it is an [`Outcome`](crate::Outcome).
///
/// [`Debug`] prints the same sentence, because that is what a test that returns an error
/// shows.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such program.
    #[error(
        "there is no program {}: is the path right? A relative path starts at the package's \
         folder in a test; a name without `/` is looked up on PATH",
        .program.display()
    )]
    NotFound {
        /// The path that was given.
        program: PathBuf,
    },
    /// The permission to execute it is missing.
    #[error(
        "{path} is not executable: `chmod +x {path}` makes it so, if it is a program",
        path = .program.display()
    )]
    NotExecutable {
        /// The file.
        program: PathBuf,
    },
    /// It has no coverage and no fork server.
    #[error(
        "{} is not instrumented: build it with `tine::compile` (or tine-cc, tine-c++, afl-cc), or \
         call `.non_instrumented()` to run it as it is, without coverage",
        .program.display()
    )]
    NotInstrumented {
        /// The program.
        program: PathBuf,
    },
    /// It cannot be run by a fork server for another reason.
    #[error("{reason}")]
    NotAProgram {
        /// The file.
        program: PathBuf,
        /// The reason, and the way out.
        reason: String,
    },
    /// It was started, and did not come up.
    #[error("{reason}")]
    Start {
        /// The program.
        program: PathBuf,
        /// The reason, and the way out.
        reason: String,
    },
    /// It could not be run on an input.
    #[error("cannot run {}: {reason}", .program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// The reason, and the way out.
        reason: String,
    },
    /// There is no compiler, or not with what was asked of it.
    #[error("cannot compile {}: {reason}", .source_file.display())]
    Compiler {
        /// The first source.
        source_file: PathBuf,
        /// The reason, and the way out.
        reason: String,
    },
    /// The compiler refused a source, or the linker an object.
    #[error("{} does not compile:\n{}", .source_file.display(), .output.trim_end())]
    Compile {
        /// The first source.
        source_file: PathBuf,
        /// Everything that the compiler said.
        output: String,
    },
    /// The seeds cannot be used.
    #[error("{reason}")]
    Seeds {
        /// The reason, and the way out.
        reason: String,
    },
    /// A dictionary cannot be used.
    #[error("{reason}")]
    Dictionary {
        /// The reason, and the way out: the file and the line.
        reason: String,
    },
    /// A campaign was given no end.
    #[error(
        "the campaign has no end: give it `.runs(200_000)`, `.time(Duration::from_secs(60))` or \
         `.until_crash()`"
    )]
    NoEnd,
    /// A campaign could not begin, or not go on.
    #[error("cannot fuzz {}: {reason}", .program.display())]
    Campaign {
        /// The program.
        program: PathBuf,
        /// The reason, and the way out.
        reason: String,
    },
    /// The system refused a file or a folder.
    #[error("cannot {action} {}: {source}", .path.display())]
    File {
        /// A verb, such as "write".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Words of the system.
        source: io::Error,
    },
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
