//! The signals that ask for an end, at a random moment.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;

use crate::{
    Report,
    kill::remove,
    moments::Moments,
    number,
    results::{Results, broken_files, disagreements, unfinished},
    sessions::{MODES, Mode, Sessions, build},
};
use tine_workbench::{Finished, Workbench, wait_until};

/// How many in the test command.
const SIGNALS: u64 = 18;

/// What people and systems end programs with.
const ENDING: [Signal; 3] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];

/// A session ends within a second; a busy machine takes longer.
const AT_ONCE: Duration = Duration::from_secs(8);

#[test]
fn a_signal_ends_sessions_in_fork_mode_cleanly() {
    signals(Mode::Fork);
}

#[test]
fn a_signal_ends_sessions_in_persistent_mode_cleanly() {
    signals(Mode::Persistent);
}

#[test]
fn a_signal_ends_sessions_with_an_input_file_cleanly() {
    signals(Mode::File);
}

fn signals(mode: Mode) {
    let bench = Workbench::new();
    let mut moments = Moments::new(10 + mode as u64);
    let mut report = Report::new("signal", mode.name(), moments.seed);
    let sessions = Sessions::new(&bench, mode, moments.below(1 << 32));
    let total = number("SOAK_SIGNALS", SIGNALS).div_ceil(MODES.len() as u64);
    while report.total < total {
        let signal = ENDING[report.total as usize % ENDING.len()];
        let moment = moments.within(sessions.duration);
        let session = sessions.again("out").start();
        sleep(moment);
        session.signal(signal);
        let began = Instant::now();
        let Some(done) = session.try_wait() else {
            report.hangs += 1;
            report.add("end", AT_ONCE, vec![format!("{signal} does not end it")]);
            remove(&bench.path("out"));
            continue;
        };
        let took = began.elapsed();
        if done.code() == Some(0) && done.stderr().contains("(-E)") {
            // It was over before.
            remove(&bench.path("out"));
            continue;
        }
        let mut wrong = Vec::new();
        if took > AT_ONCE {
            wrong.push(format!("{signal} took {took:?}"));
        }
        wrong.extend(check_end(&bench, &sessions, signal, &done, &mut report));
        report.add(&format!("{signal} after {moment:?}"), took, wrong);
        remove(&bench.path("out"));
    }
    report.close();
}

fn check_end(
    bench: &Workbench,
    sessions: &Sessions<'_>,
    signal: Signal,
    done: &Finished,
    report: &mut Report,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let instance = bench.path("out/default");
    if done.signal() == Some(signal as i32) {
        // It had not begun yet: nothing was saved that could be lost.
        report.at_start += 1;
        if instance.join("queue").exists() {
            wrong.push(format!("{signal} ends a session that had begun"));
        }
    } else if done.code() == Some(0) {
        wrong.extend(Results::read(&instance).differences(&sessions.reference));
        wrong.extend(broken_files(&instance));
        wrong.extend(disagreements(&instance));
        let (count, strange) = unfinished(&instance);
        if count > 0 {
            wrong.push("an unfinished file is left".into());
        }
        wrong.extend(strange);
        let words = match signal {
            Signal::SIGINT => "stopped by Ctrl-C",
            _ => "stopped by a signal",
        };
        if !done.stderr().contains(words) {
            wrong.push(format!("it does not say {words:?}: {done}"));
        }
    } else {
        wrong.push(format!("not the exit code of a clean end: {done}"));
    }
    if !wait_until(AT_ONCE, || bench.leftovers().is_empty()) {
        wrong.extend(bench.leftovers());
    }
    wrong
}

/// Waits for ever, unless its input begins with `x`.
const WAITS: &str = r#"
#include <unistd.h>
int main(void) {
    char b = 0;
    if (read(0, &b, 1) == 1 && b != 'x') for (;;) pause();
    return 0;
}
"#;

#[test]
fn a_signal_does_not_wait_for_a_run_with_a_long_limit() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["x"]);
    let source = bench.write("waits.c", WAITS);
    let target = bench.path("waits");
    let compiler = bench.tine_cc().arg("-o").arg(&target).arg(source);
    compiler.run().assert_code(0);
    let instance = bench.path("out/default");
    // Soon after the first statistics a run hangs; with these seeds, one of them does.
    bench.seeds("seeds-with-hang", ["x", "waits"]);
    bench.seeds("hang-alone", ["waits"]);
    for (seeds, file, count) in [
        ("seeds", "fuzzer_stats", 1),
        ("seeds-with-hang", "fuzzer_setup", 1),
        ("hang-alone", "fuzzer_setup", 0),
    ] {
        for signal in ENDING {
            let line = ["fuzz", "--no-ui", "-i", seeds, "-o", "out", "-t", "100000"];
            let session = bench.tine().args(line).arg("--").arg(&target).start();
            session.wait_for("the beginning", |_| instance.join(file).exists());
            sleep(Duration::from_millis(300));
            session.signal(signal);
            let began = Instant::now();
            let done = session.wait();
            assert!(began.elapsed() < AT_ONCE, "{signal}: {:?}", began.elapsed());
            done.assert_code(0).assert_stderr("stopped by");
            assert_eq!(disagreements(&instance), Vec::<String>::new());
            // A run that was broken off is no crash, and its input no seed that fails.
            assert_eq!(Results::read(&instance).counts(), (count, 0), "{done}");
            assert!(!done.stderr().contains("passed over"), "{done}");
            remove(&bench.path("out"));
        }
    }
}

#[test]
fn a_signal_ends_showmap_at_once_and_leaves_nothing() {
    let bench = Workbench::new();
    let mut moments = Moments::new(20);
    let mut report = Report::new("signal", "showmap", moments.seed);
    let target = build(&bench, Mode::Fork);
    bench.seeds("inputs", vec!["hello"; 3000]);
    let mut signals = ENDING.into_iter().cycle();
    while report.total < number("SOAK_SIGNALS", SIGNALS).div_ceil(3) {
        // The next one each time: below nohup, SIGHUP ends nothing.
        let Some(signal) = signals.next() else { break };
        let moment = moments.within(Duration::from_millis(600));
        let showmap = bench
            .tine()
            .args(["showmap", "-q", "-i", "inputs", "-o", "maps", "--"])
            .arg(&target)
            .start();
        sleep(moment);
        showmap.signal(signal);
        let began = Instant::now();
        let done = showmap.wait();
        let took = began.elapsed();
        if done.code() == Some(0) {
            // It was over before.
            remove(&bench.path("maps"));
            continue;
        }
        let mut wrong = Vec::new();
        if took > AT_ONCE {
            wrong.push(format!("{signal} took {took:?}"));
        }
        if done.signal() != Some(signal as i32) {
            wrong.push(format!("not ended by {signal}: {done}"));
        }
        if !wait_until(AT_ONCE, || bench.leftovers().is_empty()) {
            wrong.extend(bench.leftovers());
        }
        report.add(&format!("{signal} after {moment:?}"), took, wrong);
        remove(&bench.path("maps"));
    }
    report.close();
}
