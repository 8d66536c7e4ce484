//! Targets without a fuzzer: as if they were not instrumented.

use std::time::Duration;

use tine_workbench::{Built, Expected, Finished, InputRoute, Workbench};

/// How long a run that should hang is watched.
const WATCHED: Duration = Duration::from_millis(300);

/// Every case ends as its data says.
pub fn check(bench: &Workbench, built: &Built) -> Vec<String> {
    let mut wrong = Vec::new();
    for case in &built.data.cases {
        let wanted = case.by_hand();
        let ended = run(
            bench,
            built,
            &case.input.bytes(),
            wanted == Expected::Timeout,
        );
        if !ends_as(ended.as_ref(), wanted) {
            wrong.push(format!(
                "{}: wanted {wanted}, got {}",
                case.input,
                shown(ended.as_ref())
            ));
        }
    }
    wrong
}

/// Runs without a fuzzer; `None` if the run had to be ended.
pub fn run(bench: &Workbench, built: &Built, input: &[u8], hangs: bool) -> Option<Finished> {
    let runner = bench.program(built.program());
    let runner = match built.data.input {
        InputRoute::File => runner.arg(bench.write("input", input)),
        InputRoute::Stdin | InputRoute::Shm => runner.stdin(input),
    };
    if hangs {
        runner.run_for(WATCHED)
    } else {
        Some(runner.run())
    }
}

pub fn ends_as(ended: Option<&Finished>, wanted: Expected) -> bool {
    match (ended, wanted) {
        (None, Expected::Timeout) => true,
        (Some(done), Expected::Exit(code)) => done.code() == Some(code),
        (Some(done), Expected::Signal(signal)) => done.signal() == Some(signal as i32),
        _ => false,
    }
}

pub fn shown(ended: Option<&Finished>) -> String {
    ended.map_or_else(
        || "no end".into(),
        |done| format!("{}: {}", done.status, done.stderr()),
    )
}
