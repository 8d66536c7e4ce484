use super::{AVERAGE, MOST, by_edges, by_time};
use crate::engine::{
    config::Schedule,
    corpus::{CorpusId, Frequencies, Measured, Queue},
    coverage::Trace,
};

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

/// What is special about the one entry that is looked at.
#[derive(Clone, Copy)]
struct Special {
    exec_us: u64,
    depth: u32,
    handicap: u64,
    fuzzed: u32,
    favored: bool,
    /// How many runs took the same way.
    common: u32,
}

/// An entry like all others.
const PLAIN: Special = Special {
    exec_us: 100,
    depth: 1,
    handicap: 0,
    fuzzed: 3,
    favored: false,
    common: 32,
};

const RUNS: u64 = 1000;

/// The last of ten entries.
const LAST: CorpusId = CorpusId::new(9);

/// Its weight.
fn weight(queue: &Queue) -> f64 {
    queue.basis().weight(queue.entry(LAST), 1)
}

/// A queue of ten entries of 100 bytes, 100 us and 8 edges, each of which was seen 32
/// times. The last one is special; the one before it lies 20 levels deep.
fn queue(schedule: Schedule, special: Special) -> Queue {
    let mut queue = Queue::new(false).with_schedule(schedule, false);
    for number in 0..10 {
        let is_special = number == 9;
        let id = queue.add(number as u32, 100, None);
        let mut trace = Trace::default();
        // Edges of its own, so that it could be favored.
        trace.push(number, 0x0101_0101_0101_0101);
        queue.measured(
            id,
            Measured {
                exec_us: if is_special { special.exec_us } else { 100 },
                footprint: trace.footprint(),
                variable: false,
                slot: Some(Frequencies::slot(&trace)),
            },
        );
        if let Some(frequencies) = queue.frequencies_mut() {
            let common = if is_special { special.common } else { 32 };
            frequencies.set(Frequencies::slot(&trace), common);
        }
        let entry = queue.entry_mut(id);
        entry.fuzzed = 3;
        entry.favored = false;
        if is_special {
            entry.fuzzed = special.fuzzed;
            entry.favored = special.favored;
            entry.handicap = special.handicap;
        }
        queue.set_depth(id, if number == 8 { 20 } else { 1 });
    }
    queue.set_depth(LAST, special.depth);
    queue.build_table(RUNS);
    queue
}

#[test]
fn scores_are_those_of_afl_fuzz() {
    use Schedule::{Coe, Exploit, Explore, Fast, Lin, Mmopt, Quad, Rare, Seek};
    let slow = Special {
        exec_us: 10_000,
        ..PLAIN
    };
    let new = Special { fuzzed: 0, ..PLAIN };
    let favored = Special {
        favored: true,
        ..PLAIN
    };
    let deep = Special { depth: 20, ..PLAIN };
    let late = Special {
        handicap: 9,
        ..PLAIN
    };
    let common = |common| Special { common, ..PLAIN };
    let often = Special {
        fuzzed: 100,
        common: 9,
        ..PLAIN
    };
    for (schedule, special, expected) in [
        (Explore, PLAIN, 100),
        (Explore, late, 400),
        (Explore, deep, 400),
        (Explore, common(1), 100),
        // Two of ten entries are slow enough to raise the mean to 1090 us.
        (Explore, slow, 25),
        (Seek, slow, 100),
        (Rare, slow, 174),
        (Mmopt, PLAIN, 100),
        (Mmopt, deep, 800),
        (Exploit, PLAIN, 3200),
        (Exploit, deep, MOST),
        (Fast, PLAIN, 100),
        (Fast, new, 100),
        (Fast, favored, 114),
        (Fast, common(1), 400),
        (Fast, common(3), 400),
        (Fast, common(4), 300),
        (Fast, common(16), 200),
        (Fast, common(64), 80),
        (Fast, common(128), 60),
        (Fast, common(1 << 20), 40),
        (
            Fast,
            Special {
                favored: true,
                ..common(1 << 20)
            },
            114,
        ),
        (Coe, PLAIN, 100),
        (Coe, common(4), 300),
        (Coe, common(64), 0),
        (
            Coe,
            Special {
                fuzzed: 0,
                ..common(64)
            },
            100,
        ),
        (
            Coe,
            Special {
                favored: true,
                ..common(64)
            },
            100,
        ),
        (Lin, PLAIN, 1),
        (Lin, new, 100),
        (Lin, often, 1000),
        (Quad, often, 3200),
        (Quad, PLAIN, 1),
        // Ten for each of its eight edges; 32 of 1000 runs took the same way.
        (Rare, PLAIN, 174),
        (Rare, common(500), 90),
    ] {
        let mut queue = queue(schedule, special);
        let score = queue.score(LAST, RUNS);
        let Special {
            exec_us,
            depth,
            handicap,
            fuzzed,
            favored,
            common,
        } = special;
        assert_eq!(
            score, expected,
            "{schedule:?}: {exec_us} us, depth {depth}, handicap {handicap}, fuzzed {fuzzed}, \
             favored {favored}, common {common}"
        );
    }
}

#[test]
fn the_handicap_is_used_up() {
    let mut queue = queue(
        Schedule::Explore,
        Special {
            handicap: 9,
            ..PLAIN
        },
    );
    let scores: Vec<_> = (0..4).map(|_| queue.score(LAST, RUNS)).collect();
    assert_eq!(scores, [4, 4, 2, 1].map(|factor| factor * AVERAGE));
}

#[test]
fn weights_are_those_of_afl_fuzz() {
    use Schedule::{Explore, Fast, Mmopt, Rare, Seek};
    // Of time, length, edges (8 of e^2.08) and not being favored.
    let plain = 1.1 * 1.05 * 0.75 * 0.75;
    let new = Special { fuzzed: 0, ..PLAIN };
    let favored = Special {
        favored: true,
        ..PLAIN
    };
    let common = Special {
        common: 1000,
        ..PLAIN
    };
    let deep = Special { depth: 20, ..PLAIN };
    for (name, schedule, special, expected) in [
        ("plain", Explore, PLAIN, plain),
        ("new", Explore, new, plain * 2.5),
        ("favored", Explore, favored, plain / 0.75),
        ("common", Explore, common, plain),
        ("common", Fast, common, plain / 4.0),
        (
            "slightly slow",
            Explore,
            Special {
                exec_us: 120,
                ..PLAIN
            },
            plain / 1.1,
        ),
        (
            "fast",
            Explore,
            Special {
                exec_us: 1,
                ..PLAIN
            },
            plain / 1.1,
        ),
        ("a late find", Mmopt, deep, plain * 2.0),
        ("a seed", Mmopt, PLAIN, plain),
        ("by score", Seek, deep, 400.0),
        ("by score", Rare, PLAIN, 174.0),
    ] {
        let queue = queue(schedule, special);
        let weight = weight(&queue);
        assert!(
            (weight - expected).abs() < 1e-9,
            "{name}, {schedule:?}: {weight} {expected}"
        );
    }
}

#[test]
fn a_dropped_entry_has_no_weight() {
    let mut queue = queue(Schedule::Explore, PLAIN);
    queue.drop_entry(LAST);
    assert_eq!(weight(&queue), 0.0);
}
