//! Text that a person reads: numbers and times in words, and text from outside (names of
//! files, what a target says), of which what would steer a terminal, or show something else
//! than there is, is escaped.

use std::{
    fmt::{self, Display, Write},
    time::Duration,
};

/// A number with its digits in groups: `1,234,567`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A span of time in the two units that matter: `3 s`, `2 min 5 s`, `4 h 0 min`.
#[must_use]
pub fn shown_time(span: Duration) -> String {
    let seconds = span.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    if days > 0 {
        format!("{days} d {} h", hours % 24)
    } else if hours > 0 {
        format!("{hours} h {} min", minutes % 60)
    } else if minutes > 0 {
        format!("{minutes} min {} s", seconds % 60)
    } else {
        format!("{seconds} s")
    }
}

/// `3 crashes`, `1 hang`: a number with its noun.
#[must_use]
pub fn counted(count: u64, noun: &str) -> String {
    let grouped = grouped(count);
    let ending = match noun {
        _ if count == 1 => "",
        _ if noun.ends_with("sh") => "es",
        _ => "s",
    };
    format!("{grouped} {noun}{ending}")
}

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
    use super::{Shown, counted, for_name, grouped, lines, shown_time};
    use std::time::Duration;

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

    #[test]
    fn digits_are_grouped_by_three() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (123_456, "123,456"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn time_has_two_units_at_most() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (125, "2 min 5 s"),
            (3600, "1 h 0 min"),
            (90_061, "1 d 1 h"),
        ] {
            assert_eq!(shown_time(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn nouns_follow_their_number() {
        assert_eq!(counted(0, "crash"), "0 crashes");
        assert_eq!(counted(1, "crash"), "1 crash");
        assert_eq!(counted(1234, "run"), "1,234 runs");
    }
}
