//! Blocks of bytes: how long they are.

/// The longest block that is copied, inserted or deleted.
pub const LONGEST_BLOCK: usize = 32768;

/// How long blocks are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Blocks {
    /// Up to 32 bytes.
    #[default]
    Short,
    /// As often up to 128 bytes.
    Medium,
    /// As often more than that.
    Long,
}
