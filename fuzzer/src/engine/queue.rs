//! The queue: what is known of each testcase, which ones are favored (`favored`),
//! and which one is next (`choice`, by the table of `alias`).

mod alias;
mod choice;
mod favored;

use super::{
    State, energy,
    frequency::Frequencies,
    trace::{Footprint, Trace},
};
use crate::engine::config::Schedule;
use alias::AliasTable;
use choice::Upkeep;
use libafl::{
    Error,
    corpus::{Corpus, CorpusId},
    inputs::BytesInput,
    schedulers::Scheduler,
    state::HasCorpus,
};
use libafl_bolts::tuples::MatchName;
use serde::{Deserialize, Serialize};
use std::{cmp::Reverse, collections::BinaryHeap};

/// What is known of a testcase. All of it is kept in the state file (`resume`).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
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
    /// Where runs that take the same way are counted, if they are.
    pub slot: u32,
    pub(super) footprint: Footprint,
    /// Of how many edges it is the best entry.
    pub(super) best_of: usize,
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
    /// Where runs that take the same way are counted, if they are.
    pub slot: Option<u32>,
}

/// All testcases, in the order in which they were found.
#[derive(Debug)]
pub struct Queue {
    entries: Vec<Entry>,
    /// The best entry of each edge, or `NONE`.
    best: Vec<u32>,
    /// For a repeatable session: time, which is never the same, does not count.
    pub(super) ignore_time: bool,
    pub(super) schedule: Schedule,
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
    pub(super) means: energy::Means,
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

    /// Counts a run, for schedules that ask how often runs take the same way.
    #[inline]
    pub fn ran(&mut self, trace: &Trace) {
        if let Some(frequencies) = &mut self.frequencies {
            frequencies.count(trace);
        }
    }

    /// Takes an entry out whose input is lost. Returns whether it was in.
    pub fn drop_entry(&mut self, id: CorpusId) -> bool {
        let index = usize::from(id);
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
        let entry = &mut self.entries[usize::from(id)];
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

    /// Goes on with a dry spell of an earlier session.
    pub(super) const fn recall_dry_spell(&mut self, cycles: u64) {
        self.cycles_without_finds = cycles;
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
        self.push(len, parent.unwrap_or(0) + 1);
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
        let id = self.choose(state)?;
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
mod scale;
#[cfg(test)]
mod tests;
