//! Text from outside (names of files, what a target says) where a person reads it: what
//! would steer a terminal, or show something else than there is, is escaped.

use std::fmt::{self, Display, Write};

/// Whether a character is shown as it is: no control character, none that changes the
/// direction of the text, none that is not seen.
#[must_use]
pub fn is_plain(character: char) -> bool {
    !character.is_control()
        && !matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Shows a text on one line.
#[derive(Debug, Clone, Copy)]
pub struct Shown<T>(pub T);

impl<T: Display> Display for Shown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            Escaping {
                to: f,
                keeps_lines: false
            },
            "{}",
            self.0
        )
    }
}

/// `text` of several lines, which are kept.
#[must_use]
pub fn lines(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut escaping = Escaping {
        to: &mut shown,
        keeps_lines: true,
    };
    // Writing to a string cannot fail.
    let _ = escaping.write_str(text);
    shown
}

/// `text` for the name of a file: what is not plain, and what would be another file's, is
/// replaced; at most `most` bytes, cut between characters.
#[must_use]
pub fn for_name(text: &str, most: usize) -> String {
    let mut name = String::with_capacity(text.len().min(most));
    for character in text.chars() {
        let character = match character {
            '/' | '\0' => '_',
            other if !is_plain(other) => '_',
            other => other,
        };
        if name.len() + character.len_utf8() > most {
            break;
        }
        name.push(character);
    }
    name
}

struct Escaping<'a, W: ?Sized> {
    to: &'a mut W,
    keeps_lines: bool,
}

impl<W: Write + ?Sized> Write for Escaping<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        let is_kept = |character: char| {
            is_plain(character) || self.keeps_lines && matches!(character, '\n' | '\t')
        };
        while let Some(at) = rest.find(|character| !is_kept(character)) {
            self.to.write_str(&rest[..at])?;
            let mut characters = rest[at..].chars();
            if let Some(character) = characters.next() {
                write!(self.to, "{}", character.escape_default())?;
            }
            rest = characters.as_str();
        }
        self.to.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::{Shown, for_name, lines};

    #[test]
    fn what_would_steer_a_terminal_is_escaped() {
        for (text, shown) in [
            ("plain \u{e9} \u{4e2d}", "plain \u{e9} \u{4e2d}"),
            ("a\x1b[2Jb", "a\\u{1b}[2Jb"),
            ("a\nb\tc", "a\\nb\\tc"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("txt.\u{202e}exe", "txt.\\u{202e}exe"),
            ("a\u{200b}b", "a\\u{200b}b"),
        ] {
            assert_eq!(Shown(text).to_string(), shown);
        }
        assert_eq!(lines("a\x07\n\tb\r"), "a\\u{7}\n\tb\\r");
    }

    #[test]
    fn names_are_cut_between_characters_and_lie_in_their_folder() {
        for (text, most, name) in [
            ("a/b\0c", 9, "a_b_c"),
            ("x\x1b[0m", 9, "x_[0m"),
            ("\u{e9}\u{e9}", 3, "\u{e9}"),
            ("abc", 2, "ab"),
        ] {
            assert_eq!(for_name(text, most), name);
        }
    }
}
