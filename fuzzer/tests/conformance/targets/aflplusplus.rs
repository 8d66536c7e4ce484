//! Targets of ours under AFL++'s `afl-showmap`.

use super::showmap::edges_in;
use tine_workbench::{Built, Case, Expected, InputRoute, Workbench};

/// Every case has its exit code: once without a fork server, as afl-showmap runs
/// a single input, and once with it, as it runs a folder.
pub fn check(bench: &Workbench, built: &Built) -> Vec<String> {
    let mut wrong = Vec::new();
    for (number, case) in built.data.cases.iter().enumerate() {
        let wanted = match case.outcome {
            Expected::Ok | Expected::Exit(_) => 0,
            Expected::Timeout => 1,
            Expected::Signal(_) => 2,
            // afl-showmap's exit code knows of signals only.
            Expected::CrashExit(_) => continue,
        };
        // Without a fork server it ends only the process that it started, not
        // that process's children.
        if wanted != 1 {
            wrong.extend(check_case(bench, built, case, number, wanted, false));
        }
        // With one it passes over empty files.
        if !case.input.bytes().is_empty() {
            wrong.extend(check_case(bench, built, case, number, wanted, true));
        }
    }
    wrong
}

fn check_case(
    bench: &Workbench,
    built: &Built,
    case: &Case,
    number: usize,
    wanted: i32,
    with_server: bool,
) -> Option<String> {
    let name = format!("{}-{number}-{with_server}", built.data.name);
    let folder = bench.path(format!("{name}-inputs"));
    let file = bench.write(folder.join("input"), case.input.bytes());
    let map = bench.path(format!("{name}-map"));
    // Without a fork server each run pays for a slow start.
    let limit = if with_server {
        case.time_limit()
    } else {
        10_000
    };
    let mut runner = bench
        .program("afl-showmap")
        .args(["-q", "-m", "none", "-t", &limit.to_string(), "-o"])
        .arg(&map);
    runner = if with_server {
        runner.arg("-i").arg(&folder)
    } else {
        runner.stdin(case.input.bytes())
    };
    runner = runner.arg("--").arg(built.program());
    runner = match built.data.input {
        InputRoute::File if !with_server => runner.arg(&file),
        _ => runner.args(built.args()),
    };
    let done = runner.run();
    if done.code() != Some(wanted) {
        return Some(format!("{}: wanted code {wanted}: {done}", case.input));
    }
    // It takes one from the counter of edge 0, which AFL's runtime always sets:
    // a run that is broken off early may have covered no other.
    let map = if with_server { map.join("input") } else { map };
    match edges_in(&map) {
        Ok(edges) if edges.is_empty() && wanted == 0 => {
            Some(format!("{}: an empty map: {done}", case.input))
        }
        Ok(_) => None,
        Err(error) => Some(format!("{}: {error}: {done}", case.input)),
    }
}
