//! The last inputs that a persistent child ran: a crash may be due to what an
//! earlier one left behind.

use std::collections::VecDeque;

/// All of them together have no more bytes than this: what does not fit into the
/// processor's cache makes a run with a large input slower by a tenth.
const BUDGET: usize = 1 << 20;

/// Room to begin with. It grows only for inputs that would not be kept otherwise,
/// so that what is written to in each run stays in the processor's cache.
const FIRST_ROOM: usize = 1 << 16;

/// The last inputs of one child, in a ring of bytes.
#[derive(Debug)]
pub struct History {
    ring: Vec<u8>,
    /// Start and length of each input, the oldest one first.
    inputs: VecDeque<(usize, usize)>,
    /// Where the next one goes, if it fits there.
    head: usize,
    most: usize,
    budget: usize,
}

impl History {
    /// An empty history that keeps at most so many inputs, one at least.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self::within(most, FIRST_ROOM, BUDGET)
    }

    fn within(most: usize, room: usize, budget: usize) -> Self {
        Self {
            ring: vec![0; room],
            inputs: VecDeque::new(),
            head: 0,
            most: most.max(1),
            budget,
        }
    }

    /// Forgets all: the next input is the first one of a fresh child.
    #[inline]
    pub fn clear(&mut self) {
        self.inputs.clear();
        self.head = 0;
    }

    /// Adds an input; the oldest ones make room for it.
    #[inline]
    pub fn push(&mut self, input: &[u8]) {
        if self.inputs.len() == self.most {
            self.inputs.pop_front();
        }
        let start = match self.place(input.len()) {
            Some(start) => start,
            None => self.make_room(input.len()),
        };
        let end = start + input.len();
        self.ring[start..end].copy_from_slice(input);
        self.inputs.push_back((start, input.len()));
        self.head = start + taken(input.len());
    }

    /// Where an input of this length fits without another one giving way.
    #[inline]
    fn place(&self, length: usize) -> Option<usize> {
        let needed = taken(length);
        let (Some(&(oldest, _)), Some(&(newest, _))) = (self.inputs.front(), self.inputs.back())
        else {
            return (needed <= self.ring.len()).then_some(0);
        };
        if newest < oldest {
            // The inputs go round the end: between the newest and the oldest.
            return (needed <= oldest - self.head).then_some(self.head);
        }
        if needed <= self.ring.len() - self.head {
            Some(self.head)
        } else {
            (needed <= oldest).then_some(0)
        }
    }

    /// Enlarges the ring, or takes the oldest inputs out, until there is a place.
    #[cold]
    fn make_room(&mut self, length: usize) -> usize {
        loop {
            if self.ring.len() < self.budget {
                self.grow(taken(length));
            } else if self.inputs.pop_front().is_none() {
                // Longer than the budget: no input is.
                self.ring.resize(taken(length), 0);
            }
            if let Some(start) = self.place(length) {
                return start;
            }
        }
    }

    fn grow(&mut self, needed: usize) {
        let doubled = (self.ring.len() * 2).max(self.ring.len() + needed);
        let mut larger = Vec::with_capacity(doubled.min(self.budget));
        for (start, length) in &mut self.inputs {
            let at = larger.len();
            larger.extend_from_slice(&self.ring[*start..*start + *length]);
            larger.resize(at + taken(*length), 0);
            *start = at;
        }
        self.head = larger.len();
        larger.resize(doubled.min(self.budget), 0);
        self.ring = larger;
    }

    /// The inputs, the oldest one first.
    #[must_use]
    pub fn inputs(&self) -> Vec<Vec<u8>> {
        let inputs = self.inputs.iter();
        inputs
            .map(|&(start, length)| self.ring[start..start + length].to_vec())
            .collect()
    }
}

/// The room that an input takes: each has a place of its own, an empty one too.
const fn taken(length: usize) -> usize {
    if length == 0 { 1 } else { length }
}

#[cfg(test)]
mod tests {
    use super::History;
    use fast_rands::{Rand, StdRand};
    use std::collections::VecDeque;

    #[test]
    fn the_last_inputs_are_kept_in_their_order() {
        let mut history = History::new(3);
        assert!(history.inputs().is_empty());
        for input in ["a", "", "ccc", "dd"] {
            history.push(input.as_bytes());
        }
        assert_eq!(history.inputs(), [&b""[..], b"ccc", b"dd"]);
        history.clear();
        history.push(b"e");
        assert_eq!(history.inputs(), [b"e"]);
    }

    #[test]
    fn bytes_are_limited_and_the_newest_input_is_always_there() {
        let mut history = History::within(100, 4, 64);
        for round in 0..50_u8 {
            history.push(&[round; 64]);
            assert_eq!(history.inputs(), [[round; 64]]);
            history.push(b"x");
            assert_eq!(history.inputs(), [b"x"]);
            history.push(&[round; 30]);
            assert_eq!(history.inputs().len(), 2);
        }
        assert_eq!(history.ring.len(), 64);
        history.push(&[7; 80]);
        assert_eq!(history.inputs(), [[7; 80]]);
    }

    #[test]
    fn a_history_is_the_end_of_what_was_pushed() {
        for seed in 0..200 {
            let mut rand = StdRand::with_seed(seed);
            let mut below = |limit: u64| (rand.next() % limit) as usize;
            let (most, budget) = (1 + below(20), 16 + below(200));
            let mut history = History::within(most, 1 + below(16), budget);
            let mut all: VecDeque<Vec<u8>> = VecDeque::new();
            for _ in 0..400 {
                if below(50) == 0 {
                    history.clear();
                    all.clear();
                }
                let input: Vec<u8> = (0..below(16)).map(|_| below(256) as u8).collect();
                history.push(&input);
                all.push_back(input);
                let kept = history.inputs();
                assert!((1..=most).contains(&kept.len()), "seed {seed}");
                let end = all.range(all.len() - kept.len()..);
                assert!(end.eq(kept.iter()), "seed {seed}");
                // What the budget has room for is not given up: an input of 15 bytes may
                // not fit in front of the end.
                let next = all
                    .len()
                    .checked_sub(kept.len() + 1)
                    .map(|at| all[at].len());
                let bytes: usize = kept.iter().map(|input| input.len().max(1)).sum();
                if let Some(next) = next.filter(|_| kept.len() < most) {
                    assert!(bytes + next.max(1) + 2 * 16 > budget, "seed {seed}");
                }
            }
        }
    }
}
