//! How often runs take the same way: what the schedules `fast`, `coe`, `lin`, `quad`
//! and `rare` ask. Nothing of it is done for the others.

use crate::engine::coverage::Trace;

/// A power of two, as large as afl-fuzz has it: 8 MiB of counters.
const SLOTS: usize = 1 << 21;

/// A counter for each trace; different ones rarely share one.
#[derive(Debug)]
pub struct Frequencies(Box<[u32]>);

impl Default for Frequencies {
    fn default() -> Self {
        Self(vec![0; SLOTS].into())
    }
}

impl Frequencies {
    /// Where a trace is counted.
    #[must_use]
    pub fn slot(trace: &Trace) -> u32 {
        (trace.hash() as usize % SLOTS) as u32
    }

    /// Counts a run.
    #[inline]
    pub fn count(&mut self, trace: &Trace) {
        let counter = &mut self.0[Self::slot(trace) as usize];
        *counter = counter.saturating_add(1);
    }

    /// Begins to count for a new testcase.
    pub fn begin(&mut self, slot: u32) {
        self.set(slot, 1);
    }

    /// Sets a counter.
    pub fn set(&mut self, slot: u32, count: u32) {
        self.0[slot as usize % SLOTS] = count;
    }

    /// How many runs took this way; 1 at least.
    #[must_use]
    pub fn get(&self, slot: u32) -> u32 {
        self.0[slot as usize % SLOTS].max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::Frequencies;
    use crate::engine::coverage::Trace;

    #[test]
    fn runs_that_take_the_same_way_are_counted_together() {
        let mut frequencies = Frequencies::default();
        let one = Trace::of_words(&[(1, 5), (9, 1)]);
        let same_buckets = Trace::of_words(&[(1, 6), (9, 1)]);
        let others = [
            Trace::of_words(&[(1, 5), (9, 2)]),
            Trace::of_words(&[(1, 5), (8, 1)]),
            Trace::of_words(&[(9, 1), (11, 5)]),
            Trace::of_words(&[(1, 5)]),
            Trace::default(),
        ];
        frequencies.begin(Frequencies::slot(&one));
        frequencies.count(&one);
        frequencies.count(&same_buckets);
        for other in &others {
            frequencies.count(other);
        }
        assert_eq!(frequencies.get(Frequencies::slot(&one)), 3);
        for other in &others {
            assert_eq!(frequencies.get(Frequencies::slot(other)), 1);
        }
    }
}
