//! Faults in a session of `tine fuzz`.

use std::time::Duration;

use super::inside;
use crate::data::{self, Inside};
use tine_workbench::{Compiler, Stats, Workbench, wait_until};

fn build(bench: &Workbench, name: &str) -> std::path::PathBuf {
    let faults = data::faults();
    let fault = faults.iter().find(|fault| fault.name == name);
    fault.expect("the fault is in the data").build(bench)
}

#[test]
fn a_target_that_becomes_a_daemon_in_each_run_does_not_fill_the_machine() {
    /// It is looked every 16 runs at first; a look takes a moment, and a busy machine more.
    const MOST: usize = 150;
    let bench = Workbench::new();
    let target = build(&bench, "daemonises_in_run");
    bench.seeds("seeds", ["a"]);
    let session = bench
        .tine()
        .args(["fuzz", "--no-ui", "-E", "3000", "-i", "seeds", "-o", "out"])
        .arg("--")
        .arg(&target)
        .deadline(Duration::from_secs(100))
        .start();
    let ended = || session.stderr().contains("(-E)");
    let mut most = 0;
    wait_until(Duration::from_secs(90), || {
        most = most.max(bench.leftovers().len());
        ended()
    });
    session.wait().assert_code(0);
    assert!(most < MOST, "{most} processes at once");
    let stats = Stats::read(&bench.path("out/default"));
    assert!(stats.number("execs_done") >= 3000.0);
    assert!(stats.number("server_restarts") < 1.0);
}

#[test]
fn a_target_that_fills_the_disk_of_the_results_ends_the_session_with_the_reason() {
    let bench = Workbench::new();
    let target = build(&bench, "fills_directory");
    let seeds = bench.seeds("seeds", ["a"]);
    let disk = bench.path("disk");
    std::fs::create_dir(&disk).expect("the folder to mount on");
    let done = inside(&bench, Some(Inside::Disk), &disk)
        .args(["fuzz", "--no-ui", "-V", "60", "-i"])
        .arg(seeds)
        .args(["-o", "out", "--"])
        .arg(&target)
        .run();
    done.assert_code(1).assert_stderr("No space left on device");
}

/// A controller that gives the wrong answer to the hello: the runtime has to end, and
/// not to run the program.
#[test]
fn the_runtime_refuses_a_controller_with_a_wrong_echo() {
    let bench = Workbench::new();
    let target = build(&bench, "no_segments");
    let controller = bench.path("controller");
    bench
        .program(Compiler::gcc().cc)
        .args(["-Wall", "-Wextra", "-Werror", "-o"])
        .arg(&controller)
        .arg(data::folder().join("controller/wrong_echo.c"))
        .run()
        .assert_code(0);
    let done = bench.program(controller).arg(target).run();
    done.assert_code(0);
    assert_eq!(done.stdout().trim(), "exited with code 1");
}
