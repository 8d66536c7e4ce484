//! The queue: what is known of each testcase, which ones are favored (`favored`),
//! and which one is next (`choice`, by the table of `alias`).

mod alias;
mod choice;
mod favored;
mod upkeep;

use super::{
    energy,
    entry::{Entry, Measured, Totals},
    frequency::Frequencies,
    id::CorpusId,
};
use crate::engine::{
    config::Schedule,
    coverage::{Footprint, Trace},
};
use alias::AliasTable;
use std::{cmp::Reverse, collections::BinaryHeap};
use upkeep::Upkeep;

/// All testcases, in the order in which they were found.
#[derive(Debug)]
pub struct Queue {
    entries: Vec<Entry>,
    /// The best entry of each edge, or `NONE`.
    best: Vec<u32>,
    /// For a repeatable session: time, which is never the same, does not count.
    ignore_time: bool,
    schedule: Schedule,
    /// One entry after another instead of by weight.
    sequential: bool,
    /// Another schedule each cycle.
    cycles_schedules: bool,
    frequencies: Option<Frequencies>,
    /// The best ones have changed since the favored ones were chosen.
    changed: bool,
    cull_upkeep: Upkeep,
    favored_list: Vec<u32>,
    pending_favored_heap: BinaryHeap<Reverse<u32>>,
    table: AliasTable,
    table_upkeep: Upkeep,
    /// Weights have changed, or entries were added.
    is_table_stale: bool,
    /// It has entries that must not be drawn.
    is_table_wrong: bool,
    /// Of the entries when the table was built.
    means: energy::Means,
    /// Room to build the table in.
    weights: Vec<f64>,
    /// Room to choose the favored ones in.
    taken: Vec<u8>,
    dropped: usize,
    favored: usize,
    pending_favored: usize,
    pending: usize,
    position: Option<usize>,
    cycle: u64,
    chosen_in_cycle: usize,
    cycles_without_finds: u64,
    entries_at_cycle_start: usize,
    totals: Totals,
}

const NONE: u32 = u32::MAX;

impl Queue {
    /// Without entries; the schedule is `explore`. `ignore_time` is for repeatable
    /// sessions.
    #[must_use]
    pub fn new(ignore_time: bool) -> Self {
        Self {
            entries: Vec::new(),
            best: Vec::new(),
            ignore_time,
            schedule: Schedule::default(),
            sequential: false,
            cycles_schedules: false,
            frequencies: None,
            changed: false,
            cull_upkeep: Upkeep::default(),
            favored_list: Vec::new(),
            pending_favored_heap: BinaryHeap::new(),
            table: AliasTable::default(),
            table_upkeep: Upkeep::default(),
            is_table_stale: true,
            is_table_wrong: true,
            means: energy::Means::default(),
            weights: Vec::new(),
            taken: Vec::new(),
            dropped: 0,
            favored: 0,
            pending_favored: 0,
            pending: 0,
            position: None,
            cycle: 0,
            chosen_in_cycle: 0,
            cycles_without_finds: 0,
            entries_at_cycle_start: 0,
            totals: Totals::default(),
        }
    }

    /// With this schedule; `sequential` goes from entry to entry instead of by weight.
    #[must_use]
    pub fn with_schedule(mut self, schedule: Schedule, sequential: bool) -> Self {
        self.schedule = schedule;
        self.sequential = sequential;
        self.frequencies = schedule.counts_traces().then(Frequencies::default);
        self
    }

    /// Whether the schedule is another one after each cycle.
    #[must_use]
    pub const fn cycling(mut self, cycles_schedules: bool) -> Self {
        self.cycles_schedules = cycles_schedules;
        self
    }

    /// For a repeatable session: time, which is never the same, does not count.
    #[must_use]
    pub const fn ignores_time(&self) -> bool {
        self.ignore_time
    }

    /// The power schedule.
    #[must_use]
    pub const fn schedule(&self) -> Schedule {
        self.schedule
    }

    /// Sums over the entries.
    #[must_use]
    pub const fn totals(&self) -> &Totals {
        &self.totals
    }

    /// How many entries there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// All entries.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of a testcase.
    #[must_use]
    pub fn entry(&self, id: CorpusId) -> &Entry {
        &self.entries[id.index()]
    }

    /// The entry of a testcase, to change it.
    pub fn entry_mut(&mut self, id: CorpusId) -> &mut Entry {
        &mut self.entries[id.index()]
    }

    /// How many entries can be fuzzed.
    #[must_use]
    pub const fn active(&self) -> usize {
        self.entries.len() - self.dropped
    }

    /// Counts a run, for schedules that ask how often runs take the same way.
    #[inline]
    pub fn ran(&mut self, trace: &Trace) {
        if let Some(frequencies) = &mut self.frequencies {
            frequencies.count(trace);
        }
    }

