//! What is new about a run, compared with all runs before it.

use super::{
    classify::{classify, nonzero_bytes},
    trace::{Footprint, Trace},
};
use serde::{Deserialize, Serialize};
use tine_controller::CoverageMap;

/// The counters that a run leaves behind.
pub trait CounterMap {
    /// Hands out each word of eight counters that is not zero with its index, in
    /// ascending order, and zeroes it.
    fn take_nonzero(&self, found: impl FnMut(usize, u64));
}

impl CounterMap for CoverageMap {
    #[inline]
    fn take_nonzero(&self, found: impl FnMut(usize, u64)) {
        Self::take_nonzero(self, found);
    }
}

/// What a run shows that no run before it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Novelty {
    /// Nothing.
    #[default]
    Nothing,
    /// A new bucket of an edge that was known.
    Counts,
    /// An edge that was never taken.
    Edges,
}

/// What no run has shown yet: a bit for each bucket of each edge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Seen", into = "Seen")]
pub struct VirginMap {
    words: Box<[u64]>,
    edges: usize,
}

impl VirginMap {
    /// Of a map of `words` words of which nothing was seen.
    #[must_use]
    pub fn new(words: usize) -> Self {
        Self {
            words: vec![u64::MAX; words].into(),
            edges: 0,
        }
    }

    /// How many words there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.words.len()
    }

    /// How many edges were taken in all runs together.
    #[must_use]
    pub const fn edges(&self) -> usize {
        self.edges
    }

    /// Moves a run's counters from the shared map to `trace`, which leaves the
    /// map clean for the next run, and says whether any bucket is new. This is
    /// the only pass over the map that a run costs.
    #[inline]
    pub fn take(&self, map: &impl CounterMap, trace: &mut Trace) -> bool {
        let mut new = 0;
        trace.clear();
        map.take_nonzero(|word, counters| {
            trace.push(word, counters);
            new |= classify(counters) & self.words.get(word).copied().unwrap_or_default();
        });
        new != 0
    }

    /// Takes edges for known in all their buckets: what they show differs from run to
    /// run, and is no news. `mask` has a bit for each of the eight edges of a word.
    pub fn ignore(&mut self, word: usize, mask: u8) {
        let Some(virgin) = self.words.get_mut(word) else {
            return;
        };
        let mut bytes = virgin.to_ne_bytes();
        for (bit, byte) in bytes.iter_mut().enumerate() {
            if mask >> bit & 1 == 1 {
                self.edges += usize::from(*byte == u8::MAX);
                *byte = 0;
            }
        }
        *virgin = u64::from_ne_bytes(bytes);
    }

    /// Remembers a run.
    pub fn learn(&mut self, trace: &Trace) -> Novelty {
        let mut novelty = Novelty::Nothing;
        for (word, buckets) in trace.buckets() {
            let Some(virgin) = self.words.get_mut(word) else {
                continue;
            };
            if buckets & *virgin == 0 {
                continue;
            }
            // A byte with all bits set belongs to an edge that was never taken.
            let untouched = !nonzero_bytes(!*virgin);
            let new_edges = (untouched & nonzero_bytes(buckets)).count_ones();
            *virgin &= !buckets;
            self.edges += new_edges as usize;
            novelty = novelty.max(if new_edges > 0 {
                Novelty::Edges
            } else {
                Novelty::Counts
            });
        }
        novelty
    }
}

/// A [`VirginMap`] as it is kept on disk: most words of most maps were never seen.
#[derive(Debug, Serialize, Deserialize)]
struct Seen {
    words: usize,
    edges: usize,
    /// The words of which something was seen, with what was.
    seen: Vec<(usize, u64)>,
}

impl From<VirginMap> for Seen {
    fn from(map: VirginMap) -> Self {
        let words = map.words.iter().enumerate();
        let seen = words.filter(|(_, virgin)| **virgin != u64::MAX);
        Self {
            words: map.words.len(),
            edges: map.edges,
            seen: seen.map(|(word, virgin)| (word, !virgin)).collect(),
        }
    }
}

impl From<Seen> for VirginMap {
    fn from(saved: Seen) -> Self {
        let mut map = Self::new(saved.words);
        map.edges = saved.edges;
        for (word, seen) in saved.seen {
            if let Some(virgin) = map.words.get_mut(word) {
                *virgin = !seen;
            }
        }
        map
    }
}

