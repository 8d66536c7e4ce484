//! Error words: what a runtime sends where a hello or a pid is expected.

/// Marks an error word of v1; the low 16 bits are the code.
const V1_ERROR: u32 = 0xeffe_0000;
/// Marks an error word of AFL++ up to 4.10c; bits 8..=23 are the code.
const OLD_ERROR: u32 = 0xf800_008f;
/// Marks the code of [`TargetError::Stop`]; the low 8 bits are the error number.
const STOP: u16 = 0x7500;

/// Reason why a runtime could not set itself up, in the codes of AFL++.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetError {
    /// The target has more counters than the coverage segment has bytes.
    MapSize,
    /// The coverage map could not be put at the address that it needs.
    MapAddress,
    /// A shared-memory object could not be opened.
    ShmOpen,
    /// A shared-memory segment could not be attached.
    ShmAttach,
    /// A memory mapping failed.
    Mmap,
    /// The target's compare log is of an older layout.
    OldCmplog,
    /// The target's compare log is of an older layout (QEMU mode).
    OldCmplogQemu,
    /// tine: the counters do not lie on pages of their own, because the program
    /// was not linked by `tine-cc`.
    CountersNotAlone,
    /// tine: `fork` failed.
    Fork,
    /// tine: the server may not signal its child.
    Signal,
    /// tine: the child is not there to be waited for.
    Wait,
    /// tine: the child could not stop itself at the end of a pass of the persistent
    /// loop. What the system said (an error number, at most 255), or 0 where it said
    /// nothing or ended the child.
    Stop(u8),
    /// A code that this crate does not know.
    Unknown(u16),
}

impl TargetError {
    /// The code as it stands in either encoding.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::MapSize => 1,
            Self::MapAddress => 2,
            Self::ShmOpen => 4,
            Self::ShmAttach => 8,
            Self::Mmap => 16,
            Self::OldCmplog => 32,
            Self::OldCmplogQemu => 64,
            Self::CountersNotAlone => 0x7401,
            Self::Fork => 0x7402,
            Self::Signal => 0x7403,
            Self::Wait => 0x7404,
            Self::Stop(errno) => STOP | errno as u16,
            Self::Unknown(code) => code,
        }
    }

    /// The error of this code.
    #[must_use]
    pub const fn from_code(code: u16) -> Self {
        match code {
            1 => Self::MapSize,
            2 => Self::MapAddress,
            4 => Self::ShmOpen,
            8 => Self::ShmAttach,
            16 => Self::Mmap,
            32 => Self::OldCmplog,
            64 => Self::OldCmplogQemu,
            0x7401 => Self::CountersNotAlone,
            0x7402 => Self::Fork,
            0x7403 => Self::Signal,
            0x7404 => Self::Wait,
            stop if stop & 0xff00 == STOP => Self::Stop((stop & 0xff) as u8),
            other => Self::Unknown(other),
        }
    }

    /// The word that says this error in v1.
    #[must_use]
    pub const fn to_word(self) -> u32 {
        V1_ERROR | self.code() as u32
    }

    /// The word that says this error in AFL++'s older encoding. One that has no
    /// code there is told as a failed mapping.
    #[must_use]
    pub const fn to_old_word(self) -> u32 {
        let code = match self.code() {
            code @ 1..=0xff => code,
            _ => Self::Mmap.code(),
        };
        OLD_ERROR | (code as u32) << 8
    }

    /// The error that `word` says in either encoding, or `None` if it says none.
    #[must_use]
    pub const fn decode(word: u32) -> Option<Self> {
        if word & 0xffff_0000 == V1_ERROR {
            return Some(Self::from_code((word & 0xffff) as u16));
        }
        if word & OLD_ERROR == OLD_ERROR {
            return Some(Self::from_code(((word & 0x00ff_ff00) >> 8) as u16));
        }
        None
    }
}

impl core::fmt::Display for TargetError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::MapSize => f.write_str("its coverage map is larger than the segment it was given"),
            Self::MapAddress => f.write_str("it could not put its coverage map where it must lie"),
            Self::ShmOpen => f.write_str("it could not open its shared memory"),
            Self::ShmAttach => f.write_str("it could not attach its shared memory"),
            Self::Mmap => f.write_str("a memory mapping failed"),
            Self::OldCmplog => f.write_str("its compare log has an older layout"),
            Self::OldCmplogQemu => f.write_str("its QEMU compare log has an older layout"),
            Self::CountersNotAlone => f.write_str(
                "its counters share pages with other data: the program was compiled, but not linked, by tine-cc",
            ),
            Self::Fork => f.write_str("it could not fork"),
            Self::Signal => f.write_str("it may not signal its child"),
            Self::Wait => f.write_str("its child was waited for by somebody else"),
            Self::Stop(0) => f.write_str(
                "its child could not stop itself at the end of a pass of the persistent loop",
            ),
            Self::Stop(errno) => write!(
                f,
                "its child could not stop itself at the end of a pass of the persistent loop (error {errno})"
            ),
            Self::Unknown(code) => write!(f, "it reported an unknown error, code {code:#x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TargetError;

    #[test]
    fn each_code_is_an_error_of_its_own() {
        for code in 0..=u16::MAX {
            let error = TargetError::from_code(code);
            assert_eq!(error.code(), code, "{error:?}");
            assert_eq!(TargetError::decode(error.to_word()), Some(error));
        }
        assert_eq!(TargetError::from_code(0x7526), TargetError::Stop(38));
    }
}
