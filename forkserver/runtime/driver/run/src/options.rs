//! The command line: libFuzzer's options, as far as they concern a program that does
//! not fuzz by itself, and AFL's `-N`.

use core::ffi::{CStr, c_char, c_int};

/// Passes of the persistent loop before a child is forked afresh.
const PASSES: u32 = 100_000;

/// A word of the command line.
#[derive(Clone, Copy)]
pub(crate) enum Argument {
    /// A word that begins with `-`, without that.
    Option(&'static [u8]),
    /// A file, a folder, or `-` for standard input.
    Input(&'static CStr),
}

/// The words after the program's name. `--` ends the options, and
/// `-ignore_remaining_args=1` the command line.
#[derive(Clone)]
pub(crate) struct Arguments {
    words: *mut *mut c_char,
    left: usize,
    only_inputs: bool,
}

impl Arguments {
    /// # Safety
    /// `words` has `count` entries, each a C string that lives as long as the program
    /// does.
    pub(crate) unsafe fn new(count: c_int, words: *mut *mut c_char) -> Self {
        Self {
            words: words.wrapping_add(1),
            left: usize::try_from(count).unwrap_or(0).saturating_sub(1),
            only_inputs: false,
        }
    }
}

impl Iterator for Arguments {
    type Item = Argument;

    fn next(&mut self) -> Option<Argument> {
        while self.left > 0 {
            // SAFETY: `new` was promised as many entries as are left.
            let word = unsafe { *self.words };
            self.words = self.words.wrapping_add(1);
            self.left -= 1;
            if word.is_null() {
                return None;
            }
            // SAFETY: a C string, as `new` was promised.
            let word = unsafe { CStr::from_ptr(word) };
            match word.to_bytes() {
                b"--" if !self.only_inputs => self.only_inputs = true,
                b"-ignore_remaining_args=1" if !self.only_inputs => return None,
                [b'-', option @ ..] if !self.only_inputs && !option.is_empty() => {
                    return Some(Argument::Option(option));
                }
                _ => return Some(Argument::Input(word)),
            }
        }
        None
    }
}

/// Values of the options.
pub(crate) struct Options {
    /// `-N`: passes of the persistent loop before a child is forked afresh.
    pub(crate) passes: u32,
    /// `-runs=`: how often each file is run.
    pub(crate) runs: u64,
    /// `-max_len=`: bytes that are taken of a file in a folder.
    pub(crate) max_len: usize,
    /// `-timeout=`: seconds that a run may take; 0 for any time.
    pub(crate) timeout: u32,
    /// `-rss_limit_mb=`: memory that the program may take; 0 for any.
    pub(crate) memory: u64,
    /// `-help`.
    pub(crate) help: bool,
}

/// An option with its value.
enum Known {
    Passes(u32),
    Runs(u64),
    MaxLen(usize),
    Timeout(u32),
    Memory(u64),
    Help,
}

impl Options {
    pub(crate) fn of(arguments: Arguments) -> Self {
        let mut options = Self {
            passes: PASSES,
            runs: 1,
            max_len: usize::MAX,
            timeout: 0,
            memory: 0,
            help: false,
        };
        for argument in arguments {
            let Argument::Option(option) = argument else {
                continue;
            };
            match known(option) {
                Some(Known::Passes(passes)) => options.passes = passes,
                Some(Known::Runs(runs)) => options.runs = runs,
                Some(Known::MaxLen(length)) => options.max_len = length,
                Some(Known::Timeout(seconds)) => options.timeout = seconds,
                Some(Known::Memory(megabytes)) => options.memory = megabytes,
                Some(Known::Help) => options.help = true,
                None => {}
            }
        }
        options
    }

    /// The options that mean nothing here.
    pub(crate) fn unknown(arguments: Arguments) -> impl Iterator<Item = &'static [u8]> {
        arguments.filter_map(|argument| match argument {
            Argument::Option(option) if known(option).is_none() => Some(option),
            _ => None,
        })
    }
}

fn known(option: &'static [u8]) -> Option<Known> {
    if matches!(option, b"h" | b"-help" | b"help" | b"help=1") {
        return Some(Known::Help);
    }
    if let Some(passes) = number(option) {
        return Some(Known::Passes(u32::try_from(passes).ok()?.max(1)));
    }
    let value = |name: &[u8]| option.strip_prefix(name).and_then(number);
    if let Some(runs) = value(b"runs=") {
        // 0, as for a folder: all that is there, once.
        Some(Known::Runs(runs.max(1)))
    } else if option == b"runs=-1" {
        Some(Known::Runs(1))
    } else if let Some(length) = value(b"max_len=") {
        let length = usize::try_from(length).ok().filter(|it| *it > 0);
        Some(Known::MaxLen(length.unwrap_or(usize::MAX)))
    } else if let Some(seconds) = value(b"timeout=") {
        Some(Known::Timeout(u32::try_from(seconds).ok()?))
    } else {
        value(b"rss_limit_mb=").map(Known::Memory)
    }
}

fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |number, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        number.checked_mul(10)?.checked_add(digit.into())
    })
}
