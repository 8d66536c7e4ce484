//! Campaigns: what they find, that they find it again, and wrong use.

use crate::{built, sample, source};
use std::{
    cell::RefCell,
    fs,
    panic::{self, AssertUnwindSafe},
    rc::Rc,
    thread,
    time::Duration,
};
use tine::{Campaign, Error, Event, Program, Report, Sanitizer};

/// Enough to find the word of `magic_bytes`.
const RUNS: u64 = 200_000;

fn magic() -> Campaign {
    Campaign::new(sample("magic_bytes.c"))
        .seed_input("xxxxx")
        .seed(1)
        .runs(RUNS)
}

#[test]
fn a_crash_is_found_and_told() {
    // With the word as a token it takes a few hundred runs.
    let report = magic().token("prong").until_crash().run().unwrap();
    assert!(report.hangs.is_empty(), "{report}");
    let [crash] = &report.crashes[..] else {
        panic!("{report}");
    };
    assert!(crash.input.starts_with(b"prong"), "{report}");
    assert_eq!(crash.outcome.signal(), Some(6));
    assert!(crash.before.is_empty());
    assert!(report.edges > 3 && report.edges <= report.total_edges);
    assert!(report.runs > 0 && report.runs <= RUNS + 1000);
    // It was trimmed.
    assert!(
        b"xxxxx".starts_with(&report.corpus[0]),
        "{:?}",
        report.corpus
    );

    // The report has a line that runs it again.
    let text = report.to_string();
    for words in ["1 crash, 0 hangs", "SIGABRT", ".start()?.run(b\"prong"] {
        assert!(text.contains(words), "{words:?} is missing in {text}");
    }
    let panicked = panic::catch_unwind(|| report.assert_no_crashes()).unwrap_err();
    assert_eq!(panicked.downcast_ref::<String>(), Some(&text));
    let folder = tempfile::tempdir().unwrap();
    report.save_faults(folder.path().join("faults")).unwrap();
    let saved = fs::read(folder.path().join("faults/crash-0")).unwrap();
    assert_eq!(saved, crash.input);
}

#[test]
fn nothing_is_found_where_there_is_nothing() {
    let report = Campaign::new(sample("ok.c")).runs(1000).run().unwrap();
    report.assert_clean();
    assert!(report.runs >= 1000 && report.crashes.is_empty(), "{report}");
}

#[test]
fn the_same_seed_finds_the_same() {
    let run = || magic().runs(20_000).run().unwrap();
    let (first, second) = (run(), run());
    assert_eq!(first.corpus, second.corpus);
    assert_eq!(first.crashes, second.crashes);
    assert_eq!((first.runs, first.edges), (second.runs, second.edges));
}

#[test]
fn eight_campaigns_at_a_time_do_not_disturb_each_other() {
    let _ = sample("magic_bytes.c");
    let reports: Vec<Report> = thread::scope(|scope| {
        let started: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| magic().runs(5_000).run().unwrap()))
            .collect();
        started.into_iter().map(|it| it.join().unwrap()).collect()
    });
    for report in &reports {
        assert_eq!(report.corpus, reports[0].corpus);
    }
}

#[test]
fn time_ends_a_campaign_and_events_tell_about_it() {
    let heard = Rc::new(RefCell::new(Vec::new()));
    let noted = Rc::clone(&heard);
    let report = Campaign::new(sample("maze.c"))
        .time(Duration::from_secs(2))
        .on_event(move |event| noted.borrow_mut().push(event.clone()))
        .run()
        .unwrap();
    let heard = heard.borrow();
    let last = heard.iter().rev().find_map(|event| match event {
        Event::Progress(progress) => Some(*progress),
        _ => None,
    });
    let last = last.expect("there is progress");
    assert_eq!((last.runs, last.edges), (report.runs, report.edges));
    assert!(heard.iter().any(|event| matches!(event, Event::Remark(_))));
}

