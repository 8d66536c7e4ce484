//! `tine fuzz` from its start to its end: what it finds, what it leaves on disk,
//! how it goes on, and how it is stopped.

mod cores;
mod ends;
mod finds;
mod losses;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};
use tine_workbench::{Running, Workbench, testcases};

/// Aborts on input that begins with "ab!", hangs on input that begins with "h".
const STEPS: &str = r#"
#include <stdlib.h>
#include <unistd.h>
int main(void) {
    char b[16] = {0};
    if (read(0, b, sizeof b) < 1) return 0;
    if (b[0] == 'h') for (;;) pause();
    if (b[0] != 'a') return 1;
    if (b[1] != 'b') return 2;
    if (b[2] != '!') return 3;
    abort();
}
"#;

/// Options with which havoc finds the way to the end of [`STEPS`] in some hundred runs,
/// also on a machine that has little time.
fn until_crash(bench: &Workbench) -> [&'static str; 8] {
    bench.write("steps.dict", "\"ab\"\n\"!\"\n");
    [
        "--until-crash",
        "-V",
        "100",
        "-t",
        "100",
        "-z",
        "-x",
        "steps.dict",
    ]
}

fn instance(bench: &Workbench) -> PathBuf {
    bench.path("out/default")
}

fn names(folder: &Path) -> Vec<String> {
    let paths = testcases(folder);
    paths
        .iter()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect()
}

/// Everything in a folder, whatever it is called.
fn entries(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect()
}

fn wait_for_runs(session: &Running<'_>, bench: &Workbench) {
    let stats = instance(bench).join("fuzzer_stats");
    session.wait_for("the first statistics", |_| stats.exists());
}

fn pid_of_server(session: &Running<'_>) -> i32 {
    let children = format!("/proc/{0}/task/{0}/children", session.pid());
    let text = fs::read_to_string(children).expect("the children of the fuzzer");
    // Not the process that removes a folder when the fuzzer is gone: it has no pipe there.
    let has_control_pipe = |pid: &&str| fs::read_link(format!("/proc/{pid}/fd/198")).is_ok();
    let server = text.split_whitespace().find(has_control_pipe);
    server.expect("a fork server").parse().unwrap()
}
