//! Commands as they can be pasted into a shell.

use super::text::is_plain as is_plain_text;
use std::{borrow::Cow, ffi::OsStr, os::unix::ffi::OsStrExt};

/// `word`, quoted if a shell would not take it as it is.
#[must_use]
pub fn quoted(word: &OsStr) -> Cow<'_, str> {
    let is_plain = |byte: &u8| {
        byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'_' | b'-' | b'.' | b'/' | b'@' | b'%' | b'+' | b'=' | b':' | b','
            )
    };
    let text = word.to_string_lossy();
    if !word.is_empty() && word.as_bytes().iter().all(is_plain) {
        text
    } else if std::str::from_utf8(word.as_bytes()).is_err() || !text.chars().all(is_plain_text) {
        // Nobody's terminal is steered, and a line stays a line.
        format!("$'{}'", word.as_bytes().escape_ascii()).into()
    } else {
        format!("'{}'", text.replace('\'', r"'\''")).into()
    }
}

/// A command line of `words`.
#[must_use]
pub fn line<T: AsRef<OsStr>>(words: impl IntoIterator<Item = T>) -> String {
    let words: Vec<String> = words
        .into_iter()
        .map(|word| quoted(word.as_ref()).into_owned())
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn only_what_a_shell_would_change_is_quoted() {
        assert_eq!(line(["./prog", "--x=1", "@@"]), "./prog --x=1 @@");
        assert_eq!(
            line(["a b", "", "it's", "$HOME", "~"]),
            r"'a b' '' 'it'\''s' '$HOME' '~'"
        );
        assert_eq!(line(["out/id:000000,sig:06"]), "out/id:000000,sig:06");
        assert_eq!(line(["a\x1b[1m'\n"]), r"$'a\x1b[1m\'\n'");
    }
}
