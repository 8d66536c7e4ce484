//! The example fuzzer finds the bug of a sample target.

mod support;

#[path = "../examples/fuzz.rs"]
mod fuzz;

use std::fs;

use tine_libafl::{Outcome, TineExecutor};

/// Many times what it takes. The random numbers are the same each time.
const RUNS: u64 = 300_000;

#[test]
fn the_example_finds_the_treasure_of_the_maze_and_keeps_its_corpus_on_disk() {
    let folder = support::folder();
    let target = support::sample(&folder, "maze");
    let seeds = folder.path().join("seeds");
    fs::create_dir(&seeds).expect("a folder for the seed");
    fs::write(seeds.join("hello"), "hello").expect("a seed");
    let output = folder.path().join("out");

    let crashes = fuzz::fuzz(target.clone(), seeds, output.clone(), RUNS).expect("a session");
    assert!(crashes > 0, "no crash within {RUNS} runs");

    let queue = support::testcases(&output.join("queue"));
    assert!(queue.contains(&b"hello".to_vec()), "{queue:?}");
    assert!(queue.len() > 5, "a testcase for each room: {queue:?}");
    let crashes = support::testcases(&output.join("crashes"));
    assert!(!crashes.is_empty());
    let mut executor = TineExecutor::builder(target)
        .start(())
        .expect("a fork server");
    for crash in crashes {
        let outcome = executor.run(&crash).expect("a run");
        assert!(
            matches!(outcome, Some(Outcome::Signaled { signal: 6, .. })),
            "{crash:?}: {outcome:?}"
        );
    }
}
