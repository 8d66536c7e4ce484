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
    seen: BTreeMap<(u8, i32), HashSet<u64>>,
}

impl BlindFaults {
    /// Remembers a fault, and says whether its input is to be saved.
    pub fn learn(&mut self, outcome: Outcome, input: &[u8]) -> bool {
        let kind = match outcome {
            Outcome::Signaled { signal, .. } => (0, signal),
            Outcome::CrashExit(code) | Outcome::Exited(code) => (1, code),
            Outcome::TimedOut | Outcome::LoopDone => (2, 0),
        };
        let inputs = self.seen.entry(kind).or_default();
        inputs.len() < MOST && inputs.insert(self.hasher.hash_one(input))
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
        assert!(faults.learn(signaled(6), b"a"));
        assert!(!faults.learn(signaled(6), b"a"), "the same once more");
        assert!(faults.learn(signaled(11), b"a"), "another signal");
        assert!(faults.learn(Outcome::TimedOut, b"a"));
        assert!(faults.learn(Outcome::CrashExit(6), b"a"));
        let saved = (0..1000u32).filter(|n| faults.learn(signaled(6), &n.to_ne_bytes()));
        assert_eq!(saved.count(), MOST - 1);
    }
}
