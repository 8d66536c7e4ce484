//! What one run covered.

use super::classify::{classify, nonzero_bytes};
use serde::{Deserialize, Serialize};

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

    /// The same for runs with the same buckets. It stays the same from one version to
    /// the next, for what is kept on disk.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.hash_of(|_, buckets| buckets)
    }

    /// The same for runs that took the same edges, however often.
    #[must_use]
    pub fn edges_hash(&self) -> u64 {
        self.hash_of(|_, buckets| nonzero_bytes(buckets).into())
    }

    /// A hash of what `kind` makes of the buckets of each word.
    pub(super) fn hash_of(&self, kind: impl Fn(usize, u64) -> u64) -> u64 {
        const ODD: [u64; 3] = [
            0x9e37_79b9_7f4a_7c15,
            0xc2b2_ae3d_27d4_eb4f,
            0xd6e8_feb8_6659_fd93,
        ];
        // A start of zero would leave the leading bits of a short trace's hash alone.
        self.buckets().fold(ODD[2], |hash, (word, buckets)| {
            let one = kind(word, buckets) ^ ODD[0];
            let other = (word as u64).wrapping_mul(ODD[1]) ^ hash;
            let product = u128::from(one) * u128::from(other | 1);
            (product >> 64) as u64 ^ product as u64 ^ other
        })
    }

    /// Which counters are not zero.
    pub fn footprint(&self) -> Footprint {
        let words = self.words.iter();
        words
            .map(|&(word, counters)| (word as usize, nonzero_bytes(counters)))
            .collect()
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

/// The bytes in `mask` become 1 if they are not zero.
pub(super) fn only_whether(buckets: u64, mask: u8) -> u64 {
    let mut bytes = buckets.to_ne_bytes();
    for (at, byte) in bytes.iter_mut().enumerate() {
        if mask >> at & 1 == 1 {
            *byte = u8::from(*byte != 0);
        }
    }
    u64::from_ne_bytes(bytes)
}

/// A set of edges: for each word of the map, a mask of the counters in it.
///
/// Two bytes a word for the most part: there are thousands of these in memory, and in
/// the state file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Footprint {
    /// For each word how far it lies from the one before, seven bits a byte with the
    /// lowest ones first and the top bit set in all but the last, and its mask.
    bytes: Box<[u8]>,
}

impl FromIterator<(usize, u8)> for Footprint {
    /// From words in ascending order with their masks.
    fn from_iter<T: IntoIterator<Item = (usize, u8)>>(words: T) -> Self {
        let mut bytes = Vec::new();
        let mut next = 0;
        for (word, mask) in words {
            let mut gap = word - next;
            while gap >= 0x80 {
                bytes.push(gap as u8 | 0x80);
                gap >>= 7;
            }
            bytes.extend([gap as u8, mask]);
            next = word + 1;
        }
        Self {
            bytes: bytes.into(),
        }
    }
}

impl Footprint {
    /// The words with their masks, in ascending order.
    pub fn words(&self) -> impl Iterator<Item = (usize, u8)> {
        let mut bytes = self.bytes.iter().copied();
        let mut next = 0;
        std::iter::from_fn(move || {
            let (mut gap, mut shift) = (0, 0);
            loop {
                let byte = bytes.next()?;
                gap |= usize::from(byte & 0x7f).checked_shl(shift)?;
                shift += 7;
                if byte < 0x80 {
                    break;
                }
            }
            let word = next + gap;
            next = word + 1;
            Some((word, bytes.next()?))
        })
    }

    /// The numbers of the edges, in ascending order.
    pub fn edges(&self) -> impl Iterator<Item = usize> {
        self.words().flat_map(|(word, mask)| {
            (0..8)
                .filter(move |bit| mask >> bit & 1 == 1)
                .map(move |bit| word * 8 + bit)
        })
    }

    /// How many edges there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.words()
            .map(|(_, mask)| mask.count_ones() as usize)
            .sum()
    }

    /// Keeps the edges that are in `other` too. Returns whether any was not.
    pub fn intersect(&mut self, other: &Self) -> bool {
        let mut others = other.words().peekable();
        let mut lost = false;
        let kept = self.words().filter_map(|(word, mask)| {
            while others.next_if(|&(at, _)| at < word).is_some() {}
            let common = mask
                & others
                    .peek()
                    .map_or(0, |&(at, mask)| if at == word { mask } else { 0 });
            lost |= common != mask;
            (common != 0).then_some((word, common))
        });
        let kept = kept.collect();
        *self = kept;
        lost
    }
}

#[cfg(test)]
impl Trace {
    /// A run whose words of counters are these, each behind its number in the map.
    pub fn of_words(words: &[(usize, u64)]) -> Self {
        let mut trace = Self::default();
        for &(word, counters) in words {
            trace.push(word, counters);
        }
        trace
    }

