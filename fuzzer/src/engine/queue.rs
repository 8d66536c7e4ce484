//! The queue: what is known of each testcase, and which ones are favored.
//!
//! For each edge the entry that takes it at the least cost (time x length) is
//! its best one. The favored entries are a small set of these that together
//! take every edge.

use super::{State, trace::Footprint};
use libafl::{
    Error,
    corpus::{Corpus, CorpusId},
    inputs::BytesInput,
    schedulers::Scheduler,
    state::{HasCorpus, HasRand},
};
use libafl_bolts::{rands::Rand, tuples::MatchName};
use std::num::NonZeroUsize;

/// What is known of a testcase.
#[derive(Debug, Clone, Default)]
pub struct Entry {
    /// The number in the name of its file.
    pub number: u32,
    /// Bytes of its input.
    pub len: usize,
    /// How many finds lead from a seed to it; 1 for a seed.
    pub depth: u32,
    /// Microseconds a run takes.
    pub exec_us: u64,
    /// How many edges it takes.
    pub edges: usize,
    /// Cycles that it has missed, because it was found late.
    pub handicap: u64,
    /// How often it was the base of mutations.
    pub fuzzed: u32,
    /// It is in the small set that takes every edge.
    pub favored: bool,
    /// Its coverage differs from run to run.
    pub variable: bool,
    /// It was tried to make it shorter.
    pub trimmed: bool,
    /// The deterministic stage is done with it.
    pub determined: bool,
    /// Its input is lost: it is not fuzzed any more.
    pub dropped: bool,
    footprint: Footprint,
    /// Of how many edges it is the best entry.
    best_of: usize,
}

impl Entry {
    /// The edges of a run, if it is the best entry of any of them.
    #[must_use]
    pub const fn footprint(&self) -> &Footprint {
        &self.footprint
    }
}

/// What calibration found out about an entry.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// Microseconds a run takes.
    pub exec_us: u64,
    /// The edges of its first run.
    pub footprint: Footprint,
    /// Its coverage differs from run to run.
    pub variable: bool,
}

/// All testcases, in the order in which they were found.
#[derive(Debug)]
pub struct Queue {
    entries: Vec<Entry>,
    /// The best entry of each edge, or `NONE`.
    best: Vec<u32>,
    /// For a repeatable session: time, which is never the same, does not count.
    pub(super) ignore_time: bool,
    changed: bool,
    dropped: usize,
    favored: usize,
    pending_favored: usize,
    pending: usize,
    position: Option<usize>,
    cycle: u64,
    cycles_without_finds: u64,
    entries_at_cycle_start: usize,
    pub(super) totals: Totals,
}

/// Sums over the entries, for averages.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Totals {
    pub(super) exec_us: u64,
    pub(super) edges: usize,
    pub(super) measured: usize,
    pub(super) variable: u64,
    pub(super) max_depth: u32,
}

const NONE: u32 = u32::MAX;

/// Chance in percent that an entry is passed over: there are favored entries
/// that were never fuzzed, and this is not one of them.
const PASS_FOR_NEW_FAVORED: usize = 99;
/// The same when there are none, and this one is neither favored nor new.
const PASS_OLD: usize = 95;
/// The same when it is new, but not favored.
const PASS_NEW: usize = 75;
/// Queues up to this length are fuzzed as they are.
const SHORT_QUEUE: usize = 10;

impl Queue {
    /// Without entries.
    #[must_use]
    pub fn new(ignore_time: bool) -> Self {
        Self {
            entries: Vec::new(),
            best: Vec::new(),
            ignore_time,
            changed: false,
            dropped: 0,
            favored: 0,
            pending_favored: 0,
            pending: 0,
            position: None,
            cycle: 0,
            cycles_without_finds: 0,
            entries_at_cycle_start: 0,
            totals: Totals::default(),
        }
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
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
        &self.entries[usize::from(id)]
    }

    /// The entry of a testcase, to change it.
    pub fn entry_mut(&mut self, id: CorpusId) -> &mut Entry {
        &mut self.entries[usize::from(id)]
    }

    /// How many entries can be fuzzed.
    #[must_use]
    pub const fn active(&self) -> usize {
        self.entries.len() - self.dropped
    }

