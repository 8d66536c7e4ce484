//! `CCC_OVERRIDE_OPTIONS`: with it clang changes its own command line before it reads
//! it. What it asks for is done here instead, so that tine sees the same words; the
//! compiler then runs without the variable.

use regex_lite::Regex;
use std::ffi::{OsStr, OsString};

/// The words after the edits, which stand in `edits` with blanks between them.
///
/// ```text
/// ^WORD    WORD in front           xWORD    without WORD
/// +WORD    WORD at the end         XWORD    without WORD and the one after it
/// s/A/B/   A replaced by B         OLEVEL   without -O…, then -OLEVEL
/// #        says nothing about it
/// ```
pub(super) fn apply(edits: &str, mut words: Vec<OsString>) -> Vec<OsString> {
    for edit in edits.split(' ').filter(|edit| !edit.is_empty()) {
        let (kind, rest) = edit.split_at(edit.chars().next().map_or(0, char::len_utf8));
        match kind {
            "^" => words.insert(0, rest.into()),
            "+" => words.push(rest.into()),
            "s" => substitute(rest, &mut words),
            "x" => words.retain(|word| word != rest),
            "X" => while remove_pair(rest, &mut words) {},
            "O" => {
                words.retain(|word| !is_level(word));
                words.push(format!("-O{rest}").into());
            }
            // What clang does not know it leaves alone.
            _ => {}
        }
    }
    words
}

/// Replaces in each word what `/A/B/` says: A is a regular expression.
fn substitute(edit: &str, words: &mut [OsString]) {
    let parts = edit
        .strip_prefix('/')
        .and_then(|edit| edit.strip_suffix('/'));
    let Some((from, to)) = parts.and_then(|edit| edit.split_once('/')) else {
        return;
    };
    let Ok(from) = Regex::new(from) else { return };
    for word in words {
        if let Some(text) = word.to_str() {
            *word = from.replace(text, to).into_owned().into();
        }
    }
}

/// Takes `option` out together with the word after it, if both are there.
fn remove_pair(option: &str, words: &mut Vec<OsString>) -> bool {
    let found = words.iter().position(|word| word == option);
    match found.filter(|at| at + 1 < words.len()) {
        Some(at) => {
            words.drain(at..at + 2);
            true
        }
        None => false,
    }
}

fn is_level(word: &OsStr) -> bool {
    let level = word.to_str().and_then(|word| word.strip_prefix("-O"));
    level
        .is_some_and(|level| matches!(level, "" | "0" | "1" | "2" | "3" | "4" | "s" | "z" | "fast"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_changed_as_clang_changes_them() {
        let cases = [
            ("", "-c a.c", "-c a.c"),
            ("# +-O1", "-c a.c", "-c a.c -O1"),
            ("^-DA +-DB", "-c a.c", "-DA -c a.c -DB"),
            ("x-c", "-c a.c -c", "a.c"),
            ("X-o", "-c -o x a.c -o", "-c a.c -o"),
            ("O0", "-O2 -c -Os a.c", "-c a.c -O0"),
            ("s/a/b/", "-c a.c", "-c b.c"),
            ("s/^a.c$/n.c/", "a.c ba.c", "n.c ba.c"),
            ("s/a", "a.c", "a.c"),
        ];
        for (edits, line, expected) in cases {
            let words = line.split_whitespace().map(OsString::from).collect();
            assert_eq!(
                apply(edits, words).join(OsStr::new(" ")),
                expected,
                "{edits}"
            );
        }
    }
}
