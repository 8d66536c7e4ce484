//! `tine showmap`: outcomes, exit codes, formats, folders.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use nix::sys::signal::Signal;
use tine_workbench::{Compiler, Finished, Workbench, wait_until};

/// Does what the first letter of its input says.
const PROGRAM: &str = r#"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv) {
    char text[64] = {0};
    FILE *in = argc > 1 ? fopen(argv[argc - 1], "r") : stdin;
    if (in == NULL) { perror("open"); return 9; }
    if (fread(text, 1, sizeof text - 1, in) == 0) puts("nothing");
    printf("read %s\n", text);
    fflush(stdout);
    if (text[0] == 'A') abort();
    if (text[0] == 'S') raise(SIGSEGV);
    if (text[0] == 'H') for (;;) sleep(1);
    if (text[0] == '7') return 7;
    for (volatile char *at = text; *at; at++) if (*at == 'n') *at = 'm';
    return 0;
}
"#;

/// A workbench with the program, built by the newest clang.
fn bench() -> (Workbench, PathBuf) {
    let bench = Workbench::new();
    let program = build(&bench, PROGRAM, &Compiler::clang());
    (bench, program)
}

fn build(bench: &Workbench, source: &str, compiler: &Compiler) -> PathBuf {
    let program = bench.path(format!("prog-{}", compiler.name()));
    let source = bench.write("prog.c", source);
    let cc = bench.tine_cc().env("TINE_CC", &compiler.cc);
    cc.arg("-o").arg(&program).arg(source).run().assert_code(0);
    program
}

fn edges(text: &str) -> BTreeMap<u32, u32> {
    let parse = |line: &str| {
        let (edge, count) = line.split_once(':')?;
        // `%06u`, which afl-showmap's readers rely on.
        (edge.len() >= 6).then_some(())?;
        Some((edge.parse().ok()?, count.parse().ok()?))
    };
    text.lines()
        .map(|line| parse(line).unwrap_or_else(|| panic!("a map line: {line:?}")))
        .collect()
}

