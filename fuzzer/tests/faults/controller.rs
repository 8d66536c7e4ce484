//! Every fault of `targets/faults/faults.toml`, straight on the controller: what comes
//! of it, how long that takes, and that nothing is left: no process, no segment, no
//! descriptor, no file.
//!
//! One test, in a process of its own, so that nothing else there opens or closes
//! descriptors meanwhile. `command` has the same under `tine showmap`.

mod outside;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::data::{self, Fault, Run, Wanted};
use tine_controller::{ForkServer, LossReason, Outcome, RunError, StartError, TargetConfig};
use tine_workbench::{Expected, Workbench, in_process, wait_until};

/// How long an ended process may take to be gone from the list.
const GRACE: Duration = Duration::from_secs(2);

/// Set in the process that has this test to itself.
const ALONE: &str = "TINE_TEST_ALONE";

/// All faults together, on a busy machine.
const ALL: Duration = Duration::from_secs(900);

#[test]
fn every_fault_is_answered_in_time_and_leaves_nothing() {
    if std::env::var_os(ALONE).is_none() {
        return again_alone();
    }
    let bench = in_process();
    let only = std::env::var("FAULT").ok();
    let faults: Vec<Fault> = data::faults()
        .into_iter()
        .filter(|fault| only.as_ref().is_none_or(|name| *name == fault.name))
        .filter(|fault| fault.start.is_some() || !fault.runs.is_empty())
        .collect();
    let mut wrong = Vec::new();
    for fault in &faults {
        let program = fault.build(&bench);
        let folder = bench.path(&fault.name);
        fs::create_dir(&folder).expect("the folder that the target runs in");
        let before = descriptors();
        let began = Instant::now();
        let mut found = meet(&bench, fault, &program, &folder);
        let took = began.elapsed();
        eprintln!("{:30} {:6} ms", fault.name, took.as_millis());
        if took > fault.within() {
            found.push(format!("{took:?}, over {:?}", fault.within()));
        }
        wait_until(GRACE, || bench.leftovers().is_empty());
        found.extend(bench.leftovers());
        for (number, what) in descriptors() {
            if !before.contains_key(&number) {
                found.push(format!("descriptor {number} is left: {what}"));
            }
        }
        wrong.extend(
            found
                .into_iter()
                .map(|what| format!("{}: {what}", fault.name)),
        );
    }
    assert!(!faults.is_empty(), "there is no such fault");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Runs this test program again, for this test alone: the others open and close
/// descriptors in their threads.
fn again_alone() {
    let bench = Workbench::new();
    let own = std::env::current_exe().expect("the path of this program");
    let name = format!(
        "{}::every_fault_is_answered_in_time_and_leaves_nothing",
        module_path!().split_once("::").expect("a module").1
    );
    let runner = bench.program(own).args(["--exact", &name, "--nocapture"]);
    let done = runner.env(ALONE, "").deadline(ALL).run();
    eprint!("{}", done.stderr());
    done.assert_code(0);
    assert!(done.stdout().contains("1 passed"), "{done}");
}

/// Starts the target, runs its inputs and ends it. Returns what is wrong.
fn meet(bench: &Workbench, fault: &Fault, program: &Path, folder: &Path) -> Vec<String> {
    let mut config = TargetConfig::new(program);
    config.current_dir = Some(folder.into());
    config.env.push(bench.marker_variable());
    config.memory_limit = fault.memory_limit.map(|limit| limit << 20);
    if let Some(limit) = fault.startup_limit {
        config.startup_timeout = Duration::from_millis(limit);
    }
    let mut server = match (ForkServer::start(config), fault.start.as_deref()) {
        (Err(error), Some(kind)) => return check_start(fault, &error, kind),
        (Err(error), None) => return vec![format!("it does not start: {error}")],
        (Ok(_), Some("any")) => return Vec::new(),
        (Ok(_), Some(kind)) => return vec![format!("it starts, and has to be {kind}")],
        (Ok(server), None) => server,
    };
    let mut wrong = Vec::new();
    for (number, run) in fault.runs.iter().enumerate() {
        let before = server.restarts();
        let outside = fault.outside.filter(|_| number == 0);
        let pid = server.server_pid().expect("it has a fork server").get();
        let result = outside::during(outside, pid, folder, || {
            server.run_with_timeout(&run.input.bytes(), run.time_limit())
        });
        server.map().clear();
        let mut complain =
            |what: String| wrong.push(format!("run {number} ({}): {what}", run.input));
        if let Some(what) = check_result(fault, run, &result) {
            complain(what);
        }
        let restarts = server.restarts() - before;
        if restarts != run.restarts {
            complain(format!("{restarts} restarts, not {}", run.restarts));
        }
        let loss = server.last_loss().filter(|_| restarts > 0).map(loss);
        if loss != run.loss.as_deref() {
            complain(format!("lost because {loss:?}, not {:?}", run.loss));
        }
    }
    wrong
}

fn check_start(fault: &Fault, error: &StartError, kind: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if kind != "any" && start_error(error) != kind {
        wrong.push(format!("not {kind}, but {}: {error}", start_error(error)));
    }
    wrong.extend(check_words(fault, &error.to_string()));
    wrong
}

fn check_words(fault: &Fault, message: &str) -> Option<String> {
    (!message.contains(&fault.says)).then(|| format!("{:?} is not in: {message}", fault.says))
}

fn check_result(fault: &Fault, run: &Run, result: &Result<Outcome, RunError>) -> Option<String> {
    match (result, &run.outcome) {
        (Ok(outcome), Wanted::Outcome(wanted)) if is_outcome(*outcome, *wanted) => None,
        (Ok(outcome), wanted) => Some(format!("not {wanted:?}: it {outcome}")),
        (Err(error), Wanted::Error(kind)) if run_error(error) == kind => {
            // A fault's sentence is that of its first run.
            let is_first = std::ptr::eq(run, &raw const fault.runs[0]);
            is_first.then(|| check_words(fault, &error.to_string()))?
        }
        (Err(error), wanted) => Some(format!("not {wanted:?}: {error}")),
    }
}

fn is_outcome(outcome: Outcome, wanted: Expected) -> bool {
    match (outcome, wanted) {
        (Outcome::LoopDone, Expected::Ok) | (Outcome::TimedOut, Expected::Timeout) => true,
        (Outcome::Exited(code), Expected::Exit(wanted)) => code == wanted,
        (Outcome::Signaled { signal, .. }, Expected::Signal(wanted)) => signal == wanted as i32,
        _ => false,
    }
}

/// The kinds of errors by the names that they have in the data.
fn start_error(error: &StartError) -> &'static str {
    match error {
        StartError::Unreadable { .. } => "unreadable",
        StartError::Segment { .. } => "segment",
        StartError::Input { .. } => "input",
        StartError::Pipe { .. } => "pipe",
        StartError::DescriptorLimit { .. } => "descriptor-limit",
        StartError::Spawn { .. } => "spawn",
        StartError::Died { .. } => "died",
        StartError::TimedOut { .. } => "timed-out",
        StartError::Handshake { .. } => "handshake",
        StartError::Daemonised { .. } => "daemonised",
        StartError::MapGrows { .. } => "map-grows",
        StartError::MapChanged { .. } => "map-changed",
        StartError::MapTooLarge { .. } => "map-too-large",
    }
}

fn run_error(error: &RunError) -> &'static str {
    match error {
        RunError::Input { .. } => "input",
        RunError::TooLong { .. } => "too-long",
        RunError::Lost { .. } => "lost",
        RunError::NoProcess { .. } => "no-process",
        RunError::CannotStop { .. } => "cannot-stop",
        RunError::Exec { .. } => "exec",
        RunError::Restart { .. } => "restart",
    }
}

fn loss(reason: LossReason) -> &'static str {
    match reason {
        LossReason::Ended => "ended",
        LossReason::HalfWord => "half-word",
        LossReason::Stuck => "stuck",
        LossReason::Reported(_) => "reported",
        LossReason::Garbage(_) => "garbage",
        LossReason::Unasked(_) => "unasked",
    }
}

/// This process's descriptors and what they are open for.
fn descriptors() -> BTreeMap<i32, String> {
    let folder = fs::read_dir("/proc/self/fd").expect("/proc is mounted");
    folder
        .flatten()
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.parse().ok()?;
            // The folder that is being read is closed by now.
            let target = fs::read_link(entry.path()).ok()?;
            Some((number, target.display().to_string()))
        })
        .filter(|(_, target)| !target.ends_with("/fd"))
        .collect()
}
