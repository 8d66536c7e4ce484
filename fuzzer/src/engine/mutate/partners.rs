//! Other testcases to take blocks from.
//!
//! A few are held in a pool, one of which is exchanged now and then: reading a
//! testcase for each block would cost more than all other operators together.

use super::blocks::LONGEST_BLOCK;
use fast_rands::{Rand, StdRand};

/// So many testcases.
const SLOTS: usize = 16;

/// Of longer ones a window is taken.
const WINDOW: usize = LONGEST_BLOCK;

/// Shorter ones have nothing to give.
pub const SHORTEST: usize = 4;

/// The pool.
#[derive(Debug)]
pub struct Partners {
    /// Which testcase, and how many bytes.
    slots: Vec<(usize, usize)>,
    /// A window for each slot. Pages that no testcase reaches cost nothing.
    bytes: Vec<u8>,
    next: usize,
    /// The testcase that is mutated.
    current: usize,
}

impl Partners {
    /// An empty pool.
    #[must_use]
    pub fn new() -> Self {
        Self {
            slots: Vec::with_capacity(SLOTS),
            bytes: vec![0; SLOTS * WINDOW],
            next: 0,
            current: usize::MAX,
        }
    }

    /// Says which testcase is mutated: it is no partner of its own.
    pub const fn begin(&mut self, current: usize) {
        self.current = current;
    }

    /// Whether there is a partner.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.slots.iter().any(|&(id, _)| id != self.current)
    }

    /// Takes a testcase in, in place of the one that is there for longest.
    pub fn offer(&mut self, id: usize, input: &[u8], rand: &mut StdRand) {
        if input.len() < SHORTEST {
            return;
        }
        let length = input.len().min(WINDOW);
        let from = rand.below_or_zero(input.len() - length + 1);
        let slot = self.next;
        self.next = (slot + 1) % SLOTS;
        let at = slot * WINDOW;
        self.bytes[at..at + length].copy_from_slice(&input[from..from + length]);
        if slot == self.slots.len() {
            self.slots.push((id, length));
        } else {
            self.slots[slot] = (id, length);
        }
    }

    /// The bytes of a partner at random.
    #[inline]
    pub fn choose(&self, rand: &mut StdRand) -> Option<&[u8]> {
        let slot = rand.below_or_zero(self.slots.len());
        let &(id, length) = self.slots.get(slot)?;
        (id != self.current).then(|| &self.bytes[slot * WINDOW..][..length])
    }
}

#[cfg(test)]
mod tests {
    use super::{Partners, SLOTS, WINDOW};
    use fast_rands::StdRand;
    use std::collections::HashSet;

    #[test]
    fn testcases_are_exchanged_in_turn_and_none_is_its_own_partner() {
        let mut rand = StdRand::with_seed(1);
        let mut partners = Partners::new();
        partners.offer(0, b"abc", &mut rand);
        assert!(!partners.is_ready(), "too short");
        partners.begin(1);
        partners.offer(1, b"self", &mut rand);
        assert!(!partners.is_ready());
        assert_eq!(partners.choose(&mut rand), None);
        for id in 2..SLOTS + 2 {
            partners.offer(id, format!("{id:04}").as_bytes(), &mut rand);
        }
        assert!(partners.is_ready() && partners.slots.len() == SLOTS);
        let seen: HashSet<_> = (0..1000)
            .filter_map(|_| partners.choose(&mut rand).map(<[u8]>::to_vec))
            .collect();
        let expected: HashSet<_> = (2..SLOTS + 2)
            .map(|id| format!("{id:04}").into_bytes())
            .collect();
        assert_eq!(seen, expected, "the oldest one has given way");
        partners.begin(2);
        let others = (0..1000).filter_map(|_| partners.choose(&mut rand));
        assert!(others.into_iter().all(|bytes| bytes != b"0002"));
    }

    #[test]
    fn a_window_is_taken_of_a_long_testcase() {
        let mut rand = StdRand::with_seed(1);
        let long: Vec<u8> = (0..3 * WINDOW).map(|at| (at % 251) as u8).collect();
        let mut partners = Partners::new();
        partners.offer(0, &long, &mut rand);
        let taken = partners.choose(&mut rand).unwrap().to_vec();
        assert_eq!(taken.len(), WINDOW);
        assert!(long.windows(WINDOW).any(|window| window == taken));
    }
}
