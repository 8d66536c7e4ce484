//! The dictionary inside a target: constants that it compares its input with.
//!
//! The runtime brings an empty one, in a section of its own. `tine-cc` looks
//! through the linked program and fills it in the file; the runtime sends it in
//! the handshake. Tokens lie one after another as they are sent:
//! `{ u8 n, n bytes }`.

/// Name of the section.
pub const SECTION: &str = ".tine.dictionary";

/// First word of the section.
pub const MAGIC: u64 = 0x7972_6e6f_6974_6364;

/// Size of the section, in bytes.
pub const SECTION_SIZE: usize = 32 * 1024;

/// Number of bytes for tokens.
pub const CAPACITY: usize = SECTION_SIZE - TOKENS;

/// Where the length of the tokens lies, a `u32`, in bytes from the section's start.
pub const LENGTH: usize = 8;

/// Where the tokens lie, in bytes from the section's start.
pub const TOKENS: usize = 16;

/// The section.
#[derive(Debug)]
#[repr(C)]
pub struct Dictionary {
    /// [`MAGIC`].
    pub magic: u64,
    /// Bytes of all tokens together.
    pub length: u32,
    /// 0.
    pub reserved: u32,
    /// The tokens.
    pub tokens: [u8; CAPACITY],
}

impl Dictionary {
    /// Without tokens.
    pub const EMPTY: Self = Self {
        magic: MAGIC,
        length: 0,
        reserved: 0,
        tokens: [0; CAPACITY],
    };
}

const _: () = {
    assert!(size_of::<Dictionary>() == SECTION_SIZE);
    assert!(core::mem::offset_of!(Dictionary, length) == LENGTH);
    assert!(core::mem::offset_of!(Dictionary, tokens) == TOKENS);
};
