//! How a session goes on: what is known is not run again, what is not known is, and
//! nothing that was saved is lost. And what is done when files of the queue are
//! deleted or changed while it runs.

use nix::sys::signal::Signal;
use std::{
    fs,
    path::{Path, PathBuf},
};
use tine_workbench::{BUSY, Finished, Stats, Workbench, testcases};

/// Has one way through, whatever it reads.
const DULL: &str = r#"
#include <unistd.h>
int main(void) { char b[64]; return read(0, b, sizeof b) < 0; }
"#;

/// The state file.
const STATE: &str = "out/default/.tine_state";

fn stats(bench: &Workbench) -> Stats {
    Stats::read(&bench.path("out/default"))
}

fn queue(bench: &Workbench) -> Vec<PathBuf> {
    testcases(&bench.path("out/default/queue"))
}

/// A session that is over, with a dozen testcases or so.
fn session(bench: &Workbench) -> PathBuf {
    bench.seeds("seeds", ["hello", "0123", "zzz"]);
    let target = bench.compile("prog", &["-O1"], BUSY);
    bench
        .fuzz("seeds", &["-E", "4000", "-s", "1"], &target)
        .run()
        .assert_code(0);
    assert!(queue(bench).len() > 5, "{:?}", queue(bench));
    assert!(bench.path(STATE).exists());
    target
}

fn is_afresh(done: &Finished) -> bool {
    done.stderr().contains("calibrated afresh")
}

#[test]
fn what_is_known_is_not_run_again() {
    let bench = Workbench::new();
    let target = session(&bench);
    let before = stats(&bench);
    let done = bench.fuzz("-", &["-E", "0", "-s", "1"], &target).run();
    done.assert_code(0);
    assert!(!is_afresh(&done), "{}", done.stderr());
    let after = stats(&bench);
    for key in [
        "execs_done",
        "corpus_count",
        "corpus_favored",
        "corpus_found",
        "corpus_variable",
        "pending_favs",
        "pending_total",
        "max_depth",
        "edges_found",
        "var_byte_count",
        "slowest_exec_ms",
        "calibration_time",
        "cycles_done",
        "last_find",
    ] {
        assert_eq!(after.text(key), before.text(key), "{key}");
    }
    // With a wish to the contrary each testcase is run.
    bench
        .fuzz("-", &["-E", "100000", "-V", "1"], &target)
        .env("AFL_NO_FASTRESUME", "1")
        .run()
        .assert_code(0);
    let runs = stats(&bench).number("execs_done") - after.number("execs_done");
    assert!(runs >= 8.0 * after.number("corpus_count"), "{runs}");
}

#[test]
fn what_came_after_the_state_file_is_calibrated() {
    let bench = Workbench::new();
    let target = session(&bench);
    // As a session leaves it that finds something, and is killed.
    let more = "out/default/queue/id:009000,src:000001,time:9000,execs:9000,op:havoc,rep:1";
    bench.write(more, "zzzzzzzzzzzzzzzz");
    let before = stats(&bench);
    bench.fuzz("-", &["-E", "0"], &target).run().assert_code(0);
    let after = stats(&bench);
    let runs = after.number("execs_done") - before.number("execs_done");
    assert!(
        (8.0..=14.0).contains(&runs),
        "one testcase took {runs} runs"
    );
    let more = after.number("corpus_count") - before.number("corpus_count");
    assert!((more - 1.0).abs() < f64::EPSILON, "{more} more testcases");
}

#[test]
fn a_killed_session_loses_nothing_that_was_saved() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["hello"]);
    let target = bench.compile("prog", &["-O1"], BUSY);
    // The first one finds something; those after it begin with that.
    for (seeds, more) in [("seeds", 4), ("-", 0), ("-", 0)] {
        let least = queue(&bench).len() + more;
        let running = bench.fuzz(seeds, &["-V", "100"], &target).start();
        let file = bench.path("out/default/plot_data");
        running.wait_for("statistics and finds", |_| {
            file.exists() && queue(&bench).len() >= least
        });
        running.signal(Signal::SIGKILL);
        running.wait();
    }
    let names = queue(&bench);
    let done = bench.fuzz("-", &["-E", "3000"], &target).run();
    done.assert_code(0);
    assert!(!is_afresh(&done), "{}", done.stderr());
    let after = queue(&bench);
    assert_eq!(after[..names.len()], names);
    let count = stats(&bench).number("corpus_count");
    assert!((count - after.len() as f64).abs() < f64::EPSILON, "{count}");
}

