//! What is on the disk when the machine loses its power: the order of the calls that a
//! session makes.

use crate::support::Workbench;
use std::{collections::HashSet, fs};

/// Crashes in many places.
const CRASHES: &str = r#"
#include <stdlib.h>
#include <unistd.h>
int main(void) {
    unsigned char b = 0;
    if (read(0, &b, 1) < 1) return 0;
    if (b == 'a') abort();
    if (b == 'b') __builtin_trap();
    if (b == 'c') *(volatile int *)8 = 1;
    return 0;
}
"#;

/// What is quoted first after `start`.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').skip(1).step_by(2)
}

#[test]
fn a_crash_has_its_name_when_its_content_is_on_the_disk() {
    let bench = Workbench::new();
    bench.write("crashes.c", CRASHES);
    let cc = bench.tine_cc().args(["crashes.c", "-o", "crashes"]);
    cc.run().assert_code(0);
    bench.seeds("seeds", ["x"]);
    let strace = bench
        .program("strace")
        .args(["-f", "-y", "-o", "calls", "-e"]);
    let strace = strace.arg("trace=fsync,fdatasync,rename,renameat,renameat2,syncfs");
    let fuzz = strace
        .arg(env!("CARGO_BIN_EXE_tine"))
        .args(["fuzz", "-i", "seeds", "-o", "out"]);
    let fuzz = fuzz.args(["-s", "1", "-E", "5000", "--", "./crashes"]);
    fuzz.run().assert_code(0);

    let calls = fs::read_to_string(bench.path("calls")).unwrap();
    let mut synced = HashSet::new();
    // Folders with names that are not on the disk yet.
    let mut unsafe_names: HashSet<String> = HashSet::new();
    let mut saved = 0;
    let mut states = 0;
    for line in calls.lines().filter(|line| line.contains("= 0")) {
        let path = |line: &str| {
            let path = line.split_once('<')?.1.split_once('>')?.0;
            Some(path.to_owned())
        };
        if line.contains("sync(") {
            let path = path(line).expect("a descriptor's path");
            unsafe_names.remove(&path);
            synced.insert(path);
            continue;
        }
        let names: Vec<&str> = quoted(line).collect();
        let [from, to] = names[..] else { continue };
        let is_crash = to.contains("/crashes/id:");
        let is_state = to.ends_with("/.tine_state");
        if is_crash || is_state {
            assert!(synced.contains(from), "{line}\n{calls}");
            let folder = to.rsplit_once('/').unwrap().0;
            unsafe_names.insert(folder.to_owned());
            saved += usize::from(is_crash);
            states += usize::from(is_state);
        }
    }
    assert_eq!((saved, states > 0), (3, true), "{calls}");
    assert!(unsafe_names.is_empty(), "{unsafe_names:?}\n{calls}");
}
