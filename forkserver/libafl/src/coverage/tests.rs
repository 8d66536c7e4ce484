use super::CoverageObserver;
use libafl::{
    executors::ExitKind,
    observers::{MapObserver, Observer},
};
use libafl_bolts::{HasLen, generic_hash_std};

fn begin(observer: &mut CoverageObserver) {
    Observer::<(), ()>::pre_exec(observer, &mut (), &()).expect("an attached observer");
}

fn end(observer: &mut CoverageObserver) {
    Observer::<(), ()>::post_exec(observer, &mut (), &(), &ExitKind::Ok).expect("buckets");
}

/// A map of 24 bytes, of which 10 are counters and the rest is room.
fn observer() -> CoverageObserver {
    let mut observer = CoverageObserver::new("edges");
    observer.resize(24, 10);
    observer
}

fn counts(bytes: [u8; 8]) -> u64 {
    u64::from_ne_bytes(bytes)
}

#[test]
fn counts_are_raw_until_the_end_of_the_run_and_then_in_buckets() {
    let mut edges = observer();
    begin(&mut edges);
    edges.put(0, counts([0, 1, 2, 3, 4, 7, 8, 255]), 24);
    edges.put(1, counts([31, 32, 0, 0, 0, 0, 0, 0]), 24);
    assert_eq!(edges[..], [0, 1, 2, 3, 4, 7, 8, 255, 31, 32]);
    end(&mut edges);
    assert_eq!(edges[..], [0, 1, 2, 4, 8, 8, 16, 128, 32, 64]);
    assert_eq!(edges.count_bytes(), 9);
    assert_eq!(edges.how_many_set(&[0, 1, 9, 1000]), 2);
}

#[test]
fn a_raw_observer_keeps_the_counts() {
    let mut edges = CoverageObserver::raw("edges");
    edges.resize(8, 8);
    begin(&mut edges);
    edges.put(0, counts([9; 8]), 8);
    end(&mut edges);
    assert_eq!(edges.to_vec(), [9; 8]);
}

#[test]
fn nothing_of_a_run_is_left_for_the_next() {
    let mut edges = observer();
    let empty = generic_hash_std(&edges);
    for write in [
        (|edges| edges.put(1, 1, 24)) as fn(&mut CoverageObserver),
        |edges| edges.set(3, 7),
        |edges| edges.fill_slice(5),
    ] {
        begin(&mut edges);
        write(&mut edges);
        assert_ne!(generic_hash_std(&edges), empty);
        end(&mut edges);
        begin(&mut edges);
        assert!(edges.iter().all(|count| *count == 0), "{edges:?}");
        assert_eq!(generic_hash_std(&edges), empty);
    }
}

impl CoverageObserver {
    /// As LibAFL's wrappers write: through a slice of all of it.
    fn fill_slice(&mut self, count: u8) {
        self[..].fill(count);
    }
}

#[test]
fn the_length_grows_with_a_module() {
    let mut edges = observer();
    assert_eq!(edges.usable_count(), 10);
    begin(&mut edges);
    edges.put(2, counts([1, 0, 0, 0, 0, 0, 0, 0]), 20);
    assert_eq!(HasLen::len(&edges), 17);
    edges.put(2, counts([1; 8]), 20);
    assert_eq!(HasLen::len(&edges), 20, "not beyond the map");
    // What lies beyond is nobody's.
    edges.put(3, 1, 24);
    assert_eq!(HasLen::len(&edges), 20);
}

#[test]
fn an_observer_of_no_fork_server_says_so() {
    let mut edges = CoverageObserver::new("edges");
    let error = Observer::<(), ()>::pre_exec(&mut edges, &mut (), &()).expect_err("no map");
    assert!(
        error.to_string().contains("ForkServerBuilder::coverage"),
        "{error}"
    );
}

#[test]
fn an_observer_travels_between_processes() {
    let mut edges = observer();
    begin(&mut edges);
    edges.put(0, 3, 24);
    end(&mut edges);
    let bytes = postcard::to_allocvec(&edges).expect("bytes");
    let mut copy: CoverageObserver = postcard::from_bytes(&bytes).expect("an observer");
    assert_eq!(copy[..], edges[..]);
    // Which words are used does not travel.
    begin(&mut copy);
    assert!(copy.iter().all(|count| *count == 0), "{copy:?}");
}
