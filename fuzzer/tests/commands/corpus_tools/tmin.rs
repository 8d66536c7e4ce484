//! `tine tmin`.

use super::names;
use nix::sys::signal::Signal;
use std::{fs, path::Path, time::Duration};
use tine_workbench::{Finished, Runner, Workbench};

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

fn tmin<'b>(bench: &'b Workbench, options: &[&str], program: &Path) -> Runner<'b> {
    let line = bench.tine().args(["tmin", "--no-ui"]);
    line.args(options).arg("--").arg(program)
}

#[test]
fn tmin_keeps_the_edges_the_crash_with_its_place_or_the_hang() {
    let bench = Workbench::new();
    let program = bench.compile("bugs", &["-O1", "-g"], BUGS);
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
    let program = bench.compile("asan", &["-O1", "-g", "-fsanitize=address"], SOURCE);
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
    let harness = bench.compile("harness", &["-O1", "-g"], HARNESS);
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
    let reader = bench.compile("reader", &["-O1", "-g"], READER);
    bench.write("letter", "some text with a Q and more");
    let line = tmin(&bench, &["-i", "letter", "-o", "small"], &reader).arg("@@");
    let done = line.run();
    done.assert_code(0).assert_stderr("SIGABRT in main, called");
    assert_eq!(fs::read(bench.path("small")).unwrap(), b"Q", "{done}");
}

#[test]
fn tmin_works_on_a_folder_and_names_what_it_cannot_do() {
    let bench = Workbench::new();
    let program = bench.compile("bugs", &["-O1", "-g"], BUGS);
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
    let program = bench.compile("bugs", &["-O1", "-g"], BUGS);
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
