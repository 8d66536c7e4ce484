//! `-j N`: several instances and one that watches them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::{AT_ONCE, SOON, build, end, has_from, imports, tine};
use tine_workbench::{Running, Stats, Workbench, testcases, wait_until};

const NAMES: [&str; 3] = ["main", "secondary-01", "secondary-02"];

/// Waits until each instance has written what it did.
fn wait_for_all<'b>(bench: &Workbench, session: &Running<'b>) -> Vec<PathBuf> {
    let folders: Vec<PathBuf> = NAMES.map(|name| bench.path("out").join(name)).into();
    session.wait_for("the statistics of all", |_| {
        folders.iter().all(|it| it.join("fuzzer_stats").exists())
    });
    folders
}

fn pid(folder: &Path) -> i32 {
    Stats::read(folder).number("fuzzer_pid") as i32
}

fn runs(folder: &Path) -> f64 {
    Stats::read(folder).number("execs_done")
}

#[test]
fn a_campaign_exchanges_sums_up_and_goes_on_by_its_names() {
    let bench = Workbench::new();
    let target = build(&bench);
    let session = tine(&bench, &target, "-j 3 -i left -o out").start();
    let folders = wait_for_all(&bench, &session);
    session.wait_for("an exchange", |_| !imports(&folders[0]).is_empty());
    session.wait_for("the status", |session| {
        session.stderr().contains("tine: 3 instances  ")
    });
    let done = end(session);
    done.assert_code(0)
        .assert_stderr("stopped by Ctrl-C")
        .assert_stderr("in 3 instances")
        .assert_stderr("tine: 3 instances  ")
        .assert_stderr("no crash so far; the results are in out");
    assert!(has_from(&folders[0], NAMES[1]) || has_from(&folders[0], NAMES[2]));
    let before: Vec<f64> = folders.iter().map(|folder| runs(folder)).collect();
    for (name, folder) in NAMES.iter().zip(&folders) {
        assert!(!folder.join("is_main_node").exists(), "{name}");
        let line = Stats::read(folder).text("command_line").to_owned();
        let option = if *name == "main" { "-M" } else { "-S" };
        assert!(line.contains(&format!(" fuzz {option} {name} ")), "{line}");
        let own = |word: &str| word == "-j" || word == "--campaign";
        assert!(!line.split(' ').any(own), "{line}");
    }

    // The first two go on; the third is left alone.
    let done = tine(&bench, &target, "-j 2 -i - -o out -E 400").run();
    done.assert_code(0)
        .assert_stderr("1 instance in out are not gone on with: secondary-02")
        .assert_stderr("stopped by its limit of runs (-E)");
    for (index, is_resumed) in [true, true, false].into_iter().enumerate() {
        let after = runs(&folders[index]);
        assert_eq!(after > before[index], is_resumed, "{index}: {done}");
    }
    // One more begins with what the main one has.
    let done = tine(&bench, &target, "-j 4 -i - -o out -V 4").run();
    done.assert_code(0)
        .assert_stderr("stopped by its limit of time (-V)");
    let new = testcases(&bench.path("out/secondary-03/queue")).len();
    assert!(new > 1, "{new}: {done}");
}

#[test]
fn the_first_crash_ends_all_and_its_command_works() {
    let bench = Workbench::new();
    let target = build(&bench);
    let done = tine(&bench, &target, "-j 3 -i right -o out --until-crash").run();
    done.assert_code(0)
        .assert_stderr("stopped at the first crash");
    let text = done.stderr();
    let command = text
        .lines()
        .find_map(|line| line.strip_prefix("  "))
        .unwrap_or_else(|| panic!("no command: {done}"));
    let replay = bench.program("sh").args(["-c", command]).run();
    replay.assert_code(2);
    let count: usize = NAMES
        .iter()
        .map(|name| testcases(&bench.path("out").join(name).join("crashes")).len())
        .sum();
    assert!(count >= 1, "{done}");
}