    /// A run that took edges this often, each count behind the edge's number.
    pub fn of_counters(counters: &[(usize, u8)]) -> Self {
        let mut words: std::collections::BTreeMap<usize, [u8; 8]> = Default::default();
        for &(edge, count) in counters {
            words.entry(edge / 8).or_default()[edge % 8] = count;
        }
        let words: Vec<_> = words
            .into_iter()
            .map(|(word, bytes)| (word, u64::from_ne_bytes(bytes)))
            .collect();
        Self::of_words(&words)
    }
}

#[cfg(test)]
mod tests {
    use super::{Footprint, Trace};

    fn differences(one: &Trace, other: &Trace) -> Vec<(usize, u8)> {
        let mut found = Vec::new();
        one.differences(other, |word, mask| found.push((word, mask)));
        found
    }

    #[test]
    fn edges_are_numbered_as_in_the_map() {
        let footprint = Trace::of_counters(&[(0, 1), (7, 200), (8, 3), (1000, 1)]).footprint();
        assert_eq!(footprint.edges().collect::<Vec<_>>(), [0, 7, 8, 1000]);
    }

    #[test]
    fn a_footprint_holds_what_it_was_made_of() {
        let words = [
            0,
            1,
            127,
            128,
            255,
            256,
            300_000,
            300_128,
            80_000_000,
            usize::from(u16::MAX) << 20,
        ];
        let words: Vec<_> = words.into_iter().zip(1u8..).collect();
        let footprint: Footprint = words.iter().copied().collect();
        assert_eq!(footprint.words().collect::<Vec<_>>(), words);
        let count: u32 = words.iter().map(|(_, mask)| mask.count_ones()).sum();
        assert_eq!(
            (footprint.count(), footprint.edges().count()),
            (count as usize, count as usize)
        );
    }

    #[test]
    fn the_hash_of_a_trace_is_that_of_its_buckets() {
        let one = Trace::of_counters(&[(0, 5), (9, 4)]);
        assert_eq!(one.hash(), Trace::of_counters(&[(0, 6), (9, 7)]).hash());
        let others = [
            &[(0, 5)][..],
            &[(9, 4)],
            &[(0, 5), (9, 8)],
            &[(0, 5), (10, 4)],
            &[],
        ];
        let hashes: std::collections::HashSet<u64> = others
            .iter()
            .map(|bytes| Trace::of_counters(bytes).hash())
            .chain([one.hash()])
            .collect();
        assert_eq!(hashes.len(), 6);
    }

    #[test]
    fn traces_of_one_edge_differ_in_the_leading_bits_of_their_hashes() {
        for hash in [Trace::hash, Trace::edges_hash] {
            let leading: std::collections::HashSet<u64> = (0..64)
                .map(|edge| hash(&Trace::of_counters(&[(edge, 1)])) >> 48)
                .collect();
            assert!(leading.len() > 60, "{}", leading.len());
        }
    }

    #[test]
    fn differences_are_found_on_both_sides() {
        let one = Trace::of_counters(&[(0, 1), (9, 4), (24, 1)]);
        let other = Trace::of_counters(&[(0, 1), (1, 1), (9, 7), (40, 2)]);
        assert_eq!(differences(&one, &other), [(0, 2), (3, 1), (5, 1)]);
        assert_eq!(differences(&other, &one), [(0, 2), (3, 1), (5, 1)]);
        assert_eq!(differences(&one, &one), []);
        assert_eq!(differences(&one, &Trace::default()).len(), 3);
        assert_eq!(differences(&Trace::default(), &one).len(), 3);
    }

    #[test]
    fn runs_are_the_same_but_for_what_is_left_out() {
        let one = Trace::of_counters(&[(0, 1), (9, 4), (24, 1)]);
        assert!(
            one.is_same(&Trace::of_counters(&[(0, 1), (9, 6), (24, 1)]), |_| 0),
            "one bucket"
        );
        let other = Trace::of_counters(&[(0, 1), (9, 9), (24, 1)]);
        assert!(!one.is_same(&other, |_| 0));
        assert!(one.is_same(&other, |word| u8::from(word == 1) << 1));
        assert!(!one.is_same(&other, |word| u8::from(word == 0) << 1));
    }

    #[test]
    fn an_intersection_says_whether_something_was_lost() {
        let mut always = Trace::of_counters(&[(0, 1), (1, 1), (16, 1), (64, 1)]).footprint();
        assert!(!always.intersect(
            &Trace::of_counters(&[(0, 9), (1, 2), (5, 1), (16, 1), (64, 3)]).footprint()
        ));
        assert!(always.intersect(&Trace::of_counters(&[(0, 1), (64, 1), (80, 1)]).footprint()));
        assert_eq!(always.edges().collect::<Vec<_>>(), [0, 64]);
    }
}
