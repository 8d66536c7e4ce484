//! Dictionaries in AFL's format.
//!
//! ```text
//! # a comment
//! keyword="GIF89a"
//! "no name \x00\xff \\ \""
//! rare@2="only for -x FILE@2 and above"
//! ```
//!
//! A folder is taken for one token a file.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

/// The longest token, in bytes.
pub const LONGEST: usize = 128;

/// The longest file, in bytes: of millions of tokens hardly one is ever tried.
const LONGEST_FILE: u64 = 64 << 20;

/// Why a dictionary cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DictionaryError {
    /// It could not be read.
    #[error("cannot read the dictionary {}: {source}", .path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line is not as it should be.
    #[error("the dictionary {}, line {line}: {problem}", .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Number of the line, from 1 on.
        line: usize,
        /// What is wrong with it.
        problem: Problem,
    },
    /// A file of a folder is too long for a token.
    #[error(
        "{} has {len} bytes, more than the {LONGEST} that a token may have; is it a seed, for -i?",
        .path.display()
    )]
    LongFile {
        /// The file.
        path: PathBuf,
        /// Its bytes.
        len: u64,
    },
    /// It does not come to an end, or not soon.
    #[error(
        "the dictionary {} has more than {} MiB, the limit; is it the right file?",
        .0.display(),
        LONGEST_FILE >> 20
    )]
    TooLong(PathBuf),
    /// There is nothing in it.
    #[error("the dictionary {} has no token", .0.display())]
    Empty(PathBuf),
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// No quotes.
    #[error("a token stands in double quotes, as in name=\"value\"")]
    Unquoted,
    /// Something else before the quotes.
    #[error("only a name and `=` may stand before the token, as in name=\"value\"")]
    Name,
    /// `@` without a number.
    #[error("a number belongs behind `@`, as in name@1=\"value\"")]
    Level,
    /// Nothing between the quotes.
    #[error("the token is empty")]
    Empty,
    /// A bad escape.
    #[error("behind `\\` only `\\`, `\"` or x and two hexadecimal digits may stand")]
    Escape,
    /// Quotes within the token.
    #[error("`\"` within a token is written `\\\"`")]
    Quote,
    /// A character that must be escaped.
    #[error("characters outside of printable ASCII are written \\xNN")]
    NotPrintable,
    /// Too long.
    #[error("the token has {0} bytes, more than the limit of {LONGEST}")]
    TooLong(usize),
}

/// The tokens of one `-x` argument: a file, a folder, or a file with `@LEVEL`.
///
/// # Errors
/// When it cannot be read or has a line that makes no sense.
pub fn load(argument: &Path) -> Result<Vec<Vec<u8>>, DictionaryError> {
    let (path, level) = split_level(argument);
    let unreadable = |source| DictionaryError::Read {
        path: path.clone(),
        source,
    };
    let tokens = if fs::metadata(&path).map_err(unreadable)?.is_dir() {
        load_folder(&path)?
    } else {
        let mut text = Vec::new();
        let file = fs::File::open(&path).map_err(unreadable)?;
        let read = file.take(LONGEST_FILE + 1).read_to_end(&mut text);
        if read.map_err(unreadable)? as u64 > LONGEST_FILE {
            return Err(DictionaryError::TooLong(path));
        }
        parse(&text, level).map_err(|(line, problem)| DictionaryError::Line {
            path: path.clone(),
            line,
            problem,
        })?
    };
    if tokens.is_empty() {
        Err(DictionaryError::Empty(path))
    } else {
        Ok(tokens)
    }
}

/// `FILE@2` is the file with its tokens up to level 2, unless there is a file of
/// that very name.
fn split_level(argument: &Path) -> (PathBuf, u32) {
    let whole = (argument.to_owned(), 0);
    if argument.exists() {
        return whole;
    }
    let split = argument.to_str().and_then(|text| text.rsplit_once('@'));
    match split.map(|(path, level)| (path, level.parse())) {
        Some((path, Ok(level))) => (path.into(), level),
        _ => whole,
    }
}

fn load_folder(folder: &Path) -> Result<Vec<Vec<u8>>, DictionaryError> {
    let failed = |path: &Path, source| DictionaryError::Read {
        path: path.into(),
        source,
    };
    let entries = fs::read_dir(folder).map_err(|source| failed(folder, source))?;
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(|source| failed(folder, source))?.path());
    }
    paths.sort();
    let mut tokens = Vec::new();
    for path in paths {
        let metadata = fs::metadata(&path).map_err(|source| failed(&path, source))?;
        if !metadata.is_file() || metadata.len() == 0 {
            continue;
        }
        if metadata.len() > LONGEST as u64 {
            return Err(DictionaryError::LongFile {
                path,
                len: metadata.len(),
            });
        }
        let mut token = Vec::new();
        fs::File::open(&path)
            .and_then(|file| file.take(LONGEST as u64).read_to_end(&mut token))
            .map_err(|source| failed(&path, source))?;
        tokens.push(token);
    }
    Ok(tokens)
}

