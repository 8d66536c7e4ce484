//! On which core a session runs.

use super::{instance, pid_of_server, wait_for_runs};
use nix::sys::signal::Signal;
use std::fs;
use tine_workbench::{BUSY, Stats, Workbench};

#[test]
fn a_session_runs_on_one_core_and_says_which() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["hello"]);
    let target = bench.compile("busy", &["-O1", "-g"], BUSY);
    let refused = bench.fuzz("seeds", &["-b", "9999"], &target).run();
    refused.assert_code(1).assert_stderr("core 9999");
    let session = bench
        .fuzz("seeds", &["-b", "0", "-V", "60"], &target)
        .start();
    wait_for_runs(&session, &bench);
    for pid in [session.pid(), pid_of_server(&session)] {
        assert_eq!(allowed_cores(pid), "0", "process {pid}");
    }
    session.signal(Signal::SIGINT);
    session.wait().assert_code(0).assert_stderr("on core 0");
    assert_eq!(Stats::read(&instance(&bench)).number("cpu_affinity"), 0.0);
}

/// The cores that a process may run on, as the system lists them.
fn allowed_cores(pid: i32) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let cores = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    cores.expect("every process has cores").trim().to_owned()
}

/// The last core that this process may use.
fn last_core() -> String {
    let own = allowed_cores(std::process::id() as i32);
    own.rsplit([',', '-']).next().unwrap().to_owned()
}

#[test]
fn a_session_keeps_to_the_core_that_it_was_given() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["hello"]);
    let target = bench.compile("busy", &["-O1", "-g"], BUSY);
    let core = last_core();
    let line = [
        "-c",
        &core,
        env!("CARGO_BIN_EXE_tine"),
        "fuzz",
        "-i",
        "seeds",
        "-o",
        "out",
    ];
    let taskset = bench
        .program("taskset")
        .args(line)
        .args(["-V", "60", "--"])
        .arg(&target);
    let session = taskset.start();
    wait_for_runs(&session, &bench);
    for pid in [session.pid(), pid_of_server(&session)] {
        assert_eq!(allowed_cores(pid), core, "process {pid}");
    }
    session.signal(Signal::SIGINT);
    session.wait().assert_code(0);
    let stats = Stats::read(&instance(&bench));
    assert_eq!(stats.number("cpu_affinity").to_string(), core);
}

#[test]
fn a_session_leaves_cores_alone_that_others_are_bound_to() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["hello"]);
    let target = bench.compile("busy", &["-O1", "-g"], BUSY);
    // The first that it would take.
    let taken = "0";
    let other = bench
        .program("taskset")
        .args(["-c", taken, "sleep", "600"])
        .start();
    other.wait_for("its core", |other| allowed_cores(other.pid()) == taken);
    let session = bench.fuzz("seeds", &["-V", "60"], &target).start();
    wait_for_runs(&session, &bench);
    // Tests beside this one may have taken all the others: then it is not bound.
    // Where there is one core only, there is nothing to choose.
    let only_one = allowed_cores(std::process::id() as i32) == taken;
    assert_eq!(allowed_cores(session.pid()) == taken, only_one);
    session.signal(Signal::SIGINT);
    session.wait().assert_code(0);
    other.signal(Signal::SIGKILL);
    other.wait();
}
