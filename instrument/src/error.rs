//! What can go wrong before the compiler runs.

use std::{ffi::OsString, io, path::PathBuf};
use thiserror::Error;

/// Why `tine-cc` did not get as far as running the compiler. Each message is one
/// sentence that says what failed, on what, and what to do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum InstrumentError {
    /// No compiler is installed.
    #[error(
        "no C compiler on PATH (looked for {looked_for}): install clang or gcc, or name one with {variable}"
    )]
    NoCompiler {
        /// Names that were looked up.
        looked_for: String,
        /// The variable that names a compiler for this language.
        variable: &'static str,
    },

    /// The compiler that the user named is not there.
    #[error(
        "{variable} names {name:?}, which is neither a program on PATH nor an executable file: correct it or unset it"
    )]
    CompilerNotFound {
        /// `TINE_CC` or `TINE_CXX`.
        variable: &'static str,
        /// Its value.
        name: OsString,
    },

    /// Only the compiler of the other language was named.
    #[error(
        "{set} names {name:?}, and there is no compiler of the other language beside it: set {unset} as well"
    )]
    NoSibling {
        /// The variable that is set.
        set: &'static str,
        /// Its value.
        name: OsString,
        /// The variable to set.
        unset: &'static str,
    },

    /// The wrapper would run itself for ever.
    #[error("{path:?} is this wrapper itself: name the compiler behind it with {variable}")]
    OwnWrapper {
        /// The compiler that was found.
        path: PathBuf,
        /// `TINE_CC` or `TINE_CXX`.
        variable: &'static str,
    },

    /// The compiler did not answer the question what it is.
    #[error("cannot find out what {path:?} is ({reason}): name clang or gcc with {variable}")]
    UnknownCompiler {
        /// The compiler.
        path: PathBuf,
        /// What it said.
        reason: String,
        /// `TINE_CC` or `TINE_CXX`.
        variable: &'static str,
    },

    /// A clang does not say its version.
    #[error(
        "cannot learn the version of the clang {path:?} ({reason}): give one named clang-N, or build without --cmplog"
    )]
    UnknownVersion {
        /// The compiler.
        path: PathBuf,
        /// What it said.
        reason: String,
    },

    /// A program for an architecture that the runtime is not built for.
    #[error(
        "{option} asks for another architecture, and tine's runtime exists for 64-bit x86 only: leave the option out, or link this program with the plain compiler"
    )]
    WrongArchitecture {
        /// The option that asks for it.
        option: String,
    },

    /// Link-time optimisation without a linker that can do it.
    #[error(
        "-flto with {compiler:?} needs a linker that reads LLVM bitcode, and neither its lld nor its LLVMgold.so is installed: install {package}, or leave -flto out"
    )]
    NoLtoLinker {
        /// The compiler.
        compiler: PathBuf,
        /// What to install.
        package: String,
    },

    /// A sanitizer that this compiler does not have.
    #[error("{variable} is set, but {compiler:?} has no such sanitizer: name a clang with TINE_CC")]
    NoSuchSanitizer {
        /// The variable that asks for it.
        variable: &'static str,
        /// The compiler.
        compiler: PathBuf,
    },

    /// Two sanitizers that exclude each other.
    #[error("{first} and {second} cannot be combined: set one of them")]
    SanitizersConflict {
        /// A variable.
        first: &'static str,
        /// Another variable.
        second: &'static str,
    },

    /// A response file or configuration file that cannot be read.
    #[error("cannot read the file of arguments {path:?}: {source}")]
    ResponseFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },

    /// A list of what to instrument cannot be read.
    #[error(
        "{variable} names {path:?}, which cannot be read ({source}), and has no effect: correct it or unset it"
    )]
    List {
        /// The variable.
        variable: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },

    /// A response file that was read cannot be handed on.
    #[error("cannot hand a response file on to the compiler: {source}; write its words out")]
    ResponseCopy {
        /// Why not.
        source: io::Error,
    },

    /// Response files that include one another.
    #[error("response files are nested too deep at {path:?}: one of them probably names itself")]
    ResponseFileLoop {
        /// The file at which reading was given up.
        path: PathBuf,
    },

    /// The runtime's files cannot be put anywhere.
    #[error(
        "cannot write the runtime's files to {path:?}: {source}; name a writable folder with TINE_CACHE_DIR"
    )]
    Cache {
        /// The folder or file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },

    /// Somebody else could replace the runtime's files.
    #[error(
        "{path:?} belongs to another user or can be written by others, so the runtime's files are not safe there: name a folder of your own with TINE_CACHE_DIR"
    )]
    CacheNotOwn {
        /// The folder.
        path: PathBuf,
    },

    /// `--tine-print` was asked for something it does not know.
    #[error("--tine-print {what:?}: it knows {known}")]
    UnknownPrint {
        /// What was asked for.
        what: String,
        /// What can be asked for.
        known: &'static str,
    },

    /// The compiler was found but could not be executed.
    #[error("cannot run {path:?}: {source}")]
    Exec {
        /// The compiler.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}
