//! What follows from a run: what is saved, counted and resumed. No process is started.

use super::{
    Evaluated, Session, Submission,
    harness::{names, seed, session, session_over},
};
use crate::{
    engine::{corpus::CorpusId, executor::fake::FakeTarget},
    report::name::{Import, Operation, Origin},
};
use std::{cell::Cell, fs, rc::Rc};
use tine_controller::Outcome;

const HAVOC: Origin<'_> = Origin::new(0, Operation::Havoc);

fn evaluate(session: &mut Session, input: &[u8]) -> Evaluated {
    let submission = Submission::of(CorpusId::new(0), input, HAVOC);
    session.evaluate(&submission).expect("a run")
}

/// With one seed in the corpus.
fn begun(folder: &std::path::Path) -> Session {
    let mut session = session(folder, 1, u64::MAX);
    session.import_seeds(vec![seed(b"x")]).expect("a seed");
    session
}

#[test]
fn what_covers_something_new_is_kept_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = begun(folder.path());
    let runs = session.tally.runs;
    assert_eq!(
        evaluate(&mut session, b"b"),
        Evaluated::Kept(CorpusId::new(1))
    );
    assert!(session.tally.runs > runs + 1, "it is calibrated");
    assert_eq!(evaluate(&mut session, b"bx"), Evaluated::Known);
    assert_eq!(
        names(folder.path(), "queue"),
        [
            "id:000000,execs:0,orig:a",
            "id:000001,src:000000,execs:9,op:havoc,rep:0,+cov"
        ]
    );
    let entry = session.corpus.queue.entry(CorpusId::new(1));
    assert_eq!((entry.depth, entry.edges, entry.number), (2, 2, 1));
    assert_eq!(session.corpus.inputs.get(CorpusId::new(1)), b"b");
    assert_eq!(session.tally.counters.found, 1);
}

#[test]
fn an_import_is_named_after_its_fuzzer_and_has_no_parent() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = begun(folder.path());
    let import = Import {
        fuzzer: "other",
        testcase: "000007",
    };
    let origin = Origin::new(7, Operation::Sync(import));
    let evaluated = session.evaluate(&Submission::new(b"b", origin)).unwrap();
    assert_eq!(evaluated, Evaluated::Kept(CorpusId::new(1)));
    let names = names(folder.path(), "queue");
    assert_eq!(names[1], "id:000001,sync:other,src:000007,+cov");
    assert_eq!(session.corpus.queue.entry(CorpusId::new(1)).depth, 1);
    assert_eq!(session.exchange.imported, 1);
    assert_eq!(session.tally.counters.found, 0);
}

#[test]
fn what_the_queue_keeps_may_be_another_input_than_was_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = begun(folder.path());
    let submission = Submission {
        keep: Some(b"kept"),
        ..Submission::new(b"b", HAVOC)
    };
    session.evaluate(&submission).unwrap();
    assert_eq!(session.corpus.inputs.get(CorpusId::new(1)), b"kept");
    let file = session.corpus.inputs.file(CorpusId::new(1));
    assert_eq!(fs::read(file).unwrap(), b"kept");
}

#[test]
fn a_crash_is_saved_once_and_explained() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = begun(folder.path());
    for input in [&b"bug!"[..], b"bug!!"] {
        assert_eq!(evaluate(&mut session, input), Evaluated::Failed);
    }
    assert_eq!(
        names(folder.path(), "crashes"),
        ["id:000000,sig:06,src:000000,execs:9,op:havoc,rep:0"]
    );
    assert!(folder.path().join("default/crashes/README.txt").exists());
    let counters = &session.tally.counters;
    assert_eq!((counters.saved_crashes, counters.total_crashes), (1, 2));
}

#[test]
fn a_timeout_is_a_hang_if_a_longer_limit_does_not_help() {
    let folder = tempfile::tempdir().unwrap();
    let slow = Rc::new(Cell::new(1_u32));
    let left = Rc::clone(&slow);
    let target = FakeTarget::new(move |input, map| {
        map.hit(input.len());
        let is_slow = input.len() > 1 && left.replace(left.get().saturating_sub(1)) > 0;
        Ok(if is_slow {
            Outcome::TimedOut
        } else {
            Outcome::Exited(0)
        })
    });
    let mut session = session_over(target, folder.path(), 1, u64::MAX);
    session.import_seeds(vec![seed(b"x")]).unwrap();
    evaluate(&mut session, b"xx");
    assert_eq!(
        names(folder.path(), "hangs"),
        [""; 0],
        "the machine was busy"
    );
    slow.set(2);
    evaluate(&mut session, b"xxx");
    assert_eq!(names(folder.path(), "hangs").len(), 1);
    assert_eq!(session.tally.counters.total_timeouts, 2);
}

#[test]
fn inputs_that_kill_the_fork_server_are_set_aside_until_there_are_too_many() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = begun(folder.path());
    assert_eq!(evaluate(&mut session, b"@l"), Evaluated::Failed);
    assert_eq!(evaluate(&mut session, b"x"), Evaluated::Known);
    let lost = Submission::new(b"@l", HAVOC);
    let ended = (0..20).find(|_| session.evaluate(&lost).is_err());
    assert_eq!(ended, Some(10), "in a row");
    assert_eq!(session.finds.next.lost, 12);
}

#[test]
fn a_session_that_is_resumed_knows_what_it_had_learned() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = begun(folder.path());
    for input in [&b"b"[..], b"bu", b"bug", b"bug!"] {
        evaluate(&mut first, input);
    }
    first.corpus.queue.fuzzed(CorpusId::new(2));
    first.save_state();
    let before = (first.corpus.queue.len(), first.coverage.edges());
    let entry = first.corpus.queue.entry(CorpusId::new(2)).clone();
    drop(first);

    let mut second = session(folder.path(), 1, u64::MAX);
    second.import_queue(false).unwrap();
    let after = (second.corpus.queue.len(), second.coverage.edges());
    assert_eq!(after, before);
    assert_eq!(second.tally.runs, 0, "nothing is calibrated again");
    let same = second.corpus.queue.entry(CorpusId::new(2));
    assert_eq!((same.fuzzed, same.depth), (1, entry.depth));
    assert_eq!(evaluate(&mut second, b"bugs"), Evaluated::Known);
    evaluate(&mut second, b"bug!");
    assert_eq!(names(folder.path(), "crashes").len(), 1, "it is known");
    assert_eq!(second.finds.next.queue, 4);
}

#[test]
fn without_a_state_file_all_is_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = begun(folder.path());
    for input in [&b"b"[..], b"bu", b"bug!"] {
        evaluate(&mut first, input);
    }
    let edges = first.coverage.edges();
    drop(first);
    let mut second = session(folder.path(), 1, u64::MAX);
    second.import_queue(false).unwrap();
    assert!(second.tally.runs > 3);
    assert_eq!(second.coverage.edges(), edges);
    let find = second.corpus.queue.entry(CorpusId::new(2));
    assert_eq!(find.depth, 2, "by the sources in the names");
    evaluate(&mut second, b"bug!");
    assert_eq!(names(folder.path(), "crashes").len(), 1, "it is known");
}
