//! `tine cmin`.

use super::names;
use nix::sys::signal::Signal;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};
use tine_workbench::{Runner, Workbench, peers};

/// Each letter of the input takes edges of its own; `!` crashes, `?` hangs.
const LETTERS: &str = r#"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
volatile int sink;
int main(int argc, char **argv) {
    char b[4096] = {0};
    FILE *in = argc > 1 ? fopen(argv[1], "r") : stdin;
    long n = in ? (long)fread(b, 1, sizeof b, in) : 0;
    for (long i = 0; i < n; i++) switch (b[i]) {
        case 'a': sink += 1; break; case 'b': sink ^= 2; break;
        case 'c': sink -= 3; break; case 'd': sink *= 5; break;
        case 'e': sink |= 7; break; case 'f': sink ^= 11; break;
        case '!': abort();
        case '?': for (;;) pause();
        default: ;
    }
    return 0;
}
"#;

fn cmin<'b>(bench: &'b Workbench, options: &[&str], program: &Path) -> Runner<'b> {
    let line = bench
        .tine()
        .args(["cmin", "--no-ui", "--ignore-time", "-o", "small"]);
    line.args(options).arg("--").arg(program)
}

/// A corpus in which each file stands for something that the tool has to notice.
fn corpus(bench: &Workbench) {
    for (name, content) in [
        ("one", "a"),
        ("twin", "a"),
        ("pair", "bbbbcccc"),
        ("long", "bbbbbcccccc"),
        ("sub/one", "d"),
        ("many", "eeeeeeeee"),
        ("crash", "f!"),
        ("hang", "ff?"),
        ("empty", ""),
        (".hidden", "fff"),
    ] {
        bench.write(format!("in/{name}"), content);
    }
}

#[test]
fn cmin_keeps_what_covers_all_and_says_what_became_of_the_rest() {
    let bench = Workbench::new();
    let program = bench.compile("letters", &["-O1", "-g"], LETTERS);
    corpus(&bench);
    let cases: [(&[&str], &[&str], &[&str]); 7] = [
        // One of the files with the same content, the shorter of those with the same edges.
        (
            &[],
            &["many", "one", "one-2", "pair"],
            &["1 crashed; 1 took too long", "of 8 inputs (7 different)"],
        ),
        (
            &["-T", "2"],
            &["many", "one", "one-2", "pair"],
            &["1 crashed"],
        ),
        (&["-C"], &["crash"], &[]),
        (
            &["-e", "--no-dedup"],
            &["many", "one", "one-2", "pair"],
            &["of 8 inputs, "],
        ),
        (
            &["-A"],
            &["crash", "hang", "many", "one", "one-2", "pair"],
            &[],
        ),
        (
            &["--as-queue"],
            &[
                "id:000000,orig:one",
                "id:000001,orig:one",
                "id:000002,orig:pair",
                "id:000003,orig:many",
            ],
            &[],
        ),
        (
            &["--crash_dir", "crashed"],
            &["many", "one", "one-2", "pair"],
            &["to crashed"],
        ),
    ];
    for (options, expected, sentences) in cases {
        for arguments in [&[][..], &["@@"]] {
            let options = [&["-i", "in", "-t", "400"], options].concat();
            let done = cmin(&bench, &options, &program).args(arguments).run();
            done.assert_code(0);
            for sentence in sentences {
                done.assert_stderr(sentence);
            }
            let expected: BTreeSet<&str> = expected.iter().copied().collect();
            let kept = names(&bench.path("small"));
            assert_eq!(
                kept.iter().map(String::as_str).collect::<BTreeSet<_>>(),
                expected,
                "{done}"
            );
            fs::remove_dir_all(bench.path("small")).unwrap();
        }
    }
    assert_eq!(
        names(&bench.path("crashed")),
        ["crash"],
        "each content once"
    );
    // The corpus is as it was.
    assert_eq!(names(&bench.path("in")).len(), 10);
}

#[test]
fn cmin_honours_the_variables_of_afl_cmin() {
    let bench = Workbench::new();
    let program = bench.compile("letters", &["-O1", "-g"], LETTERS);
    bench.write("in/one", "a");
    bench.write("in/crash", "ab!");
    let run = |variable: &str| {
        let done = cmin(&bench, &["-i", "in"], &program)
            .env(variable, "1")
            .run();
        done.assert_code(0);
        let kept = names(&bench.path("small"));
        let traces = bench.path("small/.traces/one");
        let trace = fs::read_to_string(traces).unwrap_or_default();
        fs::remove_dir_all(bench.path("small")).unwrap();
        (kept, trace, done.stdout())
    };
    assert_eq!(run("AFL_CMIN_CRASHES_ONLY").0, ["crash"]);
    assert_eq!(run("AFL_CMIN_ALLOW_ANY").0, ["crash", "one"]);
    // echo -n a | sha1sum
    assert_eq!(
        run("AFL_SHA1_FILENAMES").0,
        ["86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"]
    );
    let (kept, trace, _) = run("AFL_KEEP_TRACES");
    assert_eq!(kept, [".traces", "one"]);
    bench.write("one", "a");
    let shown = bench
        .tine()
        .args(["showmap", "-q", "-o", "-", "-i", "one", "--"]);
    let shown = shown.arg(&program).run();
    assert_eq!(trace, shown.stdout(), "as showmap writes it");
    assert_eq!(run("AFL_PRINT_FILENAMES").2, "in/one\nin/crash\n");
}

