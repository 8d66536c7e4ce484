//! Every fault of `targets/faults/faults.toml` under `tine showmap`: how the command
//! ends, what it says, how long that takes, and that nothing is left.

mod fuzzing;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Instant;

use crate::data::{self, Command, Fault, Inside};
use nix::sys::signal::Signal;
use tine_workbench::{Runner, Workbench};

/// The faults are dealt out to this many tests, which run at once.
const PARTS: usize = 4;

#[test]
fn showmap_part_0() {
    check_part(0);
}

#[test]
fn showmap_part_1() {
    check_part(1);
}

#[test]
fn showmap_part_2() {
    check_part(2);
}

#[test]
fn showmap_part_3() {
    check_part(3);
}

/// A source file that no fault has, or a fault that is tried nowhere, misleads.
#[test]
fn sources_and_data_agree() {
    let faults = data::faults();
    let used: BTreeSet<_> = faults
        .iter()
        .map(|fault| fault.source().canonicalize().expect("its source is there"))
        .collect();
    for entry in fs::read_dir(data::folder()).expect("the folder").flatten() {
        let path = entry.path().canonicalize().expect("a file");
        let is_source = path.extension().is_some_and(|it| it == "c");
        assert!(
            !is_source || used.contains(&path),
            "{} is in no fault",
            path.display()
        );
    }
    for fault in &faults {
        let is_tried = fault.start.is_some() || !fault.runs.is_empty() || fault.command.is_some();
        assert!(is_tried, "{} is tried nowhere", fault.name);
        let text = fs::read_to_string(fault.source()).expect("its source");
        assert!(text.starts_with("/*"), "{}: no comment", fault.name);
    }
}

fn check_part(part: usize) {
    let bench = Workbench::new();
    let only = std::env::var("FAULT").ok();
    let faults = data::faults();
    let mine = faults
        .iter()
        .skip(part)
        .step_by(PARTS)
        .filter(|fault| only.as_ref().is_none_or(|name| *name == fault.name))
        .filter(|fault| fault.command.is_some() || fault.start.is_some());
    let mut wrong = Vec::new();
    for fault in mine {
        let program = fault.build(&bench);
        wrong.extend(
            check(&bench, fault, &program)
                .into_iter()
                .map(|what| format!("{}: {what}", fault.name)),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn check(bench: &Workbench, fault: &Fault, program: &Path) -> Vec<String> {
    let folder = bench.path(&fault.name);
    fs::create_dir(&folder).expect("the folder that the target runs in");
    let limit = fault
        .runs
        .first()
        .map_or(10_000, |run| run.time_limit().as_millis());
    let mut runner = inside(bench, fault.inside, &folder)
        .args(["showmap", "-o", "-", "-t", &limit.to_string()])
        .current_dir(&folder)
        .stdin(fault.first_input());
    if let Some(limit) = fault.startup_limit {
        runner = runner.env("AFL_FORKSRV_INIT_TMOUT", limit.to_string());
    }
    if let Some(limit) = fault.memory_limit {
        runner = runner.args(["-m", &limit.to_string()]);
    }
    let began = Instant::now();
    let done = runner.arg("--").arg(program).run();
    let took = began.elapsed();
    let mut wrong = Vec::new();
    let ended_well = match &fault.command {
        Some(Command::Code(code)) => done.code() == Some(*code),
        Some(Command::Killed(_)) => done.signal() == Some(Signal::SIGKILL as i32),
        None if fault.start.as_deref() == Some("any") => matches!(done.code(), Some(0..=2)),
        None => done.code() == Some(1),
    };
    if !ended_well || !done.stderr().contains(&fault.says) {
        wrong.push(format!(
            "wanted {:?} and {:?}: {done}",
            fault.command, fault.says
        ));
    }
    if done.stderr().contains("panicked") {
        wrong.push(format!("a panic: {done}"));
    }
    if took > fault.within() {
        wrong.push(format!("{took:?}, over {:?}", fault.within()));
    }
    tine_workbench::wait_until(fault.within(), || bench.leftovers().is_empty());
    wrong.extend(bench.leftovers());
    wrong
}

/// `tine` in what the fault needs around it.
fn inside<'b>(bench: &'b Workbench, inside: Option<Inside>, folder: &Path) -> Runner<'b> {
    let Some(inside) = inside else {
        return bench.tine();
    };
    let unshare = bench.program("unshare").args(["--user", "--map-root-user"]);
    let shell = |script: &str| ["sh", "-c", script, "sh"].map(str::to_owned);
    let runner = match inside {
        Inside::Pid => unshare.args(["--pid", "--fork", "--mount-proc"]),
        Inside::Ipc => unshare
            .arg("--ipc")
            .args(shell("echo 1 > /proc/sys/kernel/shmmni && exec \"$@\"")),
        Inside::Disk => unshare
            .arg("--mount")
            .args(shell(
                "mount -t tmpfs -o size=1m tmpfs \"$1\" && cd \"$1\" && shift && exec \"$@\"",
            ))
            .arg(folder),
    };
    runner.arg(env!("CARGO_BIN_EXE_tine"))
}
