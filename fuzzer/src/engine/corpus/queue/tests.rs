use super::{CorpusId, Measured, Queue};
use crate::engine::{config::Schedule, coverage::Trace};
use fast_rands::StdRand;

fn measured(exec_us: u64, edges: &[usize]) -> Measured {
    let mut trace = Trace::default();
    for &edge in edges {
        trace.push(edge, 1);
    }
    Measured {
        exec_us,
        footprint: trace.footprint(),
        variable: false,
        slot: None,
    }
}

fn add(queue: &mut Queue, len: usize, exec_us: u64, edges: &[usize]) -> CorpusId {
    add_to(queue, None, len, exec_us, edges)
}

fn add_to(
    queue: &mut Queue,
    parent: Option<CorpusId>,
    len: usize,
    exec_us: u64,
    edges: &[usize],
) -> CorpusId {
    let id = queue.add(0, len, parent);
    queue.measured(id, measured(exec_us, edges));
    id
}

const fn index(id: CorpusId) -> usize {
    id.index()
}

fn favored(queue: &mut Queue) -> Vec<usize> {
    queue.cull();
    let entries = queue.entries().iter().enumerate();
    entries
        .filter(|(_, entry)| entry.favored)
        .map(|(index, _)| index)
        .collect()
}

#[test]
fn the_cheapest_entry_of_each_edge_is_favored() {
    let mut queue = Queue::new(false);
    add(&mut queue, 10, 100, &[1, 2]);
    assert_eq!(favored(&mut queue), [0]);
    add(&mut queue, 10, 900, &[1, 2, 3]);
    assert_eq!(favored(&mut queue), [0, 1], "only the second takes edge 3");
    add(&mut queue, 5, 100, &[1, 2, 3]);
    assert_eq!(
        favored(&mut queue),
        [2],
        "less than a millisecond counts too"
    );
    assert_eq!(queue.counts(), (1, 1, 3));
}

#[test]
fn a_favored_entry_that_covers_the_rest_makes_others_superfluous() {
    let mut queue = Queue::new(false);
    add(&mut queue, 10, 100, &[5]);
    add(&mut queue, 10, 90, &[1, 5]);
    assert_eq!(favored(&mut queue), [1]);
}

#[test]
fn without_time_only_the_length_counts() {
    let mut queue = Queue::new(true);
    add(&mut queue, 10, 1, &[1]);
    add(&mut queue, 9, 1_000_000, &[1]);
    assert_eq!(favored(&mut queue), [1]);
}

#[test]
fn new_favored_entries_come_first() {
    let (mut queue, mut rand) = (Queue::new(false), StdRand::with_seed(7));
    for _ in 0..50 {
        add(&mut queue, 100, 100, &[1]);
    }
    let special = add(&mut queue, 100, 100, &[2]);
    add(&mut queue, 1, 100, &[1]);
    let mut chosen = [0; 52];
    for _ in 0..400 {
        let id = queue.next(&mut rand, 0).unwrap();
        chosen[id.index()] += 1;
        queue.fuzzed(id);
    }
    assert_eq!(queue.counts().1, 0, "no favored entry is left waiting");
    let others = (400 - chosen[51] - chosen[index(special)]) / 50;
    assert!(
        chosen[51] > 10 * others && chosen[index(special)] > 10 * others,
        "{chosen:?}"
    );
}

#[test]
fn cycles_are_counted_and_finds_end_a_dry_spell() {
    let (mut queue, mut rand) = (Queue::new(false), StdRand::with_seed(1));
    add(&mut queue, 1, 1, &[1]);
    add(&mut queue, 1, 1, &[2]);
    for expected in [(1, 0), (1, 0), (2, 1), (2, 1), (3, 2)] {
        let id = queue.next(&mut rand, 0).unwrap();
        queue.fuzzed(id);
        assert_eq!((queue.cycle(), queue.cycles_without_finds()), expected);
    }
    add(&mut queue, 1, 1, &[3]);
    while queue.cycle() == 3 {
        let id = queue.next(&mut rand, 0).unwrap();
        queue.fuzzed(id);
    }
    assert_eq!(queue.cycles_without_finds(), 0);
}

#[test]
fn depth_grows_from_the_entry_that_is_fuzzed() {
    let (mut queue, mut rand) = (Queue::new(false), StdRand::with_seed(1));
    let seed = add(&mut queue, 1, 1, &[1]);
    assert_eq!(queue.entry(seed).depth, 1);
    let current = queue.next(&mut rand, 0);
    assert_eq!(current, Some(seed));
    let find = add_to(&mut queue, current, 1, 1, &[2]);
    assert_eq!(queue.entry(find).depth, 2);
}

