//! What the environment asks of `tine-cc`.

use crate::{Language, error::InstrumentError, variables};
use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
};

/// The variable by which clang's own command line is changed.
pub(crate) const OVERRIDES: &str = "CCC_OVERRIDE_OPTIONS";

/// A sanitizer that an environment variable can switch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sanitizer {
    /// `-fsanitize=address`
    Address,
    /// `-fsanitize=memory`
    Memory,
    /// `-fsanitize=undefined`
    Undefined,
    /// `-fsanitize=thread`
    Thread,
    /// `-fsanitize=leak`
    Leak,
    /// `-fsanitize=cfi`
    ControlFlow,
}

impl Sanitizer {
    const ALL: [Sanitizer; 6] = [
        Sanitizer::Address,
        Sanitizer::Memory,
        Sanitizer::Undefined,
        Sanitizer::Thread,
        Sanitizer::Leak,
        Sanitizer::ControlFlow,
    ];

    /// The variable that asks for it, with AFL++'s name.
    pub(crate) fn variable(self) -> &'static str {
        match self {
            Sanitizer::Address => "AFL_USE_ASAN",
            Sanitizer::Memory => "AFL_USE_MSAN",
            Sanitizer::Undefined => "AFL_USE_UBSAN",
            Sanitizer::Thread => "AFL_USE_TSAN",
            Sanitizer::Leak => "AFL_USE_LSAN",
            Sanitizer::ControlFlow => "AFL_USE_CFISAN",
        }
    }

    /// Its name in `-fsanitize=`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Sanitizer::Address => "address",
            Sanitizer::Memory => "memory",
            Sanitizer::Undefined => "undefined",
            Sanitizer::Thread => "thread",
            Sanitizer::Leak => "leak",
            Sanitizer::ControlFlow => "cfi",
        }
    }

    fn excludes(self, other: Sanitizer) -> bool {
        use Sanitizer::{Address, Leak, Memory, Thread};
        matches!(
            (self, other),
            (Address, Memory | Thread) | (Memory, Thread | Leak) | (Thread, Leak)
        )
    }
}