#[test]
fn a_state_file_that_is_of_no_use_is_told_of_and_all_is_calibrated_afresh() {
    type Change = fn(&Workbench);
    let changes: [(&str, Change, &[&str], &str); 4] = [
        ("truncated", truncate, &[], "it is damaged"),
        ("alien", replace, &[], "it is not a state file of tine"),
        (
            "another program",
            rebuild,
            &[],
            "the target's file has changed",
        ),
        (
            "other arguments",
            |_| (),
            &["x"],
            "the target had other arguments",
        ),
    ];
    let bench = Workbench::new();
    let target = session(&bench);
    for (what, change, arguments, says) in changes {
        change(&bench);
        let before = stats(&bench);
        let done = bench.fuzz("-", &["-V", "1"], &target).args(arguments).run();
        done.assert_code(0).assert_stderr(says);
        let sentences = done.stderr().matches("calibrated afresh").count();
        assert_eq!(sentences, 1, "{what}: {}", done.stderr());
        let after = stats(&bench);
        let runs = after.number("execs_done") - before.number("execs_done");
        let count = before.number("corpus_count");
        assert!(runs >= 8.0 * count, "{what}: {runs} runs");
        assert!(after.number("corpus_count") >= count, "{what}");
        // It is written anew, and of use the next time.
        let done = bench.fuzz("-", &["-E", "0"], &target).args(arguments).run();
        done.assert_code(0);
        assert!(!is_afresh(&done), "{what}: {}", done.stderr());
    }
}

fn truncate(bench: &Workbench) {
    let state = fs::read(bench.path(STATE)).unwrap();
    bench.write(STATE, &state[..state.len() / 2]);
}

fn replace(bench: &Workbench) {
    bench.write(
        STATE,
        "something else altogether, and long enough to have a header",
    );
}

fn rebuild(bench: &Workbench) {
    bench.compile("prog", &["-O1"], &BUSY.replace("sink += 1;", "sink += 9;"));
}

#[test]
fn a_testcase_whose_file_is_gone_between_sessions_is_left_out() {
    let bench = Workbench::new();
    let target = session(&bench);
    let before = stats(&bench);
    fs::remove_file(&queue(&bench)[1]).unwrap();
    bench
        .fuzz("-", &["-E", "300"], &target)
        .run()
        .assert_code(0);
    let count = stats(&bench).number("corpus_count");
    assert!(count >= before.number("corpus_count") - 1.0, "{count}");
}

#[test]
fn files_that_are_deleted_or_changed_while_it_runs_are_told_of() {
    let bench = Workbench::new();
    let target = session(&bench);
    let running = bench.fuzz("-", &["--corpus-memory", "0"], &target).start();
    running.wait_for("the beginning", |it| it.stderr().contains("in the corpus"));
    let files = queue(&bench);
    fs::remove_file(&files[0]).unwrap();
    fs::write(&files[1], "changed").unwrap();
    running.wait_for("both sentences", |it| {
        let said = it.stderr();
        let name = |file: &Path| file.file_name().unwrap().to_string_lossy().into_owned();
        let says = |file: &Path, what: &str| {
            let mut lines = said.lines();
            lines.any(|line| line.contains(&name(file)) && line.contains(what))
        };
        says(&files[0], "is left out from now on") && says(&files[1], "as it is now, with 7 bytes")
    });
    running.signal(Signal::SIGINT);
    let done = running.wait();
    done.assert_code(0);
    assert!(stats(&bench).number("testcache_count") <= 1.0);
    assert!(stats(&bench).number("testcache_evict") > 0.0);
}

#[test]
fn without_any_testcase_it_ends_with_a_reason() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["one", "two"]);
    let target = bench.compile("prog", &["-O1"], DULL);
    let running = bench
        .fuzz("seeds", &["--corpus-memory", "0"], &target)
        .start();
    running.wait_for("the beginning", |it| it.stderr().contains("in the corpus"));
    for file in queue(&bench) {
        fs::remove_file(file).unwrap();
    }
    let done = running.wait();
    done.assert_code(1).assert_stderr("no testcase is left");
}

#[test]
fn every_schedule_fuzzes_and_finds() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["hello"]);
    let target = bench.compile("prog", &["-O1"], BUSY);
    for options in [
        &["-p", "explore"][..],
        &["-p", "mmopt"],
        &["-p", "exploit"],
        &["-p", "FAST"],
        &["-p", "coe"],
        &["-p", "lin"],
        &["-p", "quad"],
        &["-p", "rare"],
        &["-p", "seek"],
        &["-Z"],
    ] {
        let options = [options, &["-E", "1500", "-s", "3"]].concat();
        bench.fuzz("seeds", &options, &target).run().assert_code(0);
        let found = stats(&bench).number("corpus_found");
        assert!(found > 2.0, "{options:?}: {found}");
        fs::remove_dir_all(bench.path("out")).unwrap();
    }
    // Another schedule goes on with what was learned.
    for schedule in ["explore", "fast", "rare", "explore"] {
        let seeds = if bench.path("out").exists() {
            "-"
        } else {
            "seeds"
        };
        let done = bench
            .fuzz(seeds, &["-E", "500", "-p", schedule], &target)
            .run();
        done.assert_code(0);
        assert!(!is_afresh(&done), "{}", done.stderr());
    }
    let refused = bench.fuzz("-", &["-p", "quick"], &target).run();
    refused.assert_code(1).assert_stderr("quick");
}
