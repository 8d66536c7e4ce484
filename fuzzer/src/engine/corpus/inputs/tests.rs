use super::{CorpusId, Inputs, Problem};
use crate::report::stats::Cached;
use std::{fs, path::Path};

/// Inputs in files of these lengths, each full of its own number.
fn inputs(folder: &Path, budget: usize, lengths: &[usize]) -> Inputs {
    let mut inputs = Inputs::new(folder.into(), budget);
    for (number, &len) in lengths.iter().enumerate() {
        let name = format!("id:{number:06}");
        let bytes = vec![number as u8; len];
        fs::write(folder.join(&name), &bytes).unwrap();
        inputs.add(name, bytes);
    }
    inputs
}

fn input(inputs: &mut Inputs, number: usize) -> Vec<u8> {
    inputs.get(CorpusId::new(number)).to_vec()
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
    let mut inputs = inputs(folder.path(), 1000, &[400; 50]);
    assert_eq!(inputs.cached(), cached(800, 2, 48));
    for number in (0..50).chain((0..50).rev()) {
        assert_eq!(input(&mut inputs, number), vec![number as u8; 400]);
        assert!(inputs.cached().bytes <= 1000);
    }
}

#[test]
fn the_input_that_was_not_used_for_longest_gives_way() {
    let folder = tempfile::tempdir().unwrap();
    let mut inputs = inputs(folder.path(), 300, &[100, 100, 100]);
    input(&mut inputs, 0);
    fs::remove_dir_all(folder.path()).unwrap();
    inputs.add("id:000003".into(), vec![3; 100]);
    // 1 was used before 2 and 0.
    for (number, len) in [(0, 100), (2, 100), (3, 100), (1, 0)] {
        assert_eq!(input(&mut inputs, number).len(), len, "{number}");
    }
}

#[test]
fn an_input_over_the_budget_is_there_while_it_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let mut inputs = inputs(folder.path(), 0, &[10, 20]);
    assert_eq!(inputs.cached(), cached(20, 1, 1));
    assert_eq!(input(&mut inputs, 0), [0; 10]);
    assert_eq!(inputs.cached(), cached(10, 1, 2));
    assert_eq!(input(&mut inputs, 1), [1; 20]);
}

#[test]
fn files_that_are_gone_or_changed_are_told_of_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut inputs = inputs(folder.path(), 0, &[10, 20, 30, 40]);
    fs::remove_file(folder.path().join("id:000000")).unwrap();
    fs::write(folder.path().join("id:000001"), b"shorter").unwrap();
    fs::write(folder.path().join("id:000002"), b"").unwrap();
    assert_eq!(input(&mut inputs, 0), b"");
    assert_eq!(input(&mut inputs, 1), b"shorter");
    assert_eq!(input(&mut inputs, 2), b"");
    assert_eq!(input(&mut inputs, 3), [3; 40]);
    assert_eq!(input(&mut inputs, 1), b"shorter");
    let problems = inputs.take_problems();
    let ids: Vec<_> = problems.iter().map(|it| it.id.index()).collect();
    assert_eq!(ids, [0, 1, 2]);
    assert!(matches!(problems[0].problem, Problem::Gone(_)));
    assert!(matches!(problems[1].problem, Problem::Changed(7)));
    assert!(matches!(problems[2].problem, Problem::Gone(_)));
    assert!(inputs.take_problems().is_empty());
}

#[test]
fn an_input_that_is_replaced_keeps_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut inputs = inputs(folder.path(), 1000, &[100]);
    inputs.replace(CorpusId::new(0), vec![7; 10]);
    assert_eq!(inputs.name(CorpusId::new(0)), "id:000000");
    assert_eq!(inputs.cached(), cached(10, 1, 0));
    assert_eq!(input(&mut inputs, 0), [7; 10]);
}