#[test]
fn an_instance_that_is_lost_is_told_and_the_others_go_on() {
    let bench = Workbench::new();
    let target = build(&bench);
    let session = tine(&bench, &target, "-j 3 -i left -o out").start();
    let folders = wait_for_all(&bench, &session);
    kill(Pid::from_raw(pid(&folders[1])), Signal::SIGKILL).expect("the instance");
    session.wait_for("the sentence", |it| {
        let sentence = "secondary-01 was ended by signal 9 from outside; the others go on";
        it.stderr().contains(sentence)
    });
    let before = [runs(&folders[0]), runs(&folders[2])];
    session.wait_for("more runs of the others", |_| {
        runs(&folders[0]) > before[0] && runs(&folders[2]) > before[1]
    });
    let done = end(session);
    done.assert_code(0)
        .assert_stderr("1 instance did not end well: secondary-01");
}

/// A mutator that does not return from the first input of the main instance, and does
/// nothing in others. (A secondary one that hangs ends at the second signal.)
const HANGING: &str = r#"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static int hangs;
void *afl_custom_init(void *afl, unsigned seed) {
    const char *folder = getenv("AFL_CUSTOM_INFO_OUT");
    hangs = folder && strstr(folder, "/main");
    return &hangs;
}
size_t afl_custom_post_process(void *data, uint8_t *input, size_t size, uint8_t **out) {
    while (hangs) pause();
    *out = input;
    return size;
}
void afl_custom_deinit(void *data) {}
"#;

#[test]
fn an_instance_that_hangs_does_not_hold_up_the_end() {
    let bench = Workbench::new();
    let target = build(&bench);
    let source = bench.write("hanging.c", HANGING);
    let library = bench.path("hanging.so");
    let cc = bench.program("cc").args(["-shared", "-fPIC", "-o"]);
    cc.arg(&library).arg(source).run().assert_code(0);
    let tine = tine(&bench, &target, "-j 2 -V 1 -i left -o out");
    let tine = tine.env("AFL_CUSTOM_MUTATOR_LIBRARY", &library);
    let done = tine.start().wait();
    done.assert_code(0)
        .assert_stderr("stopped by its limit of time (-V)")
        .assert_stderr("does not end and is killed")
        .assert_stderr("1 instance did not end well: main");
    assert!(wait_until(AT_ONCE, || bench.leftovers().is_empty()));
}

#[test]
fn signals_end_all_at_once() {
    let bench = Workbench::new();
    let target = build(&bench);
    for (signal, is_group) in [(Signal::SIGINT, true), (Signal::SIGTERM, false)] {
        let session = tine(&bench, &target, "-j 3 -i left -o out").start();
        let folders = wait_for_all(&bench, &session);
        if is_group {
            session.signal_group(signal);
        } else {
            session.signal(signal);
        }
        let began = std::time::Instant::now();
        let done = session.wait();
        assert!(began.elapsed() < AT_ONCE, "{signal}: {:?}", began.elapsed());
        done.assert_code(0).assert_stderr("stopped by");
        assert!(!done.stderr().contains("did not end well"), "{done}");
        assert!(!folders[0].join("is_main_node").exists(), "{done}");
        assert!(wait_until(AT_ONCE, || bench.leftovers().is_empty()));
        fs::remove_dir_all(bench.path("out")).expect("the results");
    }
}

#[test]
fn when_the_watcher_is_killed_the_instances_end_in_order() {
    let bench = Workbench::new();
    let target = build(&bench);
    let session = tine(&bench, &target, "-j 3 -i left -o out").start();
    let folders = wait_for_all(&bench, &session);
    session.signal(Signal::SIGKILL);
    assert_eq!(session.wait().signal(), Some(9));
    assert!(
        wait_until(SOON, || bench.leftovers().is_empty()),
        "{:?}",
        bench.leftovers()
    );
    assert!(!folders[0].join("is_main_node").exists());
}

#[test]
fn what_is_wrong_with_all_is_told_once() {
    let bench = Workbench::new();
    let target = build(&bench);
    bench.write("empty/seed", "");
    let done = tine(&bench, &target, "-j 3 -i empty -o out").run();
    done.assert_code(1)
        .assert_stderr("all instances ended with an error");
    assert_eq!(done.stderr().matches("can be a seed").count(), 1, "{done}");
}
