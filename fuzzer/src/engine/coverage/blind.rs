//! Crashes and hangs of a target without coverage: which are saved.
//!
//! `afl-fuzz -n` saves every one, which soon fills a disk with inputs that do the same.
//! Here a fault is told by its signal or exit code, and only the first inputs that do
//! each are saved, none twice.

use std::{
    collections::{BTreeMap, HashSet},
    hash::{BuildHasher, RandomState},
};
use tine_controller::Outcome;

/// So many inputs are saved for each signal, for each exit code that is a crash, and of
/// hangs.
const MOST: usize = 64;

/// What was saved.
#[derive(Debug, Default)]
pub struct BlindFaults {
    hasher: RandomState,
    /// The kind of a fault with the hashes of its inputs.
    saved: BTreeMap<(u8, i32), HashSet<u64>>,
}

impl BlindFaults {
    /// Whether the input of a fault is to be saved.
    #[must_use]
    pub fn wants(&self, outcome: Outcome, input: &[u8]) -> bool {
        self.saved.get(&kind(outcome)).is_none_or(|inputs| {
            inputs.len() < MOST && !inputs.contains(&self.hasher.hash_one(input))
        })
    }

    /// Remembers that it was. A run over the limit that only the busy machine delayed
    /// is not, and takes no place.
    pub fn saved(&mut self, outcome: Outcome, input: &[u8]) {
        let hash = self.hasher.hash_one(input);
        self.saved.entry(kind(outcome)).or_default().insert(hash);
    }
}

/// What tells faults apart.
const fn kind(outcome: Outcome) -> (u8, i32) {
    match outcome {
        Outcome::Signaled { signal, .. } => (0, signal),
        Outcome::CrashExit(code) | Outcome::Exited(code) => (1, code),
        Outcome::TimedOut | Outcome::LoopDone => (2, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::{BlindFaults, MOST};
    use tine_controller::Outcome;

    #[test]
    fn the_first_inputs_of_each_kind_are_saved_once() {
        let signaled = |signal| Outcome::Signaled {
            signal,
            core: false,
        };
        let mut faults = BlindFaults::default();
        let mut learn = |outcome, input: &[u8]| {
            let is_wanted = faults.wants(outcome, input);
            if is_wanted {
                faults.saved(outcome, input);
            }
            is_wanted
        };
        assert!(learn(signaled(6), b"a"));
        assert!(!learn(signaled(6), b"a"), "the same once more");
        assert!(learn(signaled(11), b"a"), "another signal");
        assert!(learn(Outcome::TimedOut, b"a"));
        assert!(learn(Outcome::CrashExit(6), b"a"));
        let saved = (0..1000u32).filter(|n| learn(signaled(6), &n.to_ne_bytes()));
        assert_eq!(saved.count(), MOST - 1);
        assert!(faults.wants(Outcome::TimedOut, b"b"));
        assert!(
            faults.wants(Outcome::TimedOut, b"b"),
            "asking takes no place"
        );
    }
}
