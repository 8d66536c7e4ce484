//! Which instance of a campaign a session is.

use super::FuzzArgs;
use std::{fmt, str::FromStr};
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

/// Why a session cannot be the instance that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InstanceError {
    /// `-F` without `-M` or `-j`.
    #[error(
        "-F brings testcases of another fuzzer to the main instance, which passes them on: give \
         -M NAME or -j N with it"
    )]
    ForeignWithoutMain,
}

impl FuzzArgs {
    /// The instance that the command line asks for.
    ///
    /// # Errors
    /// When its options do not go together.
    pub fn instance(&self) -> Result<Instance, InstanceError> {
        if !self.foreign.is_empty() && self.main.is_none() && self.jobs.is_none() {
            return Err(InstanceError::ForeignWithoutMain);
        }
        Ok(match (&self.main, &self.secondary) {
            (Some(name), _) => Instance {
                name: name.clone(),
                role: Role::Main,
            },
            (None, Some(name)) => Instance {
                name: name.clone(),
                role: Role::Secondary,
            },
            (None, None) => Instance {
                name: InstanceName(ALONE.into()),
                role: Role::Alone,
            },
        })
    }
}

/// The number of instances that `-j` takes. More have never been of use on one
/// machine.
pub fn job_count(text: &str) -> Result<usize, JobError> {
    match text.parse() {
        Ok(count @ 1..=MOST_JOBS) => Ok(count),
        _ => Err(JobError),
    }
}

const MOST_JOBS: usize = 256;

/// Not a number of instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("give a number of instances, 1 to {MOST_JOBS}; one for each core is a good choice")]
pub struct JobError;

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
