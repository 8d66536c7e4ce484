//! Which linker links, and how it is told where the counters go.
//!
//! A linker-script fragment gives the counters pages of their own. ld.bfd and
//! lld take it beside their own script. Where a linker takes none, or ld.bfd has one of
//! the user's, an object file in front of all others does it (`pages.rs` beside `src`).

use crate::{
    arguments::{CommandLine, Facts},
    compiler::{Compiler, Family, which},
    error::InstrumentError,
    settings::{OVERRIDES, Sanitizer, Settings},
};
use std::{
    ffi::{OsStr, OsString},
    path::Path,
    process::{Command, Stdio},
};

/// The linkers that tine knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Linker {
    Bfd,
    Gold,
    Lld,
    Mold,
    /// The first line of what it says about itself.
    Other(String),
}

impl Linker {
    /// By the answer to `--version`.
    fn of_answer(answer: &str) -> Linker {
        let first = answer.lines().next().unwrap_or_default();
        // Others say that they are compatible with GNU's.
        if first.starts_with("mold") || first.contains("sold") {
            Linker::Mold
        } else if first.contains("LLD") {
            Linker::Lld
        } else if first.starts_with("GNU gold") {
            Linker::Gold
        } else if first.starts_with("GNU ld") {
            Linker::Bfd
        } else {
            Linker::Other(first.to_owned())
        }
    }
}

/// How to link.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Linking {
    /// The linker that does it; not known where it makes no difference.
    pub(crate) linker: Option<Linker>,
    /// An option that chooses it, in place of the compiler's own choice.
    pub(crate) choice: Option<OsString>,
    pub(crate) layout: Layout,
}

/// What gives the counters pages of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Nothing: there are none.
    Unneeded,
    /// A linker-script fragment.
    Fragment,
    /// An object file in front of the others.
    Pages,
}

/// Decides for the link that `line` describes. `wants_hooks`: the functions that compare
/// are to be wrapped.
pub(crate) fn decide(
    line: &CommandLine,
    compiler: &Compiler,
    settings: &Settings,
    wants_hooks: bool,
) -> Result<Linking, InstrumentError> {
    let facts = &line.facts;
    // gcc's callbacks need no layout.
    let has_counters = compiler.family == Family::Clang;
    let mut linking = Linking {
        linker: None,
        choice: None,
        layout: Layout::Unneeded,
    };
    if !has_counters && !wants_hooks && !facts.fuzzer {
        return Ok(linking);
    }
    let mut linker = ask(line, compiler);
    let lto = facts.lto || settings.sanitizers.contains(&Sanitizer::ControlFlow);
    if has_counters && lto && !facts.chooses_linker && linker == Linker::Bfd {
        linking.choice = lto_linker(compiler, settings)?;
        if linking.choice.is_some() {
            linker = Linker::Lld;
        }
    }
    if has_counters {
        linking.layout = match linker {
            Linker::Lld => Layout::Fragment,
            // It inserts only into a script of its own.
            Linker::Bfd if !has_own_layout(facts) => Layout::Fragment,
            _ => Layout::Pages,
        };
    }
    linking.linker = Some(linker);
    Ok(linking)
}

/// Asks the linker that the compiler runs, given the user's options, what it is: options,
/// folders, the environment and a wrapper such as `mold -run` all have a say.
fn ask(line: &CommandLine, compiler: &Compiler) -> Linker {
    let asked = Command::new(&compiler.program)
        .args(&compiler.leading)
        .args(line.options())
        .arg("-Wl,--version")
        .env_remove(OVERRIDES)
        .stdin(Stdio::null())
        .output();
    let answer = asked.map(|asked| asked.stdout).unwrap_or_default();
    let answer = String::from_utf8_lossy(&answer);
    if answer.is_empty() {
        // It cannot be run, which the compiler will say.
        return Linker::Bfd;
    }
    Linker::of_answer(&answer)
}

/// Whether a script of the user's describes the whole layout. One with INSERT only adds to
/// it; one that cannot be read here (the linker searches more folders) is taken for a
/// whole one.
fn has_own_layout(facts: &Facts) -> bool {
    let replaces = |script: &OsString| {
        std::fs::read_to_string(script).map_or(true, |text| !text.contains("INSERT"))
    };
    facts.scripts.iter().any(replaces)
}

/// A linker that reads this clang's bitcode: its own lld (as an option), or
/// none if ld has clang's plugin.
fn lto_linker(
    compiler: &Compiler,
    settings: &Settings,
) -> Result<Option<OsString>, InstrumentError> {
    // /usr/bin/clang-19 is a link to /usr/lib/llvm-19/bin/clang.
    let real = compiler
        .path
        .canonicalize()
        .unwrap_or_else(|_| compiler.path.clone());
    let folder = real.parent().unwrap_or(Path::new("/"));
    let beside = Some(folder.join("ld.lld")).filter(|path| path.is_file());
    let version = compiler.named_version();
    let named = version.and_then(|v| which(OsStr::new(&format!("ld.lld-{v}")), settings));
    let any = || which(OsStr::new("ld.lld"), settings);
    if let Some(lld) = beside.or(named).or_else(any) {
        let mut option = OsString::from("--ld-path=");
        option.push(lld);
        return Ok(Some(option));
    }
    if folder.join("../lib/LLVMgold.so").is_file() {
        return Ok(None);
    }
    let package = version.map_or("lld".to_owned(), |v| format!("lld-{v}"));
    Err(InstrumentError::NoLtoLinker {
        compiler: compiler.path.clone(),
        package,
    })
}

#[cfg(test)]
mod tests;