#[test]
fn a_file_arguments_a_dictionary_and_seeds_from_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("seed"), "hello").unwrap();
    let words = folder.path().join("words.dict");
    fs::write(&words, "word=\"there\"\n").unwrap();
    let seeds = folder.path().join("seeds");
    fs::create_dir(&seeds).unwrap();
    fs::write(seeds.join("one"), "hello").unwrap();
    let report = Campaign::new(Program::new(sample("input_file.c")).arg("@@"))
        .seeds(&seeds)
        .dictionary(&words)
        .token(b"\x00\xff\"")
        .runs(2_000)
        .run()
        .unwrap();
    report.assert_clean();
    assert!(
        b"hello".starts_with(&report.corpus[0]),
        "{:?}",
        report.corpus
    );
}

#[test]
fn a_hang_is_found() {
    let program = Program::new(sample("hang.c")).timeout(Duration::from_millis(100));
    let report = Campaign::new(program).seed_input("aaaa").seed(3).runs(500);
    let report = report.run().unwrap();
    assert!(
        report.crashes.is_empty() && !report.hangs.is_empty(),
        "{report}"
    );
    assert!(report.hangs[0].outcome.is_timeout());
}

#[test]
fn a_program_without_coverage_and_a_sanitizer() {
    let cat = Program::new("cat").non_instrumented();
    let report = Campaign::new(cat).runs(200).run().unwrap();
    report.assert_clean();
    assert_eq!(report.total_edges, 0);
    assert!(report.to_string().contains("no coverage"), "{report}");

    let program = tine::compile(source("stack_overflow.c"))
        .sanitizer(Sanitizer::Address)
        .output(built("stack_overflow_campaign"))
        .unwrap();
    let report = Campaign::new(program).seed(1).until_crash().runs(RUNS);
    let report = report.run().unwrap();
    assert!(report.crashes[0].outcome.is_crash(), "{report}");
}

#[test]
fn a_panic_of_the_listener_ends_the_campaign() {
    let campaign = magic().on_event(|_| panic::resume_unwind(Box::new("enough")));
    let ended = panic::catch_unwind(AssertUnwindSafe(|| campaign.run()));
    assert!(ended.is_err());
}

fn refused(campaign: Campaign) -> (Error, String) {
    let error = campaign.run().expect_err("it cannot run");
    let text = error.to_string();
    (error, text)
}

#[test]
fn mistakes_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let (error, text) = refused(Campaign::new(sample("ok.c")));
    assert!(matches!(error, Error::NoEnd), "{text}");
    let (error, text) = refused(Campaign::new("no/such/program").runs(1));
    assert!(matches!(error, Error::NotFound { .. }), "{text}");
    let (error, text) = refused(Campaign::new("cat").runs(1));
    assert!(matches!(error, Error::NotInstrumented { .. }), "{text}");

    let (error, text) = refused(magic().seeds(folder.path().join("nowhere")));
    assert!(
        matches!(error, Error::File { .. }) && text.contains("nowhere"),
        "{text}"
    );
    let (error, text) = refused(magic().seeds(folder.path()));
    assert!(matches!(error, Error::Seeds { .. }), "{text}");

    let (error, text) = refused(magic().dictionary(folder.path().join("none.dict")));
    assert!(matches!(error, Error::Dictionary { .. }), "{text}");
    assert!(text.contains("none.dict"), "{text}");
}

#[test]
fn a_line_that_is_no_token_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let dictionary = folder.path().join("bad.dict");
    fs::write(&dictionary, "fine=\"yes\"\nthis is no token\n").unwrap();
    let report = magic().dictionary(&dictionary).runs(100).run().unwrap();
    let is_told = |remark: &String| remark.contains("bad.dict") && remark.contains("line 2");
    assert!(report.remarks.iter().any(is_told), "{:?}", report.remarks);
}

#[test]
fn a_program_that_crashes_on_all_seeds() {
    let program = built("always_crashes");
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("always.c");
    fs::write(&text, "#include <stdlib.h>\nint main(void) { abort(); }\n").unwrap();
    let program = tine::compile(text).output(program).unwrap();
    let (error, text) = refused(Campaign::new(program).runs(100));
    assert!(matches!(error, Error::Seeds { .. }), "{text}");
    assert!(text.contains("SIGABRT"), "{text}");
}
