//! Limit of a target's memory.

use std::{fmt, str::FromStr};

/// Bytes of address space, or no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryLimit(pub Option<u64>);

/// The loader alone needs nearly this much.
const LEAST_MEGABYTES: u64 = 5;

impl FromStr for MemoryLimit {
    type Err = MemoryError;

    fn from_str(text: &str) -> Result<Self, MemoryError> {
        const MEGABYTE: u64 = 1 << 20;
        // afl-fuzz takes 0 for "no limit" too.
        if text == "none" || text == "0" {
            return Ok(Self(None));
        }
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let unit = match &text[digits.len()..] {
            "" | "M" => MEGABYTE,
            "k" => 1 << 10,
            "G" => 1 << 30,
            "T" => 1 << 40,
            _ => return Err(MemoryError::Memory),
        };
        let number: u64 = digits.parse().map_err(|_| MemoryError::Memory)?;
        let bytes = number.checked_mul(unit).ok_or(MemoryError::Memory)?;
        if bytes < LEAST_MEGABYTES * MEGABYTE {
            return Err(MemoryError::TooLittle);
        }
        Ok(Self(Some(bytes)))
    }
}

impl fmt::Display for MemoryLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("none"),
            Some(bytes) if bytes % (1 << 20) == 0 => write!(f, "{}", bytes >> 20),
            Some(bytes) => write!(f, "{}k", bytes >> 10),
        }
    }
}

/// A limit of memory that cannot be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MemoryError {
    /// Not an amount of memory.
    #[error("give a number of megabytes, a number with k, M, G or T, or `none`")]
    Memory,
    /// A limit that no program can keep.
    #[error("no program starts with less than {LEAST_MEGABYTES} MB; 50 or more is sensible")]
    TooLittle,
}

#[cfg(test)]
mod tests {
    use super::{MemoryError, MemoryLimit};

    #[test]
    fn memory_limits_have_afl_fuzzs_suffixes() {
        const MB: u64 = 1 << 20;
        for (text, expected) in [
            ("none", Ok(MemoryLimit(None))),
            ("0", Ok(MemoryLimit(None))),
            ("50", Ok(MemoryLimit(Some(50 * MB)))),
            ("50M", Ok(MemoryLimit(Some(50 * MB)))),
            ("8192k", Ok(MemoryLimit(Some(8 * MB)))),
            ("2G", Ok(MemoryLimit(Some(2048 * MB)))),
            ("1T", Ok(MemoryLimit(Some(MB * MB)))),
            ("4", Err(MemoryError::TooLittle)),
            ("5000k", Err(MemoryError::TooLittle)),
            ("", Err(MemoryError::Memory)),
            ("-5", Err(MemoryError::Memory)),
            ("50m", Err(MemoryError::Memory)),
            ("50MB", Err(MemoryError::Memory)),
            ("99999999999T", Err(MemoryError::Memory)),
        ] {
            assert_eq!(text.parse(), expected, "{text}");
        }
    }
}
