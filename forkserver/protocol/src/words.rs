//! Every message on a pipe is made of 4-byte words in native byte order: both
//! ends are on one machine.

/// The size of a word on the pipes, in bytes.
pub const WORD_SIZE: usize = 4;

/// One 4-byte word of either pipe.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Word(pub u32);

impl Word {
    /// The word as it crosses the pipe.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; WORD_SIZE] {
        self.0.to_ne_bytes()
    }

    /// The word that these four bytes of a pipe are.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; WORD_SIZE]) -> Self {
        Self(u32::from_ne_bytes(bytes))
    }
}

impl core::fmt::Debug for Word {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:#010x}", self.0)
    }
}

impl core::fmt::Display for Word {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:#010x}", self.0)
    }
}

impl From<u32> for Word {
    fn from(value: u32) -> Self {
        Self(value)
    }
}
