//! Contents of the disk when the machine loses its power: by the order of the calls that a
//! session makes, and on a disk that keeps nothing but what was synced (`disk.c`).

use nix::sys::signal::Signal;
use std::{collections::HashSet, fs, os::unix::fs::MetadataExt, path::Path};
use tine_workbench::{Runner, Workbench, testcases};

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

/// Has a command write to a disk that keeps of the folder `results` what was synced.
fn on_a_disk<'b>(bench: &Workbench, runner: Runner<'b>) -> Runner<'b> {
    bench.write("disk.c", include_str!("disk.c"));
    let cc = bench.program("cc").args(["-shared", "-fPIC", "-o"]);
    let cc = cc.arg(bench.path("disk.so")).arg("disk.c").arg("-ldl");
    cc.run().assert_code(0);
    fs::create_dir(bench.path("disk")).unwrap();
    fs::create_dir(bench.path("results")).unwrap();
    let results = bench.path("results").canonicalize().unwrap();
    runner
        .env("LD_PRELOAD", bench.path("disk.so"))
        .env("DISK", bench.path("disk"))
        .env("DISK_OF", results)
}

/// Writes to `to` what is left of the folder with this number after the power was cut.
fn restore(disk: &Path, number: u64, to: &Path) {
    fs::create_dir(to).unwrap();
    let names = fs::read_to_string(disk.join(format!("{number}.names"))).unwrap_or_default();
    for line in names.lines() {
        let [number, kind, name] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        if kind == "d" {
            restore(disk, number.parse().unwrap(), &to.join(name));
        } else {
            let bytes = fs::read(disk.join(format!("{number}.bytes"))).unwrap_or_default();
            fs::write(to.join(name), bytes).unwrap();
        }
    }
}

/// The power is cut when the third crash has just got its name: those that have names after
/// it are whole, and the first two have theirs.
#[test]
fn crashes_survive_a_power_cut() {
    let bench = Workbench::new();
    let program = bench.compile("crashes", &[], CRASHES);
    bench.seeds("seeds", ["x"]);
    let fuzz = bench.tine().args(["fuzz", "--no-ui", "-i", "seeds", "-o"]);
    let fuzz = fuzz.args(["results/out", "-s", "1", "-V", "100", "--"]);
    let fuzz = on_a_disk(&bench, fuzz.arg(&program)).start();
    let crashes = bench.path("results/out/default/crashes");
    // The third has its name when the first two are done with.
    fuzz.wait_for("three crashes", |_| {
        crashes.is_dir() && testcases(&crashes).len() == 3
    });
    fuzz.signal(Signal::SIGKILL);
    let _ = fuzz.try_wait();

    let number = fs::metadata(bench.path("results")).unwrap().ino();
    restore(&bench.path("disk"), number, &bench.path("after"));
    let after = bench.path("after/out/default/crashes");
    assert!(after.is_dir(), "the folder of crashes is gone");
    let saved = testcases(&after);
    assert!(saved.len() >= 2, "{saved:?}");
    for crash in &saved {
        let name = crash.file_name().unwrap();
        let written = fs::read(crashes.join(name)).unwrap();
        assert!(!written.is_empty());
        assert_eq!(fs::read(crash).unwrap(), written, "{name:?}");
        let input = fs::read(crash).unwrap();
        assert!(bench.program(&program).stdin(input).run().code().is_none());
    }
}

/// A session that has ended keeps its queue, too: by the state file, and by what was
/// synced with it.
#[test]
fn a_session_that_ended_goes_on_after_a_power_cut() {
    let bench = Workbench::new();
    let program = bench.compile("crashes", &[], CRASHES);
    bench.seeds("seeds", ["x", "y"]);
    let fuzz = bench.tine().args(["fuzz", "--no-ui", "-i", "seeds", "-o"]);
    let fuzz = fuzz.args(["results/out", "-s", "1", "-E", "5000", "--"]);
    on_a_disk(&bench, fuzz.arg(&program)).run().assert_code(0);

    let number = fs::metadata(bench.path("results")).unwrap().ino();
    restore(&bench.path("disk"), number, &bench.path("after"));
    for folder in ["crashes", "queue"] {
        let content = |out: &str| {
            let files = testcases(&bench.path(format!("{out}/default/{folder}")));
            let read = |path: std::path::PathBuf| {
                let bytes = fs::read(&path).unwrap();
                (path.file_name().unwrap().to_owned(), bytes)
            };
            files.into_iter().map(read).collect::<Vec<_>>()
        };
        assert_eq!(content("after/out"), content("results/out"), "{folder}");
    }
    let on = bench.tine().args(["fuzz", "--no-ui", "-i", "-", "-o"]);
    let on = on
        .args(["after/out", "-E", "6000", "--"])
        .arg(program)
        .run();
    on.assert_code(0);
}
