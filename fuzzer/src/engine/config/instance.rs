//! Which instance of a campaign a session is.

use std::{fmt, path::PathBuf, str::FromStr, time::Duration};
use tine_exchange::Role;

/// The longest name of an instance, in bytes. afl-fuzz before 4.10c takes no longer
/// one; later versions take 50.
const LONGEST_NAME: usize = 32;

/// The name of a session that was given none.
const ALONE: &str = "default";

/// The name of an instance, which is that of its folder in the output folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceName(String);

impl InstanceName {
    /// That of a session that was given none.
    #[must_use]
    pub fn alone() -> Self {
        Self(ALONE.into())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InstanceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for InstanceName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if text.is_empty() || !text.bytes().all(is_fit) {
            Err(NameError::Characters)
        } else if text.starts_with('-') {
            Err(NameError::Dash)
        } else if text.len() > LONGEST_NAME {
            Err(NameError::TooLong)
        } else if text == "addseeds" {
            Err(NameError::Reserved)
        } else {
            Ok(Self(text.into()))
        }
    }
}

/// What is wrong with the name of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It would be no good name of a folder.
    #[error("the name of an instance consists of letters, digits, `_` and `-`")]
    Characters,
    /// It looks like an option.
    #[error("the name of an instance does not begin with `-`")]
    Dash,
    /// Too long.
    #[error("the name of an instance has {LONGEST_NAME} characters at the most")]
    TooLong,
    /// afl-addseeds keeps what it adds there.
    #[error("`addseeds` is where afl-addseeds puts seeds: give another name")]
    Reserved,
}

/// An instance of a campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Its name.
    pub name: InstanceName,
    /// With whom it exchanges testcases.
    pub role: Role,
}

impl Default for Instance {
    /// The only one.
    fn default() -> Self {
        Self {
            name: InstanceName::alone(),
            role: Role::Alone,
        }
    }
}

/// The exchange of testcases with other fuzzers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExchangeChoice {
    /// There is none.
    pub off: bool,
    /// Folders of other fuzzers.
    pub foreign: Vec<PathBuf>,
    /// Ask before anything else.
    pub at_start: bool,
    /// Ask at the end, however long it takes.
    pub at_end: bool,
    /// Longest time between two exchanges.
    pub longest_pause: Option<Duration>,
}

#[cfg(test)]
mod tests {
    use super::{InstanceName, NameError};

    #[test]
    fn names_are_those_that_afl_fuzz_takes() {
        for (name, expected) in [
            ("main", Ok(())),
            ("main-host_01", Ok(())),
            ("", Err(NameError::Characters)),
            ("a b", Err(NameError::Characters)),
            ("a.b", Err(NameError::Characters)),
            ("../x", Err(NameError::Characters)),
            ("main:1/2", Err(NameError::Characters)),
            ("m\u{e9}", Err(NameError::Characters)),
            ("-S", Err(NameError::Dash)),
            ("addseeds", Err(NameError::Reserved)),
        ] {
            assert_eq!(name.parse::<InstanceName>().map(|_| ()), expected, "{name}");
        }
        assert!("x".repeat(32).parse::<InstanceName>().is_ok());
        let long = "x".repeat(33).parse::<InstanceName>();
        assert_eq!(long, Err(NameError::TooLong));
    }
}