    /// Takes an entry out whose input is lost. Returns whether it was in.
    pub fn drop_entry(&mut self, id: CorpusId) -> bool {
        let index = id.index();
        let entry = &mut self.entries[index];
        if std::mem::replace(&mut entry.dropped, true) {
            return false;
        }
        self.dropped += 1;
        self.is_table_wrong = true;
        self.pending -= usize::from(entry.fuzzed == 0);
        self.pending_favored -= usize::from(entry.favored && entry.fuzzed == 0);
        self.favored -= usize::from(std::mem::take(&mut entry.favored));
        entry.footprint = Footprint::default();
        if std::mem::take(&mut entry.best_of) > 0 {
            for best in self.best.iter_mut().filter(|best| **best == index as u32) {
                *best = NONE;
            }
            self.changed = true;
        }
        true
    }

    /// Says how many finds lead to a testcase that an earlier session found.
    pub fn set_depth(&mut self, id: CorpusId, depth: u32) {
        self.entry_mut(id).depth = depth;
        self.totals.max_depth = self.totals.max_depth.max(depth);
    }

    /// Counts of favored entries, of those never fuzzed, and of all entries
    /// never fuzzed.
    #[must_use]
    pub const fn counts(&self) -> (usize, usize, usize) {
        (self.favored, self.pending_favored, self.pending)
    }

    /// The entry that is fuzzed now.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position.unwrap_or_default()
    }

    /// How many cycles were begun. A cycle is as many choices as there are entries;
    /// in order, one way through the queue.
    #[must_use]
    pub const fn cycle(&self) -> u64 {
        self.cycle
    }

    /// How many cycles in a row found nothing.
    #[must_use]
    pub const fn cycles_without_finds(&self) -> u64 {
        self.cycles_without_finds
    }

    /// Marks the one entry as fuzzed once more.
    pub fn fuzzed(&mut self, id: CorpusId) {
        let entry = &mut self.entries[id.index()];
        if entry.fuzzed == 0 && !entry.dropped {
            self.pending -= 1;
            if entry.favored {
                self.pending_favored -= 1;
            }
            self.is_table_stale = true;
        }
        entry.fuzzed += 1;
    }

    /// Adds an entry that an earlier session knew; runs took its way `common` times.
    pub(super) fn restore(&mut self, mut entry: Entry, common: u32) {
        let footprint = std::mem::take(&mut entry.footprint);
        entry.best_of = 0;
        entry.favored = false;
        if let Some(frequencies) = &mut self.frequencies {
            frequencies.set(entry.slot, common);
        }
        self.pending += usize::from(entry.fuzzed == 0);
        self.totals.max_depth = self.totals.max_depth.max(entry.depth);
        self.is_table_stale = true;
        self.entries.push(entry);
        self.take_in(self.entries.len() - 1, footprint);
    }

    /// Resumes a dry spell of an earlier session.
    pub const fn recall_dry_spell(&mut self, cycles: u64) {
        self.cycles_without_finds = cycles;
    }

    /// Adds an entry of which nothing is known yet but the number and the length of its
    /// file. `parent` is the one that it was made from.
    pub(super) fn add(&mut self, number: u32, len: usize, parent: Option<CorpusId>) -> CorpusId {
        let id = CorpusId::new(self.entries.len());
        let depth = parent.map_or(0, |parent| self.entry(parent).depth);
        self.push(len, depth + 1);
        self.entry_mut(id).number = number;
        id
    }

    /// How long an entry is fuzzed after `runs` runs: afl-fuzz's score. Uses up a part of
    /// its handicap. With the schedule `coe` it may be 0: then the entry is skipped.
    pub fn score(&mut self, id: CorpusId, runs: u64) -> u64 {
        let score = self.basis().score(self.entry(id), runs);
        let entry = self.entry_mut(id);
        entry.handicap -= match entry.handicap {
            0 => 0,
            1..=3 => 1,
            _ => 4,
        };
        score
    }

    /// By how much less slow targets are fuzzed an entry, so that the queue still comes
    /// round.
    #[must_use]
    pub fn slowness(&self) -> u64 {
        self.basis().slowness()
    }

    /// What the score of an entry is computed from, beside the entry.
    pub(super) const fn basis(&self) -> energy::Basis<'_> {
        energy::Basis {
            schedule: self.schedule,
            ignore_time: self.ignore_time,
            totals: &self.totals,
            means: &self.means,
            frequencies: self.frequencies.as_ref(),
        }
    }

    /// Adds an entry of which nothing is known yet.
    fn push(&mut self, len: usize, depth: u32) {
        self.pending += 1;
        self.cycles_without_finds = 0;
        self.totals.max_depth = self.totals.max_depth.max(depth);
        self.is_table_stale = true;
        self.entries.push(Entry {
            number: self.entries.len() as u32,
            len,
            depth,
            handicap: self.cycle.saturating_sub(1),
            ..Entry::default()
        });
    }
}

#[cfg(test)]
mod scale;
#[cfg(test)]
mod tests;