#[test]
fn in_order_means_one_entry_after_another() {
    let mut queue = Queue::new(false).with_schedule(Schedule::Explore, true);
    let mut rand = StdRand::with_seed(1);
    for edge in 0..5 {
        add(&mut queue, 1, 1, &[edge]);
    }
    let chosen: Vec<_> = (0..12)
        .map(|_| {
            let id = queue.next(&mut rand, 0).unwrap();
            queue.fuzzed(id);
            id.index()
        })
        .collect();
    assert_eq!(chosen, [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1]);
    assert_eq!(queue.cycle(), 3);
}

#[test]
fn the_only_entry_of_an_edge_is_favored_without_waiting() {
    let (mut queue, mut rand) = (Queue::new(false), StdRand::with_seed(1));
    add(&mut queue, 10, 10, &[1]);
    let first = queue.next(&mut rand, 0).unwrap();
    queue.fuzzed(first);
    for edge in 2..200 {
        let id = add(&mut queue, 1000, 1000, &[1, edge]);
        assert_eq!(queue.next(&mut rand, 0).unwrap(), id);
        queue.fuzzed(id);
    }
}

#[test]
fn the_favored_ones_are_the_same_however_often_they_are_chosen_anew() {
    let mut queue = Queue::new(false);
    for number in 0..300 {
        let edges = [number % 7, number % 31 + 7, number % 50 + 40];
        add(&mut queue, 1 + (number * 37) % 100, 10, &edges);
        if number % 3 == 0 {
            queue.cull();
        }
    }
    let (before, counts) = (favored(&mut queue), queue.counts());
    queue.changed = true;
    assert_eq!((favored(&mut queue), queue.counts()), (before, counts));
}

#[test]
fn a_dropped_entry_is_not_chosen_and_its_edges_are_left_to_others() {
    for sequential in [false, true] {
        let mut queue = Queue::new(false).with_schedule(Schedule::Explore, sequential);
        let mut rand = StdRand::with_seed(1);
        let ids: Vec<_> = (0..20).map(|edge| add(&mut queue, 1, 1, &[edge])).collect();
        for _ in 0..10 {
            let id = queue.next(&mut rand, 0).unwrap();
            queue.fuzzed(id);
        }
        for id in &ids[1..] {
            assert!(queue.drop_entry(*id));
            assert!(!queue.drop_entry(*id), "once");
        }
        assert_eq!(queue.active(), 1);
        for _ in 0..50 {
            let id = queue.next(&mut rand, 0).unwrap();
            assert_eq!(id, ids[0]);
            queue.fuzzed(id);
        }
        assert_eq!(favored(&mut queue), [0]);
        assert_eq!(queue.counts(), (1, 0, 0));
        let heir = add(&mut queue, 9, 9, &[5]);
        assert_eq!(favored(&mut queue), [0, index(heir)]);
        queue.drop_entry(ids[0]);
        queue.drop_entry(heir);
        assert!(queue.next(&mut rand, 0).is_none());
    }
}

#[test]
fn rare_entries_are_the_best_ones_with_the_schedule_rare() {
    let mut queue = Queue::new(false).with_schedule(Schedule::Rare, false);
    let add = |queue: &mut Queue, len: usize, slot: u32| {
        let id = queue.add(0, len, None);
        queue.measured(
            id,
            Measured {
                slot: Some(slot),
                ..measured(10, &[1])
            },
        );
        id
    };
    add(&mut queue, 10, 1);
    queue.frequencies_mut().unwrap().set(1, 1000);
    let rare = add(&mut queue, 5000, 2);
    assert_eq!(favored(&mut queue), [index(rare)], "longer, but rare");
    add(&mut queue, 9000, 3);
    assert_eq!(favored(&mut queue), [index(rare)], "as rare, but longer");
}

#[test]
fn an_entry_that_was_shortened_becomes_the_best_one() {
    let mut queue = Queue::new(false);
    let short = add(&mut queue, 10, 100, &[1]);
    let long = add(&mut queue, 100, 100, &[1, 2]);
    assert_eq!(favored(&mut queue), [index(short), index(long)]);
    queue.shortened(long, 9);
    assert_eq!(queue.entry(long).len, 9);
    assert_eq!(favored(&mut queue), [index(long)]);
    queue.shortened(long, 8);
    assert_eq!(queue.entry(long).best_of, 2);
}

#[test]
fn schedules_can_follow_one_another() {
    let mut queue = Queue::new(false)
        .with_schedule(Schedule::Explore, false)
        .cycling(true);
    let mut rand = StdRand::with_seed(1);
    add(&mut queue, 1, 1, &[1]);
    let schedules: Vec<_> = (0..5)
        .map(|_| {
            let id = queue.next(&mut rand, 0).unwrap();
            queue.fuzzed(id);
            format!("{:?}", queue.schedule)
        })
        .collect();
    let expected = ["Explore", "Exploit", "Mmopt", "Seek", "Explore"];
    assert_eq!(schedules, expected);
}
