//! What a session begins with.

/// What a session begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// With seeds.
    Fresh,
    /// With what an earlier session left.
    Resumed,
}
