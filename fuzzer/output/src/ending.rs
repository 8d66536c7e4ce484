//! Why a session ended.

use std::borrow::Cow;

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// A signal asked for it.
    Signal(i32),
    /// The time that `-V` gave is over.
    Time,
    /// The runs that `-E` gave are done.
    Runs,
    /// The crash that `--until-crash` waits for.
    Crash,
    /// This variable of AFL's asked for it.
    Variable(&'static str),
}

impl Ending {
    /// As the first words of a sentence.
    #[must_use]
    pub fn words(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Variable(name) => return format!("stopped as {name} asks").into(),
            Self::Signal(libc::SIGINT) => "stopped by Ctrl-C",
            Self::Signal(_) => "stopped by a signal",
            Self::Time => "stopped by its limit of time (-V)",
            Self::Runs => "stopped by its limit of runs (-E)",
            Self::Crash => "stopped at the first crash",
        })
    }
}
