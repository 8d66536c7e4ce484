//! With whom an instance exchanges testcases.

/// With whom an instance exchanges testcases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// With all others (`-M`).
    Main,
    /// With the main ones; with all others while there is none (`-S`).
    Secondary,
    /// It takes testcases from main ones, if there are any.
    Alone,
}