/// The crashes (or the timeouts) that were seen. As with AFL, a crash is new if
/// it takes an edge that no other took, or leaves out one that all others took;
/// how often does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultMap {
    /// A mask for each word: the edges that some crash took.
    taken: Vec<u8>,
    /// The edges that all crashes took; `None` before the first.
    always: Option<Footprint>,
}

impl FaultMap {
    /// Remembers a run, and says whether it is new.
    pub fn learn(&mut self, trace: &Trace) -> bool {
        let footprint = trace.footprint();
        let mut is_new = false;
        for (word, mask) in footprint.words() {
            if word >= self.taken.len() {
                self.taken.resize(word + 1, 0);
            }
            is_new |= mask & !self.taken[word] != 0;
            self.taken[word] |= mask;
        }
        match &mut self.always {
            Some(always) => is_new |= always.intersect(&footprint),
            // Even a crash that covers nothing is new when it is the first.
            None => {
                self.always = Some(footprint);
                is_new = true;
            }
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::{FaultMap, Novelty, Trace, VirginMap};

    #[test]
    fn an_edge_is_new_once_and_each_bucket_of_it_once() {
        let mut virgin = VirginMap::new(4);
        assert_eq!(virgin.learn(&Trace::of_counters(&[(3, 1)])), Novelty::Edges);
        assert_eq!(
            virgin.learn(&Trace::of_counters(&[(3, 1)])),
            Novelty::Nothing
        );
        assert_eq!(
            virgin.learn(&Trace::of_counters(&[(3, 200)])),
            Novelty::Counts
        );
        assert_eq!(
            virgin.learn(&Trace::of_counters(&[(3, 3)])),
            Novelty::Counts,
            "lower counts are new too"
        );
        assert_eq!(
            virgin.learn(&Trace::of_counters(&[(3, 130)])),
            Novelty::Nothing,
            "same bucket as 200"
        );
        assert_eq!(
            virgin.learn(&Trace::of_counters(&[(2, 1)])),
            Novelty::Edges,
            "its neighbour"
        );
        assert_eq!(
            virgin.learn(&Trace::of_counters(&[(3, 4), (20, 1)])),
            Novelty::Edges,
            "edges outdo counts"
        );
        assert_eq!(virgin.edges(), 3);
    }

    #[test]
    fn an_edge_that_is_ignored_is_never_new() {
        let mut virgin = VirginMap::new(4);
        virgin.learn(&Trace::of_counters(&[(3, 1)]));
        virgin.ignore(0, 1 << 3 | 1 << 5);
        virgin.ignore(1000, 1);
        assert_eq!(virgin.edges(), 2);
        assert_eq!(
            virgin.learn(&Trace::of_counters(&[(3, 200), (5, 7)])),
            Novelty::Nothing
        );
        assert_eq!(virgin.learn(&Trace::of_counters(&[(4, 1)])), Novelty::Edges);
    }

    #[test]
    fn counters_beyond_the_map_are_not_new() {
        let mut virgin = VirginMap::new(1);
        assert_eq!(
            virgin.learn(&Trace::of_counters(&[(64, 1)])),
            Novelty::Nothing
        );
    }

    #[test]
    fn a_crash_is_new_by_what_it_takes_or_leaves_out() {
        let mut crashes = FaultMap::default();
        assert!(
            crashes.learn(&Trace::of_counters(&[(1, 1), (9, 1)])),
            "the first"
        );
        assert!(
            !crashes.learn(&Trace::of_counters(&[(1, 50), (9, 2)])),
            "counts do not matter"
        );
        assert!(
            crashes.learn(&Trace::of_counters(&[(1, 1), (9, 1), (17, 1)])),
            "takes one more"
        );
        assert!(
            !crashes.learn(&Trace::of_counters(&[(1, 1), (9, 1)])),
            "17 was never in all of them"
        );
        assert!(
            crashes.learn(&Trace::of_counters(&[(1, 1)])),
            "leaves 9 out"
        );
        assert!(!crashes.learn(&Trace::of_counters(&[(1, 1), (17, 1)])));
    }

    #[test]
    fn the_first_crash_is_new_even_without_coverage() {
        let mut crashes = FaultMap::default();
        assert!(crashes.learn(&Trace::default()));
        assert!(!crashes.learn(&Trace::default()));
        assert!(crashes.learn(&Trace::of_counters(&[(1, 1)])));
    }
}
