//! `tine-cc` and `tine-c++`: put in the place of the C and C++ compiler, they
//! make programs that a fuzzer can drive.
//!
//! They are the compiler with a few more arguments: coverage when it compiles,
//! the fork server (carried inside this crate) when it links. One process: the
//! wrapper becomes the compiler.
//!
//! ```text
//! arguments   what the command line asks for        CommandLine, Facts
//! settings    what the environment asks for         Settings
//! compiler    who does the work                     Compiler
//! linker      how the counters get their pages      Linking
//! files       the runtime, out of this program      Files
//! plan        all of it, as one command             Plan -> exec
//! ```

mod arguments;
mod compiler;
mod error;
mod files;
mod help;
mod linker;
mod macros;
mod plan;
mod settings;

pub use error::InstrumentError;
pub use macros::LEAK_EXIT_CODE;

use arguments::CommandLine;
use compiler::Compiler;
use files::Files;
use plan::{Link, LinkWith, Plan};
use settings::Settings;
use std::{
    ffi::{OsStr, OsString},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

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

    fn wrapper(self) -> &'static str {
        match self {
            Language::C => "tine-cc",
            Language::Cxx => "tine-c++",
        }
    }

    fn variable(self) -> &'static str {
        match self {
            Language::C => "TINE_CC",
            Language::Cxx => "TINE_CXX",
        }
    }

    fn other(self) -> Language {
        match self {
            Language::C => Language::Cxx,
            Language::Cxx => Language::C,
        }
    }
}

/// What the binaries `tine-cc` and `tine-cxx` do: [`run`] with the process's own
/// arguments. Called by another name, it goes by that.
pub fn main(language: Language) -> ExitCode {
    let mut arguments = std::env::args_os();
    let named = arguments.next().and_then(|argv0| Language::of_name(&argv0));
    ensure_cxx_link();
    run(named.unwrap_or(language), arguments.collect())
}

/// Runs the compiler on `arguments` (without the program's name). Becomes the
/// compiler, so it returns only if the compiler is not to be run, or cannot be.
pub fn run(language: Language, arguments: Vec<OsString>) -> ExitCode {
    match attempt(language, arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            help::complain(language, &error);
            ExitCode::FAILURE
        }
    }
}

fn attempt(language: Language, arguments: Vec<OsString>) -> Result<(), InstrumentError> {
    let settings = Settings::from_environment()?;
    match arguments.first().and_then(|first| first.to_str()) {
        Some("--tine-help") => {
            help::print(help::text(language));
            return Ok(());
        }
        Some("--tine-print") => {
            let what = arguments
                .get(1)
                .and_then(|what| what.to_str())
                .unwrap_or_default();
            help::print(help::answer(what, language, &settings)?);
            return Ok(());
        }
        Some("--tine-show") => {
            help::print(plan(language, arguments[1..].to_vec(), &settings)?.to_shell());
            return Ok(());
        }
        _ => {}
    }
    let plan = plan(language, arguments, &settings)?;
    let source = Command::new(&plan.program).args(&plan.arguments).exec();
    Err(InstrumentError::Exec {
        path: plan.program,
        source,
    })
}

/// The compiler that `tine-cc` (or `tine-c++`) would run here.
///
/// # Errors
/// When there is none, or the one that the environment names is not fit.
pub fn compiler(language: Language) -> Result<PathBuf, InstrumentError> {
    let settings = Settings::from_environment()?;
    Compiler::find(language, &settings).map(|compiler| compiler.path)
}

/// Names of the C compilers and linkers on `PATH` that tine-cc works with, the
/// preferred ones first.
#[must_use]
pub fn tools() -> Vec<String> {
    let Ok(settings) = Settings::from_environment() else {
        return Vec::new();
    };
    compiler::known_tools(&settings)
}

/// The command that `arguments` become.
fn plan(
    language: Language,
    arguments: Vec<OsString>,
    settings: &Settings,
) -> Result<Plan, InstrumentError> {
    let compiler = Compiler::find(language, settings)?;
    let line = CommandLine::parse(arguments)?;
    let with = LinkWith::of(&line.facts);
    // Errors that need no file come first.
    if with == LinkWith::Nothing || line.facts.foreign_architecture.is_some() {
        return Plan::new(&line, &compiler, settings, None);
    }
    let mut linking = linker::decide(&line.facts, &compiler, settings)?;
    if plan::logs_compares(&line.facts, settings) {
        linking.is_lld = linker::is_lld(&line.facts, &linking, &compiler);
    }
    if let Some(warning) = &linking.warning {
        help::complain(language, format_args!("warning: {warning}"));
    }
    let files = Files::install(settings)?;
    Plan::new(
        &line,
        &compiler,
        settings,
        Some(&Link {
            with,
            linking,
            files,
        }),
    )
}

/// Puts `tine-c++` beside this program, where Cargo can only put `tine-cxx`.
/// Does nothing if it is there, or if the folder cannot be written.
pub fn ensure_cxx_link() {
    let Ok(own) = std::env::current_exe() else {
        return;
    };
    let Some(folder) = own.parent() else { return };
    let link = folder.join("tine-c++");
    if folder.join("tine-cxx").is_file() && link.symlink_metadata().is_err() {
        // Someone else may have made it meanwhile, and where the folder is
        // read-only `tine-cxx` does the same.
        let _ = std::os::unix::fs::symlink("tine-cxx", link);
    }
}
