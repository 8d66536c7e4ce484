//! How long an entry is fuzzed: AFL's "explore" schedule.

use super::queue::Queue;
use libafl::corpus::CorpusId;

/// The score of an average entry.
pub const AVERAGE: u64 = 100;

/// No entry gets more than this many times the average.
pub const MOST: u64 = 64 * AVERAGE;

/// The score of an entry: fast entries that take many edges, and those far from
/// the seeds, are fuzzed for longer. Uses up a part of its handicap.
pub fn score(queue: &mut Queue, id: CorpusId) -> u64 {
    let totals = queue.totals;
    let count = totals.measured.max(1);
    let average_us = totals.exec_us / count as u64;
    let average_edges = totals.edges / count;
    let ignore_time = queue.ignore_time;
    let entry = queue.entry_mut(id);

    let by_time = if ignore_time {
        AVERAGE
    } else {
        by_time(entry.exec_us, average_us)
    };
    let (edge_factor, edge_divisor) = by_edges(entry.edges, average_edges);
    let catch_up = match entry.handicap {
        0 => 1,
        1..=3 => 2,
        _ => 4,
    };
    entry.handicap -= match catch_up {
        4 => 4,
        2 => 1,
        _ => 0,
    };
    let by_depth = match entry.depth {
        0..=3 => 1,
        4..=7 => 2,
        8..=13 => 3,
        14..=25 => 4,
        _ => 5,
    };
    (by_time * edge_factor / edge_divisor * catch_up * by_depth).clamp(1, MOST)
}

/// From a tenth of the average for slow entries to three times for fast ones.
fn by_time(us: u64, average: u64) -> u64 {
    if us > average * 10 {
        10
    } else if us > average * 4 {
        25
    } else if us > average * 2 {
        50
    } else if us * 3 > average * 4 {
        75
    } else if us * 4 < average {
        300
    } else if us * 3 < average {
        200
    } else if us * 2 < average {
        150
    } else {
        AVERAGE
    }
}

/// From a quarter of the average to three times, as a fraction.
fn by_edges(edges: usize, average: usize) -> (u64, u64) {
    if edges * 3 > average * 10 {
        (3, 1)
    } else if edges > average * 2 {
        (2, 1)
    } else if edges * 3 > average * 4 {
        (3, 2)
    } else if edges * 3 < average {
        (1, 4)
    } else if edges * 2 < average {
        (1, 2)
    } else if edges * 3 < average * 2 {
        (3, 4)
    } else {
        (1, 1)
    }
}

/// By how much less slow targets are fuzzed an entry, so that the queue still
/// comes round. `ignore_time` for a repeatable session.
#[must_use]
pub fn slowness(queue: &Queue) -> u64 {
    if queue.ignore_time {
        return 1;
    }
    match queue.totals.exec_us / queue.totals.measured.max(1) as u64 {
        0..=10_000 => 1,
        10_001..=20_000 => 2,
        20_001..=50_000 => 5,
        _ => 10,
    }
}

#[cfg(test)]
mod tests {
    use super::{by_edges, by_time};

    #[test]
    fn fast_entries_are_fuzzed_longer() {
        let scores = [1001, 401, 201, 134, 100, 49, 33, 24].map(|us| by_time(us, 100));
        assert_eq!(scores, [10, 25, 50, 75, 100, 150, 200, 300]);
    }

    #[test]
    fn entries_with_many_edges_are_fuzzed_longer() {
        let scores = [334, 201, 134, 100, 66, 49, 33].map(|edges| by_edges(edges, 100));
        assert_eq!(
            scores,
            [(3, 1), (2, 1), (3, 2), (1, 1), (3, 4), (1, 2), (1, 4)]
        );
    }
}
