//! What runs mean, without a process: the counters are a few words of memory.

use super::{CounterMap, Coverage, Novelty, Trace, Verdict};
use std::cell::Cell;
use tine_controller::Outcome;

/// A map of 64 counters.
#[derive(Default)]
struct Map([Cell<u64>; 8]);

impl CounterMap for Map {
    fn take_nonzero(&self, mut found: impl FnMut(usize, u64)) {
        for (word, counters) in self.0.iter().enumerate() {
            match counters.take() {
                0 => {}
                counters => found(word, counters),
            }
        }
    }
}

impl Map {
    /// A run: each edge with how often it was taken.
    fn run(&self, edges: &[(usize, u8)]) {
        for &(edge, count) in edges {
            let word = &self.0[edge / 8];
            let mut bytes = word.get().to_ne_bytes();
            bytes[edge % 8] = count;
            word.set(u64::from_ne_bytes(bytes));
        }
    }
}

const OK: Outcome = Outcome::Exited(0);
const CRASH: Outcome = Outcome::Signaled {
    signal: 11,
    core: false,
};

/// Judges runs one after another, and learns what is new as a session does.
struct Judge {
    coverage: Coverage,
    map: Map,
    trace: Trace,
}

impl Judge {
    fn new(coverage: Coverage) -> Self {
        Self {
            coverage,
            map: Map::default(),
            trace: Trace::default(),
        }
    }

    fn run(&mut self, outcome: Outcome, edges: &[(usize, u8)]) -> Verdict {
        self.map.run(edges);
        let verdict = self.coverage.judge(outcome, &self.map, &mut self.trace);
        assert!(self.map.0.iter().all(|word| word.get() == 0), "clean again");
        if verdict == Verdict::New {
            self.coverage.learn(&self.trace);
        }
        verdict
    }
}

#[test]
fn an_input_is_a_testcase_by_what_it_covers() {
    let mut judge = Judge::new(Coverage::new(8));
    assert_eq!(judge.run(OK, &[(1, 1)]), Verdict::New);
    assert_eq!(judge.run(OK, &[(1, 1)]), Verdict::Known);
    assert_eq!(judge.run(Outcome::Exited(3), &[(1, 1)]), Verdict::Known);
    assert_eq!(judge.run(OK, &[(1, 2)]), Verdict::New, "another bucket");
    assert_eq!(
        judge.run(Outcome::LoopDone, &[(1, 1), (60, 1)]),
        Verdict::New
    );
    assert_eq!(judge.run(OK, &[]), Verdict::Known);
    assert_eq!(judge.coverage.edges(), 2);
}

#[test]
fn what_is_not_learned_stays_new() {
    let coverage = Coverage::new(8);
    let (map, mut trace) = (Map::default(), Trace::default());
    for _ in 0..2 {
        map.run(&[(5, 1)]);
        let verdict = coverage.judge(OK, &map, &mut trace);
        assert_eq!(verdict, Verdict::New);
    }
}

#[test]
fn faults_are_no_testcases_and_new_by_their_edges() {
    let mut judge = Judge::new(Coverage::new(8));
    let is_new = true;
    assert_eq!(judge.run(CRASH, &[(1, 1)]), Verdict::Crash { is_new });
    assert!(judge.coverage.learn_fault(CRASH, &judge.trace, b"a"));
    assert_eq!(judge.run(CRASH, &[(1, 9)]), Verdict::Crash { is_new });
    let again = judge.coverage.learn_fault(CRASH, &judge.trace, b"b");
    assert!(!again, "how often does not matter");
    let timeout = judge.run(Outcome::TimedOut, &[(1, 1)]);
    assert_eq!(timeout, Verdict::Timeout);
    let other = judge
        .coverage
        .learn_fault(Outcome::TimedOut, &judge.trace, b"a");
    assert!(other, "timeouts and crashes are distinct");
    assert_eq!(
        judge.run(OK, &[(1, 1)]),
        Verdict::New,
        "faults teach no edges"
    );
    let is_new = false;
    assert_eq!(judge.run(CRASH, &[(1, 1)]), Verdict::Crash { is_new });
}

#[test]
fn where_crashes_are_explored_other_runs_are_of_no_use() {
    let mut judge = Judge::new(Coverage::new(8).exploring_crashes(true));
    assert_eq!(judge.run(OK, &[(1, 1)]), Verdict::Known);
    let crash = judge.run(CRASH, &[(1, 1)]);
    assert_eq!(crash, Verdict::Crash { is_new: true });
}

#[test]
fn faults_of_a_target_without_coverage_are_new_until_they_are_saved() {
    let mut coverage = Coverage::new(0).blind(true);
    let trace = Trace::default();
    for _ in 0..2 {
        assert!(coverage.learn_fault(CRASH, &trace, b"a"));
    }
    coverage.saved_fault(CRASH, b"a");
    assert!(!coverage.learn_fault(CRASH, &trace, b"a"));
    assert!(coverage.learn_fault(CRASH, &trace, b"b"));
}

#[test]
fn edges_that_vary_are_not_new_any_more() {
    let mut judge = Judge::new(Coverage::new(8));
    judge.run(OK, &[(1, 1), (9, 1)]);
    let first = judge.trace.clone();
    judge.run(OK, &[(1, 1), (9, 40)]);
    assert!(judge.coverage.compare(&first, &judge.trace));
    assert_eq!(judge.run(OK, &[(1, 1), (9, 200)]), Verdict::Known);
    let coverage = &judge.coverage;
    assert_eq!(coverage.checksum(&first), coverage.checksum(&judge.trace));
    assert!(coverage.is_same(&first, &judge.trace));
    assert_eq!(coverage.variable_edges(), 1);
}

#[test]
fn what_is_kept_is_continued_with() {
    let mut judge = Judge::new(Coverage::new(8));
    judge.run(OK, &[(1, 1)]);
    judge.coverage.learn_fault(CRASH, &judge.trace, b"a");
    let mut later = Coverage::new(8);
    later.restore(judge.coverage.maps());
    assert_eq!(later.edges(), 1);
    assert!(!later.learn_fault(CRASH, &judge.trace, b"b"));
    assert_eq!(later.learn(&judge.trace), Novelty::Nothing);
}
