//! How text becomes words: in response files, and in clang's configuration files.

use crate::compiler::Family;
use std::{ffi::OsString, os::unix::ffi::OsStringExt};

/// Whose rules apply. They differ in what nobody writes on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syntax {
    /// libiberty's: gcc, its `collect2`, ld.bfd and gold.
    Gnu,
    /// LLVM's: an empty pair of quotes is no word, a last backslash is itself.
    Clang,
}

impl Syntax {
    pub(super) fn of(family: Family) -> Syntax {
        match family {
            Family::Clang => Syntax::Clang,
            Family::Gcc => Syntax::Gnu,
        }
    }
}

/// Splits at white space. Quotes of either kind keep words together, and a
/// backslash takes the next byte as it is, also within quotes.
pub(super) fn split(text: &[u8], syntax: Syntax) -> Vec<OsString> {
    // Windows' editors put it in front; LLVM knows it.
    let text = match (syntax, text.strip_prefix(b"\xef\xbb\xbf")) {
        (Syntax::Clang, Some(rest)) => rest,
        _ => text,
    };
    let mut words = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut quote: Option<u8> = None;
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        match (byte, quote) {
            (b'\\', _) => match (bytes.next(), syntax) {
                (None, Syntax::Clang) => word.get_or_insert_default().push(byte),
                (next, _) => word.get_or_insert_default().extend(next),
            },
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
    if syntax == Syntax::Clang {
        words.retain(|word| !word.is_empty());
    }
    words.into_iter().map(OsString::from_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_compilers_split_them() {
        let cases: [(&str, &[&str]); 6] = [
            ("", &[]),
            (" -c\n\ta.c ", &["-c", "a.c"]),
            (r#"-DX="a b" 'c d'"#, &["-DX=a b", "c d"]),
            (r#"a\ b \"q\" "#, &["a b", "\"q\""]),
            (r#""it's" 'say "hi"'"#, &["it's", "say \"hi\""]),
            (r#""a\"b""#, &["a\"b"]),
        ];
        for (text, expected) in cases {
            for syntax in [Syntax::Gnu, Syntax::Clang] {
                assert_eq!(split(text.as_bytes(), syntax), expected, "{text:?}");
            }
        }
    }

    #[test]
    fn compilers_differ_in_odd_cases() {
        let cases: [(&[u8], &[&str], &[&str]); 3] = [
            (br#"a "" b"#, &["a", "", "b"], &["a", "b"]),
            (br"a\", &["a"], &["a\\"]),
            (b"\xef\xbb\xbf-c", &["\u{feff}-c"], &["-c"]),
        ];
        for (text, gnu, clang) in cases {
            assert_eq!(split(text, Syntax::Gnu), gnu);
            assert_eq!(split(text, Syntax::Clang), clang);
        }
    }
}
