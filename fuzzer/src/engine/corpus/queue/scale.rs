//! What choosing costs with 100,000 entries. `cargo xtask bench queue` runs this
//! optimised and reads the times; the test itself counts work.

use super::{
    Measured, Queue,
    choice::{FAVORED_SHARE, TABLE_SHARE},
};
use crate::engine::{config::Schedule, corpus::CorpusId, coverage::Trace};
use fast_rands::StdRand;
use std::time::{Duration, Instant};

const ENTRIES: usize = 100_000;
const EDGES: usize = 65_536;

/// So many choices are made, and after each so many of them something is found.
const CHOICES: usize = 5_000;
const FIND_EACH: usize = 10;

/// The time of a choice is the mean of so many, and the median of these: other programs
/// may have the processor in between.
const BATCH: usize = 250;

/// What a choice may touch in the mean: entries of the table and edges of the map.
const MOST_TOUCHED: u64 = (TABLE_SHARE + FAVORED_SHARE) as u64;

/// An entry that takes edges here and there. One that is found later is cheap, so that it
/// is the best one of some of them.
fn add(queue: &mut Queue, number: usize) {
    let mut random = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut next = || {
        random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        (random >> 33) as usize
    };
    let mut words: Vec<usize> = (0..30).map(|_| next() % (EDGES / 8)).collect();
    words.sort_unstable();
    words.dedup();
    let mut trace = Trace::default();
    for word in words {
        trace.push(word, 0x0100_0100_0000_0100);
    }
    queue.push(10 + next() % 1000, 1 + (next() % 20) as u32);
    queue.measured(
        CorpusId::new(number),
        Measured {
            exec_us: if number < ENTRIES {
                50 + next() as u64 % 1000
            } else {
                1
            },
            footprint: trace.footprint(),
            variable: false,
            slot: None,
        },
    );
}

#[test]
fn a_choice_among_100_000_entries_costs_little_however_often_something_is_found() {
    let mut queue = Queue::new(false);
    let mut rand = StdRand::with_seed(1);
    for number in 0..ENTRIES {
        add(&mut queue, number);
    }
    for (schedule, sequential) in [
        (Schedule::Explore, false),
        (Schedule::Coe, false),
        (Schedule::Explore, true),
    ] {
        queue = queue.with_schedule(schedule, sequential);
        // The first choices are of favored entries, one after another.
        while queue.counts().1 > 0 || queue.table.len() == 0 {
            let id = queue.next(&mut rand, 0).unwrap();
            queue.fuzzed(id);
            if sequential && queue.counts().1 == 0 {
                break;
            }
        }
        let before = queue.cull_upkeep.done + queue.table_upkeep.done;
        let mut distinct = std::collections::HashSet::new();
        let mut batches = Vec::new();
        let mut spent = Duration::ZERO;
        for choice in 0..CHOICES {
            if choice % FIND_EACH == 0 {
                let number = queue.len();
                add(&mut queue, number);
            }
            let began = Instant::now();
            let id = queue.next(&mut rand, 0).unwrap();
            spent += began.elapsed();
            if choice % BATCH == BATCH - 1 {
                batches.push(std::mem::take(&mut spent) / BATCH as u32);
            }
            queue.fuzzed(id);
            distinct.insert(id.index());
        }
        batches.sort_unstable();
        let touched = queue.cull_upkeep.done + queue.table_upkeep.done - before;
        let most = (CHOICES as u64) * MOST_TOUCHED + 2 * (ENTRIES + EDGES * 10) as u64;
        assert!(
            touched <= most,
            "{schedule:?}: {touched} touched, {most} at the most"
        );
        assert!(
            distinct.len() > 100,
            "{schedule:?}: {} chosen",
            distinct.len()
        );
        let schedule = if sequential {
            "in order".into()
        } else {
            format!("{schedule:?}")
        };
        println!(
            "queue: {schedule:8} {:6} ns a choice, {:5} entries and edges touched by upkeep, \
             {} favored",
            batches[batches.len() / 2].as_nanos(),
            touched / CHOICES as u64,
            queue.counts().0,
        );
    }
}
