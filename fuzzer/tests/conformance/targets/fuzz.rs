//! Targets under `tine fuzz`.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::by_hand;
use super::showmap::tine_for;
use tine_workbench::{Built, Case, Expected, Input, Stats, Workbench, testcases};

/// What has to be found is found, and the rest ends well.
pub fn check(bench: &Workbench, built: &Built) -> Vec<String> {
    let fuzz = &built.data.fuzz;
    let seeds: Vec<_> = if fuzz.seeds.is_empty() {
        let ends = |case: &&Case| !case.outcome.is_crash() && case.outcome != Expected::Timeout;
        built
            .data
            .cases
            .iter()
            .filter(ends)
            .map(|case| case.input.bytes())
            .collect()
    } else {
        fuzz.seeds.iter().map(Input::bytes).collect()
    };
    let name = &built.data.name;
    // An empty seed is a mistake that has a test of its own.
    let seeds = bench.seeds(
        &format!("{name}-seeds"),
        seeds.iter().filter(|it| !it.is_empty()),
    );
    let out = bench.path(format!("{name}-out"));
    let done = tine_for(bench, built)
        .args(["fuzz", "--no-ui", "--until-crash", "-s", "1"])
        .args([
            "-E",
            &fuzz.within.to_string(),
            "-t",
            &fuzz.time_limit.to_string(),
            "-i",
        ])
        .arg(seeds)
        .arg("-o")
        .arg(&out)
        .arg("--")
        .arg(built.program())
        .args(built.args())
        .deadline(Duration::from_secs(300))
        .run();
    if done.code() != Some(0) {
        return vec![format!("tine fuzz fails: {done}")];
    }
    let instance = out.join("default");
    let mut wrong = Vec::new();
    let stats = Stats::read(&instance);
    for key in ["execs_done", "edges_found", "corpus_count"] {
        if stats.number(key) < 1.0 {
            wrong.push(format!("fuzzer_stats: {key} is {}", stats.text(key)));
        }
    }
    if let Some(finds) = fuzz.finds {
        let folder = if finds == Expected::Timeout {
            "hangs"
        } else {
            "crashes"
        };
        match testcases(&instance.join(folder)).first() {
            None => wrong.push(format!("{finds} was not found: {done}")),
            Some(found) => wrong.extend(check_find(bench, built, finds, found)),
        }
    }
    wrong
}

/// What was found has the signal in its name and does it again by hand.
fn check_find(bench: &Workbench, built: &Built, finds: Expected, found: &Path) -> Option<String> {
    let name = found.file_name().unwrap_or_default().to_string_lossy();
    if let Expected::Signal(signal) = finds
        && !name.contains(&format!(",sig:{:02},", signal as i32))
    {
        return Some(format!("{name} is not named for {finds}"));
    }
    // By hand such a run ends as the case with the same outcome does.
    let case = built.data.cases.iter().find(|case| case.outcome == finds);
    let Some(wanted) = case.map(Case::by_hand) else {
        return Some(format!("no case of it ends in {finds}"));
    };
    let input = fs::read(found).unwrap_or_else(|error| panic!("{}: {error}", found.display()));
    let ended = by_hand::run(bench, built, &input, wanted == Expected::Timeout);
    (!by_hand::ends_as(ended.as_ref(), wanted)).then(|| {
        format!(
            "{name} by hand: wanted {wanted}, got {}",
            by_hand::shown(ended.as_ref())
        )
    })
}
