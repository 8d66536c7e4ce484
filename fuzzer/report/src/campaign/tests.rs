//! Folders as fuzzers leave them, and as they should not be.

use super::{Campaign, State};
use std::{fs, path::Path, time::Duration};
use tine_output::stats::{Facts, Snapshot};

fn snapshot() -> Snapshot {
    Snapshot {
        run_time: Duration::from_secs(10),
        start_time: 1000,
        last_update: 1010,
        runs: 12_345,
        runs_per_second_last_minute: 99.5,
        corpus: 7,
        found: 6,
        edges: 40,
        total_edges: 160,
        variable_edges: 4,
        saved_crashes: 2,
        last_find: 1005,
        ..Snapshot::default()
    }
}

fn write(out: &Path, name: &str, text: &str) {
    fs::create_dir_all(out.join(name)).unwrap();
    fs::write(out.join(name).join("fuzzer_stats"), text).unwrap();
}

fn stats(snapshot: &Snapshot) -> String {
    snapshot.fuzzer_stats(&Facts {
        // No process has this number.
        pid: 1 << 30,
        banner: "prog".into(),
        mode: "default".into(),
        command_line: "tine fuzz -- ./prog".into(),
    })
}

#[test]
fn instances_are_read_and_added_up() {
    let out = tempfile::tempdir().unwrap();
    write(out.path(), "b", &stats(&snapshot()));
    let other = Snapshot {
        edges: 50,
        last_find: 900,
        variable_edges: 0,
        saved_hangs: 1,
        ..snapshot()
    };
    write(out.path(), "a", &stats(&other));
    fs::create_dir(out.path().join("notes")).unwrap();
    let campaign = Campaign::read(out.path()).unwrap();
    let names: Vec<&str> = campaign
        .instances
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    assert_eq!(names, ["a", "b"]);
    assert!(campaign.problems.is_empty(), "{:?}", campaign.problems);
    let second = &campaign.instances[1];
    assert_eq!(second.state, State::Stopped);
    assert_eq!((second.runs, second.edges), (Some(12_345), Some(40)));
    assert_eq!(second.stability, Some(90.0));
    assert_eq!(second.runs_per_second, Some(99.5));
    assert_eq!(second.last_crash, None);
    let sum = &campaign.summary;
    assert_eq!((sum.stopped, sum.running), (2, 0));
    assert_eq!((sum.runs, sum.crashes, sum.hangs), (24_690, 4, 1));
    assert_eq!((sum.edges, sum.corpus, sum.found), (50, 7, 12));
    assert!(sum.runs_per_second.abs() < f64::EPSILON, "nobody runs");
    assert_eq!(sum.newest_find.as_ref().unwrap().instance, "b");
    assert_eq!(sum.oldest_find.as_ref().unwrap().time, 900);
    assert_eq!(sum.least_stability, Some(90.0));
    // The folder of one instance will do.
    let one = Campaign::read(&out.path().join("a")).unwrap();
    assert_eq!((one.instances.len(), one.summary.hangs), (1, 1));
}

#[test]
fn keys_from_before_afl_4_are_known() {
    let out = tempfile::tempdir().unwrap();
    let text = "start_time : 5\nlast_update : 6\nfuzzer_pid : 1073741824\nexecs_done : 9\n\
                paths_total : 3\nunique_crashes : 2\nlast_path : 5\nafl_banner : x\n\
                command_line : afl-fuzz\n";
    write(out.path(), "default", text);
    let campaign = Campaign::read(out.path()).unwrap();
    let old = &campaign.instances[0];
    assert_eq!(
        (old.corpus, old.crashes, old.last_find),
        (Some(3), Some(2), Some(5))
    );
    assert!(campaign.problems.is_empty(), "{:?}", campaign.problems);
}

#[test]
fn files_that_are_missing_half_or_alien_are_told_of() {
    let out = tempfile::tempdir().unwrap();
    let whole = stats(&snapshot());
    write(out.path(), "alien", "a poem\nabout: nothing\n");
    write(out.path(), "damaged", &whole.replace("12345", "x12345"));
    write(out.path(), "half", &whole[..whole.len() / 2]);
    write(out.path(), "whole", &whole);
    fs::create_dir_all(out.path().join("never")).unwrap();
    fs::write(out.path().join("never/fuzzer_setup"), "").unwrap();
    let campaign = Campaign::read(out.path()).unwrap();
    assert_eq!(campaign.instances.len(), 5);
    let said = campaign.problems.join("\n");
    for part in [
        "alien/fuzzer_stats is not a file of a fuzzer",
        "damaged/fuzzer_stats has no number for execs_done",
        "half/fuzzer_stats is only half there, afl_banner is missing",
        "never has no fuzzer_stats: its fuzzer ended before it wrote one",
    ] {
        assert!(said.contains(part), "{part} in:\n{said}");
    }
    assert_eq!(campaign.problems.len(), 4, "{said}");
    assert_eq!(campaign.summary.runs, 2 * 12_345, "the half one counts");
}

#[test]
fn a_folder_without_instances_is_an_error() {
    let out = tempfile::tempdir().unwrap();
    let said = |path: &Path| Campaign::read(path).unwrap_err().to_string();
    assert!(said(out.path()).contains("no fuzzer has worked in"));
    assert!(said(&out.path().join("x")).contains("there is no folder"));
    fs::write(out.path().join("file"), "").unwrap();
    assert!(said(&out.path().join("file")).contains("is a file"));
}
