//! How a session is stopped, what stays, and how it goes on.

use super::{STEPS, instance, names, pid_of_server, until_crash, wait_for_runs};
use nix::sys::signal::Signal;
use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};
use tine_workbench::{BUSY, Stats, Workbench, wait_until};

#[test]
fn a_session_goes_on_where_it_stopped() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["xello", "ab"]);
    let target = bench.compile("steps", &["-O1", "-g"], STEPS);
    let options = until_crash(&bench);
    bench.fuzz("seeds", &options, &target).run().assert_code(0);
    let instance = instance(&bench);
    let before = Stats::read(&instance);
    let queue_before = names(&instance.join("queue"));
    let crashes_before = names(&instance.join("crashes"));

    // Not by accident over what was found.
    let refused = bench.fuzz("seeds", &["-V", "1"], &target).run();
    refused
        .assert_code(1)
        .assert_stderr("`-i -`")
        .assert_stderr("1 crash");
    assert_eq!(names(&instance.join("queue")), queue_before);

    let done = bench.fuzz("-", &["-E", "4000", "-t", "100"], &target).run();
    done.assert_code(0);
    let after = Stats::read(&instance);
    let queue = names(&instance.join("queue"));
    assert_eq!(
        queue[..queue_before.len()],
        queue_before,
        "old testcases keep their names"
    );
    assert_eq!(after.number("corpus_count"), queue.len() as f64);
    let more = after.number("execs_done") - before.number("execs_done");
    assert!((4000.0..4100.0).contains(&more), "{more}");
    // The same crash is not new, though it is found again and again.
    assert_eq!(names(&instance.join("crashes")), crashes_before);
    assert_eq!(after.number("saved_crashes"), 1.0);
    assert_eq!(after.number("edges_found"), before.number("edges_found"));
    let plot = fs::read_to_string(instance.join("plot_data")).unwrap();
    assert_eq!(plot.matches('#').count(), 1, "one header:\n{plot}");

    // The same by the environment, as scripts for AFL do it.
    let done = bench
        .fuzz("seeds", &["-E", "100", "-t", "100"], &target)
        .env("AFL_AUTORESUME", "1")
        .run();
    done.assert_code(0);
    assert!(Stats::read(&instance).number("execs_done") > after.number("execs_done"));
}

#[test]
fn a_session_without_finds_can_be_begun_anew() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["x"]);
    let target = bench.compile("ok", &["-O1", "-g"], "int main(void) { return 0; }");
    for seeds in [1, 2] {
        bench.seeds("seeds", vec!["x"; seeds]);
        bench
            .fuzz("seeds", &["-E", "200"], &target)
            .run()
            .assert_code(0);
        assert_eq!(names(&instance(&bench).join("queue")).len(), seeds);
    }
}

/// Sends a signal in the midst of it; nothing may stay behind, and everything
/// must be saved.
fn stop_by(signals: &[Signal], words: &str) {
    let bench = Workbench::new();
    bench.seeds("seeds", ["hello"]);
    let target = bench.compile("busy", &["-O1", "-g"], BUSY);
    let session = bench.fuzz("seeds", &[], &target).start();
    wait_for_runs(&session, &bench);
    let server = pid_of_server(&session);
    std::thread::sleep(Duration::from_millis(300));
    let began = Instant::now();
    // As a terminal does it: to the whole group.
    for signal in signals {
        session.signal_group(*signal);
        std::thread::sleep(Duration::from_millis(1));
    }
    let done = session.wait();
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    done.assert_code(0)
        .assert_stderr(words)
        .assert_stderr("no crash so far");
    assert!(
        !Path::new(&format!("/proc/{server}")).exists(),
        "the fork server is still there"
    );
    let stats = Stats::read(&instance(&bench));
    let queue = names(&instance(&bench).join("queue"));
    assert_eq!(stats.number("corpus_count"), queue.len() as f64, "{done}");
    let leftovers = bench.leftovers();
    assert!(leftovers.is_empty(), "{leftovers:?}");
}

#[test]
fn ctrl_c_ends_it_cleanly() {
    stop_by(&[Signal::SIGINT], "stopped by Ctrl-C");
}

#[test]
fn sigterm_ends_it_cleanly() {
    stop_by(&[Signal::SIGTERM], "stopped by a signal");
}

#[test]
fn a_closed_terminal_ends_it_cleanly() {
    stop_by(&[Signal::SIGHUP], "stopped by a signal");
}

#[test]
fn a_signal_that_comes_twice_at_once_ends_it_cleanly() {
    // `timeout` sends to the process and to its group; of a closed terminal both the
    // system and the shell tell.
    stop_by(&[Signal::SIGTERM; 2], "stopped by a signal");
    stop_by(&[Signal::SIGHUP; 3], "stopped by a signal");
}

#[test]
fn ctrl_c_does_not_wait_for_a_target_that_hangs() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["x"]);
    // Every run but that of the seed takes half a second.
    let target = bench.compile(
        "slow",
        &["-O1", "-g"],
        r#"
#include <unistd.h>
int main(void) {
    char b[2];
    long n = read(0, b, 2);
    if (n != 1 || b[0] != 'x') usleep(500000);
    return 0;
}
"#,
    );
    let session = bench.fuzz("seeds", &["-t", "2000"], &target).start();
    wait_for_runs(&session, &bench);
    let began = Instant::now();
    session.signal(Signal::SIGINT);
    session.wait().assert_code(0);
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn a_killed_fuzzer_leaves_no_process_and_no_segment() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["hello"]);
    let target = bench.compile("busy", &["-O1", "-g"], BUSY);
    let session = bench.fuzz("seeds", &[], &target).start();
    wait_for_runs(&session, &bench);
    session.signal(Signal::SIGKILL);
    assert_eq!(session.wait().signal(), Some(9));
    let gone = wait_until(Duration::from_secs(5), || bench.leftovers().is_empty());
    assert!(gone, "{:?}", bench.leftovers());
    // What it found until then is there, and it can be gone on with.
    bench
        .fuzz("-", &["-E", "500"], &target)
        .run()
        .assert_code(0);
}
