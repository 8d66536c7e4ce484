//! Facts about a target that was started.

use crate::Dialect;

/// Facts about a target, known once its fork server runs.
#[derive(Debug, Clone)]
pub struct TargetInfo {
    /// The protocol that its runtime speaks.
    pub dialect: Dialect,
    /// Size of the coverage map in bytes.
    pub map_size: usize,
    /// Number of counters among these, if the runtime said it (tine's does).
    pub edges: Option<usize>,
    /// Number of bytes at the end of the map that are room for modules loaded later.
    pub room: usize,
    /// It has a persistent loop.
    pub persistent: bool,
    /// It starts the fork server itself, with `__AFL_INIT()`.
    pub deferred: bool,
    /// It has coverage and a fork server. Otherwise it is executed for each run, and
    /// the other facts say nothing.
    pub instrumented: bool,
    /// It reads its input from shared memory.
    pub shm_input: bool,
    /// Tokens that the target brought along.
    pub dictionary: Vec<Vec<u8>>,
}
