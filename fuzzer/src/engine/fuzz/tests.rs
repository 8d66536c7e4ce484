//! The main loop with all stages, over a fake target.

use super::turns;
use crate::{
    engine::{
        session::harness::{names, seed, session},
        stages::{RedqueenStage, Stages},
    },
    report::summary::Ending,
};

/// Fuzzes for this many runs. Returns what was found.
fn fuzz(random: u64, runs: u64) -> (Vec<String>, Vec<String>, u64) {
    let folder = tempfile::tempdir().unwrap();
    let mut session = session(folder.path(), random, runs);
    session.import_seeds(vec![seed(b"seed")]).unwrap();
    let mut stages = Stages::new(&session.mutation.strategy, RedqueenStage::default());
    let ending = turns(&mut session, &mut stages).unwrap();
    assert_eq!(ending, Ending::Runs);
    let names = |kind| names(folder.path(), kind);
    (names("queue"), names("crashes"), session.tally.runs)
}

#[test]
fn it_finds_its_way_letter_by_letter() {
    let (queue, crashes, runs) = fuzz(1, 200_000);
    assert!(queue.len() >= 4, "{queue:?}");
    assert_eq!(crashes.len(), 1, "{queue:?}");
    assert!(runs < 201_000, "{runs}");
}

#[test]
fn the_same_random_numbers_give_the_same_session() {
    let first = fuzz(3, 20_000);
    assert_eq!(first, fuzz(3, 20_000));
    assert_ne!(first, fuzz(4, 20_000));
}

#[test]
fn every_favored_testcase_gets_its_turn() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = session(folder.path(), 1, 60_000);
    session.import_seeds(vec![seed(b"b"), seed(b"bu")]).unwrap();
    let mut stages = Stages::new(&session.mutation.strategy, RedqueenStage::default());
    turns(&mut session, &mut stages).unwrap();
    let entries = session.corpus.queue.entries();
    assert!(
        entries
            .iter()
            .all(|entry| entry.fuzzed > 0 || !entry.favored)
    );
    assert!(session.corpus.queue.cycle() > 1);
}
