//! Targets under `tine showmap`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tine_workbench::{Built, Expected, Runner, Workbench};

/// `tine`, told what the user of this target would tell it.
pub fn tine_for<'b>(bench: &'b Workbench, built: &Built) -> Runner<'b> {
    match built.data.crash_exit_code {
        Some(code) => bench.tine().env("AFL_CRASH_EXITCODE", code.to_string()),
        None => bench.tine(),
    }
}

/// Every case has its exit code, its words and a map.
pub fn check(bench: &Workbench, built: &Built) -> Vec<String> {
    let mut wrong = Vec::new();
    for case in &built.data.cases {
        let map = bench.path("map");
        // What an earlier run left must not pass for this one's.
        let _ = fs::remove_file(&map);
        let done = tine_for(bench, built)
            .args(["showmap", "-t", &case.time_limit().to_string(), "-o"])
            .arg(&map)
            .arg("--")
            .arg(built.program())
            .args(built.args())
            .stdin(case.input.bytes())
            .run();
        let (code, words) = match case.outcome {
            Expected::Ok => (0, "persistent loop".to_owned()),
            Expected::Exit(code) => (0, format!("code {code} ")),
            Expected::Timeout => (1, "time limit".to_owned()),
            Expected::CrashExit(code) => (2, format!("code {code})")),
            Expected::Signal(signal) => (2, signal.to_string()),
        };
        if done.code() != Some(code) || !done.stderr().contains(&words) {
            wrong.push(format!(
                "{}: wanted code {code} and {words:?}: {done}",
                case.input
            ));
        }
        match edges_in(&map) {
            Err(error) => wrong.push(format!("{}: {error}", case.input)),
            Ok(edges) if edges.is_empty() => wrong.push(format!("{}: an empty map", case.input)),
            Ok(_) => {}
        }
    }
    wrong
}

/// The edges in a file of afl-showmap's format: `%06u:%u` lines in order.
pub fn edges_in(path: &Path) -> Result<BTreeSet<usize>, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut edges = BTreeSet::new();
    for line in text.lines() {
        let parsed = line.split_once(':').and_then(|(edge, class)| {
            let (edge, class) = (edge.parse::<usize>().ok()?, class.parse::<u8>().ok()?);
            (format!("{edge:06}:{class}") == line && class > 0).then_some(edge)
        });
        let edge = parsed.ok_or_else(|| format!("no `%06u:%u` in the map: {line:?}"))?;
        if edges.last().is_some_and(|last| *last >= edge) {
            return Err(format!("edge {edge} is not in order"));
        }
        edges.insert(edge);
    }
    Ok(edges)
}
