//! The workbench notices what tests leave behind: a guard that can't fail guards
//! nothing.
//!
//! A program of their own: for a moment they leave behind what other tests, run at the
//! same time, would take for their own leftovers.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tine_controller::{ForkServer, TargetConfig};
use tine_workbench::Workbench;

/// What the workbench says at its end, if it complains.
fn complaint(bench: Workbench) -> Option<String> {
    let end = catch_unwind(AssertUnwindSafe(|| drop(bench)));
    end.err()
        .map(|payload| *payload.downcast::<String>().expect("a message"))
}

#[test]
fn a_process_that_is_left_behind_fails_the_test() {
    let bench = Workbench::new();
    let done = bench
        .program("sh")
        .args(["-c", "setsid sleep 987 >&- 2>&- & exit 3"])
        .run();
    done.assert_code(3);
    let message = complaint(bench).expect("a process was left behind");
    assert!(
        message.contains("process") && message.contains("sleep 987"),
        "{message}"
    );
}

#[test]
fn a_segment_that_is_left_behind_fails_the_test() {
    let bench = Workbench::new();
    let done = bench.program("ipcmk").args(["-M", "4096"]).run();
    done.assert_code(0);
    let id = done
        .stdout()
        .split_whitespace()
        .last()
        .expect("ipcmk prints the id")
        .to_owned();
    let message = complaint(bench);
    let bench = Workbench::new();
    bench
        .program("ipcrm")
        .args(["-m", &id])
        .run()
        .assert_code(0);
    let message = message.expect("a segment was left behind");
    assert!(
        message.contains(&format!("System V segment {id} ")),
        "{message}"
    );
}

#[test]
fn a_file_that_is_left_behind_fails_the_test() {
    let bench = Workbench::new();
    bench
        .program("sh")
        .args(["-c", "echo > \"$TMPDIR/forgotten\""])
        .run()
        .assert_code(0);
    let message = complaint(bench).expect("a file was left behind");
    assert!(message.contains("forgotten"), "{message}");

    let bench = Workbench::new();
    let name = format!("/dev/shm/tine-workbench-{}", bench.marker());
    fs::write(&name, "").expect("a file in /dev/shm");
    let message = complaint(bench);
    fs::remove_file(&name).expect("remove the file");
    assert!(message.expect("a file was left behind").contains(&name));
}

#[test]
fn a_deadline_ends_the_whole_process_group_and_more() {
    let bench = Workbench::new();
    let begin = Instant::now();
    let ended = bench
        .program("sh")
        .args([
            "-c",
            "trap '' TERM; sleep 986 & setsid sleep 985 & wait; wait",
        ])
        .run_for(Duration::from_millis(300));
    assert!(ended.is_none());
    assert!(begin.elapsed() < Duration::from_secs(60));
    assert_eq!(complaint(bench), None);
}

#[test]
fn output_input_and_end_of_a_program_are_what_they_are() {
    let bench = Workbench::new();
    let done = bench
        .program("sh")
        .args(["-c", "cat; echo word >&2; exit 7"])
        .stdin("in")
        .run();
    assert_eq!(
        (done.code(), done.stdout().as_str(), done.stderr().as_str()),
        (Some(7), "in", "word\n")
    );

    let running = bench
        .program("sh")
        .args(["-c", "echo ready; exec sleep 984"])
        .start();
    running.wait_for("ready", |it| it.stdout().contains("ready"));
    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait().signal(), Some(Signal::SIGTERM as i32));
}

#[test]
fn a_program_that_is_dropped_is_killed() {
    let bench = Workbench::new();
    let running = bench.program("sleep").arg("983").start();
    drop(running);
    assert_eq!(complaint(bench), None);
}

/// What a fuzzer that forgets to end its fork server would leave.
#[test]
fn a_fork_server_that_is_forgotten_fails_the_test() {
    let bench = tine_workbench::in_process();
    // One that gcc builds: these tests do without the programs of tine.
    let program = bench.path("server");
    let source = tine_workbench::targets_folder().join("lab/server.c");
    let gcc = bench.program("gcc").arg("-o").arg(&program);
    gcc.arg(source).run().assert_code(0);
    let mut config = TargetConfig::new(program);
    config.env.push(bench.marker_variable());
    let server = ForkServer::start(config).expect("the fork server starts");
    let pid = server.server_pid().expect("it has a fork server");
    std::mem::forget(server);
    let message = complaint(bench).expect("a fork server was left behind");
    assert!(message.contains(&format!("process {pid} ")), "{message}");
    assert!(message.contains("System V segment"), "{message}");
}
