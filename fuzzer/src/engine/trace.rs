//! What one run covered.

use super::classify::{classify, nonzero_bytes};
/// The counters of one run that are not zero, eight at a time, in ascending
/// order of their place in the map.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    words: Vec<(u32, u64)>,
}

impl Trace {
    /// An empty trace that can take a map of `words` words without allocating.
    #[must_use]
    pub fn with_capacity(words: usize) -> Self {
        Self {
            words: Vec::with_capacity(words),
        }
    }

    /// Forgets the run.
    #[inline]
    pub fn clear(&mut self) {
        self.words.clear();
    }

    /// Adds eight counters, which must lie behind those added before.
    #[inline]
    pub fn push(&mut self, word: usize, counters: u64) {
        self.words.push((word as u32, counters));
    }

    /// The buckets, eight at a time, with their place in the map.
    pub fn buckets(&self) -> impl Iterator<Item = (usize, u64)> {
        self.words
            .iter()
            .map(|&(word, counters)| (word as usize, classify(counters)))
    }

    /// Which counters are not zero.
    pub fn footprint(&self) -> Footprint {
        let words = self.words.iter();
        Footprint(
            words
                .map(|&(word, counters)| (word, nonzero_bytes(counters)))
                .collect(),
        )
    }

    /// Whether two runs took the same edges equally often, apart from those that `mask`
    /// says of a word.
    pub fn is_same(&self, other: &Self, mask: impl Fn(usize) -> u8) -> bool {
        let mut same = true;
        if self.words != other.words {
            self.differences(other, |word, edges| same &= edges & !mask(word) == 0);
        }
        same
    }

    /// Hands out each word in which the buckets of the two runs differ, with
    /// the bytes that differ as a mask.
    pub fn differences(&self, other: &Self, mut differs: impl FnMut(usize, u8)) {
        let mut mine = self.buckets().peekable();
        let mut theirs = other.buckets().peekable();
        loop {
            let (word, difference) = match (mine.peek().copied(), theirs.peek().copied()) {
                (None, None) => return,
                (Some((word, buckets)), other) if other.is_none_or(|(at, _)| word < at) => {
                    mine.next();
                    (word, buckets)
                }
                (Some((word, buckets)), Some((at, others))) if word == at => {
                    mine.next();
                    theirs.next();
                    (word, buckets ^ others)
                }
                (_, Some((word, buckets))) => {
                    theirs.next();
                    (word, buckets)
                }
                // The second arm takes every word that has no counterpart.
                (Some(_), None) => return,
            };
            if difference != 0 {
                differs(word, nonzero_bytes(difference));
            }
        }
    }
}

/// A set of edges: for each word of the map, a mask of the counters in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Footprint(Box<[(u32, u8)]>);

impl Footprint {
    /// The words with their masks, in ascending order.
    pub fn words(&self) -> impl Iterator<Item = (usize, u8)> {
        self.0.iter().map(|&(word, mask)| (word as usize, mask))
    }

    /// The numbers of the edges, in ascending order.
    pub fn edges(&self) -> impl Iterator<Item = usize> {
        self.words().flat_map(|(word, mask)| {
            (0..8)
                .filter(move |bit| mask >> bit & 1 == 1)
                .map(move |bit| word * 8 + bit)
        })
    }

    /// Keeps the edges that are in `other` too. Returns whether any was not.
    pub fn intersect(&mut self, other: &Self) -> bool {
        let mut others = other.words().peekable();
        let mut lost = false;
        let mut kept = Vec::with_capacity(self.0.len());
        for (word, mask) in self.words() {
            while others.next_if(|&(at, _)| at < word).is_some() {}
            let common = mask
                & others
                    .peek()
                    .map_or(0, |&(at, mask)| if at == word { mask } else { 0 });
            lost |= common != mask;
            if common != 0 {
                kept.push((word as u32, common));
            }
        }
        self.0 = kept.into();
        lost
    }
}

#[cfg(test)]
mod tests {
    use super::Trace;

    fn trace(bytes: &[(usize, u8)]) -> Trace {
        let mut words: std::collections::BTreeMap<usize, [u8; 8]> = Default::default();
        for &(at, count) in bytes {
            words.entry(at / 8).or_default()[at % 8] = count;
        }
        let mut trace = Trace::default();
        for (word, counters) in words {
            trace.push(word, u64::from_ne_bytes(counters));
        }
        trace
    }

    fn differences(one: &Trace, other: &Trace) -> Vec<(usize, u8)> {
        let mut found = Vec::new();
        one.differences(other, |word, mask| found.push((word, mask)));
        found
    }

    #[test]
    fn edges_are_numbered_as_in_the_map() {
        let footprint = trace(&[(0, 1), (7, 200), (8, 3), (1000, 1)]).footprint();
        assert_eq!(footprint.edges().collect::<Vec<_>>(), [0, 7, 8, 1000]);
    }

    #[test]
    fn differences_are_found_on_both_sides() {
        let one = trace(&[(0, 1), (9, 4), (24, 1)]);
        let other = trace(&[(0, 1), (1, 1), (9, 7), (40, 2)]);
        assert_eq!(differences(&one, &other), [(0, 2), (3, 1), (5, 1)]);
        assert_eq!(differences(&other, &one), [(0, 2), (3, 1), (5, 1)]);
        assert_eq!(differences(&one, &one), []);
        assert_eq!(differences(&one, &Trace::default()).len(), 3);
        assert_eq!(differences(&Trace::default(), &one).len(), 3);
    }

    #[test]
    fn runs_are_the_same_but_for_what_is_left_out() {
        let one = trace(&[(0, 1), (9, 4), (24, 1)]);
        assert!(
            one.is_same(&trace(&[(0, 1), (9, 6), (24, 1)]), |_| 0),
            "one bucket"
        );
        let other = trace(&[(0, 1), (9, 9), (24, 1)]);
        assert!(!one.is_same(&other, |_| 0));
        assert!(one.is_same(&other, |word| u8::from(word == 1) << 1));
        assert!(!one.is_same(&other, |word| u8::from(word == 0) << 1));
    }

    #[test]
    fn an_intersection_says_whether_something_was_lost() {
        let mut always = trace(&[(0, 1), (1, 1), (16, 1), (64, 1)]).footprint();
        assert!(!always.intersect(&trace(&[(0, 9), (1, 2), (5, 1), (16, 1), (64, 3)]).footprint()));
        assert!(always.intersect(&trace(&[(0, 1), (64, 1), (80, 1)]).footprint()));
        assert_eq!(always.edges().collect::<Vec<_>>(), [0, 64]);
    }
}
