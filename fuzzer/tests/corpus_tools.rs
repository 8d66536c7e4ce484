//! `tine cmin` and `tine tmin`.

mod support;

use nix::sys::signal::Signal;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use support::{Finished, Runner, Workbench, peers};

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

/// Several bugs that end by the same signal.
const BUGS: &str = r#"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
volatile int sink;
#define ALONE __attribute__((noinline)) static
ALONE void check(const char *at) { if (*at == 'B') { sink++; abort(); } sink += 3; }
ALONE void forwards(const char *b, long n) { for (long i = 0; i < n; i++) check(b + i); sink--; }
ALONE void backwards(const char *b, long n) {
    if (n > 20 && memchr(b, '!', n)) for (long i = n - 1; i >= 0; i--) check(b + i);
    sink--;
}
ALONE int deep(int n) { volatile char room[512]; room[0] = n; return deep(n + 1) + room[0]; }
int main(void) {
    char b[4096];
    long n = read(0, b, sizeof b);
    if (n >= 4 && !memcmp(b, "HANG", 4)) for (;;) pause();
    if (n >= 4 && !memcmp(b, "DEEP", 4)) sink = deep(1);
    if (n >= 4 && !memcmp(b, "CODE", 4)) return 7;
    if (n >= 1 && b[0] == '2') backwards(b, n); else forwards(b, n);
    return 0;
}
"#;

fn compile(bench: &Workbench, name: &str, source: &str, flags: &[&str]) -> PathBuf {
    let file = bench.write(format!("{name}.c"), source);
    let program = bench.path(name);
    let cc = bench.tine_cc().args(["-O1", "-g"]).args(flags).arg("-o");
    cc.arg(&program).arg(file).run().assert_code(0);
    program
}

fn cmin<'b>(bench: &'b Workbench, options: &[&str], program: &Path) -> Runner<'b> {
    let line = bench
        .tine()
        .args(["cmin", "--no-ui", "--ignore-time", "-o", "small"]);
    line.args(options).arg("--").arg(program)
}

fn tmin<'b>(bench: &'b Workbench, options: &[&str], program: &Path) -> Runner<'b> {
    let line = bench.tine().args(["tmin", "--no-ui"]);
    line.args(options).arg("--").arg(program)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
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
    let program = compile(&bench, "letters", LETTERS, &[]);
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
    let program = compile(&bench, "letters", LETTERS, &[]);
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
    let program = compile(&bench, "letters", LETTERS, &[]);
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
    let program = compile(&bench, "letters", LETTERS, &[]);
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
    let file = support::targets_folder().join("demo.c");
    let program = compile(
        &bench,
        "demo",
        &fs::read_to_string(file).unwrap(),
        &["-DDEEP"],
    );
    let letters = compile(&bench, "letters", LETTERS, &[]);
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

#[test]
fn tmin_keeps_the_edges_the_crash_with_its_place_or_the_hang() {
    let bench = Workbench::new();
    let program = compile(&bench, "bugs", BUGS, &[]);
    let text = " some (text) with a letter and more of it!".repeat(4);
    for (name, start) in [
        ("one", "a B"),
        ("two", "2 B"),
        ("deep", "DEEP"),
        ("hang", "HANG"),
        ("code", "CODE"),
        ("fine", "fine"),
    ] {
        bench.write(name, format!("{start}{text}"));
    }
    let cases: [(&[&str], &str, &str); 9] = [
        (
            &["-i", "one"],
            "B",
            "SIGABRT in check, called from the same place",
        ),
        // The other way to the same line needs a length, a mark and its first letter.
        (
            &["-i", "two"],
            "2B000000000000000000!",
            "SIGABRT in check, called from the same place",
        ),
        (&["-i", "two", "--any-crash"], "B", "or any other crash"),
        (&["-i", "deep"], "DEEP", "SIGSEGV of the same recursion"),
        (
            &["-i", "hang", "-H", "-t", "150"],
            "HANG",
            "a run of more than 150 ms",
        ),
        (&["-i", "code", "-x"], "CODE", "exit code 7"),
        (&["-i", "code"], "CODE", "edges with their hit counts"),
        (&["-i", "fine", "-e"], "00", "edges;"),
        (&["-i", "one", "-l", "64"], "", "SIGABRT in check"),
    ];
    for (options, expected, kept) in cases {
        let options = [options, &["-o", "small"]].concat();
        let done = tmin(&bench, &options, &program).run();
        done.assert_code(0).assert_stderr(kept);
        let small = fs::read_to_string(bench.path("small")).unwrap();
        if expected.is_empty() {
            assert!(small.len() > 20, "large blocks only: {small}");
        } else {
            // Which of the bytes that do not matter stay is of no importance.
            let sorted = |text: &str| {
                let mut bytes: Vec<u8> = text.bytes().collect();
                bytes.sort_unstable();
                bytes
            };
            assert_eq!(sorted(&small), sorted(expected), "{small}: {done}");
        }
    }
    let exact = tmin(&bench, &["-i", "one", "-o", "exact"], &program).env("AFL_TMIN_EXACT", "1");
    exact.run().assert_code(0).assert_stderr("SIGABRT and ");
    // As many steps to the letter as before.
    assert_eq!(fs::read(bench.path("exact")).unwrap(), b"00B");
    for (options, sentence) in [
        (&["-i", "hang", "-t", "150", "-o", "x"][..], "-H keeps that"),
        (
            &["-i", "one", "-H", "-o", "x"],
            "with -H it has to take longer",
        ),
        (&["-i", "one", "-o", "one"], "name the same file"),
        (&["-i", "gone", "-o", "x"], "cannot read gone"),
        (
            &["-i", "one", "-o", "."],
            "-o . is a folder, but -i is a file",
        ),
        (&["-i", "one", "-o", "no/such/x"], "cannot write no/such/x"),
        (
            &["-Q", "-i", "one", "-o", "x"],
            "-Q is an option of afl-tmin only",
        ),
    ] {
        let done = tmin(&bench, options, &program).run();
        done.assert_code(1).assert_stderr(sentence);
        assert!(!bench.path("x").exists());
    }
}

