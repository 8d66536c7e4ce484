//! `tine fuzz` from its start to its end: what it finds, what it leaves on disk,
//! how it goes on, and how it is stopped.

#[path = "../support/mod.rs"]
mod support;

mod cores;
mod ends;
mod finds;
mod losses;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};
use support::{Runner, Running, Workbench, testcases};

/// A target that this test file compiles for itself.
fn compile(bench: &Workbench, name: &str, source: &str) -> PathBuf {
    let file = bench.write(format!("{name}.c"), source);
    let program = bench.path(name);
    bench
        .tine_cc()
        .args(["-O1", "-g", "-o"])
        .arg(&program)
        .arg(file)
        .run()
        .assert_code(0);
    program
}

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

/// Takes many branches, and never crashes.
const BUSY: &str = r#"
#include <unistd.h>
volatile int sink;
int main(void) {
    unsigned char b[64];
    long n = read(0, b, sizeof b);
    for (long i = 0; i < n; i++) switch (b[i] & 15) {
        case 0: sink += 1; break;  case 1: sink += 2; break;
        case 2: sink ^= 3; break;  case 3: sink -= 4; break;
        case 4: sink *= 5; break;  case 5: sink |= 6; break;
        case 6: sink ^= 7; break;  case 7: sink -= 8; break;
        default: if (b[i] == 'z' && i > 2) sink++;
    }
    return 0;
}
"#;

fn fuzz<'b>(bench: &'b Workbench, seeds: &str, options: &[&str], target: &Path) -> Runner<'b> {
    bench
        .tine()
        .args(["fuzz", "--no-ui", "-i", seeds, "-o", "out"])
        .args(options)
        .arg("--")
        .arg(target)
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
    text.split_whitespace()
        .next()
        .expect("a fork server")
        .parse()
        .unwrap()
}
