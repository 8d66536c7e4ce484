//! Crashes and hangs that take more than one input: they are saved with the inputs
//! before them, and `tine showmap --replay` shows them again.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use tine_workbench::{Compiler, Expected, Finished, Runner, Stats, Workbench, expected, testcases};

/// The target that takes a sequence of inputs to crash.
const STATEFUL: &str = "persistent_state";

/// A session over a target, until its first crash or so many runs.
fn fuzz<'b>(bench: &'b Workbench, options: &[&str], target: &Path) -> Runner<'b> {
    bench
        .tine()
        .args(["fuzz", "--no-ui", "-i", "seeds", "-o", "out"])
        .args(["-t", "10000", "-s", "3"])
        .args(options)
        .arg("--")
        .arg(target)
}

fn replay(bench: &Workbench, folder: &Path, target: &Path) -> Finished {
    let runner = bench.tine().args(["showmap", "--replay"]).arg(folder);
    runner.arg("--").arg(target).run()
}

/// One file, alone in a fresh child.
fn alone(bench: &Workbench, input: &Path, target: &Path) -> Finished {
    let runner = bench.tine().args(["showmap", "-o", "map", "-i"]).arg(input);
    runner.arg("--").arg(target).run()
}

/// The only entry of a folder.
#[track_caller]
fn only(folder: &Path) -> PathBuf {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let entries: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(entries.len(), 1, "{entries:?}");
    entries[0].clone()
}

/// The files of a folder, in order.
fn contents(folder: &Path) -> Vec<Vec<u8>> {
    let files: BTreeMap<PathBuf, Vec<u8>> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    files.into_values().collect()
}

fn compile(bench: &Workbench, name: &str, source: &str) -> PathBuf {
    let file = bench.write(format!("{name}.c"), source);
    let target = bench.path(name);
    let compiler = bench.tine_cc().arg("-O1").arg("-o").arg(&target).arg(file);
    compiler.run().assert_code(0);
    target
}

#[test]
fn sequences_end_as_their_data_says_and_the_last_input_alone_does_not() {
    let mut count = 0;
    for compiler in [Compiler::clang(), Compiler::gcc(), Compiler::aflplusplus()] {
        let bench = Workbench::new();
        let sequences = expected()
            .iter()
            .filter_map(|data| Some((data, data.sequence.as_ref()?)));
        for (data, sequence) in sequences {
            let target = bench.target(&data.name, &compiler).program();
            let folder = bench.path("sequence");
            for (number, input) in sequence.inputs.iter().enumerate() {
                bench.write(folder.join(format!("{number:03}")), input.bytes());
            }
            let done = replay(&bench, &folder, &target);
            let Expected::Signal(signal) = sequence.outcome else {
                panic!("{}: only signals are known here", data.name);
            };
            let last = sequence.inputs.len() - 1;
            done.assert_code(2)
                .assert_stderr(&format!("{last:03}: the target crashed by signal"))
                .assert_stderr(signal.as_str())
                .assert_stderr(&format!("{0} of {0} inputs ran", last + 1));
            for input in 0..last {
                done.assert_stderr(&format!("{input:03}: the target finished its pass"));
            }
            alone(&bench, &folder.join(format!("{last:03}")), &target).assert_code(0);
            count += 1;
        }
    }
    assert!(count >= 3, "no target has a sequence");
}

#[test]
fn a_crash_that_takes_earlier_inputs_is_saved_with_them() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["hello"]);
    let target = bench.target(STATEFUL, &Compiler::clang()).program();
    let done = fuzz(&bench, &["--until-crash", "-E", "2000000"], &target).run();
    done.assert_code(0).assert_stderr("1 crash in");
    let instance = bench.path("out/default");
    let crash = only_crash(&instance);
    let bytes = fs::read(&crash).unwrap();
    assert!(bytes.starts_with(b"r"), "{bytes:?}");

    alone(&bench, &crash, &target).assert_code(0);
    let folder = only(&instance.join("replay"));
    assert_eq!(folder.file_name(), crash.file_name());
    let inputs = contents(&folder);
    assert_eq!(inputs.last(), Some(&bytes), "the crash is the last one");
    assert!(
        (3..=1000).contains(&inputs.len()),
        "{} inputs",
        inputs.len()
    );
    replay(&bench, &folder, &target)
        .assert_code(2)
        .assert_stderr("SIGSEGV");

    // What is said at the end, and beside the crash, is that command.
    let text = done.stderr();
    let command = text
        .lines()
        .find(|line| line.contains(" showmap --replay "))
        .expect(&text);
    let replayed = bench.program("sh").args(["-c", command]).run();
    replayed.assert_code(2).assert_stderr("SIGSEGV");
    let readme = fs::read_to_string(instance.join("crashes/README.txt")).unwrap();
    assert!(readme.contains("showmap --replay FOLDER"), "{readme}");

    // AFL's tools find nothing but inputs among the crashes.
    let names = fs::read_dir(instance.join("crashes")).unwrap();
    assert_eq!(names.count(), 2, "one crash and the README");
}