/// The environment variables that `tine-cc` reads.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    /// `PATH`.
    pub(crate) path: Option<OsString>,
    /// `TINE_CC`.
    pub(crate) cc: Option<OsString>,
    /// `TINE_CXX`.
    pub(crate) cxx: Option<OsString>,
    /// `TINE_NO_INSTRUMENT`, or AFL++'s `AFL_SAN_NO_INST`: compile without coverage.
    pub(crate) no_instrument: bool,
    /// `AFL_DONT_OPTIMIZE`: no `-O` and no `-g` of our own.
    pub(crate) no_optimise: bool,
    /// `AFL_HARDEN`: the compiler's own checks.
    pub(crate) harden: bool,
    /// `AFL_OPT_LEVEL`: the level where the user gives none.
    pub(crate) level: Option<String>,
    /// `AFL_NO_BUILTIN`: functions that compare are called.
    pub(crate) no_builtin: bool,
    /// `AFL_NOOPT`, `AFL_PASSTHROUGH`: be the plain compiler.
    pub(crate) pass_through: bool,
    /// `AFL_QUIET`: no notes.
    pub(crate) quiet: bool,
    /// Names of what to instrument: the variable, and the file.
    pub(crate) allow: Option<(&'static str, PathBuf)>,
    /// Names of what not to instrument.
    pub(crate) deny: Option<(&'static str, PathBuf)>,
    /// What there is to be said of AFL++'s other variables.
    pub(crate) notes: Vec<String>,
    /// `AFL_LLVM_CMPLOG`, `AFL_GCC_CMPLOG`, `AFL_CMPLOG`: as `--cmplog`.
    pub(crate) cmplog: bool,
    /// `AFL_USE_…`.
    pub(crate) sanitizers: Vec<Sanitizer>,
    /// `TINE_NO_DICTIONARY`: gather no constants from programs.
    pub(crate) no_dictionary: bool,
    /// `AFL_LLVM_DICT2FILE`: a file to add the constants to.
    pub(crate) dictionary_file: Option<PathBuf>,
    /// `CCC_OVERRIDE_OPTIONS`: how clang is to change its command line.
    pub(crate) overrides: Option<String>,
    /// Folders to keep the runtime's files in, the best first.
    pub(crate) cache: Vec<PathBuf>,
    /// Whether the user named the folder.
    pub(crate) cache_chosen: bool,
}

impl Settings {
    /// Reads the environment.
    pub(crate) fn from_environment() -> Result<Settings, InstrumentError> {
        let text = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        // As in AFL++, a variable counts when it is set; but `=0` means no.
        let flag = |name: &str| text(name).is_some_and(|value| value != "0");
        let sanitizers: Vec<Sanitizer> = Sanitizer::ALL
            .into_iter()
            .filter(|sanitizer| flag(sanitizer.variable()))
            .collect();
        check_conflicts(&sanitizers)?;
        let list = |names: &[&'static str]| {
            let mut set = names
                .iter()
                .filter_map(|name| Some((*name, text(name)?.into())));
            set.next()
        };
        // Absolute, because builds go from folder to folder, and what
        // --tine-print says is used elsewhere.
        let chosen = text("TINE_CACHE_DIR")
            .map(|folder| std::path::absolute(&folder).unwrap_or(folder.into()));
        let cache = match &chosen {
            Some(folder) => vec![folder.clone()],
            None => {
                let xdg = text("XDG_CACHE_HOME")
                    .map(PathBuf::from)
                    .filter(|p| p.is_absolute());
                let home = text("HOME").map(|home| PathBuf::from(home).join(".cache"));
                xdg.or(home)
                    .into_iter()
                    .map(|folder| folder.join("tine"))
                    .collect()
            }
        };
        Ok(Settings {
            path: text("PATH"),
            cc: text("TINE_CC"),
            cxx: text("TINE_CXX"),
            no_instrument: flag("TINE_NO_INSTRUMENT") || flag("AFL_SAN_NO_INST"),
            no_optimise: flag("AFL_DONT_OPTIMIZE"),
            harden: flag("AFL_HARDEN"),
            level: text("AFL_OPT_LEVEL").and_then(|level| level.into_string().ok()),
            no_builtin: flag("AFL_NO_BUILTIN"),
            pass_through: flag("AFL_NOOPT") || flag("AFL_PASSTHROUGH"),
            quiet: flag("AFL_QUIET"),
            allow: list(variables::ALLOWLISTS),
            deny: list(variables::DENYLISTS),
            notes: variables::notes(|name| std::env::var_os(name)),
            cmplog: ["AFL_LLVM_CMPLOG", "AFL_GCC_CMPLOG", "AFL_CMPLOG"]
                .into_iter()
                .any(flag),
            sanitizers,
            no_dictionary: flag("TINE_NO_DICTIONARY"),
            dictionary_file: text("AFL_LLVM_DICT2FILE").map(PathBuf::from),
            overrides: text(OVERRIDES).map(|edits| edits.to_string_lossy().into_owned()),
            cache,
            cache_chosen: chosen.is_some(),
        })
    }

    /// The compiler that the user named for `language`.
    pub(crate) fn compiler(&self, language: Language) -> Option<&OsStr> {
        match language {
            Language::C => self.cc.as_deref(),
            Language::Cxx => self.cxx.as_deref(),
        }
    }
}

/// Refuses sanitizers that exclude each other.
pub(crate) fn check_conflicts(sanitizers: &[Sanitizer]) -> Result<(), InstrumentError> {
    for first in sanitizers {
        if let Some(second) = sanitizers.iter().find(|second| first.excludes(**second)) {
            return Err(InstrumentError::SanitizersConflict {
                first: first.variable(),
                second: second.variable(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sanitizers_that_exclude_each_other_are_refused() {
        use Sanitizer::{Address, Leak, Memory, Thread, Undefined};
        for fine in [
            &[Address, Undefined][..],
            &[Address, Leak],
            &[Memory, Undefined],
        ] {
            assert!(check_conflicts(fine).is_ok(), "{fine:?}");
        }
        for wrong in [[Address, Memory], [Address, Thread], [Memory, Leak]] {
            assert!(check_conflicts(&wrong).is_err(), "{wrong:?}");
        }
    }
}
