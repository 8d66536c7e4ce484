//! What is known of a testcase.

use crate::engine::coverage::Footprint;
use serde::{Deserialize, Serialize};

/// What is known of a testcase. All of it is kept in the state file (`state_file`).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Entry {
    /// The number in the name of its file.
    pub number: u32,
    /// Bytes of its input.
    pub len: usize,
    /// How many finds lead from a seed to it; 1 for a seed.
    pub depth: u32,
    /// Microseconds a run takes.
    pub exec_us: u64,
    /// How many edges it takes.
    pub edges: usize,
    /// Cycles that it has missed, because it was found late.
    pub handicap: u64,
    /// How often it was the base of mutations.
    pub fuzzed: u32,
    /// It is in the small set that takes every edge.
    pub favored: bool,
    /// Its coverage differs from run to run.
    pub variable: bool,
    /// It was tried to make it shorter.
    pub trimmed: bool,
    /// The deterministic stage is done with it.
    pub determined: bool,
    /// Its input is lost: it is not fuzzed any more.
    pub dropped: bool,
    /// Where runs that take the same way are counted, if they are.
    pub slot: u32,
    pub(in crate::engine) footprint: Footprint,
    /// Of how many edges it is the best entry.
    pub(in crate::engine) best_of: usize,
}

impl Entry {
    /// The edges of a run, if it is the best entry of any of them.
    #[must_use]
    pub const fn footprint(&self) -> &Footprint {
        &self.footprint
    }
}

/// What calibration found out about an entry.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// Microseconds a run takes.
    pub exec_us: u64,
    /// The edges of its first run.
    pub footprint: Footprint,
    /// Its coverage differs from run to run.
    pub variable: bool,
    /// Where runs that take the same way are counted, if they are.
    pub slot: Option<u32>,
}

/// Sums over the entries, for averages.
#[derive(Debug, Clone, Copy, Default)]
pub struct Totals {
    /// Microseconds of their runs.
    pub exec_us: u64,
    /// Edges that they take.
    pub edges: usize,
    /// Number of them that were measured.
    pub measured: usize,
    /// Number of them whose coverage differs from run to run.
    pub variable: u64,
    /// The largest depth.
    pub max_depth: u32,
}