#[test]
fn a_crash_that_takes_earlier_inputs_is_not_new_in_a_resumed_session() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["hello"]);
    let target = bench.target(STATEFUL, &Compiler::clang()).program();
    let first = fuzz(&bench, &["--until-crash", "-E", "2000000"], &target).run();
    first.assert_code(0).assert_stderr("1 crash in");
    let instance = bench.path("out/default");
    let crash = only_crash(&instance);
    let line = ["fuzz", "--no-ui", "-i", "-", "-o", "out", "-t", "10000"];
    // The same random numbers would find the same crash at the same place.
    let options = ["-s", "4", "-E", "60000", "--"];
    let done = bench.tine().args(line).args(options).arg(&target).run();
    done.assert_code(0).assert_stderr("(-E)");
    assert!(crashes_in_log(&instance) > 1.0, "it is not found again");
    assert_eq!(only_crash(&instance), crash);
    only(&instance.join("replay"));
}

/// All crashes of a session, saved or not, from the last line of its plot.
fn crashes_in_log(instance: &Path) -> f64 {
    let plot = fs::read_to_string(instance.join("plot_data")).unwrap();
    let (header, last) = (plot.lines().next().unwrap(), plot.lines().last().unwrap());
    let column = header.split(", ").position(|name| name == "total_crashes");
    let value = last.split(", ").nth(column.expect("the column")).unwrap();
    value.parse().expect("a number")
}

/// The one file in `crashes` that is an input.
fn only_crash(instance: &Path) -> PathBuf {
    let crashes = testcases(&instance.join("crashes"));
    assert_eq!(crashes.len(), 1, "{crashes:?}");
    crashes[0].clone()
}

#[test]
fn a_crash_that_needs_no_other_input_has_no_sequence() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["hello"]);
    let target = bench
        .target("persistent_crash", &Compiler::clang())
        .program();
    let done = fuzz(&bench, &["-E", "20000"], &target).run();
    done.assert_code(0).assert_stderr("1 crash in");
    assert!(!bench.path("out/default/replay").exists());
}

#[test]
fn how_many_inputs_are_kept_can_be_chosen() {
    let target_of = |bench: &Workbench| bench.target(STATEFUL, &Compiler::clang()).program();
    let until_crash = ["--until-crash", "-E", "2000000"];
    let kept = |options: &[&str], variable: Option<&str>| {
        let bench = Workbench::new();
        bench.seeds("seeds", ["hello"]);
        let target = target_of(&bench);
        let mut runner = fuzz(&bench, &[&until_crash, options].concat(), &target);
        if let Some(value) = variable {
            runner = runner.env("AFL_PERSISTENT_RECORD", value);
        }
        runner.run().assert_code(0).assert_stderr("1 crash in");
        let replay = bench.path("out/default/replay");
        replay.exists().then(|| contents(&only(&replay)).len())
    };
    assert_eq!(kept(&["--replay-inputs", "0"], None), None);
    assert_eq!(kept(&[], Some("0")), None);
    // Too few to show it: they are saved all the same.
    assert_eq!(kept(&["--replay-inputs", "2"], Some("7")), Some(2));
    assert_eq!(kept(&[], Some("2")), Some(2));

    let bench = Workbench::new();
    bench.seeds("seeds", ["hello"]);
    let target = target_of(&bench);
    for value in ["x", "-1", "1000001"] {
        let option = format!("--replay-inputs={value}");
        fuzz(&bench, &[&option], &target).run().assert_code(1);
        let done = fuzz(&bench, &[], &target).env("AFL_PERSISTENT_RECORD", value);
        done.run()
            .assert_code(1)
            .assert_stderr(&format!("AFL_PERSISTENT_RECORD={value}: give a number"));
        assert!(!bench.path("out").exists());
    }
}

