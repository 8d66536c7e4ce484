//! What of a compilation is instrumented, by the user's lists.

use crate::{
    arguments::Source,
    compiler::Family,
    lists::{self, List},
};
use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::{BufRead, BufReader},
};

/// What is instrumented of the sources of one command.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    /// Nothing is.
    pub(crate) is_nothing: bool,
    /// Text of a list for clang: nothing else is instrumented.
    pub(crate) allow: Option<String>,
    /// Text of a list for clang: this is not instrumented.
    pub(crate) deny: Option<String>,
    /// What cannot be had.
    pub(crate) warning: Option<&'static str>,
}

/// What is instrumented of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    All,
    /// The functions that are in the list.
    Functions,
    Nothing,
}

/// The first line of a list makes its patterns regular expressions, for every version of
/// clang; older ones take it for a comment.
const VERSION: &str = "#!special-case-list-v1\n";

const GCC_FUNCTIONS: &str = "gcc does not choose functions by their names: AFL_LLVM_ALLOWLIST and \
    AFL_LLVM_DENYLIST go by the names of sources only; TINE_CC=clang knows both";
const GCC_TOGETHER: &str = "gcc instruments all sources of one command or none: compile those that \
    AFL_LLVM_ALLOWLIST or AFL_LLVM_DENYLIST leaves out by themselves";
/// gcc makes machine code when it links, and knows no sources then.
pub(crate) const GCC_LTO: &str = "with -flto gcc instruments all sources when it links, whatever \
    AFL_LLVM_ALLOWLIST or AFL_LLVM_DENYLIST say: leave -flto out, or choose TINE_CC=clang";
const CLANG_TOGETHER: &str = "one command has sources that AFL_LLVM_ALLOWLIST lists and others of \
    which it lists functions, and all their functions are instrumented: compile each by itself";

impl Selection {
    /// What `allow` and `deny` leave of `sources`.
    pub(crate) fn of(
        sources: &[Source],
        family: Family,
        allow: Option<&List>,
        deny: Option<&List>,
    ) -> Selection {
        let part = |source: &Source| {
            let name = original_name(source);
            if deny.is_some_and(|deny| deny.has_source(&name)) {
                return Part::Nothing;
            }
            match allow {
                Some(allow) if allow.has_source(&name) => Part::All,
                Some(allow) if allow.functions().is_empty() => Part::Nothing,
                Some(_) => Part::Functions,
                None => Part::All,
            }
        };
        let parts: Vec<(&Source, Part)> = sources.iter().map(|it| (it, part(it))).collect();
        let has = |part| parts.iter().any(|(_, other)| *other == part);
        let denied = deny.map_or(&[][..], List::functions);
        if !has(Part::All) && !has(Part::Functions) {
            return Selection {
                is_nothing: !parts.is_empty(),
                ..Selection::default()
            };
        }
        if family == Family::Gcc {
            let by_function = has(Part::Functions) || !denied.is_empty();
            let mixed = has(Part::Nothing).then_some(GCC_TOGETHER);
            return Selection {
                warning: by_function.then_some(GCC_FUNCTIONS).or(mixed),
                ..Selection::default()
            };
        }
        let mut selection = Selection::default();
        if has(Part::Functions) || has(Part::Nothing) {
            let mut text = String::from(VERSION);
            for (source, part) in &parts {
                if *part != Part::Nothing {
                    text.push_str(&line("src", &exactly(&source.name)));
                }
            }
            match allow {
                Some(allow) if !has(Part::All) => {
                    for function in allow.functions() {
                        text.push_str(&line("fun", function));
                    }
                }
                _ => text.push_str(&line("fun", ".*")),
            }
            selection.allow = Some(text);
            selection.warning = (has(Part::All) && has(Part::Functions)).then_some(CLANG_TOGETHER);
        }
        if !denied.is_empty() {
            let lines: String = denied
                .iter()
                .map(|function| line("fun", function))
                .collect();
            selection.deny = Some(format!("{VERSION}{lines}"));
        }
        selection
    }
}

/// A line of clang's lists, in which `*` stands for `.*`.
fn line(kind: &str, regex: &str) -> String {
    format!("{kind}:{}\n", regex.replace(".*", "*"))
}

fn exactly(name: &OsStr) -> String {
    let mut regex = String::new();
    for c in name.to_string_lossy().chars() {
        lists::escape(c, &mut regex);
    }
    regex
}

/// The name of the file that the user wrote: a preprocessed one says in its first line
/// which it was.
fn original_name(source: &Source) -> OsString {
    let original = source.is_preprocessed.then(|| {
        let mut first = String::new();
        let file = File::open(&source.name).ok()?;
        BufReader::new(file).read_line(&mut first).ok()?;
        // # 1 "dir/a.c"
        let name = first
            .strip_prefix("# ")?
            .split_once('"')?
            .1
            .rsplit_once('"')?
            .0;
        Some(name.replace("\\\\", "\\").replace("\\\"", "\""))
    });
    original
        .flatten()
        .map_or(source.name.clone(), OsString::from)
}

#[cfg(test)]
mod tests;
