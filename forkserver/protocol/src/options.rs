//! Options that a runtime offers, in the encodings of AFL++.

/// The options word of v1: one bit an option; parameters follow in ascending
/// order of their bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options(pub u32);

impl Options {
    /// The coverage map's size follows as a `u32`, in bytes. Always set.
    pub const MAP_SIZE: u32 = 0x0000_0001;
    /// The target can read inputs from the input segment. No parameter.
    pub const SHM_INPUT: u32 = 0x0000_0002;
    /// A dictionary follows: `u32` length in bytes, then that many bytes of
    /// `{ u8 n, n bytes }`.
    pub const AUTODICT: u32 = 0x0000_0800;
    /// tine's runtime took the control page that tine's controller offered
    /// ([`crate::layout::control`]). No parameter. Never set unless offered.
    pub const CONTROL_PAGE: u32 = 0x4000_0000;

    /// Returns whether all bits of `option` are set.
    #[must_use]
    pub const fn has(self, option: u32) -> bool {
        self.0 & option == option
    }
}

/// The hello of AFL++ up to 4.10c, which carries its options in itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OldOptions(u32);

impl OldOptions {
    /// Marks a hello that carries options.
    pub const ENABLED: u32 = 0x8000_0001;
    /// Bits 1..=23 hold the map size less one.
    pub const MAP_SIZE: u32 = 0x4000_0000;
    /// A dictionary can be sent.
    pub const AUTODICT: u32 = 0x1000_0000;
    /// The compare log, if there is one, has the layout of 4.04c
    /// ([`crate::layout::cmplog::Layout::Options`]). AFL++'s runtime always says so.
    pub const CMPLOG: u32 = 0x0200_0000;
    /// Inputs can come through the input segment.
    pub const SHM_INPUT: u32 = 0x0100_0000;

    /// The largest map that the hello can tell, in bytes.
    pub const MAX_MAP_SIZE: u32 = 1 << 23;

    /// Early AFL++ set all four of these bits without meaning any of them.
    const NONSENSE: u32 = 0x0f00_0000;

    /// The options in `word`, or `None` if it is not such a hello.
    #[must_use]
    pub const fn decode(word: u32) -> Option<Self> {
        if word & Self::ENABLED != Self::ENABLED {
            return None;
        }
        if word & Self::NONSENSE == Self::NONSENSE {
            return Some(Self(word & !Self::NONSENSE));
        }
        Some(Self(word))
    }

    /// The hello of a runtime with a map of `map_size` bytes, or `None` if it
    /// has no room for that number.
    #[must_use]
    pub const fn encode(map_size: u32, shm_input: bool) -> Option<Self> {
        if map_size == 0 || map_size > Self::MAX_MAP_SIZE {
            return None;
        }
        let mut word = Self::ENABLED | Self::MAP_SIZE | (map_size - 1) << 1;
        if shm_input {
            word |= Self::SHM_INPUT;
        }
        Some(Self(word))
    }

    /// The same with or without a dictionary.
    #[must_use]
    pub const fn with_autodict(self, autodict: bool) -> Self {
        Self(if autodict {
            self.0 | Self::AUTODICT
        } else {
            self.0 & !Self::AUTODICT
        })
    }

    /// The same with or without [`OldOptions::CMPLOG`].
    #[must_use]
    pub const fn with_cmplog(self, cmplog: bool) -> Self {
        Self(if cmplog {
            self.0 | Self::CMPLOG
        } else {
            self.0 & !Self::CMPLOG
        })
    }

    /// Returns whether the compare log has the layout of 4.04c.
    #[must_use]
    pub const fn cmplog(self) -> bool {
        self.0 & Self::CMPLOG != 0
    }

    /// The word on the status pipe.
    #[must_use]
    pub const fn to_word(self) -> u32 {
        self.0
    }

    /// Size of the coverage map in bytes, if the runtime said it.
    #[must_use]
    pub const fn map_size(self) -> Option<u32> {
        if self.0 & Self::MAP_SIZE == 0 {
            None
        } else {
            Some(((self.0 & 0x00ff_fffe) >> 1) + 1)
        }
    }

    /// Returns whether inputs can come through the input segment.
    #[must_use]
    pub const fn shm_input(self) -> bool {
        self.0 & Self::SHM_INPUT != 0
    }

    /// Returns whether the runtime has a dictionary to send.
    #[must_use]
    pub const fn autodict(self) -> bool {
        self.0 & Self::AUTODICT != 0
    }
}
