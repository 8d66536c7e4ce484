use super::{FlawKind, QueueCorpus};
use crate::report::stats::Cached;
use libafl::{
    corpus::{Corpus, CorpusId, Testcase},
    inputs::BytesInput,
};
use std::{fs, path::Path};

/// A corpus over files of these lengths, each full of its own number.
fn corpus(folder: &Path, budget: usize, lengths: &[usize]) -> QueueCorpus {
    let mut corpus = QueueCorpus::default();
    corpus.keep_in(folder.into(), budget);
    for (number, &len) in lengths.iter().enumerate() {
        let name = format!("id:{number:06}");
        let bytes = vec![number as u8; len];
        fs::write(folder.join(&name), &bytes).unwrap();
        let mut testcase = Testcase::new(BytesInput::new(bytes));
        *testcase.filename_mut() = Some(name);
        corpus.add(testcase).unwrap();
    }
    corpus
}

fn input(corpus: &QueueCorpus, number: usize) -> Vec<u8> {
    let testcase = corpus.get(CorpusId(number)).unwrap().borrow();
    testcase.input().as_ref().unwrap().as_ref().clone()
}

fn cached(bytes: usize, count: usize, evictions: u64) -> Cached {
    Cached {
        bytes,
        count,
        evictions,
    }
}

#[test]
fn what_is_in_memory_stays_within_the_budget() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path(), 1000, &[400; 50]);
    assert_eq!(corpus.cached(), cached(800, 2, 48));
    for number in (0..50).chain((0..50).rev()) {
        assert_eq!(input(&corpus, number), vec![number as u8; 400]);
        assert!(corpus.cached().bytes <= 1000);
    }
}

#[test]
fn the_input_that_was_not_used_for_longest_gives_way() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path(), 300, &[100, 100, 100]);
    input(&corpus, 0);
    fs::remove_dir_all(folder.path()).unwrap();
    let mut corpus = corpus;
    let mut testcase = Testcase::new(BytesInput::new(vec![3; 100]));
    *testcase.filename_mut() = Some("id:000003".into());
    corpus.add(testcase).unwrap();
    // 1 was used before 2 and 0.
    for (number, len) in [(0, 100), (2, 100), (3, 100), (1, 0)] {
        assert_eq!(input(&corpus, number).len(), len, "{number}");
    }
}

#[test]
fn an_input_over_the_budget_is_there_while_it_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(folder.path(), 0, &[10, 20]);
    assert_eq!(corpus.cached(), cached(20, 1, 1));
    let first = corpus.get(CorpusId(0)).unwrap().borrow();
    assert_eq!(input(&corpus, 1), [1; 20]);
    assert_eq!(
        first.input().as_ref().unwrap().as_ref(),
        &[0; 10],
        "what somebody reads does not give way"
    );
}

#[test]
fn files_that_are_gone_or_changed_are_told_of_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut corpus = corpus(folder.path(), 0, &[10, 20, 30, 40]);
    fs::remove_file(folder.path().join("id:000000")).unwrap();
    fs::write(folder.path().join("id:000001"), b"shorter").unwrap();
    fs::write(folder.path().join("id:000002"), b"").unwrap();
    assert_eq!(input(&corpus, 0), b"");
    assert_eq!(input(&corpus, 1), b"shorter");
    assert_eq!(input(&corpus, 2), b"");
    assert_eq!(input(&corpus, 3), [3; 40]);
    assert_eq!(input(&corpus, 1), b"shorter");
    let flaws = corpus.take_flaws();
    let ids: Vec<_> = flaws.iter().map(|flaw| usize::from(flaw.id)).collect();
    assert_eq!(ids, [0, 1, 2]);
    assert!(matches!(flaws[0].kind, FlawKind::Gone(_)));
    assert!(matches!(flaws[1].kind, FlawKind::Changed(7)));
    assert!(matches!(flaws[2].kind, FlawKind::Gone(_)));
    assert!(corpus.take_flaws().is_empty());
}

#[test]
fn a_testcase_that_is_replaced_keeps_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut corpus = corpus(folder.path(), 1000, &[100]);
    let shorter = Testcase::new(BytesInput::new(vec![7; 10]));
    corpus.replace(CorpusId(0), shorter).unwrap();
    assert_eq!(corpus.name(CorpusId(0)).as_deref(), Some("id:000000"));
    assert_eq!(corpus.cached(), cached(10, 1, 0));
    assert_eq!(input(&corpus, 0), [7; 10]);
}

#[test]
fn a_testcase_without_a_file_stays() {
    let mut corpus = QueueCorpus::default();
    corpus.keep_in("/nonexistent".into(), 0);
    for number in 0..3 {
        let testcase = Testcase::new(BytesInput::new(vec![number; 10]));
        corpus.add(testcase).unwrap();
    }
    assert_eq!(input(&corpus, 0), [0; 10]);
    assert_eq!(corpus.cached(), cached(0, 0, 0));
}