/// Hangs on `h` if the same process has seen `o`.
const HANGS: &str = r#"
#include <unistd.h>
__AFL_FUZZ_INIT();
int main(void) {
    int is_open = 0;
    __AFL_INIT();
    unsigned char *b = __AFL_FUZZ_TESTCASE_BUF;
    while (__AFL_LOOP(1000)) {
        if (__AFL_FUZZ_TESTCASE_LEN < 1) continue;
        if (b[0] == 'o') is_open = 1;
        else if (b[0] == 'h') { if (is_open) for (;;) pause(); }
    }
    return 0;
}
"#;

#[test]
fn a_hang_that_takes_earlier_inputs_is_saved_with_them() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["hello", "open"]);
    let target = compile(&bench, "hangs", HANGS);
    // The seeds by themselves, in this order, do not hang.
    let options = ["-t", "200", "-E", "3000"];
    let line = ["fuzz", "--no-ui", "-i", "seeds", "-o", "out", "-s", "3"];
    let runner = bench.tine().args(line).args(options).arg("--").arg(&target);
    let done = runner.env("AFL_HANG_TMOUT", "400").run();
    done.assert_code(0).assert_stderr("1 hang in");
    let instance = bench.path("out/default");
    assert_eq!(Stats::read(&instance).number("saved_hangs"), 1.0);
    let hang = testcases(&instance.join("hangs")).remove(0);
    alone(&bench, &hang, &target).assert_code(0);
    let folder = only(&instance.join("replay"));
    assert_eq!(folder.file_name(), hang.file_name());
    let inputs = contents(&folder);
    assert!(
        inputs.iter().any(|input| input.starts_with(b"o")),
        "{inputs:?}"
    );
    let done = replay(&bench, &folder, &target);
    done.assert_code(1).assert_stderr("over its time limit");
}

#[test]
fn what_cannot_be_replayed_is_said_in_a_sentence() {
    let bench = Workbench::new();
    let persistent = bench.target(STATEFUL, &Compiler::clang()).program();
    let other = bench.target("ok", &Compiler::clang()).program();
    fs::create_dir(bench.path("empty")).unwrap();
    bench.write("one/000", "hello");
    bench.write("file", "hello");
    for (folder, target, words) in [
        ("empty", &persistent, "empty has no file to replay"),
        ("absent", &persistent, "cannot read absent: No such file"),
        ("file", &persistent, "cannot read file: Not a directory"),
        ("one", &other, "/ok has no persistent loop, so that each"),
    ] {
        let done = replay(&bench, Path::new(folder), target);
        let text = done.assert_code(1).assert_stderr(words).stderr();
        assert_eq!(text.lines().count(), 1, "one sentence: {text}");
    }
    // A file that is there but cannot be read: a link that leads nowhere.
    std::os::unix::fs::symlink("nowhere", bench.path("one/001")).unwrap();
    let done = replay(&bench, &bench.path("one"), &persistent);
    done.assert_code(1).assert_stderr("one/001");
    let both = ["showmap", "--replay", "one", "-i", "one", "--"];
    let done = bench.tine().args(both).arg(&persistent).run();
    done.assert_code(1).assert_stderr("cannot be used with");
    let none = bench.tine().args(["showmap", "--"]).arg(&persistent).run();
    none.assert_code(1).assert_stderr("--output");
}

#[test]
fn a_replay_says_when_the_child_ends_and_can_write_the_last_map() {
    let bench = Workbench::new();
    let target = compile(
        &bench,
        "short",
        r#"
#include <unistd.h>
__AFL_FUZZ_INIT();
int main(void) {
    __AFL_INIT();
    unsigned char *b = __AFL_FUZZ_TESTCASE_BUF;
    while (__AFL_LOOP(2)) if (__AFL_FUZZ_TESTCASE_LEN > 1 && b[0] == 'x') b[1]++;
    return 0;
}
"#,
    );
    for number in 0..4 {
        bench.write(format!("inputs/{number}"), "xx");
    }
    let line = ["showmap", "-o", "-", "--replay", "inputs", "--"];
    let done = bench.tine().args(line).arg(&target).run();
    done.assert_code(0)
        .assert_stderr("a fresh one takes over")
        .assert_stderr("4 of 4 inputs ran; none of them crashed");
    let map = done.stdout();
    assert!(map.lines().count() > 1, "a map of the last run: {map:?}");
    assert!(
        map.lines().all(|line| line.split_once(':').is_some()),
        "{map:?}"
    );
}
