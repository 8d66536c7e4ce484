//! Everything that is read or asked before a command is planned.

use crate::{
    Language,
    arguments::{Architecture, CommandLine, Facts, Output, Stage},
    compiler::{CLANG_WITH_GATE, Compiler, Family},
    error::InstrumentError,
    files::{self, Files},
    linker::{self, Linking},
    lists::List,
    selection::{self, Selection},
    settings::{OVERRIDES, Settings},
};
use std::{ffi::OsString, path::PathBuf};

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

/// Clang's lists of what to instrument, as files.
#[derive(Debug, Default)]
pub(crate) struct ClangLists {
    pub(crate) allow: Option<PathBuf>,
    pub(crate) deny: Option<PathBuf>,
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
    /// Code is made for another processor: it cannot be fuzzed, and gets nothing of tine's.
    pub(crate) is_foreign: bool,
    /// The user's lists leave nothing of the sources to be instrumented.
    pub(crate) selects_nothing: bool,
    pub(crate) lists: ClangLists,
    /// What the user should know.
    pub(crate) warnings: Vec<String>,
    /// The same where it is no fault of this command.
    pub(crate) notes: Vec<String>,
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
            is_foreign: false,
            selects_nothing: false,
            lists: ClangLists::default(),
            warnings: Vec::new(),
            notes: Vec::new(),
            line,
            compiler,
        };
        let facts = &situation.line.facts;
        if facts.is_question {
            return Ok(situation);
        }
        let with = LinkWith::of(facts);
        let makes_code = facts.stage >= Stage::Compile;
        if makes_code {
            situation.notes.clone_from(&settings.notes);
        }
        // Errors that need no file come first.
        if let Some(option) = foreign(facts, &situation.compiler) {
            if with == LinkWith::Runtime {
                return Err(InstrumentError::WrongArchitecture { option });
            }
            if makes_code && facts.has_source() {
                situation.notes.push(format!(
                    "{option} asks for another architecture than 64-bit x86, so this code is compiled without coverage"
                ));
            }
            situation.is_foreign = true;
            return Ok(situation);
        }
        if makes_code && let Some(name) = facts.device_code.first() {
            situation.notes.push(format!(
                "{name:?} is for another processor as well, so it is compiled without coverage"
            ));
        }
        if makes_code {
            situation.select(settings)?;
        }
        let facts = &situation.line.facts;
        let logs_compares = logs_compares(facts, settings);
        if logs_compares && facts.has_source() && situation.compiler.family == Family::Clang {
            situation.has_gate = situation.compiler.version()? >= CLANG_WITH_GATE;
        }
        if with != LinkWith::Nothing {
            let linking = linker::decide(
                &situation.line,
                &situation.compiler,
                settings,
                logs_compares,
            )?;
            situation.link = Some(Link {
                with,
                linking,
                files: Files::install(settings)?,
            });
        }
        Ok(situation)
    }

    /// Finds out what the user's lists leave to be instrumented. A list that cannot be
    /// read counts as none.
    fn select(&mut self, settings: &Settings) -> Result<(), InstrumentError> {
        let facts = &self.line.facts;
        if settings.no_instrument || facts.no_coverage {
            return Ok(());
        }
        let has_list = settings.allow.is_some() || settings.deny.is_some();
        if has_list && facts.lto && self.compiler.family == Family::Gcc {
            self.warnings.push(selection::GCC_LTO.to_owned());
        }
        if facts.sources.is_empty() {
            return Ok(());
        }
        let mut read = |chosen: &Option<(&'static str, PathBuf)>| {
            let (variable, path) = chosen.as_ref()?;
            List::read(path, variable)
                .inspect_err(|error| self.warnings.push(error.to_string()))
                .ok()
        };
        let (allow, deny) = (read(&settings.allow), read(&settings.deny));
        if allow.is_none() && deny.is_none() {
            return Ok(());
        }
        let family = self.compiler.family;
        let selection = Selection::of(&facts.sources, family, allow.as_ref(), deny.as_ref());
        self.selects_nothing = selection.is_nothing;
        self.warnings.extend(selection.warning.map(str::to_owned));
        let keep = |text: Option<String>| {
            let kept = text.map(|text| files::keep_text(settings, text.as_bytes()));
            kept.transpose()
        };
        self.lists.allow = keep(selection.allow)?;
        self.lists.deny = keep(selection.deny)?;
        Ok(())
    }

    /// Variables that the compiler is not to see, because what they ask for was done.
    pub(crate) fn spent_variables(&self, settings: &Settings) -> Vec<&'static str> {
        let applied = settings.overrides.is_some() && self.compiler.family == Family::Clang;
        applied.then_some(OVERRIDES).into_iter().collect()
    }
}

/// What asks for another processor than 64-bit x86.
fn foreign(facts: &Facts, compiler: &Compiler) -> Option<String> {
    match &facts.architecture {
        Architecture::Foreign(option) => Some(option.clone()),
        Architecture::Fits => None,
        Architecture::Default => compiler.foreign_triple().map(str::to_owned),
    }
}

/// Whether what comes out can log its comparisons.
pub(crate) fn logs_compares(facts: &Facts, settings: &Settings) -> bool {
    facts.cmplog || settings.cmplog
}

#[cfg(test)]
mod tests;