fn map(path: &Path) -> BTreeMap<u32, u32> {
    edges(&fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

fn showmap(bench: &Workbench, program: &Path, args: &[&str], input: &str) -> Finished {
    bench
        .tine()
        .arg("showmap")
        .args(args)
        .arg("--")
        .arg(program)
        .stdin(input)
        .run()
}

#[test]
fn exit_codes_and_words_tell_the_outcome() {
    let (bench, program) = bench();
    for (input, code, words) in [
        ("fine", 0, "the target exited with code 0"),
        ("7", 0, "the target exited with code 7"),
        ("A", 2, "SIGABRT"),
        ("S", 2, "SIGSEGV"),
        ("H", 1, "over its time limit"),
    ] {
        let done = showmap(&bench, &program, &["-t", "300", "-o", "map"], input);
        done.assert_code(code).assert_stderr(words);
        assert!(
            !map(&bench.path("map")).is_empty(),
            "{input}: edges up to the end are there"
        );
        assert_eq!(
            done.stdout(),
            format!("read {input}\n"),
            "the target's output is shown"
        );
    }
}

#[test]
fn every_compiler_gives_the_same_edges_in_every_run() {
    for compiler in [Compiler::clang(), Compiler::gcc()] {
        let bench = Workbench::new();
        let program = build(&bench, PROGRAM, &compiler);
        let run = |input: &str| {
            let done = showmap(&bench, &program, &["-r", "-o", "-"], input);
            edges(&done.assert_code(0).stdout())
        };
        let first = run("banana");
        assert!(
            first.values().any(|count| *count == 4),
            "four letters are no n: {first:?}"
        );
        for _ in 0..3 {
            assert_eq!(run("banana"), first, "{compiler:?}");
        }
        assert_ne!(run("7"), first, "{compiler:?}");
    }
}

#[test]
fn counts_are_classes_unless_asked_otherwise() {
    let (bench, program) = bench();
    let input = "x".repeat(20);
    let of = |flags: &[&str]| {
        let args = [flags, &["-q", "-o", "-"]].concat();
        edges(
            &showmap(&bench, &program, &args, &input)
                .assert_code(0)
                .stdout(),
        )
    };
    let (classes, raw, only_edges) = (of(&[]), of(&["-r"]), of(&["-e"]));
    assert!(raw.values().any(|count| *count == 20), "{raw:?}");
    assert!(
        classes.values().any(|count| *count == 6),
        "16 to 31 are class 6: {classes:?}"
    );
    assert!(only_edges.values().all(|count| *count == 1));
    assert!(classes.keys().eq(raw.keys()) && raw.keys().eq(only_edges.keys()));
    assert_eq!(of(&["-s"]), raw);
}

#[test]
fn quiet_says_nothing_at_all() {
    let (bench, program) = bench();
    let done = showmap(&bench, &program, &["-q", "-o", "map"], "A");
    done.assert_code(2);
    assert_eq!(
        (done.stdout(), done.stderr()),
        (String::new(), String::new())
    );
}

#[test]
fn the_input_comes_from_stdin_or_a_file_and_goes_to_either() {
    let (bench, program) = bench();
    bench.write("input", "banana");
    let run = |args: &[&str], target_args: &[&str]| {
        let line = bench
            .tine()
            .arg("showmap")
            .args(args)
            .args(["-o", "map", "--"]);
        let done = line.arg(&program).args(target_args).stdin("banana").run();
        done.assert_code(0).assert_stderr("written to map");
        assert_eq!(done.stdout(), "read banana\n");
        map(&bench.path("map"))
    };
    let by_stdin = run(&[], &[]);
    assert_eq!(run(&["-i", "input"], &[]), by_stdin);
    let by_file = run(&[], &["@@"]);
    assert_ne!(by_file, by_stdin, "it opens a file");
    assert_eq!(run(&["-i", "input"], &["@@"]), by_file);
    assert_eq!(run(&["-f", "named"], &["@@"]), by_file);
    assert_eq!(
        fs::read(bench.path("named")).expect("the file of -f"),
        b"banana"
    );
    // With -f a target may know the name by itself.
    assert_eq!(
        run(&["-f", "named"], &[bench.path("named").to_str().unwrap()]),
        by_file
    );
}

#[test]
fn a_folder_gives_a_map_an_input_and_the_worst_outcome() {
    let (bench, program) = bench();
    for (name, content) in [
        ("a", "fine"),
        ("b", "A"),
        ("sub/c", "7"),
        (".state/d", "x"),
        ("e", ""),
    ] {
        bench.write(format!("in/{name}"), content);
    }
    let done = showmap(&bench, &program, &["-i", "in", "-o", "maps"], "");
    done.assert_code(2)
        .assert_stderr("in/b: the target crashed by signal 6 (SIGABRT)")
        .assert_stderr("4 inputs: 1 crashed, 0 timed out");
    let mut names: Vec<_> = fs::read_dir(bench.path("maps"))
        .expect("the folder of maps")
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["a", "b", "c", "e"]);
    let alone = showmap(&bench, &program, &["-q", "-o", "-"], "fine");
    assert_eq!(
        map(&bench.path("maps/a")),
        edges(&alone.stdout()),
        "runs leave nothing behind"
    );
}

#[test]
fn a_fuzzers_folder_means_its_queue() {
    let (bench, program) = bench();
    bench.write("out/queue/id:000000,orig:x", "fine");
    bench.write("out/fuzzer_stats", "runs : 1");
    let done = showmap(&bench, &program, &["-i", "out", "-o", "maps"], "");
    done.assert_code(0).assert_stderr("1 input: 0 crashed");
    assert!(bench.path("maps/id:000000,orig:x").is_file());
}

#[test]
fn a_collected_map_has_the_edges_of_all() {
    let (bench, program) = bench();
    bench.write("in/a", "7");
    bench.write("in/b", "banana");
    showmap(&bench, &program, &["-C", "-i", "in", "-o", "all"], "").assert_code(0);
    let all = map(&bench.path("all"));
    let mut expected = BTreeMap::new();
    for input in ["7", "banana"] {
        for (edge, class) in edges(&showmap(&bench, &program, &["-q", "-o", "-"], input).stdout()) {
            *expected.entry(edge).or_default() |= 1 << (class - 1);
        }
    }
    assert_eq!(all, expected);
}

#[test]
fn one_bad_input_does_not_stop_the_others() {
    let (bench, program) = bench();
    bench.write("in/a", "fine");
    std::os::unix::fs::symlink("/no/such/file", bench.path("in/gone")).unwrap();
    bench.write("in/z", "7");
    let done = showmap(&bench, &program, &["-i", "in", "-o", "maps"], "");
    done.assert_code(0)
        .assert_stderr("cannot read in/gone")
        .assert_stderr("2 inputs: 0 crashed, 0 timed out, 1 could not be run");
}

#[test]
fn an_input_over_the_limit_is_cut_and_says_so() {
    let (bench, program) = bench();
    let input = "x".repeat((1 << 20) + 5);
    let done = showmap(&bench, &program, &["-o", "map"], &input);
    done.assert_code(0)
        .assert_stderr("the last 5 bytes are left out");
}

#[test]
fn maps_go_to_devices_and_closed_pipes_alike() {
    let (bench, program) = bench();
    showmap(&bench, &program, &["-q", "-o", "/dev/null"], "fine").assert_code(0);
    let done = showmap(&bench, &program, &["-o", "/dev/full"], "fine");
    done.assert_code(1)
        .assert_stderr("cannot write /dev/full: No space left");
    // A reader that goes away at once.
    let line = format!(
        "{} showmap -q -o - -- {} | true; echo ${{PIPESTATUS[0]}}",
        env!("CARGO_BIN_EXE_tine"),
        program.display()
    );
    let done = bench.program("bash").args(["-c", &line]).run();
    assert_eq!(
        (done.stdout().trim(), done.stderr().as_str()),
        ("0", ""),
        "{done}"
    );
}

#[test]
fn a_signal_ends_it_and_leaves_nothing_behind() {
    let (bench, program) = bench();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGKILL] {
        let line = bench
            .tine()
            .args(["showmap", "-t", "60000", "-o", "map", "--"]);
        let line = line.arg(&program).arg("@@").stdin("H");
        // SIGKILL cannot be answered: the folder with the input stays then.
        let line = match signal {
            Signal::SIGKILL => line.env("TMPDIR", bench.dir()),
            _ => line,
        };
        let running = line.start();
        running.wait_for("the run", |running| running.stdout().contains("read H"));
        running.signal(signal);
        let done = running.wait();
        assert_eq!(done.signal(), Some(signal as i32), "{done}");
        assert!(
            wait_until(Duration::from_secs(2), || bench.leftovers().is_empty()),
            "{signal}"
        );
    }
}

/// The same binary, the same input: the same map, whichever of the two drives
/// it. Edge 0 is left out: AFL++ takes its first hit for its own runtime's mark.
/// Classes are left out too: older afl-showmaps drop edges that were hit 5 times.
#[test]
fn afl_showmap_sees_the_same_map() {
    for compiler in [Compiler::clang(), Compiler::gcc()] {
        let bench = Workbench::new();
        let program = build(&bench, PROGRAM, &compiler);
        for flag in ["-r", "-e"] {
            for input in ["banana", "7", "A"] {
                let ours = showmap(&bench, &program, &["-q", flag, "-o", "ours"], input);
                let theirs = bench
                    .program("afl-showmap")
                    .args(["-q", flag, "-o", "theirs", "--"]);
                let theirs = theirs.arg(&program).stdin(input).run();
                assert_eq!(ours.code(), theirs.code(), "{input}\n{ours}\n{theirs}");
                let without_first = |name: &str| {
                    let mut map = map(&bench.path(name));
                    map.remove(&0);
                    map
                };
                assert_eq!(
                    without_first("ours"),
                    without_first("theirs"),
                    "{flag} {input}"
                );
            }
        }
    }
}
