//! The first word on the status pipe tells the dialect.

use crate::{error::TargetError, options::OldOptions};

/// Hello of AFL++'s version 1 (from 4.20c on): `AFL` and the version.
pub const V1: u32 = 0x4146_4c01;

/// The controller proves that it speaks v1 with the hello, all bits inverted.
pub const V1_ECHO: u32 = V1 ^ 0xffff_ffff;

/// The three letters that every numbered hello begins with.
const NUMBERED: u32 = 0x4146_4c00;

/// Meaning of a runtime's first word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hello {
    /// Classic AFL: any value that means nothing else. Nothing follows.
    Classic,
    /// AFL++ up to 4.10c: the word itself carries the options.
    Options(OldOptions),
    /// AFL++ from 4.20c on, and tine.
    V1,
    /// A numbered hello of a version that this crate does not know.
    Unknown {
        /// The version that the runtime speaks.
        version: u8,
    },
    /// The runtime could not set itself up.
    Error(TargetError),
}

impl Hello {
    /// Reads the first word of the status pipe.
    #[must_use]
    pub const fn decode(word: u32) -> Self {
        if word == V1 {
            return Self::V1;
        }
        if word & 0xffff_ff00 == NUMBERED {
            return Self::Unknown {
                version: (word & 0xff) as u8,
            };
        }
        // Any value but the ones above was a valid hello for classic AFL; only
        // the encodings that a later dialect claims for itself are told apart.
        if let Some(error) = TargetError::decode(word) {
            return Self::Error(error);
        }
        match OldOptions::decode(word) {
            Some(options) => Self::Options(options),
            None => Self::Classic,
        }
    }
}