#[test]
fn cmin_refuses_what_it_cannot_do_in_a_sentence_and_deletes_nothing() {
    let bench = Workbench::new();
    let program = bench.compile("letters", &["-O1", "-g"], LETTERS);
    bench.write("in/crash", "!");
    bench.write("ok/one", "a");
    bench.write("full/mine", "precious");
    bench.write("file", "x");
    fs::create_dir(bench.path("nothing")).unwrap();
    let plain = bench.path("plain");
    let source = bench.write("plain.c", LETTERS);
    let compiled = bench.program("cc").arg("-o").arg(&plain).arg(source).run();
    compiled.assert_code(0);
    let cases: [(&[&str], &Path, &str); 10] = [
        (
            &["-i", "in"],
            &program,
            "on in/crash the target crashed by signal 6 (SIGABRT)",
        ),
        (&["-C", "-i", "ok"], &program, "which is no crash"),
        (&["-i", "nothing"], &program, "there is no input in nothing"),
        (&["-i", "gone"], &program, "cannot read gone"),
        (&["-i", "file"], &program, "-i file is a file"),
        (
            &["-i", "ok", "-o", "full"],
            &program,
            "-o full is not empty",
        ),
        (&["-i", "ok", "-o", "file"], &program, "-o file is a file"),
        (
            &["-i", "in", "-i", "ok", "-T", "2", "-f", "x"],
            &program,
            "use -T 1",
        ),
        (
            &["-i", "ok", "-Q"],
            &program,
            "-Q is an option of afl-cmin only",
        ),
        (&["-i", "ok"], &plain, "instrument"),
    ];
    for (options, program, sentence) in cases {
        let base = bench.tine().args(["cmin", "--no-ui"]);
        let base = if options.contains(&"-o") {
            base
        } else {
            base.args(["-o", "small"])
        };
        let done = base.args(options).arg("--").arg(program).run();
        done.assert_code(1).assert_stderr(sentence);
        assert_eq!(done.stderr().lines().count(), 1, "{done}");
        assert!(!bench.path("small").exists(), "{done}");
    }
    let variable = cmin(&bench, &["-i", "ok"], &program).env("AFL_CUSTOM_MUTATOR_LIBRARY", "x");
    variable
        .run()
        .assert_code(1)
        .assert_stderr("only `tine fuzz` has custom mutators");
    assert_eq!(fs::read(bench.path("full/mine")).unwrap(), b"precious");
}

#[test]
fn a_signal_ends_cmin_and_leaves_nothing() {
    let bench = Workbench::new();
    let program = bench.compile("letters", &["-O1", "-g"], LETTERS);
    bench.write("in/one", "a");
    bench.write("in/hang", "a?");
    let options = ["-i", "in", "-t", "100000"];
    let running = cmin(&bench, &options, &program).arg("@@").start();
    running.wait_for("the run that hangs", |running| {
        let children = |pid: i32| {
            fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default()
        };
        let server = children(running.pid());
        server
            .split_whitespace()
            .any(|server| !children(server.parse().unwrap()).is_empty())
    });
    running.signal(Signal::SIGINT);
    let done = running.wait();
    done.assert_code(1)
        .assert_stderr("stopped by SIGINT: nothing was written");
    assert!(!bench.path("small").exists(), "{done}");
}

/// The edges of all inputs in a folder together, as an independent tool sees them.
fn edges(bench: &Workbench, folder: &str, program: &Path) -> BTreeMap<u32, u32> {
    let line = bench
        .tine()
        .args(["showmap", "-q", "-e", "-C", "-o", "-", "-i", folder, "--"]);
    let done = line.arg(program).run();
    done.assert_code(0);
    let parse = |line: &str| {
        let (edge, count) = line.split_once(':').expect("a line of a map");
        (edge.parse().unwrap(), count.parse().unwrap())
    };
    done.stdout().lines().map(parse).collect()
}

/// A parser with many states, and a corpus that a fuzzer made of it.
#[test]
fn cmin_keeps_all_edges_with_no_more_files_than_afl_cmin() {
    let bench = Workbench::new();
    let file = tine_workbench::targets_folder().join("demo.c");
    let program = bench.compile(
        "demo",
        &["-O1", "-g", "-DDEEP"],
        &fs::read_to_string(file).unwrap(),
    );
    let letters = bench.compile("letters", &["-O1", "-g"], LETTERS);
    let mut numbers = 1u64;
    for number in 0..150 {
        let mut text = String::new();
        for _ in 0..1 + number % 12 {
            numbers = numbers
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            text.push(char::from(
                b"abcdefxyz \n{}[]:,\"0123456789"[(numbers >> 33) as usize % 28],
            ));
        }
        bench.write(format!("in/{number:03}"), text);
    }
    for program in [&program, &letters] {
        let done = cmin(&bench, &["-e", "-i", "in"], program).run();
        done.assert_code(0);
        let line = bench.program(peers::aflplusplus_404("afl-cmin"));
        let line = line
            .env("AFL_ALLOW_TMP", "1")
            .args(["-e", "-i", "in", "-o", "theirs", "--"]);
        let afl = line.arg(program).run();
        afl.assert_code(0);
        let (mine, theirs) = (names(&bench.path("small")), names(&bench.path("theirs")));
        assert!(
            mine.len() <= theirs.len(),
            "{} {}\n{done}",
            mine.len(),
            theirs.len()
        );
        assert!(mine.len() < 150 && !mine.is_empty());
        assert_eq!(
            edges(&bench, "small", program),
            edges(&bench, "in", program)
        );
        assert_eq!(
            edges(&bench, "theirs", program),
            edges(&bench, "in", program)
        );
        for folder in ["small", "theirs"] {
            fs::remove_dir_all(bench.path(folder)).unwrap();
        }
    }
}
