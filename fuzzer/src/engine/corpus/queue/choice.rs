//! Which entry is next.
//!
//! Favored entries that were never fuzzed come first. Then entries are drawn by
//! weight, and those that are not favored are mostly passed over. What has to be done
//! over the whole queue is put off until enough choices were made to share its cost.

use super::{CorpusId, Entry, Queue};
use crate::engine::corpus::energy;
use fast_rands::{Rand, StdRand};
use std::num::NonZeroUsize;

/// Chance in percent that an entry is passed over: there are favored entries
/// that were never fuzzed, and this is not one of them.
const PASS_FOR_NEW_FAVORED: usize = 99;
/// The same when there are none, and this one is neither favored nor new.
const PASS_OLD: usize = 95;
/// The same when it is new, but not favored.
const PASS_NEW: usize = 75;
/// Queues up to this length are fuzzed as they are.
const SHORT_QUEUE: usize = 10;

const HUNDRED: NonZeroUsize = NonZeroUsize::new(100).unwrap();

/// How many entries of the table a choice may touch in the mean.
pub(super) const TABLE_SHARE: usize = 32;

/// How many edges of the map a choice may touch in the mean to choose the favored
/// entries.
pub(super) const FAVORED_SHARE: usize = 1024;

impl Queue {
    /// Chooses the next entry, after `runs` runs; `None` if there is no entry.
    pub fn next(&mut self, rand: &mut StdRand, runs: u64) -> Option<CorpusId> {
        if self.active() == 0 {
            return None;
        }
        if self.cull_upkeep.is_due(FAVORED_SHARE) {
            self.cull();
        }
        let index = if self.sequential {
            self.choose_in_order(rand)
        } else {
            self.choose_by_weight(rand, runs)
        };
        self.position = Some(index);
        Some(CorpusId::new(index))
    }

    fn choose_in_order(&mut self, rand: &mut StdRand) -> usize {
        loop {
            let next = self.position.map_or(0, |position| position + 1);
            let index = if next < self.entries.len() && self.cycle > 0 {
                next
            } else {
                self.begin_cycle();
                0
            };
            self.position = Some(index);
            if !self.is_passed_over(rand, index) {
                return index;
            }
        }
    }

    fn choose_by_weight(&mut self, rand: &mut StdRand, runs: u64) -> usize {
        if self.cycle == 0 || self.chosen_in_cycle >= self.active() {
            self.begin_cycle();
        }
        self.chosen_in_cycle += 1;
        let is_table_due = self.table_upkeep.is_due(TABLE_SHARE);
        if let Some(index) = self.first_pending_favored() {
            return index;
        }
        if (self.is_table_stale && is_table_due) || self.is_table_wrong {
            self.build_table(runs);
        }
        loop {
            let random = rand.next();
            // The table has entries: there was one to build it of.
            let index = self.table.draw(random).unwrap_or_default();
            if !self.is_passed_over(rand, index) {
                return index;
            }
        }
    }

    /// The favored entry that waits for the longest time to be fuzzed at all.
    fn first_pending_favored(&mut self) -> Option<usize> {
        while let Some(first) = self.pending_favored_heap.peek() {
            let index = first.0 as usize;
            let entry = &self.entries[index];
            if entry.favored && entry.fuzzed == 0 && !entry.dropped {
                return Some(index);
            }
            self.pending_favored_heap.pop();
        }
        None
    }

    pub(in crate::engine::corpus) fn build_table(&mut self, runs: u64) {
        self.means = energy::Means::of(&self.entries, self.frequencies.as_ref(), runs);
        let mut weights = std::mem::take(&mut self.weights);
        weights.clear();
        let (basis, count) = (self.basis(), self.entries.len());
        let entries = self.entries.iter().enumerate();
        weights.extend(entries.map(|(index, entry)| basis.weight(entry, count - index)));
        self.table.build(&mut weights);
        self.weights = weights;
        self.is_table_stale = false;
        self.is_table_wrong = false;
        self.table_upkeep.charge(self.entries.len());
    }

    fn begin_cycle(&mut self) {
        if self.cycle > 0 && self.entries.len() == self.entries_at_cycle_start {
            self.cycles_without_finds += 1;
        }
        if self.cycles_schedules && self.cycle > 0 {
            self.schedule = self.schedule.following();
            self.is_table_stale = true;
        }
        self.cycle += 1;
        self.chosen_in_cycle = 0;
        self.entries_at_cycle_start = self.entries.len();
    }

    fn is_passed_over(&self, rand: &mut StdRand, index: usize) -> bool {
        let chance = self.chance_to_pass(&self.entries[index]);
        chance > 0 && rand.below(HUNDRED) < chance
    }

    /// Chance in percent that an entry is passed over.
    fn chance_to_pass(&self, entry: &Entry) -> usize {
        if entry.dropped {
            100
        } else if self.pending_favored > 0 {
            if entry.fuzzed > 0 || !entry.favored {
                PASS_FOR_NEW_FAVORED
            } else {
                0
            }
        } else if entry.favored || self.entries.len() <= SHORT_QUEUE {
            0
        } else if self.cycle > 1 && entry.fuzzed == 0 {
            PASS_NEW
        } else {
            PASS_OLD
        }
    }
}
