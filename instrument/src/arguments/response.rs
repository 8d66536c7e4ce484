//! Response files: `@file` stands for the arguments that the file holds.
//!
//! They are read only to learn what the compiler will see; the compiler gets
//! the `@file` itself, unless a word inside has to change.

use crate::error::InstrumentError;
use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::Path,
};

/// gcc gives up at 2000 nested files, of which nobody has ever had more than a
/// few.
const MAX_DEPTH: usize = 16;

/// What the compiler makes of one argument: the argument, or the words of the
/// file that it names.
pub(super) fn expand(argument: &OsStr) -> Result<Vec<OsString>, InstrumentError> {
    let mut words = Vec::new();
    expand_into(argument, 0, &mut words)?;
    Ok(words)
}

fn expand_into(
    argument: &OsStr,
    depth: usize,
    words: &mut Vec<OsString>,
) -> Result<(), InstrumentError> {
    let Some(name) = argument.as_bytes().strip_prefix(b"@") else {
        words.push(argument.to_owned());
        return Ok(());
    };
    let path = Path::new(OsStr::from_bytes(name));
    if !path.is_file() {
        // Compilers take it literally then.
        words.push(argument.to_owned());
        return Ok(());
    }
    if depth == MAX_DEPTH {
        return Err(InstrumentError::ResponseFileLoop {
            path: path.to_owned(),
        });
    }
    let text = std::fs::read(path).map_err(|source| InstrumentError::ResponseFile {
        path: path.to_owned(),
        source,
    })?;
    for word in split(&text) {
        expand_into(&word, depth + 1, words)?;
    }
    Ok(())
}

/// Splits at white space. Quotes of either kind keep words together, and a
/// backslash takes the next byte as it is, also within quotes.
fn split(text: &[u8]) -> Vec<OsString> {
    let mut words = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut quote: Option<u8> = None;
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        match (byte, quote) {
            (b'\\', _) => word.get_or_insert_default().extend(bytes.next()),
            (_, Some(open)) if byte == open => quote = None,
            (b'"' | b'\'', None) => {
                quote = Some(byte);
                word.get_or_insert_default();
            }
            (_, None) if byte.is_ascii_whitespace() || byte == 0x0b => words.extend(word.take()),
            _ => word.get_or_insert_default().push(byte),
        }
    }
    words.extend(word);
    words.into_iter().map(OsString::from_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_gcc_splits_them() {
        let cases: [(&str, &[&str]); 6] = [
            ("", &[]),
            (" -c\n\ta.c ", &["-c", "a.c"]),
            (r#"-DX="a b" 'c d'"#, &["-DX=a b", "c d"]),
            (r#"a\ b \"q\" "" "#, &["a b", "\"q\"", ""]),
            (r#""it's" 'say "hi"'"#, &["it's", "say \"hi\""]),
            (r#""a\"b""#, &["a\"b"]),
        ];
        for (text, expected) in cases {
            assert_eq!(split(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn files_are_expanded_within_files() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        let outer = folder.path().join("outer");
        std::fs::write(&inner, "-O1 b.c").unwrap();
        std::fs::write(&outer, format!("-c @{} @missing", inner.display())).unwrap();
        let words = expand(OsStr::new(&format!("@{}", outer.display()))).unwrap();
        assert_eq!(words, ["-c", "-O1", "b.c", "@missing"]);
    }

    #[test]
    fn a_file_that_names_itself_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("loop");
        let argument = format!("@{}", file.display());
        std::fs::write(&file, &argument).unwrap();
        let error = expand(OsStr::new(&argument)).unwrap_err();
        assert!(
            matches!(error, InstrumentError::ResponseFileLoop { .. }),
            "{error}"
        );
    }
}