    /// Takes an entry out whose input is lost. Returns whether it was in.
    pub fn drop_entry(&mut self, id: CorpusId) -> bool {
        let index = usize::from(id);
        let entry = &mut self.entries[index];
        if std::mem::replace(&mut entry.dropped, true) {
            return false;
        }
        self.dropped += 1;
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

    /// Says that an entry has another length now.
    pub fn shortened(&mut self, id: CorpusId, len: usize) {
        self.entry_mut(id).len = len;
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

    /// How often the queue was begun from its start.
    #[must_use]
    pub const fn cycle(&self) -> u64 {
        self.cycle
    }

    /// How many cycles in a row found nothing.
    #[must_use]
    pub const fn cycles_without_finds(&self) -> u64 {
        self.cycles_without_finds
    }

    /// Takes note of what calibration found out.
    pub fn measured(&mut self, id: CorpusId, measured: Measured) {
        let index = usize::from(id);
        let edges = measured.footprint.edges().count();
        self.totals.exec_us += measured.exec_us;
        self.totals.edges += edges;
        self.totals.measured += 1;
        self.totals.variable += u64::from(measured.variable);
        let entry = &mut self.entries[index];
        entry.exec_us = measured.exec_us.max(1);
        entry.edges = edges;
        entry.variable = measured.variable;
        self.compete(id, measured.footprint);
    }

    /// Makes an entry the best one of each edge that it takes at less cost.
    pub fn compete(&mut self, id: CorpusId, footprint: Footprint) {
        let index = usize::from(id);
        let cost = self.cost(index);
        let mut best_of = self.entries[index].best_of;
        let before = best_of;
        for edge in footprint.edges() {
            if edge >= self.best.len() {
                self.best.resize((edge + 1).next_power_of_two(), NONE);
            }
            let rival = self.best[edge];
            if rival as usize == index {
                continue;
            }
            if rival != NONE {
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
        if best_of > before {
            let entry = &mut self.entries[index];
            entry.best_of = best_of;
            entry.footprint = footprint;
            self.changed = true;
        }
    }

    /// What it costs to take the edges of an entry.
    fn cost(&self, index: usize) -> u64 {
        let entry = &self.entries[index];
        let time = if self.ignore_time { 1 } else { entry.exec_us };
        time.saturating_mul(entry.len as u64)
    }

    /// Marks the one entry as fuzzed once more.
    pub fn fuzzed(&mut self, id: CorpusId) {
        let entry = &mut self.entries[usize::from(id)];
        if entry.fuzzed == 0 && !entry.dropped {
            self.pending -= 1;
            if entry.favored {
                self.pending_favored -= 1;
            }
        }
        entry.fuzzed += 1;
    }

    /// Chooses the favored entries anew, if the best ones have changed.
    pub fn cull(&mut self) {
        if !std::mem::take(&mut self.changed) {
            return;
        }
        for entry in &mut self.entries {
            entry.favored = false;
        }
        self.favored = 0;
        self.pending_favored = 0;
        let mut taken = vec![0u8; self.best.len().div_ceil(8)];
        for (edge, &index) in self.best.iter().enumerate() {
            if index == NONE || taken[edge / 8] >> (edge % 8) & 1 == 1 {
                continue;
            }
            let entry = &mut self.entries[index as usize];
            for (word, mask) in entry.footprint.words() {
                taken[word] |= mask;
            }
            if !entry.favored {
                entry.favored = true;
                self.favored += 1;
                self.pending_favored += usize::from(entry.fuzzed == 0);
            }
        }
    }

    /// Goes on to the next entry; a new cycle begins behind the last one.
    fn advance(&mut self) -> usize {
        let next = self.position.map_or(0, |position| position + 1);
        self.position = Some(if next < self.entries.len() && self.cycle > 0 {
            next
        } else {
            self.begin_cycle();
            0
        });
        self.position()
    }

    fn begin_cycle(&mut self) {
        if self.cycle > 0 {
            if self.entries.len() == self.entries_at_cycle_start {
                self.cycles_without_finds += 1;
            } else {
                self.cycles_without_finds = 0;
            }
        }
        self.cycle += 1;
        self.entries_at_cycle_start = self.entries.len();
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

impl Scheduler<BytesInput, State> for Queue {
    fn on_add(&mut self, state: &mut State, id: CorpusId) -> Result<(), Error> {
        if usize::from(id) != self.entries.len() {
            return Err(Error::illegal_state(format!(
                "testcase {id} was added out of order"
            )));
        }
        let testcase = state.corpus().get(id)?.borrow();
        let len = testcase
            .input()
            .as_ref()
            .map_or(0, |input| input.as_ref().len());
        let parent = state
            .corpus()
            .current()
            .map(|parent| self.entry(parent).depth);
        let depth = parent.unwrap_or(0) + 1;
        drop(testcase);
        self.pending += 1;
        self.totals.max_depth = self.totals.max_depth.max(depth);
        self.entries.push(Entry {
            number: self.entries.len() as u32,
            len,
            depth,
            handicap: self.cycle.saturating_sub(1),
            ..Entry::default()
        });
        Ok(())
    }

    /// There is nothing to do for a single run.
    fn on_evaluation<OT: MatchName>(
        &mut self,
        _state: &mut State,
        _input: &BytesInput,
        _observers: &OT,
    ) -> Result<(), Error> {
        Ok(())
    }

    fn next(&mut self, state: &mut State) -> Result<CorpusId, Error> {
        const HUNDRED: NonZeroUsize = NonZeroUsize::new(100).unwrap();
        if self.active() == 0 {
            return Err(Error::empty("the queue is empty"));
        }
        self.cull();
        let id = loop {
            let index = self.advance();
            let chance = self.chance_to_pass(&self.entries[index]);
            if chance == 0 || state.rand_mut().below(HUNDRED) >= chance {
                break CorpusId(index);
            }
        };
        self.set_current_scheduled(state, Some(id))?;
        Ok(id)
    }

    fn set_current_scheduled(
        &mut self,
        state: &mut State,
        next: Option<CorpusId>,
    ) -> Result<(), Error> {
        *state.corpus_mut().current_mut() = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
