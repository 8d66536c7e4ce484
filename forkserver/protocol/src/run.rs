//! The words of one run.
//!
//! ```text
//! controller -> runtime   was_killed
//! runtime -> controller   pid of the child (left out if a control page is agreed)
//! runtime -> controller   wait status
//! ```

use crate::{TargetError, WaitStatus};

/// A run request, which says how the run before ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunRequest {
    /// Go on: a stopped persistent child may be continued.
    Go,
    /// The controller killed the last child: if it was a stopped persistent
    /// one, reap it and fork afresh.
    WasKilled,
}

impl RunRequest {
    /// The word on the control pipe.
    #[must_use]
    pub const fn to_word(self) -> u32 {
        match self {
            Self::Go => 0,
            Self::WasKilled => 1,
        }
    }

    /// Any value but 0 means that the last child was killed.
    #[must_use]
    pub const fn decode(word: u32) -> Self {
        if word == 0 { Self::Go } else { Self::WasKilled }
    }
}

/// The answer to a run request where a pid is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PidWord {
    /// The child's pid, greater than 0.
    Pid(i32),
    /// An error word.
    Error(TargetError),
    /// Zero, or negative and no error word: the runtime could not fork.
    Invalid(u32),
}

impl PidWord {
    /// Reads the first word that answers a run request.
    #[must_use]
    pub const fn decode(word: u32) -> Self {
        if let Some(error) = TargetError::decode(word) {
            return Self::Error(error);
        }
        let pid = word as i32;
        if pid > 0 {
            Self::Pid(pid)
        } else {
            Self::Invalid(word)
        }
    }
}

/// The answer to a run request where a wait status is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusWord {
    /// The child ended or stopped.
    Status(WaitStatus),
    /// An error word; only a runtime that agreed to a control page sends it
    /// here, because it sends no pid.
    Error(TargetError),
}

impl StatusWord {
    /// Reads the last word of a run. A wait status has 16 bits, an error word
    /// has the highest bit set: they cannot be mistaken.
    #[must_use]
    pub const fn decode(word: u32) -> Self {
        match TargetError::decode(word) {
            Some(error) => Self::Error(error),
            None => Self::Status(WaitStatus(word as i32)),
        }
    }
}
