//! AFL++'s lists of what to instrument and what not: names of sources and of functions,
//! a line each.
//!
//! ```text
//! src: feature_a/*.c      a source whose name ends like this; `source:` too
//! fun: parse_*            a function; `function:` too
//! reader.c                a source, because of the `.` or a `/`
//! parse                   a function
//! # a comment
//! ```

use crate::error::InstrumentError;
use regex_lite::Regex;
use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

/// One list.
#[derive(Debug, Default)]
pub(crate) struct List {
    /// Regular expressions for whole names.
    sources: Vec<String>,
    functions: Vec<String>,
}

impl List {
    /// Reads a list.
    pub(crate) fn read(path: &Path, variable: &'static str) -> Result<List, InstrumentError> {
        let text = std::fs::read(path).map_err(|source| InstrumentError::List {
            variable,
            path: path.into(),
            source,
        })?;
        Ok(List::parse(&String::from_utf8_lossy(&text)))
    }

    fn parse(text: &str) -> List {
        let mut list = List::default();
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default().trim();
            let (kind, pattern) = match line.split_once(':') {
                Some((kind, pattern)) => (kind.trim(), pattern.trim()),
                None => ("", line),
            };
            if pattern.is_empty() {
                continue;
            }
            let is_source = match kind {
                "src" | "source" => true,
                "fun" | "function" => false,
                _ => pattern.contains(['/', '.']),
            };
            let into = if is_source {
                &mut list.sources
            } else {
                &mut list.functions
            };
            into.push(regex(pattern));
        }
        list
    }

    /// Whether a source is in the list: by its name as it was given, or by its path.
    pub(crate) fn has_source(&self, name: &OsStr) -> bool {
        let given = name.to_string_lossy();
        let path = std::path::absolute(name).unwrap_or_else(|_| PathBuf::from(name));
        let path = path.to_string_lossy();
        self.sources.iter().any(|pattern| {
            Regex::new(&format!("^({pattern})$"))
                .is_ok_and(|pattern| pattern.is_match(&given) || pattern.is_match(&path))
        })
    }

    /// Regular expressions for names of functions.
    pub(crate) fn functions(&self) -> &[String] {
        &self.functions
    }
}

/// A pattern of a shell, for the end of a name, as a regular expression. A plain `*` is
/// what clang takes for `.*`.
fn regex(pattern: &str) -> String {
    let mut regex = String::from(".*");
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        match c {
            '*' => regex.push_str(".*"),
            '?' => regex.push('.'),
            '[' => match rest.as_str().split_once(']') {
                Some((set, after)) if !set.is_empty() => {
                    let set = set
                        .strip_prefix('!')
                        .map_or(set.to_owned(), |set| format!("^{set}"));
                    regex.push_str(&format!("[{set}]"));
                    rest = after.chars();
                }
                _ => regex.push_str("\\["),
            },
            '\\' => escape(rest.next().unwrap_or('\\'), &mut regex),
            _ => escape(c, &mut regex),
        }
    }
    regex
}

/// A character that stands for itself.
pub(crate) fn escape(c: char, regex: &mut String) {
    if "\\.+*?()|[]{}^$".contains(c) {
        regex.push('\\');
    }
    regex.push(c);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_aflplusplus_reads_them() {
        let list = List::parse(
            "# nothing\n\nsrc: *malloc.c\nsource:dir/a?.cc # one\nfun: MallocFoo\n\
             function:f_*\nreader.c\n  parse  \nsub/dir\nsrc:\n",
        );
        let sources = [
            ".*.*malloc\\.c",
            ".*dir/a.\\.cc",
            ".*reader\\.c",
            ".*sub/dir",
        ];
        assert_eq!(list.sources, sources);
        assert_eq!(list.functions, [".*MallocFoo", ".*f_.*", ".*parse"]);
    }

    #[test]
    fn sources_match_by_their_end() {
        let has = |text: &str, name: &str| List::parse(text).has_source(OsStr::new(name));
        assert!(has("a1.cpp", "a1.cpp"));
        assert!(has("a1.cpp", "../feature_a/a1.cpp"));
        assert!(has("feature_a/a1.cpp", "/project/feature_a/a1.cpp"));
        assert!(has("a[12].cpp", "a1.cpp") && !has("a[!12].cpp", "a1.cpp"));
        assert!(has("a?.cpp", "a1.cpp") && has("src:*", "a1.cpp"));
        assert!(!has("a1.cpp", "a1.c") && !has("b.c", "bxc") && !has("a1.cpp", "a1.cpp.c"));
        assert!(!has("", "a1.cpp") && has("a+b.c", "a+b.c") && has("a\\*.c", "a*.c"));
        let here = std::env::current_dir().unwrap();
        let folder = here.file_name().unwrap().to_str().unwrap();
        assert!(has(&format!("{folder}/a1.cpp"), "a1.cpp"), "by its path");
    }
}
