//! Compare logging: which program logs, and what is tried with what it logs.

use std::{ffi::OsString, str::FromStr};

/// Which program logs its comparisons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CompareProgram {
    /// None: what an earlier `-c` chose is taken back.
    Off,
    /// The target itself.
    Target,
    /// Another build of it.
    Other(OsString),
}

impl From<OsString> for CompareProgram {
    fn from(argument: OsString) -> Self {
        match argument.to_str() {
            Some("-") => Self::Off,
            Some("0") => Self::Target,
            _ => Self::Other(argument),
        }
    }
}

/// The `-l`: which inputs are worth it, and what is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompareLevel {
    /// 1 for small inputs of favored testcases, 2 for larger ones of all testcases, 3
    /// for all.
    pub level: u8,
    /// `A`: also greater and less, where the log does not say which it is.
    pub arithmetic: bool,
    /// `T`: operands that were computed from the input.
    pub transforms: bool,
    /// `X`: operands that were decoded from text or encoded as it.
    pub extreme: bool,
    /// `S`: integers in SCALE encoding.
    pub scale: bool,
    /// `R`: colorization by any bytes, not by those of the same kind.
    pub random: bool,
}

impl Default for CompareLevel {
    fn default() -> Self {
        Self {
            level: 2,
            arithmetic: false,
            transforms: false,
            extreme: false,
            scale: false,
            random: false,
        }
    }
}

/// A level that cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CompareLevelError {
    /// It means nothing.
    #[error("give a level from 1 to 3 and letters of A, T, X, S and R, such as 2AT")]
    Unknown,
    /// A letter of afl-fuzz 5 that asks for feedback from compares.
    #[error("{0} is a letter of afl-fuzz 5 for which tine has no counterpart: leave it out")]
    NotThere(char),
}

impl FromStr for CompareLevel {
    type Err = CompareLevelError;

    fn from_str(text: &str) -> Result<Self, CompareLevelError> {
        if text.is_empty() {
            return Err(CompareLevelError::Unknown);
        }
        let mut chosen = Self::default();
        let mut level = None;
        for letter in text.chars() {
            match letter.to_ascii_uppercase() {
                '0'..='9' if level.is_some() => return Err(CompareLevelError::Unknown),
                // afl-fuzz takes 0 for 1.
                '0' | '1' => level = Some(1),
                '2' => level = Some(2),
                '3' => level = Some(3),
                'A' => chosen.arithmetic = true,
                'T' => chosen.transforms = true,
                'X' => chosen.extreme = true,
                'S' => chosen.scale = true,
                'R' => chosen.random = true,
                letter @ ('M' | 'Z') => return Err(CompareLevelError::NotThere(letter)),
                _ => return Err(CompareLevelError::Unknown),
            }
        }
        chosen.level = level.unwrap_or(chosen.level);
        Ok(chosen)
    }
}

/// Compare logging of a session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compare {
    /// Which program logs.
    pub program: Option<CompareProgram>,
    /// Which inputs are worth it, and what is tried.
    pub level: CompareLevel,
    /// Only testcases that are found from now on.
    pub only_new: bool,
}

#[cfg(test)]
mod tests {
    use super::{CompareLevel, CompareLevelError, CompareProgram};
    use std::ffi::OsString;

    #[test]
    fn levels_and_programs_are_read_as_afl_fuzz_reads_them() {
        let parse = |text: &str| text.parse::<CompareLevel>();
        assert_eq!(parse("2"), Ok(CompareLevel::default()));
        assert_eq!(parse("0").unwrap().level, 1);
        let all = parse("3atxsr").unwrap();
        assert_eq!(all.level, 3);
        assert!(all.arithmetic && all.transforms && all.extreme && all.scale && all.random);
        assert_eq!(parse("AT").unwrap().level, 2);
        for wrong in ["", "4", "33", "2A3", "2Q", "2 T", "-1"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(parse("2AM"), Err(CompareLevelError::NotThere('M')));
        let program = |text: &str| CompareProgram::from(OsString::from(text));
        assert_eq!(program("-"), CompareProgram::Off);
        assert_eq!(program("0"), CompareProgram::Target);
        assert_eq!(program("./0"), CompareProgram::Other("./0".into()));
    }
}