/// The sanitizer's own functions are on the stack above the target's.
#[test]
fn tmin_tells_reports_of_a_sanitizer_apart_by_the_targets_own_functions() {
    const SOURCE: &str = r#"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
__attribute__((noinline)) static int early(char *at) { return at[9]; }
__attribute__((noinline)) static int late(char *at) { return at[9] + 1; }
int main(void) {
    char b[64] = {0};
    long n = read(0, b, sizeof b - 1);
    char *room = malloc(8);
    memset(room, 0, 8);
    int sum = 0;
    if (n > 8 && memchr(b, 'L', n)) sum += late(room);
    if (n > 2 && memchr(b, 'E', n)) sum += early(room);
    free(room);
    return sum == 77;
}
"#;
    let bench = Workbench::new();
    let program = compile(&bench, "asan", SOURCE, &["-fsanitize=address"]);
    bench.write("late", "some L and E here");
    bench.write("early", "some E and no other letter");
    for (name, expected, function) in [("late", 9, "late"), ("early", 3, "early")] {
        let done = tmin(&bench, &["-i", name, "-o", "small"], &program).run();
        done.assert_code(0);
        done.assert_stderr(&format!(
            "SIGABRT in {function}, called from the same place"
        ));
        let small = fs::read(bench.path("small")).unwrap();
        assert_eq!(small.len(), expected, "{done}");
    }
}

/// Each run gets a child of its own, and the run by hand the same input.
#[test]
fn tmin_takes_persistent_harnesses_and_programs_that_read_a_file() {
    const HARNESS: &str = r#"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
static int runs;
__attribute__((noinline)) static void bad(const uint8_t *at) { if (*at == 'X' || runs > 1) abort(); }
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    runs++;
    for (size_t at = 0; at + 4 <= size; at++) if (!memcmp(data + at, "key", 3)) bad(data + at + 3);
    return 0;
}
"#;
    let bench = Workbench::new();
    let harness = compile(&bench, "harness", HARNESS, &[]);
    bench.write("key", "some text with a keyX and more");
    let done = tmin(&bench, &["-i", "key", "-o", "small"], &harness).run();
    done.assert_code(0).assert_stderr("SIGABRT in bad, called");
    assert_eq!(fs::read(bench.path("small")).unwrap(), b"keyX", "{done}");

    const READER: &str = r#"
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
    FILE *in = argc > 1 ? fopen(argv[1], "r") : NULL;
    int byte;
    if (in == NULL) return 1;
    while ((byte = fgetc(in)) != EOF) if (byte == 'Q') abort();
    return 0;
}
"#;
    let reader = compile(&bench, "reader", READER, &[]);
    bench.write("letter", "some text with a Q and more");
    let line = tmin(&bench, &["-i", "letter", "-o", "small"], &reader).arg("@@");
    let done = line.run();
    done.assert_code(0).assert_stderr("SIGABRT in main, called");
    assert_eq!(fs::read(bench.path("small")).unwrap(), b"Q", "{done}");
}

#[test]
fn tmin_works_on_a_folder_and_names_what_it_cannot_do() {
    let bench = Workbench::new();
    let program = compile(&bench, "bugs", BUGS, &[]);
    bench.write("in/one", "some text with a B and more");
    bench.write("in/deep", "DEEP and more text behind it");
    bench.write("in/sub/one", "another text with a B");
    bench.write("in/hang", "HANG");
    let options = ["-T", "2", "-t", "400", "-i", "in", "-o", "small"];
    let done = tmin(&bench, &options, &program).run();
    done.assert_code(0)
        .assert_stderr("in/hang: the target takes longer than 400 ms")
        .assert_stderr("3 of 4 inputs done");
    assert_eq!(names(&bench.path("small")), ["deep", "one", "one-2"]);
    for (name, expected) in [("deep", "DEEP"), ("one", "B"), ("one-2", "B")] {
        let small = fs::read_to_string(bench.path("small").join(name)).unwrap();
        assert_eq!(small, expected, "{name}: {done}");
    }
    let again = tmin(&bench, &options, &program).run();
    again.assert_code(1).assert_stderr("-o small is not empty");
}

#[test]
fn a_signal_ends_tmin_with_the_shortest_input_so_far() {
    let bench = Workbench::new();
    let program = compile(&bench, "bugs", BUGS, &[]);
    // Each run takes a second: it is not done for a long time.
    bench.write("hang", format!("HANG{}", "x".repeat(300)));
    let options = ["-H", "-t", "1000", "-i", "hang", "-o", "small"];
    let running = tmin(&bench, &options, &program)
        .deadline(Duration::from_secs(60))
        .start();
    running.wait_for("some runs", |running| {
        running.stderr().contains("left; stays")
    });
    running.signal(Signal::SIGTERM);
    let done: Finished = running.wait();
    done.assert_code(1)
        .assert_stderr("the shortest input so far (");
    let small = fs::read(bench.path("small")).unwrap();
    assert!(small.starts_with(b"HANG"), "{done}");
}
