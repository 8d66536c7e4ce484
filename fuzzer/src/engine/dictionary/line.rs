//! A line of a dictionary.

/// The longest token, in bytes.
pub const LONGEST: usize = 128;

/// Why a line is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// No quotes.
    #[error("a token stands in double quotes, as in name=\"value\"")]
    Unquoted,
    /// Only one of them.
    #[error("the token has no `\"` at its end")]
    Open,
    /// More than a comment behind the quotes.
    #[error("only a comment may stand behind the token")]
    Rest,
    /// Nothing between the quotes.
    #[error("the token is empty")]
    Empty,
    /// Too long.
    #[error("the token has {0} bytes, more than the limit of {LONGEST}")]
    TooLong(usize),
}

/// What is unusual about a line that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Remark {
    /// A backslash that escapes nothing.
    #[error(
        "behind `\\` only `\\`, `\"`, n, r, t or x and two hexadecimal digits mean something; \
         the token has the `\\` itself"
    )]
    Backslash,
}

/// A line with a token.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    /// Its bytes.
    pub token: Vec<u8>,
    /// What is to be said of it.
    pub remark: Option<Remark>,
}

/// The token of a line; `None` for comments, empty lines and higher levels.
pub fn parse(line: &[u8], level: u32) -> Result<Option<Line>, Problem> {
    let line = line.trim_ascii();
    if line.is_empty() || line[0] == b'#' {
        return Ok(None);
    }
    let start = line.iter().position(|&byte| byte == b'"');
    let (name, rest) = line.split_at(start.ok_or(Problem::Unquoted)?);
    if needed_level(name) > level {
        return Ok(None);
    }
    let (token, remark) = unescape(value(&rest[1..])?);
    match token.len() {
        0 => Err(Problem::Empty),
        len if len > LONGEST => Err(Problem::TooLong(len)),
        _ => Ok(Some(Line { token, remark })),
    }
}

/// The level that is written at the end of what stands before the token, as in
/// `name@2=`; also in `name@2[7] =`, in which the number counts the tokens of a name.
fn needed_level(name: &[u8]) -> u32 {
    let is_between = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'=';
    let end = name.iter().rposition(|byte| !is_between(byte));
    let mut name = &name[..end.map_or(0, |end| end + 1)];
    if let Some(indexed) = name.strip_suffix(b"]") {
        let index = indexed.iter().rposition(|&byte| byte == b'[');
        name = &indexed[..index.unwrap_or(indexed.len())];
    }
    let at = name.iter().rposition(|byte| !byte.is_ascii_digit());
    match at {
        Some(at) if name[at] == b'@' => level(&name[at + 1..]),
        _ => 0,
    }
}

/// A level from its digits. More than a number can be is above all.
pub fn level(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |number: u32, digit| {
        number
            .saturating_mul(10)
            .saturating_add(u32::from(digit - b'0'))
    })
}

/// What stands between the quotes. `text` begins behind the first one. It goes to the one
/// that only a comment follows, or else to the last one of the line: those before it should
/// have been escaped.
fn value(text: &[u8]) -> Result<&[u8], Problem> {
    let mut is_escaped = false;
    let mut has_end = false;
    for (index, &byte) in text.iter().enumerate() {
        if byte == b'"' && !is_escaped {
            has_end = true;
            let behind = &text[index + 1..];
            let comment = behind.trim_ascii_start();
            if comment.len() < behind.len() && comment.first() == Some(&b'#') {
                return Ok(&text[..index]);
            }
        }
        is_escaped = byte == b'\\' && !is_escaped;
    }
    match text.strip_suffix(b"\"") {
        Some(value) => Ok(value),
        None if has_end => Err(Problem::Rest),
        None => Err(Problem::Open),
    }
}

fn unescape(value: &[u8]) -> (Vec<u8>, Option<Remark>) {
    let mut token = Vec::with_capacity(value.len());
    let mut remark = None;
    let mut rest = value;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte != b'\\' {
            token.push(byte);
            continue;
        }
        let (byte, length) = match *rest {
            [escaped @ (b'\\' | b'"'), ..] => (escaped, 1),
            // As in C: dictionaries have them, though AFL's format does not.
            [b'n', ..] => (b'\n', 1),
            [b'r', ..] => (b'\r', 1),
            [b't', ..] => (b'\t', 1),
            _ => match hexadecimal(rest) {
                Some(byte) => (byte, 3),
                None => {
                    remark = Some(Remark::Backslash);
                    (b'\\', 0)
                }
            },
        };
        token.push(byte);
        rest = &rest[length..];
    }
    (token, remark)
}

/// The byte that `xNN` stands for.
fn hexadecimal(text: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    match *text {
        [b'x' | b'X', high, low, ..] => Some((digit(high)? << 4 | digit(low)?) as u8),
        _ => None,
    }
}
