//! A command line of `tine fuzz`, option by option: an instance gets what the user
//! gave, but for what is its own.
//!
//! Which options there are, and which of them take a value, is asked of the definition
//! of the command line: nothing here knows them by name.

use crate::cli::Cli;
use clap::{Arg, Command, CommandFactory, Parser};
use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::{OsStrExt, OsStringExt},
};

/// A command line that was read without error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// How tine is called.
    tine: OsString,
    options: Vec<Given>,
    target: Vec<OsString>,
}

/// An option as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Given {
    /// `-x`, or `--long` for options without a letter.
    option: String,
    value: Option<OsString>,
}

impl Line {
    /// From the words of a command line that was read without error.
    pub(super) fn new(words: impl IntoIterator<Item = OsString>) -> Self {
        let command = command();
        let mut words = words.into_iter();
        let tine = words.next().unwrap_or_else(|| "tine".into());
        // `fuzz`.
        words.next();
        let mut line = Self {
            tine,
            options: Vec::new(),
            target: Vec::new(),
        };
        while let Some(word) = words.next() {
            let bytes = word.as_bytes();
            if bytes == b"--" {
                break;
            } else if let Some(long) = bytes.strip_prefix(b"--") {
                let (name, value) = match long.iter().position(|&byte| byte == b'=') {
                    Some(at) => (&long[..at], Some(os_string(&long[at + 1..]))),
                    None => (long, None),
                };
                let arg = find(&command, |arg| {
                    arg.get_long().is_some_and(|it| it.as_bytes() == name)
                });
                let value = value.or_else(|| takes_value(arg).then(|| words.next()).flatten());
                line.options.extend(arg.map(|arg| given(arg, value)));
            } else if bytes.len() > 1 && bytes[0] == b'-' {
                line.take_letters(&command, &bytes[1..], &mut words);
            } else {
                line.target.push(word);
                break;
            }
        }
        line.target.extend(words);
        line
    }

    /// Options by their letters: `-x FILE`, `-xFILE`, `-e`, `-exFILE`.
    fn take_letters(
        &mut self,
        command: &Command,
        letters: &[u8],
        words: &mut impl Iterator<Item = OsString>,
    ) {
        for (at, &letter) in letters.iter().enumerate() {
            let arg = find(command, |arg| arg.get_short() == Some(letter.into()));
            if !takes_value(arg) {
                self.options.extend(arg.map(|arg| given(arg, None)));
                continue;
            }
            let rest = &letters[at + 1..];
            let rest = rest.strip_prefix(b"=").unwrap_or(rest);
            let value = if rest.is_empty() {
                words.next()
            } else {
                Some(os_string(rest))
            };
            self.options.extend(arg.map(|arg| given(arg, value)));
            return;
        }
    }

    /// Takes an option away.
    pub(super) fn remove(&mut self, option: &str) {
        self.options.retain(|given| given.option != option);
    }

    /// Adds an option, as the first one.
    pub(super) fn add(&mut self, option: &str, value: impl AsRef<OsStr>) {
        let given = Given {
            option: option.into(),
            value: Some(value.as_ref().to_owned()),
        };
        self.options.insert(0, given);
    }

    /// Adds options if there are such and the user says nothing about them: if the
    /// command line can still be read with them. Returns whether.
    pub(super) fn offer(&mut self, words: &[&str]) -> bool {
        let mut line = self.clone();
        let (option, value) = match words {
            [option, value] => (*option, Some(OsString::from(value))),
            [option] => (*option, None),
            _ => return false,
        };
        if line.options.iter().any(|given| given.option == option) {
            return false;
        }
        let option = option.into();
        line.options.insert(0, Given { option, value });
        let is_read = Cli::try_parse_from(line.words()).is_ok();
        if is_read {
            *self = line;
        }
        is_read
    }

    /// The words of the command line, from tine's name on.
    pub(super) fn words(&self) -> Vec<OsString> {
        let mut words = vec![self.tine.clone(), "fuzz".into()];
        for Given { option, value } in &self.options {
            match value {
                Some(value) if option.starts_with("--") => {
                    let mut word = OsString::from(option);
                    word.push("=");
                    word.push(value);
                    words.push(word);
                }
                value => {
                    words.push(option.into());
                    words.extend(value.clone());
                }
            }
        }
        words.push("--".into());
        words.extend(self.target.iter().cloned());
        words
    }
}

/// The definition of `tine fuzz`.
fn command() -> Command {
    let mut all = Cli::command();
    all.build();
    all.find_subcommand("fuzz").cloned().unwrap_or_default()
}

fn find(command: &Command, is_meant: impl Fn(&Arg) -> bool) -> Option<&Arg> {
    command.get_arguments().find(|arg| is_meant(arg))
}

fn takes_value(arg: Option<&Arg>) -> bool {
    arg.is_some_and(|arg| arg.get_action().takes_values())
}

fn given(arg: &Arg, value: Option<OsString>) -> Given {
    let option = match (arg.get_short(), arg.get_long()) {
        (Some(letter), _) => format!("-{letter}"),
        (None, long) => format!("--{}", long.unwrap_or_default()),
    };
    Given { option, value }
}

fn os_string(bytes: &[u8]) -> OsString {
    OsString::from_vec(bytes.to_vec())
}

#[cfg(test)]
mod tests {
    use super::Line;
    use std::ffi::OsString;

    fn line(text: &str) -> Line {
        Line::new(text.split(' ').map(OsString::from))
    }

    fn text(line: &Line) -> String {
        let words = line.words();
        let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
        words.join(" ")
    }

    #[test]
    fn a_line_means_the_same_however_it_is_written() {
        let expected = "tine fuzz -j 4 -i in -o out -t 500 --until-crash -x a --no-ui -x b -- \
                        ./t -j @@ -- --no-ui";
        for written in [
            "tine fuzz -j4 -i in -oout -t500 --until-crash -x a --no-ui -xb ./t -j @@ -- --no-ui",
            "tine fuzz --jobs=4 --input in -o out -t=500 --until-crash -x=a --no-ui \
             --dictionary b -- ./t -j @@ -- --no-ui",
        ] {
            assert_eq!(text(&line(written)), expected);
        }
        assert_eq!(
            text(&line("tine fuzz -i - -o out t")),
            "tine fuzz -i - -o out -- t"
        );
    }

    #[test]
    fn options_are_taken_away_and_added() {
        let mut line = line("tine fuzz -j 4 -E 100 -i in -o out -- t");
        line.remove("-j");
        line.remove("-E");
        line.remove("-8");
        line.add("-M", "main");
        line.add("--campaign", "7");
        assert_eq!(
            text(&line),
            "tine fuzz --campaign=7 -M main -i in -o out -- t"
        );
    }

    #[test]
    fn what_is_offered_is_taken_if_there_is_such_and_the_user_leaves_it_open() {
        let mut line = line("tine fuzz -i in -o out -V 60 -- t");
        assert!(line.offer(&["-t", "500"]));
        assert!(!line.offer(&["-t", "600"]), "once");
        assert!(!line.offer(&["-V", "1"]), "the user's counts");
        assert!(!line.offer(&["-E", "many"]), "no such value");
        assert!(!line.offer(&["-8"]), "no such option");
        assert_eq!(text(&line), "tine fuzz -t 500 -i in -o out -V 60 -- t");
    }
}
