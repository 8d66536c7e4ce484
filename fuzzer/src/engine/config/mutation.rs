//! How testcases are mutated.

use std::{str::FromStr, time::Duration};
use tine_protocol::layout::input::MAX_INPUT;

/// What inputs are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputType {
    /// Text.
    Text,
    /// Binary data.
    Binary,
    /// Anything.
    Generic,
}

impl FromStr for InputType {
    type Err = MutationError;

    /// afl-fuzz takes all of these words.
    fn from_str(text: &str) -> Result<Self, MutationError> {
        Ok(match text.to_ascii_lowercase().as_str() {
            "text" | "txt" | "ascii" | "asc" => Self::Text,
            "binary" | "bin" => Self::Binary,
            "generic" | "default" | "def" => Self::Generic,
            _ => return Err(MutationError::InputType),
        })
    }
}

/// What mutations are after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AimChoice {
    /// New code, always.
    Explore,
    /// Bugs, always.
    Exploit,
    /// New code; bugs when nothing was found for so long, until the next find.
    Turns(Duration),
}

impl Default for AimChoice {
    /// That of afl-fuzz.
    fn default() -> Self {
        Self::Turns(Duration::from_secs(1000))
    }
}

impl FromStr for AimChoice {
    type Err = MutationError;

    fn from_str(text: &str) -> Result<Self, MutationError> {
        match text.to_ascii_lowercase().as_str() {
            "explore" | "exploration" => Ok(Self::Explore),
            "exploit" | "exploitation" => Ok(Self::Exploit),
            number => match number.parse() {
                // afl-fuzz never turns then.
                Ok(0) => Ok(Self::Explore),
                Ok(seconds) => Ok(Self::Turns(Duration::from_secs(seconds))),
                Err(_) => Err(MutationError::Aim),
            },
        }
    }
}

/// A length of inputs.
///
/// # Errors
/// When it is none.
pub fn length(text: &str) -> Result<usize, MutationError> {
    match text.parse() {
        Ok(length @ 1..=MAX_INPUT) => Ok(length),
        _ => Err(MutationError::Length),
    }
}

/// A value that an option does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MutationError {
    /// Not a type of inputs.
    #[error("give text, binary or generic")]
    InputType,
    /// Not an aim.
    #[error("give explore, exploit or a number of seconds")]
    Aim,
    /// Not a length.
    #[error("give a number of bytes from 1 to {MAX_INPUT}")]
    Length,
}

/// Limits of the length of inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lengths {
    shortest: usize,
    longest: usize,
}

/// Why inputs cannot be made as the user wishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "no input has {shortest} bytes at least (-g, AFL_INPUT_LEN_MIN) and {longest} at most (-G, \
     AFL_INPUT_LEN_MAX): give a smaller -g or a larger -G"
)]
pub struct LengthError {
    shortest: usize,
    longest: usize,
}

impl Lengths {
    /// From `shortest` to `longest`.
    ///
    /// # Errors
    /// When they exclude each other.
    pub fn new(shortest: usize, longest: usize) -> Result<Self, LengthError> {
        if shortest > longest {
            return Err(LengthError { shortest, longest });
        }
        Ok(Self { shortest, longest })
    }

    /// Fewest bytes of an input.
    #[must_use]
    pub const fn shortest(self) -> usize {
        self.shortest
    }

    /// Most bytes of an input.
    #[must_use]
    pub const fn longest(self) -> usize {
        self.longest
    }
}

impl Default for Lengths {
    fn default() -> Self {
        Self {
            shortest: 1,
            longest: MAX_INPUT,
        }
    }
}

/// Tokens of the user's that are tried at each place, if there are more.
const MOST_TOKENS: usize = 256;

/// How testcases are mutated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mutation {
    /// What inputs are; `None` finds it out for each testcase.
    pub input_type: Option<InputType>,
    /// What mutations are after.
    pub aim: AimChoice,
    /// Limits of the length of inputs.
    pub lengths: Lengths,
    /// Testcases are spliced.
    pub splices: bool,
    /// There is a deterministic stage.
    pub deterministic: bool,
    /// Testcases are trimmed.
    pub trims: bool,
    /// Numbers are tried in the deterministic stage.
    pub arithmetic: bool,
    /// Of more tokens than this, so many are tried at each place.
    pub most_tokens: usize,
    /// Mutate as if nothing had been found for a while.
    pub expanded: bool,
}

impl Default for Mutation {
    fn default() -> Self {
        Self {
            input_type: None,
            aim: AimChoice::default(),
            lengths: Lengths::default(),
            splices: false,
            deterministic: true,
            trims: true,
            arithmetic: true,
            most_tokens: MOST_TOKENS,
            expanded: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AimChoice, InputType, Lengths, MAX_INPUT, MutationError, length};
    use std::time::Duration;

    #[test]
    fn lengths_that_exclude_each_other_are_refused() {
        let lengths = Lengths::new(3, MAX_INPUT).unwrap();
        assert_eq!((lengths.shortest(), lengths.longest()), (3, MAX_INPUT));
        assert!(Lengths::new(3, 3).is_ok());
        let error = Lengths::new(4, 3).unwrap_err().to_string();
        assert!(error.contains("4 bytes at least (-g"), "{error}");
    }

    #[test]
    fn values_are_those_of_afl_fuzz() {
        for (text, expected) in [
            ("text", Ok(InputType::Text)),
            ("ASCII", Ok(InputType::Text)),
            ("bin", Ok(InputType::Binary)),
            ("default", Ok(InputType::Generic)),
            ("generic", Ok(InputType::Generic)),
            ("json", Err(MutationError::InputType)),
        ] {
            assert_eq!(text.parse(), expected, "{text}");
        }
        let turns = |seconds| Ok(AimChoice::Turns(Duration::from_secs(seconds)));
        for (text, expected) in [
            ("explore", Ok(AimChoice::Explore)),
            ("exploitation", Ok(AimChoice::Exploit)),
            ("0", Ok(AimChoice::Explore)),
            ("60", turns(60)),
            ("1000", turns(1000)),
            ("-1", Err(MutationError::Aim)),
            ("fast", Err(MutationError::Aim)),
        ] {
            assert_eq!(text.parse(), expected, "{text}");
        }
        assert_eq!(Ok(AimChoice::default()), "1000".parse());
        for (text, expected) in [
            ("1", Ok(1)),
            ("1048576", Ok(1 << 20)),
            ("0", Err(MutationError::Length)),
            ("1048577", Err(MutationError::Length)),
            ("-5", Err(MutationError::Length)),
            ("1k", Err(MutationError::Length)),
        ] {
            assert_eq!(length(text), expected, "{text}");
        }
    }
}
