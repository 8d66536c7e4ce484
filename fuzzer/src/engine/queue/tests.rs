use super::{Measured, Queue};
use crate::engine::{State, new_state, trace::Trace};
use libafl::{
    corpus::{Corpus, CorpusId, Testcase},
    inputs::BytesInput,
    schedulers::Scheduler,
    state::HasCorpus,
};

fn measured(exec_us: u64, edges: &[usize]) -> Measured {
    let mut trace = Trace::default();
    for &edge in edges {
        trace.push(edge, 1);
    }
    Measured {
        exec_us,
        footprint: trace.footprint(),
        variable: false,
    }
}

fn add(
    queue: &mut Queue,
    state: &mut State,
    len: usize,
    exec_us: u64,
    edges: &[usize],
) -> CorpusId {
    let input = BytesInput::new(vec![b'x'; len]);
    let id = state.corpus_mut().add(Testcase::new(input)).unwrap();
    queue.on_add(state, id).unwrap();
    queue.measured(id, measured(exec_us, edges));
    id
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
    let (mut queue, mut state) = (Queue::new(false), new_state(1).unwrap());
    add(&mut queue, &mut state, 10, 100, &[1, 2]);
    assert_eq!(favored(&mut queue), [0]);
    add(&mut queue, &mut state, 10, 900, &[1, 2, 3]);
    assert_eq!(favored(&mut queue), [0, 1], "only the second takes edge 3");
    add(&mut queue, &mut state, 5, 100, &[1, 2, 3]);
    assert_eq!(
        favored(&mut queue),
        [2],
        "less than a millisecond counts too"
    );
    assert_eq!(queue.counts(), (1, 1, 3));
}

#[test]
fn a_favored_entry_that_covers_the_rest_makes_others_superfluous() {
    let (mut queue, mut state) = (Queue::new(false), new_state(1).unwrap());
    add(&mut queue, &mut state, 10, 100, &[5]);
    add(&mut queue, &mut state, 10, 90, &[1, 5]);
    assert_eq!(favored(&mut queue), [1]);
}

#[test]
fn without_time_only_the_length_counts() {
    let (mut queue, mut state) = (Queue::new(true), new_state(1).unwrap());
    add(&mut queue, &mut state, 10, 1, &[1]);
    add(&mut queue, &mut state, 9, 1_000_000, &[1]);
    assert_eq!(favored(&mut queue), [1]);
}

#[test]
fn new_favored_entries_come_first() {
    let (mut queue, mut state) = (Queue::new(false), new_state(7).unwrap());
    for _ in 0..50 {
        add(&mut queue, &mut state, 100, 100, &[1]);
    }
    let special = add(&mut queue, &mut state, 100, 100, &[2]);
    add(&mut queue, &mut state, 1, 100, &[1]);
    let mut chosen = [0; 52];
    for _ in 0..400 {
        let id = queue.next(&mut state).unwrap();
        chosen[usize::from(id)] += 1;
        queue.fuzzed(id);
    }
    assert_eq!(queue.counts().1, 0, "no favored entry is left waiting");
    let others = (400 - chosen[51] - chosen[usize::from(special)]) / 50;
    assert!(
        chosen[51] > 10 * others && chosen[usize::from(special)] > 10 * others,
        "{chosen:?}"
    );
}

#[test]
fn cycles_are_counted_and_finds_end_a_dry_spell() {
    let (mut queue, mut state) = (Queue::new(false), new_state(1).unwrap());
    add(&mut queue, &mut state, 1, 1, &[1]);
    add(&mut queue, &mut state, 1, 1, &[2]);
    for expected in [(1, 0), (1, 0), (2, 1), (2, 1), (3, 2)] {
        let id = queue.next(&mut state).unwrap();
        queue.fuzzed(id);
        assert_eq!((queue.cycle(), queue.cycles_without_finds()), expected);
    }
    add(&mut queue, &mut state, 1, 1, &[3]);
    while queue.cycle() == 3 {
        let id = queue.next(&mut state).unwrap();
        queue.fuzzed(id);
    }
    assert_eq!(queue.cycles_without_finds(), 0);
}

#[test]
fn depth_grows_from_the_entry_that_is_fuzzed() {
    let (mut queue, mut state) = (Queue::new(false), new_state(1).unwrap());
    let seed = add(&mut queue, &mut state, 1, 1, &[1]);
    assert_eq!(queue.entry(seed).depth, 1);
    let current = queue.next(&mut state).unwrap();
    assert_eq!(current, seed);
    let find = add(&mut queue, &mut state, 1, 1, &[2]);
    assert_eq!(queue.entry(find).depth, 2);
}
