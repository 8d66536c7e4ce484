//! The favored entries: a small set that together takes every edge.
//!
//! For each edge the entry that takes it at the least cost (time x length) is its
//! best one. The favored entries are chosen among these. An entry that takes an edge
//! as the only one is favored at once; the others wait for the next choice over all.

use super::{CorpusId, Measured, NONE, Queue};
use crate::{
    engine::config::Schedule,
    engine::{corpus::Frequencies, coverage::Footprint},
};
use std::cmp::Reverse;

impl Queue {
    /// Takes note of what calibration found out.
    pub fn measured(&mut self, id: CorpusId, measured: Measured) {
        let index = id.index();
        if let (Some(frequencies), Some(slot)) = (&mut self.frequencies, measured.slot) {
            frequencies.begin(slot);
        }
        let entry = &mut self.entries[index];
        entry.exec_us = measured.exec_us.max(1);
        entry.edges = measured.footprint.count();
        entry.variable = measured.variable;
        entry.slot = measured.slot.unwrap_or_default();
        self.take_in(index, measured.footprint);
    }

    /// Counts an entry of which all is known.
    pub(super) fn take_in(&mut self, index: usize, footprint: Footprint) {
        let entry = &self.entries[index];
        self.totals.exec_us += entry.exec_us;
        self.totals.edges += entry.edges;
        self.totals.measured += 1;
        self.totals.variable += u64::from(entry.variable);
        self.claim(index, footprint);
    }

    /// Says that an entry has another length now, and may cost less than others.
    pub fn shortened(&mut self, id: CorpusId, len: usize) {
        let index = id.index();
        let entry = &mut self.entries[index];
        entry.len = len;
        // One that is the best of no edge is not asked again which ones it takes.
        let footprint = entry.footprint.clone();
        self.claim(index, footprint);
    }

    /// Notes which edges a run of an entry took that is shorter now.
    pub fn reclaim(&mut self, id: CorpusId, footprint: Footprint) {
        self.claim(id.index(), footprint);
    }

    /// Makes an entry the best one of the edges that it takes at the least cost.
    fn claim(&mut self, index: usize, footprint: Footprint) {
        let cost = self.cost(index);
        let (mut best_of, mut is_only_one) = (0, false);
        for edge in footprint.edges() {
            if edge >= self.best.len() {
                self.best.resize((edge + 1).next_power_of_two(), NONE);
            }
            let rival = self.best[edge];
            if rival == NONE {
                is_only_one = true;
            } else if rival as usize == index {
                continue;
            } else {
                if cost > self.cost(rival as usize) {
                    continue;
                }
                let rival = &mut self.entries[rival as usize];
                rival.best_of -= 1;
                if rival.best_of == 0 {
                    // Only the best entries are asked for their edges.
                    rival.footprint = Footprint::default();
                }
            }
            self.best[edge] = index as u32;
            best_of += 1;
        }
        if best_of > 0 {
            let entry = &mut self.entries[index];
            entry.best_of += best_of;
            entry.footprint = footprint;
            self.changed = true;
        }
        if is_only_one {
            self.favor(index);
        }
    }

    /// What it costs to take the edges of an entry: with the schedule `rare` how
    /// common it is, then time and length, as far as they count.
    fn cost(&self, index: usize) -> (u32, u64) {
        let entry = &self.entries[index];
        let heeds_time = self.schedule.heeds_time() && !self.ignore_time;
        let time = if heeds_time { entry.exec_us } else { 1 };
        let common = match (&self.frequencies, self.schedule) {
            (Some(frequencies), Schedule::Rare) => {
                frequencies.get(entry.slot).checked_next_power_of_two()
            }
            _ => Some(0),
        };
        let cost = time.saturating_mul(entry.len as u64);
        (common.unwrap_or(u32::MAX), cost)
    }

    fn favor(&mut self, index: usize) {
        let entry = &mut self.entries[index];
        if entry.favored || entry.dropped {
            return;
        }
        entry.favored = true;
        self.favored += 1;
        self.favored_list.push(index as u32);
        if entry.fuzzed == 0 {
            self.pending_favored += 1;
            self.pending_favored_heap.push(Reverse(index as u32));
        }
    }

    /// Chooses the favored entries anew, if the best ones have changed.
    pub fn cull(&mut self) {
        if !std::mem::take(&mut self.changed) {
            return;
        }
        let mut work = self.best.len() + self.favored_list.len();
        for index in self.favored_list.drain(..) {
            self.entries[index as usize].favored = false;
        }
        self.favored = 0;
        self.pending_favored = 0;
        self.pending_favored_heap.clear();
        let mut taken = std::mem::take(&mut self.taken);
        taken.clear();
        taken.resize(self.best.len().div_ceil(8), 0);
        for edge in 0..self.best.len() {
            let index = self.best[edge] as usize;
            if index == NONE as usize || taken[edge / 8] >> (edge % 8) & 1 == 1 {
                continue;
            }
            for (word, mask) in self.entries[index].footprint.words() {
                taken[word] |= mask;
                work += 1;
            }
            self.favor(index);
        }
        self.taken = taken;
        self.is_table_stale = true;
        self.cull_upkeep.charge(work);
    }

    /// The counters of traces, to change them.
    #[cfg(test)]
    pub(in crate::engine) const fn frequencies_mut(&mut self) -> Option<&mut Frequencies> {
        self.frequencies.as_mut()
    }

    /// The counters of traces, for schedules that ask for them.
    pub(in crate::engine) const fn frequencies(&self) -> Option<&Frequencies> {
        self.frequencies.as_ref()
    }
}
