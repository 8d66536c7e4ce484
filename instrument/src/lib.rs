//! `tine-cc` and `tine-c++`: put in the place of the C and C++ compiler, they
//! make programs that a fuzzer can drive.
//!
//! They are the compiler with a few more arguments: coverage when it compiles,
//! the fork server (carried inside this crate) when it links. To compile, the
//! wrapper becomes the compiler; when it links a program it waits, and then gathers
//! the program's constants for a dictionary.
//!
//! ```text
//! arguments   what the command line asks for        CommandLine, Facts
//! language    C or C++                              Language
//! dictionary  constants of the linked program   Token
//! settings    what the environment asks for         Settings
//! variables   what AFL++'s variables are here
//! lists, selection   what is instrumented           Selection
//! compiler    who does the work                     Compiler
//! linker      how the counters get their pages      Linking
//! files       the runtime, out of this program      Files
//! situation   all of it, read and asked             Situation
//! plan        as one command                        Plan
//! execute     which is run
//! within      the same for a program that is no wrapper: build scripts, tests
//! layout      what the linker made of the counters
//! naked       no callbacks where they would destroy registers
//! ```

mod arguments;
mod compiler;
pub mod dictionary;
mod error;
mod execute;
mod files;
mod help;
mod identity;
mod language;
mod layout;
mod linker;
mod lists;
mod macros;
mod naked;
mod plan;
mod selection;
mod settings;
mod situation;
pub mod variables;
mod within;

pub use error::InstrumentError;
pub use language::Language;
pub use macros::LEAK_EXIT_CODE;
pub use settings::Sanitizer;
pub use within::{Built, build};

use compiler::{Compiler, Family};
use plan::{Linked, Plan};
use settings::Settings;
use situation::Situation;
use std::{ffi::OsString, fmt::Display, path::PathBuf, process::ExitCode};

/// What the binaries `tine-cc` and `tine-cxx` do: [`run`] with the process's own
/// arguments. Called by another name, it goes by that.
pub fn main(language: Language) -> ExitCode {
    let mut arguments = std::env::args_os();
    let named = arguments.next().and_then(|argv0| Language::of_name(&argv0));
    ensure_cxx_link();
    run(named.unwrap_or(language), arguments.collect())
}

/// Runs the compiler on `arguments` (without the program's name). Becomes the
/// compiler, so it returns only when a program was linked, or if the compiler is not
/// to be run, or cannot be.
pub fn run(language: Language, arguments: Vec<OsString>) -> ExitCode {
    match attempt(language, arguments) {
        Ok(code) => code,
        Err(error) => {
            help::complain(language, &error);
            ExitCode::FAILURE
        }
    }
}

fn attempt(language: Language, arguments: Vec<OsString>) -> Result<ExitCode, InstrumentError> {
    let settings = Settings::from_environment()?;
    let mut complain = |what: &dyn Display| help::complain(language, what);
    match arguments.first().and_then(|first| first.to_str()) {
        Some("--tine-help") => {
            help::print(help::text(language));
            return Ok(ExitCode::SUCCESS);
        }
        Some("--tine-print") => {
            let what = arguments
                .get(1)
                .and_then(|what| what.to_str())
                .unwrap_or_default();
            help::print(help::answer(what, language, &settings)?);
            return Ok(ExitCode::SUCCESS);
        }
        Some("--tine-show") => {
            let plan = plan(language, arguments[1..].to_vec(), &settings, &mut complain)?;
            help::print(plan.to_shell());
            return Ok(ExitCode::SUCCESS);
        }
        _ => {}
    }
    if settings.pass_through {
        return execute::replace(&Plan::unchanged(language, arguments, &settings)?);
    }
    let plan = plan(language, arguments, &settings, &mut complain)?;
    let Some(linked) = &plan.links else {
        return execute::replace(&plan);
    };
    let code = execute::run(&plan)?;
    if code == 0 {
        let mut warn = |warning: &dyn Display| complain(&format_args!("warning: {warning}"));
        if let Some(unusable) = unusable(linked) {
            warn(&unusable);
        }
        finish(linked, &settings, &mut warn);
    }
    Ok(ExitCode::from(code))
}

/// Why a fuzzer gets no coverage from what was linked, if it gets none.
fn unusable(linked: &Linked) -> Option<String> {
    (!layout::is_usable(&linked.file, linked.layout)).then(|| {
        format!(
            "in {:?} the coverage counters have no pages of their own, so a fuzzer gets no coverage from it: link with -fuse-ld=lld, or without a linker script",
            linked.file
        )
    })
}

/// Changes what is left to change in what was linked, and puts a dictionary into it.
fn finish(linked: &Linked, settings: &Settings, warn: &mut dyn FnMut(&dyn Display)) {
    if linked.family == Family::Gcc
        && let Err(error) = naked::free(&linked.file)
    {
        warn(&format_args!(
            "cannot take gcc's callback out of the naked functions of {:?}: {error}",
            linked.file
        ));
    }
    if linked.is_program
        && !settings.no_dictionary
        && let Err(error) = dictionary::embed(&linked.file, settings.dictionary_file.as_deref())
    {
        warn(&error);
    }
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

/// The command that `arguments` become. `complain` hears what the user should know.
fn plan(
    language: Language,
    arguments: Vec<OsString>,
    settings: &Settings,
    complain: &mut dyn FnMut(&dyn Display),
) -> Result<Plan, InstrumentError> {
    let situation = Situation::gather(language, arguments, settings)?;
    for warning in &situation.warnings {
        complain(&format_args!("warning: {warning}"));
    }
    for note in situation.notes.iter().filter(|_| !settings.quiet) {
        complain(note);
    }
    Plan::new(&situation, settings)
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
