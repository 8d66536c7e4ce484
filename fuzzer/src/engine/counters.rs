//! What is counted, and how files are numbered.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    pub(super) found: u64,
    pub(super) saved_crashes: u64,
    pub(super) total_crashes: u64,
    pub(super) saved_hangs: u64,
    pub(super) total_timeouts: u64,
    pub(super) last_find: u64,
    pub(super) last_crash: u64,
    pub(super) last_hang: u64,
    pub(super) runs_at_last_crash: u64,
    pub(super) cycles_before: u64,
    pub(super) calibration: Duration,
    /// Time that went into trimming.
    pub(super) trim: Duration,
    /// Time that went into the compare log.
    pub(super) cmplog: Duration,
    /// How far havoc was expanded.
    pub(super) havoc_expansion: u64,
    /// Most seconds that lie between two finds.
    pub(super) longest_gap: u64,
    pub(super) slowest: Duration,
    /// Faults that were not seen again.
    pub(super) unproven: u64,
    /// Inputs in a row that took the fork server along.
    pub(super) lost: u32,
    /// All such inputs.
    pub(super) passed_over: u64,
    /// How often the fork server was started again in earlier parts of the session.
    pub(super) restarts_before: u64,
}

impl Counters {
    /// Goes on with those of an earlier session that `fuzzer_stats` does not have.
    pub(super) const fn recall(&mut self, earlier: &Self) {
        self.total_crashes = earlier.total_crashes;
        self.calibration = earlier.calibration;
        self.trim = earlier.trim;
        self.cmplog = earlier.cmplog;
        self.longest_gap = earlier.longest_gap;
        self.slowest = earlier.slowest;
        self.unproven = earlier.unproven;
    }

    /// Takes note of a find at `now`, in seconds since 1970, when nothing was found for
    /// the `gap` before it.
    pub(super) fn found_at(&mut self, now: u64, gap: Duration) {
        self.longest_gap = self.longest_gap.max(gap.as_secs());
        self.last_find = now;
    }
}

/// Numbers of the next files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextNumbers {
    /// Of testcases.
    pub queue: u32,
    /// Of crashes.
    pub crash: u32,
    /// Of hangs.
    pub hang: u32,
    /// Of inputs that kill the fork server.
    pub lost: u32,
}
