//! A line of progress for commands that are over after a while: it rewrites itself
//! on a terminal, and is a plain line every few seconds elsewhere.

use crate::environment::Variables;
use crate::report::text::Shown;
use std::{
    fmt,
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

/// How often a line on a terminal is rewritten.
const REWRITE: Duration = Duration::from_millis(200);

/// How often a plain line is written.
const REPEAT: Duration = Duration::from_secs(5);

/// Goes back to the start of the line and clears it.
const CLEAR: &str = "\r\x1b[K";

/// The line, on standard error. Nobody may be listening, so that errors in writing
/// it do not matter.
#[derive(Debug)]
pub struct Line {
    on_terminal: bool,
    stands: bool,
    next: Instant,
}

impl Line {
    /// A line that rewrites itself if standard error is a terminal that can do that
    /// and `plain` does not forbid it.
    #[must_use]
    pub fn new(plain: bool, variables: &Variables) -> Self {
        let can_rewrite = || super::can_rewrite(variables) && io::stderr().is_terminal();
        let on_terminal = !plain && can_rewrite();
        let first = if on_terminal { REWRITE } else { REPEAT };
        Self {
            on_terminal,
            stands: false,
            next: Instant::now() + first,
        }
    }

    /// Shows what `text` makes, if it is time for it.
    pub fn show(&mut self, text: impl FnOnce() -> String) {
        let now = Instant::now();
        if now < self.next {
            return;
        }
        if !self.on_terminal {
            self.next = now + REPEAT;
            say!("{}", text());
            return;
        }
        self.next = now + REWRITE;
        self.stands = true;
        let width = terminal_size::terminal_size_of(io::stderr())
            .map_or(80, |(width, _)| usize::from(width.0).max(20));
        let line = Shown(text()).to_string();
        let line: String = line.chars().take(width - 1).collect();
        let mut stderr = io::stderr().lock();
        let _ = write!(stderr, "{CLEAR}{line}").and_then(|()| stderr.flush());
    }

    /// Says a sentence above the line.
    pub fn note(&mut self, sentence: fmt::Arguments<'_>) {
        self.clear();
        say!("{sentence}");
    }

    /// Removes the line.
    pub fn clear(&mut self) {
        if std::mem::take(&mut self.stands) {
            let mut stderr = io::stderr().lock();
            let _ = write!(stderr, "{CLEAR}").and_then(|()| stderr.flush());
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.clear();
    }
}
