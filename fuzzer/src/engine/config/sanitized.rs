//! Binaries with sanitizers, which get some of the inputs.

use std::path::PathBuf;

/// Which inputs are given to the binaries with sanitizers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Abstraction {
    /// Those with a set of edges that was not seen before.
    #[default]
    Edges,
    /// Those with a set of edges and hit counts that was not seen before.
    Counts,
    /// Those that are kept.
    NewCoverage,
}

impl Abstraction {
    /// By the name that afl-fuzz gives it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "simplify_trace" => Self::Edges,
            "unique_trace" => Self::Counts,
            "coverage_increase" => Self::NewCoverage,
            _ => return None,
        })
    }
}

/// Binaries with sanitizers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SanitizedBinaries {
    /// Their paths.
    pub paths: Vec<PathBuf>,
    /// Which inputs they get.
    pub abstraction: Abstraction,
}