/// The tokens of a dictionary up to `level`. An error has the line's number.
fn parse(text: &[u8], level: u32) -> Result<Vec<Vec<u8>>, (usize, Problem)> {
    let mut tokens = Vec::new();
    for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
        match parse_line(line.trim_ascii(), level) {
            Ok(Some(token)) => tokens.push(token),
            Ok(None) => {}
            Err(problem) => return Err((index + 1, problem)),
        }
    }
    Ok(tokens)
}

/// The token of a line; `None` for comments, empty lines and higher levels.
fn parse_line(line: &[u8], level: u32) -> Result<Option<Vec<u8>>, Problem> {
    if line.is_empty() || line[0] == b'#' {
        return Ok(None);
    }
    let start = line
        .iter()
        .position(|&byte| byte == b'"')
        .ok_or(Problem::Unquoted)?;
    let value = line[start + 1..]
        .strip_suffix(b"\"")
        .ok_or(Problem::Unquoted)?;
    let needed = level_of_name(line[..start].trim_ascii())?;
    let token = unescape(value)?;
    match token.len() {
        0 => Err(Problem::Empty),
        len if len > LONGEST => Err(Problem::TooLong(len)),
        _ => Ok((needed <= level).then_some(token)),
    }
}

/// What stands before the token: nothing, `name=` or `name@LEVEL=`.
fn level_of_name(before: &[u8]) -> Result<u32, Problem> {
    if before.is_empty() {
        return Ok(0);
    }
    let name = before
        .strip_suffix(b"=")
        .ok_or(Problem::Name)?
        .trim_ascii_end();
    let is_of_name =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'@');
    if !name.iter().all(is_of_name) {
        return Err(Problem::Name);
    }
    let Some(at) = name.iter().position(|&byte| byte == b'@') else {
        return Ok(0);
    };
    let number = std::str::from_utf8(&name[at + 1..])
        .ok()
        .and_then(|text| text.parse().ok());
    number.ok_or(Problem::Level)
}

fn unescape(value: &[u8]) -> Result<Vec<u8>, Problem> {
    let digit = |byte: Option<&u8>| {
        let digit = byte.and_then(|&byte| char::from(byte).to_digit(16));
        digit.map(|digit| digit as u8).ok_or(Problem::Escape)
    };
    let mut token = Vec::with_capacity(value.len());
    let mut bytes = value.iter();
    while let Some(&byte) = bytes.next() {
        token.push(match byte {
            b'\\' => match bytes.next() {
                Some(&escaped @ (b'\\' | b'"')) => escaped,
                Some(b'x' | b'X') => digit(bytes.next())? << 4 | digit(bytes.next())?,
                _ => return Err(Problem::Escape),
            },
            b'"' => return Err(Problem::Quote),
            b' '..=b'~' => byte,
            _ => return Err(Problem::NotPrintable),
        });
    }
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Problem, parse};

    fn tokens(text: &str, level: u32) -> Vec<Vec<u8>> {
        parse(text.as_bytes(), level).unwrap_or_else(|problem| panic!("{text:?}: {problem:?}"))
    }

    #[test]
    fn tokens_are_read_as_afl_writes_them() {
        let text = "# comment\n\n  header_gif=\"GIF89a\"  \r\nspaced = \"a b\"\n\"bare\"\n\
                    a_b-c.d=\"\\x00\\xfF\\\\\\\"=#\"\n";
        let expected: [&[u8]; 4] = [b"GIF89a", b"a b", b"bare", b"\x00\xff\\\"=#"];
        assert_eq!(tokens(text, 0), expected);
    }

    #[test]
    fn levels_choose_among_the_tokens() {
        let text = "a=\"1\"\nb@1=\"2\"\nc@2=\"3\"\n";
        for (level, count) in [(0, 1), (1, 2), (2, 3), (9, 3)] {
            assert_eq!(tokens(text, level).len(), count);
        }
    }

    #[test]
    fn a_bad_line_is_named_by_its_number_and_what_is_wrong() {
        for (line, problem) in [
            ("a=GIF", Problem::Unquoted),
            ("a=\"GIF", Problem::Unquoted),
            ("\"", Problem::Unquoted),
            ("a \"GIF\"", Problem::Name),
            ("a!=\"GIF\"", Problem::Name),
            ("a@=\"GIF\"", Problem::Level),
            ("a@x=\"GIF\"", Problem::Level),
            ("a=\"\"", Problem::Empty),
            ("a=\"\\x4\"", Problem::Escape),
            ("a=\"\\xg0\"", Problem::Escape),
            ("a=\"\\n\"", Problem::Escape),
            ("a=\"end\\\"", Problem::Escape),
            ("a=\"b\"c\"", Problem::Quote),
            ("a=\"\u{e9}\"", Problem::NotPrintable),
            ("a=\"\t\"", Problem::NotPrintable),
        ] {
            let text = format!("# first\nok=\"x\"\n{line}\n");
            assert_eq!(parse(text.as_bytes(), 0), Err((3, problem)), "{line}");
        }
    }

    #[test]
    fn a_token_has_a_limit() {
        let line = |len: usize| format!("\"{}\"", "x".repeat(len));
        assert_eq!(tokens(&line(LONGEST), 0)[0].len(), LONGEST);
        let long = LONGEST + 1;
        assert_eq!(
            parse(line(long).as_bytes(), 0),
            Err((1, Problem::TooLong(long)))
        );
    }
}
