//! Edges whose counts differ between runs of one testcase.

use super::trace::{Trace, only_whether};
use serde::{Deserialize, Serialize};

/// The edges whose counts differed between runs of one testcase.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VariableEdges {
    masks: Vec<u8>,
    count: u64,
}

impl VariableEdges {
    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Which of eight edges vary.
    #[must_use]
    pub fn mask(&self, word: usize) -> u8 {
        self.masks.get(word).copied().unwrap_or_default()
    }

    /// Adds those in which two runs differ, and hands them out. Returns whether they do.
    pub fn add(&mut self, first: &Trace, other: &Trace, mut found: impl FnMut(usize, u8)) -> bool {
        let mut differ = false;
        first.differences(other, |word, mask| {
            differ = true;
            found(word, mask);
            if word >= self.masks.len() {
                self.masks.resize(word + 1, 0);
            }
            self.count += u64::from((mask & !self.masks[word]).count_ones());
            self.masks[word] |= mask;
        });
        differ
    }

    /// As [`Trace::hash`]; but of edges that vary, only whether they were taken counts.
    #[must_use]
    pub fn checksum(&self, trace: &Trace) -> u64 {
        trace.hash_of(|word, buckets| match self.mask(word) {
            0 => buckets,
            mask => only_whether(buckets, mask),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Trace, VariableEdges};

    #[test]
    fn each_variable_edge_counts_once() {
        let trace = |counts: [u8; 8]| {
            let mut trace = Trace::default();
            trace.push(5, u64::from_ne_bytes(counts));
            trace
        };
        let first = trace([1, 0, 4, 0, 0, 0, 0, 9]);
        let mut edges = VariableEdges::default();
        let mut found = Vec::new();
        let mut add =
            |other| edges.add(&first, &trace(other), |word, mask| found.push((word, mask)));
        assert!(!add([1, 0, 7, 0, 0, 0, 0, 9]), "same buckets");
        assert!(add([1, 1, 8, 0, 0, 0, 0, 9]));
        assert!(add([1, 1, 4, 0, 0, 0, 0, 0]));
        assert_eq!(edges.count(), 3);
        assert_eq!(found, [(5, 0b110), (5, 0b1000_0010)]);
    }

    #[test]
    fn a_checksum_is_of_buckets_and_of_variable_edges_only_whether() {
        let sum = |bytes: &[(usize, u8)], variable: &VariableEdges| {
            variable.checksum(&Trace::of_counters(bytes))
        };
        let none = VariableEdges::default();
        let mut some = VariableEdges::default();
        some.add(
            &Trace::of_counters(&[(9, 1)]),
            &Trace::of_counters(&[(9, 2)]),
            |_, _| {},
        );
        let base = [(0, 1), (9, 5), (16, 1)];
        for (other, is_same, is_same_if_variable) in [
            ([(0, 1), (9, 5), (16, 1)], true, true),
            ([(0, 1), (9, 7), (16, 1)], true, true),
            ([(0, 1), (9, 9), (16, 1)], false, true),
            ([(0, 2), (9, 5), (16, 1)], false, false),
            ([(0, 1), (10, 5), (16, 1)], false, false),
            ([(0, 1), (9, 0), (16, 1)], false, false),
            ([(0, 1), (9, 5), (24, 1)], false, false),
        ] {
            assert_eq!(
                sum(&base, &none) == sum(&other, &none),
                is_same,
                "{other:?}"
            );
            let is_same = sum(&base, &some) == sum(&other, &some);
            assert_eq!(is_same, is_same_if_variable, "{other:?}");
        }
        assert_ne!(sum(&[], &none), sum(&[(0, 1)], &none));
    }
}
