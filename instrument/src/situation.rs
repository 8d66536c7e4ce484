//! Everything that is read or asked before a command is planned.

use crate::{
    Language,
    arguments::{Architecture, CommandLine, Facts, OVERRIDES, Output, Stage},
    compiler::{CLANG_WITH_GATE, Compiler, Family},
    error::InstrumentError,
    files::Files,
    linker::{self, Linking},
    settings::Settings,
};
use std::ffi::OsString;

/// What a link gets from tine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkWith {
    /// Nothing.
    Nothing,
    /// The fork server, and a `main` if there is none.
    Runtime,
    /// What an instrumented object needs to be linked at all: in a shared
    /// object, which finds the runtime in the program, or without a C library,
    /// on which the runtime depends.
    Callbacks,
}

impl LinkWith {
    pub(crate) fn of(facts: &Facts) -> LinkWith {
        match (facts.is_question, facts.stage, facts.output) {
            (true, _, _) | (_, _, Output::Relocatable) => LinkWith::Nothing,
            (_, Stage::Link, Output::SharedObject) => LinkWith::Callbacks,
            (_, Stage::Link, Output::Program) if facts.no_libc && !facts.names_libc => {
                LinkWith::Callbacks
            }
            (_, Stage::Link, Output::Program) => LinkWith::Runtime,
            _ => LinkWith::Nothing,
        }
    }
}

/// How a link is done, and with which files.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) with: LinkWith,
    pub(crate) linking: Linking,
    pub(crate) files: Files,
}

/// What a plan is made from.
#[derive(Debug)]
pub(crate) struct Situation {
    pub(crate) line: CommandLine,
    pub(crate) compiler: Compiler,
    /// If there is one to which tine adds something.
    pub(crate) link: Option<Link>,
    /// The compiler can put a test around callbacks at comparisons.
    pub(crate) has_gate: bool,
    /// What the user should know.
    pub(crate) warnings: Vec<String>,
}

impl Situation {
    /// Reads the command line and what it names, and asks the compiler and the linker
    /// where their answers matter.
    pub(crate) fn gather(
        language: Language,
        arguments: Vec<OsString>,
        settings: &Settings,
    ) -> Result<Situation, InstrumentError> {
        let compiler = Compiler::find(language, settings)?;
        let overrides = settings
            .overrides
            .as_deref()
            .filter(|_| compiler.family == Family::Clang);
        let line = CommandLine::read(arguments, &compiler, overrides)?;
        let mut situation = Situation {
            link: None,
            has_gate: false,
            warnings: Vec::new(),
            line,
            compiler,
        };
        let facts = &situation.line.facts;
        if facts.is_question {
            return Ok(situation);
        }
        let with = LinkWith::of(facts);
        // Errors that need no file come first.
        if let Architecture::Foreign(option) = &facts.architecture {
            return Err(InstrumentError::WrongArchitecture {
                option: option.clone(),
            });
        }
        let logs_compares = logs_compares(facts, settings);
        if logs_compares && facts.has_source() && situation.compiler.family == Family::Clang {
            situation.has_gate = situation.compiler.version()? >= CLANG_WITH_GATE;
        }
        if with != LinkWith::Nothing {
            let mut linking = linker::decide(
                &situation.line,
                &situation.compiler,
                settings,
                logs_compares,
            )?;
            situation.warnings.extend(linking.warning.take());
            situation.link = Some(Link {
                with,
                linking,
                files: Files::install(settings)?,
            });
        }
        Ok(situation)
    }

    /// Variables that the compiler is not to see, because what they ask for was done.
    pub(crate) fn spent_variables(&self, settings: &Settings) -> Vec<&'static str> {
        let applied = settings.overrides.is_some() && self.compiler.family == Family::Clang;
        applied.then_some(OVERRIDES).into_iter().collect()
    }
}

/// Whether what comes out can log its comparisons.
pub(crate) fn logs_compares(facts: &Facts, settings: &Settings) -> bool {
    facts.cmplog || settings.cmplog
}

#[cfg(test)]
mod tests;
