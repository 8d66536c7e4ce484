//! Custom mutators: shared objects with AFL++'s `afl_custom_*` functions.

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
};
use support::{Finished, Runner, Stats, Workbench, testcases};

/// Every function, each of which notes its call in the file that LOG names. Which of
/// them there are, and what they do, is chosen by macros.
const LIBRARY: &str = r#"
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static FILE *out;
static void note(const char *format, ...) {
    if (!out) out = fopen(getenv("LOG"), "a");
    va_list list; va_start(list, format); vfprintf(out, format, list); va_end(list);
    fflush(out);
}
static char data[2 << 20]; static char *const me = data;
static unsigned char buffer[2 << 20];
#ifndef TAG
#define TAG "x"
#endif
void *afl_custom_init(void *state, unsigned seed) {
    const char *bytes = state; int zero = 1;
    for (long i = 0; i < 1327128; i++) zero &= bytes[i] == 0;
    note(TAG " init zeros=%d seed=%u program=%s argv=%s out=%s\n", zero, seed,
        getenv("AFL_CUSTOM_INFO_PROGRAM"), getenv("AFL_CUSTOM_INFO_PROGRAM_ARGV"),
        getenv("AFL_CUSTOM_INFO_OUT"));
    return me;
}
void afl_custom_deinit(void *d) { note(TAG " deinit %d\n", d == me); }
#ifdef FUZZ
size_t afl_custom_fuzz(void *d, unsigned char *buf, size_t n, unsigned char **result,
        unsigned char *add, size_t add_n, size_t max) {
    note(TAG " fuzz %d %zu %.*s other=%d,%zu max=%zu\n", d == me, n, (int)n, buf, add != NULL, add_n, max);
    *result = buffer;
    return FUZZ;
}
#endif
#ifdef COUNT
unsigned afl_custom_fuzz_count(void *d, const unsigned char *buf, size_t n) {
    note(TAG " fuzz_count %d %.*s\n", d == me, (int)n, buf);
    return COUNT;
}
#endif
#ifdef DESCRIBE
const char *afl_custom_describe(void *d, size_t max) {
    note(TAG " describe %d %d\n", d == me, max > 20 && max < 256);
    return DESCRIBE;
}
#endif
#ifdef PROCESS
size_t afl_custom_post_process(void *d, unsigned char *buf, size_t n, unsigned char **result) {
    note(TAG " post_process %d\n", d == me);
    *result = buffer;
    return PROCESS;
}
#endif
#ifdef HAVOC
size_t afl_custom_havoc_mutation(void *d, unsigned char *buf, size_t n, unsigned char **result, size_t max) {
    note(TAG " havoc_mutation %d %d\n", d == me, max >= n);
    *result = buffer;
    return HAVOC;
}
unsigned char afl_custom_havoc_mutation_probability(void *d) { return 50; }
#endif
#ifdef GET
unsigned char afl_custom_queue_get(void *d, const char *file) {
    note(TAG " queue_get %d %s\n", d == me, file);
    return GET;
}
#endif
#ifdef ENTRY
unsigned char afl_custom_queue_new_entry(void *d, const char *file, const char *source) {
    note(TAG " queue_new_entry %d %s from %s\n", d == me, file, source ? source : "nothing");
    return ENTRY;
}
#endif
#ifdef TRIM
static size_t have; static int at;
int afl_custom_init_trim(void *d, unsigned char *buf, size_t n) {
    note(TAG " init_trim %d %.*s\n", d == me, (int)n, buf);
    memcpy(buffer + 1000, buf, n); have = n; at = 0;
    return TRIM;
}
size_t afl_custom_trim(void *d, unsigned char **result) {
    note(TAG " trim %d\n", d == me);
    *result = buffer + 1000;
    return have - 1;
}
int afl_custom_post_trim(void *d, unsigned char success) {
    note(TAG " post_trim %d %d\n", d == me, success);
    if (success) have--;
    return success ? at : TRIM;
}
#endif
#ifdef SEND
void afl_custom_fuzz_send(void *d, const unsigned char *buf, size_t n) {
    note(TAG " fuzz_send %d %.*s\n", d == me, (int)n, buf);
}
#endif
#ifdef RUN
void afl_custom_post_run(void *d) { note(TAG " post_run %d\n", d == me); }
#endif
#ifdef OPTOUT
void afl_custom_splice_optout(void *d) { }
#endif
"#;

/// Its edges depend on the first bytes: x, then y, then z, which aborts.
const TARGET: &str = r#"
#include <stdlib.h>
#include <unistd.h>
volatile int sink;
int main(void) {
    char b[64] = {0};
    long n = read(0, b, sizeof b);
    if (n < 1) return 0;
    if (b[0] == 'x') { sink++;
        if (b[1] == 'y') { sink += 2;
            if (b[2] == 'z') abort(); } }
    return 0;
}
"#;

/// A workbench with the target, and seeds that do not matter.
fn bench() -> (Workbench, PathBuf) {
    let bench = Workbench::new();
    let program = bench.path("target");
    let source = bench.write("target.c", TARGET);
    bench
        .tine_cc()
        .args(["-O1", "-o"])
        .arg(&program)
        .arg(source)
        .run()
        .assert_code(0);
    bench.seeds("seeds", ["seed", "xeed"]);
    (bench, program)
}

/// Compiles the library with these macros.
fn library(bench: &Workbench, name: &str, macros: &[&str]) -> PathBuf {
    let source = bench.write("library.c", LIBRARY);
    let path = bench.path(format!("{name}.so"));
    bench
        .program("cc")
        .args(["-shared", "-fPIC", "-w", "-o"])
        .arg(&path)
        .args(macros.iter().map(|it| format!("-D{it}")))
        .arg(source)
        .run()
        .assert_code(0);
    path
}

fn fuzz<'b>(bench: &'b Workbench, library: &Path, runs: &str, program: &Path) -> Runner<'b> {
    bench
        .tine()
        .args([
            "fuzz", "--no-ui", "-s", "1", "-t", "1000", "-i", "seeds", "-o", "out",
        ])
        .args(["-E", runs, "--"])
        .arg(program)
        .env("AFL_NO_AFFINITY", "1")
        .env("AFL_CUSTOM_MUTATOR_LIBRARY", library)
        .env("LOG", bench.path("log"))
}

fn log(bench: &Workbench) -> Vec<String> {
    // Inputs need not be text.
    let bytes = fs::read(bench.path("log")).expect("the library's notes");
    let text = String::from_utf8_lossy(&bytes);
    text.lines().map(str::to_owned).collect()
}

fn queue(bench: &Workbench) -> Vec<(String, Vec<u8>)> {
    let folder = bench.path("out/default/queue");
    let read = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, fs::read(path).unwrap())
    };
    testcases(&folder).iter().map(read).collect()
}

#[test]
fn every_function_is_called_in_its_turn_with_what_it_has_to_know() {
    let (bench, program) = bench();
    let macros = [
        "FUZZ=(memcpy(buffer,\"xy\",2),2)",
        "COUNT=3",
        "DESCRIBE=\"mine:7/x\"",
        "PROCESS=(memcpy(buffer+100,buf,n),*result=buffer+100,n)",
        "GET=1",
        "ENTRY=0",
        "RUN",
        "SEND",
        "HAVOC=(memcpy(buffer,buf,n),n)",
    ];
    let library = library(&bench, "all", &macros);
    let done = fuzz(&bench, &library, "400", &program).run();
    done.assert_code(0)
        .assert_stderr("custom mutators, in this order: all.so");
    let log = log(&bench);
    let program = program.display();
    let out = bench.path("out/default");
    let out = out.display();
    assert_eq!(
        log[0],
        format!("x init zeros=1 seed=1 program={program} argv= out={out}")
    );
    assert_eq!(log.last().unwrap(), "x deinit 1");
    // The seeds are completed, handed over and run like any other input.
    assert_eq!(
        log[1..4],
        ["x post_process 1", "x fuzz_send 1 seed", "x post_run 1"]
    );
    let first = log
        .iter()
        .position(|line| line.contains("queue_get"))
        .unwrap();
    let queue_get = &log[first];
    assert!(
        queue_get.contains("queue_get 1 ") && queue_get.contains("/queue/id:00000"),
        "{queue_get}"
    );
    assert!(
        log[first + 1].starts_with("x fuzz_count 1 "),
        "{}",
        log[first + 1]
    );
    assert!(
        log[first + 2].starts_with("x fuzz 1 4 ") && log[first + 2].ends_with(" max=1048576"),
        "{}",
        log[first + 2]
    );
    assert!(
        log[first + 2].contains("other=1,4"),
        "the other seed: {}",
        log[first + 2]
    );
    assert_eq!(
        log[first + 3..first + 6],
        ["x post_process 1", "x fuzz_send 1 xy", "x post_run 1"]
    );
    // It is new: it is described, stored, and told of.
    assert_eq!(log[first + 6], "x describe 1 1");
    let entry = &log[first + 7];
    assert!(
        entry.starts_with("x queue_new_entry 1 ") && entry.contains("mine:7_x"),
        "{entry}"
    );
    assert!(
        entry.contains(" from ") && !entry.ends_with("nothing"),
        "{entry}"
    );
    let fuzzed = log
        .iter()
        .filter(|line| line.starts_with("x fuzz 1"))
        .count();
    let counted = log
        .iter()
        .filter(|line| line.contains("fuzz_count"))
        .count();
    assert!(fuzzed <= 3 * counted && fuzzed > 0, "{fuzzed} {counted}");
    assert!(log.iter().any(|line| line == "x havoc_mutation 1 1"));
    let names = queue(&bench);
    assert!(
        names
            .iter()
            .any(|(name, bytes)| name.ends_with(",mine:7_x,+cov") && bytes == b"xy"),
        "{names:?}"
    );
}

#[test]
fn alone_nothing_else_mutates() {
    let (bench, program) = bench();
    let macros = ["FUZZ=(memcpy(buffer,\"aa\",2),2)", "OPTOUT"];
    let library = library(&bench, "alone", &macros);
    let line = fuzz(&bench, &library, "3000", &program).env("AFL_CUSTOM_MUTATOR_ONLY", "1");
    line.run().assert_code(0);
    // Havoc would have found the next letter within these runs.
    assert_eq!(queue(&bench).len(), 2, "{:?}", queue(&bench));
    assert!(
        log(&bench)
            .iter()
            .filter(|it| it.contains(" fuzz "))
            .all(|it| it.contains("other=0,0"))
    );
}

#[test]
fn a_library_that_refuses_every_testcase_or_every_run_can_be_stopped() {
    for macros in [
        &["FUZZ=(memcpy(buffer,\"aa\",2),2)", "GET=0"][..],
        &["FUZZ=0"],
        &["FUZZ=(memcpy(buffer,\"aa\",2),2)", "PROCESS=0"],
    ] {
        let (bench, program) = bench();
        let library = library(&bench, "refuses", macros);
        let done = bench
            .tine()
            .args([
                "fuzz", "--no-ui", "-i", "seeds", "-o", "out", "-V", "1", "--",
            ])
            .arg(&program)
            .env("AFL_CUSTOM_MUTATOR_LIBRARY", &library)
            .env("AFL_CUSTOM_MUTATOR_ONLY", "1")
            .env("LOG", "/dev/null")
            .run();
        done.assert_code(0).assert_stderr("its limit of time");
    }
}

#[test]
fn what_is_saved_is_what_the_target_was_given_unless_the_user_wants_it_otherwise() {
    // Whatever it gets, the target is given "xyz" and what came.
    const PROCESS: &str =
        "PROCESS=(memcpy(buffer,buf[0]=='a'?\"xyz\":\"xq_\",3),memcpy(buffer+3,buf,n),n+3)";
    for keeps in [false, true] {
        let (bench, program) = bench();
        let library = library(
            &bench,
            "process",
            &[PROCESS, "FUZZ=(memcpy(buffer,\"ab\",2),2)"],
        );
        let mut line = fuzz(&bench, &library, "500", &program);
        if keeps {
            line = line.env("AFL_POST_PROCESS_KEEP_ORIGINAL", "1");
        }
        line.run().assert_code(0);
        let crashes = testcases(&bench.path("out/default/crashes"));
        let crash = fs::read(&crashes[0]).unwrap();
        assert_eq!(
            crash, b"xyzab",
            "a crash can be replayed without the library"
        );
        let done = bench
            .tine()
            .args(["showmap", "-o", "map", "-i"])
            .arg(&crashes[0]);
        done.arg("--").arg(&program).run().assert_code(2);
    }
    // A find in the queue: from "x" on, with and without.
    for (keeps, expected) in [(false, b"xyab".as_slice()), (true, b"ab")] {
        let (bench, program) = bench();
        let macros = [
            "PROCESS=(memcpy(buffer,\"xy\",2),memcpy(buffer+2,buf,n),buf[0]=='a'?n+2:(memcpy(buffer,\"qq\",2),n+2))",
            "FUZZ=(memcpy(buffer,\"ab\",2),2)",
        ];
        let library = library(&bench, "process", &macros);
        let mut line = fuzz(&bench, &library, "60", &program).env("AFL_CUSTOM_MUTATOR_ONLY", "1");
        if keeps {
            line = line.env("AFL_POST_PROCESS_KEEP_ORIGINAL", "1");
        }
        line.run().assert_code(0);
        let found = queue(&bench);
        assert!(
            found.iter().any(|(_, bytes)| bytes == expected),
            "{keeps}: {found:?}"
        );
    }
}

#[test]
fn several_libraries_work_one_after_another() {
    let (bench, program) = bench();
    let one = library(
        &bench,
        "one",
        &[
            "TAG=\"one\"",
            "PROCESS=(memcpy(buffer,\"y\",1),memcpy(buffer+1,buf,n),n+1)",
        ],
    );
    let two = library(
        &bench,
        "two",
        &[
            "TAG=\"two\"",
            "SEND",
            "PROCESS=(memcpy(buffer,\"x\",1),memcpy(buffer+1,buf,n),n+1)",
        ],
    );
    let list = format!("{};{}", one.display(), two.display());
    fuzz(&bench, Path::new(&list), "20", &program)
        .run()
        .assert_code(0);
    let log = log(&bench);
    assert!(log[0].starts_with("one init") && log[1].starts_with("two init"));
    assert_eq!(
        log[2..5],
        [
            "one post_process 1",
            "two post_process 1",
            "two fuzz_send 1 xyseed"
        ]
    );
}

#[test]
fn a_library_makes_testcases_shorter_on_disk() {
    for (disabled, expected) in [(false, ["s", "x"]), (true, ["seed", "xeed"])] {
        let (bench, program) = bench();
        let library = library(
            &bench,
            "trim",
            &["TRIM=1000", "FUZZ=(memcpy(buffer,\"s\",1),1)"],
        );
        let mut line = fuzz(&bench, &library, "2500", &program).env("AFL_CUSTOM_MUTATOR_ONLY", "1");
        if disabled {
            line = line.env("AFL_DISABLE_TRIM", "1");
        }
        line.run().assert_code(0);
        let queue = queue(&bench);
        let bytes: Vec<&[u8]> = queue.iter().map(|(_, bytes)| bytes.as_slice()).collect();
        assert_eq!(bytes, expected.map(str::as_bytes), "{queue:?}");
    }
}

#[test]
fn absurd_results_are_survived() {
    let absurd = [
        "(size_t)-1",
        "(2<<20)",
        "(*result=0,5)",
        "((size_t)1<<40)",
        "0",
    ];
    for value in absurd {
        let (bench, program) = bench();
        let macros = [
            format!("FUZZ={value}"),
            format!("HAVOC={value}"),
            "DESCRIBE=0".into(),
            "COUNT=2".into(),
        ];
        let macros: Vec<&str> = macros.iter().map(String::as_str).collect();
        let library = library(&bench, "absurd", &macros);
        fuzz(&bench, &library, "300", &program).run().assert_code(0);
        let runs = Stats::read(&bench.path("out/default")).number("execs_done");
        assert!(runs >= 300.0, "{value}: {runs}");
    }
    let (bench, program) = bench();
    let library = library(&bench, "process", &["PROCESS=(size_t)-1"]);
    // The seeds are run as they are.
    let done = bench
        .tine()
        .args([
            "fuzz", "--no-ui", "-i", "seeds", "-o", "out", "-V", "1", "--",
        ])
        .arg(&program)
        .env("AFL_CUSTOM_MUTATOR_LIBRARY", &library)
        .env("LOG", "/dev/null")
        .run();
    done.assert_code(0);
    assert_eq!(queue(&bench).len(), 2);
}

#[test]
fn what_cannot_be_used_is_refused_in_a_sentence_and_nothing_is_written() {
    let (bench, program) = bench();
    let text = bench.write("text.so", "this is no library");
    let compile = |name: &str, source: &str| {
        let file = bench.write(format!("{name}.c"), source);
        let path = bench.path(format!("{name}.so"));
        let cc = bench
            .program("cc")
            .args(["-shared", "-fPIC", "-o"])
            .arg(&path);
        cc.arg(file).run().assert_code(0);
        path
    };
    const DEINIT: &str = "void afl_custom_deinit(void *d) {}";
    let no_init = compile(
        "no_init",
        &format!("{DEINIT} void afl_custom_fuzz(void) {{}}"),
    );
    let no_deinit = compile("no_deinit", "void *afl_custom_init(void) { return \"\"; }");
    let nothing = compile(
        "nothing",
        &format!("{DEINIT} void *afl_custom_init(void) {{ return \"\"; }}"),
    );
    let null = compile(
        "null",
        &format!(
            "{DEINIT} void afl_custom_fuzz(void) {{}} void *afl_custom_init(void) {{ return 0; }}"
        ),
    );
    let send = library(&bench, "send", &["SEND"]);
    type Variables = &'static [(&'static str, &'static str)];
    let cases: [(&Path, Variables, &str); 9] = [
        (Path::new("/nowhere/x.so"), &[], "No such file"),
        (&text, &[], "text.so (AFL_CUSTOM_MUTATOR_LIBRARY): "),
        (&no_init, &[], "has no afl_custom_init"),
        (&no_deinit, &[], "has no afl_custom_deinit"),
        (&nothing, &[], "none of the functions that do something"),
        (&null, &[], "its afl_custom_init returned NULL"),
        (
            Path::new(""),
            &[("AFL_CUSTOM_MUTATOR_ONLY", "1")],
            "no custom mutator is loaded",
        ),
        (
            Path::new(""),
            &[("AFL_PYTHON_MODULE", "x")],
            "no mutators in Python",
        ),
        (
            &send,
            &[("AFL_CUSTOM_MUTATOR_LATE_SEND", "1")],
            "AFL_CUSTOM_MUTATOR_LATE_SEND is set",
        ),
    ];
    for (library, variables, sentence) in cases {
        let line = fuzz(&bench, library, "10", &program);
        let line = variables
            .iter()
            .fold(line, |line, (name, value)| line.env(name, value));
        let done = line.run();
        assert_one_sentence(&done, sentence);
        assert!(!bench.path("out").exists(), "{done}");
    }
}

fn assert_one_sentence(done: &Finished, sentence: &str) {
    done.assert_code(1).assert_stderr(sentence);
    let text = done.stderr();
    assert_eq!(text.lines().count(), 1, "{done}");
    assert!(text.starts_with("tine: "), "{done}");
}

/// The unchanged sources of AFL++ 4.40c.
#[test]
fn aflplusplus_own_examples_work_unchanged() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .with_file_name("real")
        .join("src/cargo-afl-common/AFLplusplus");
    for (file, expected) in [
        ("example.c", "afl_custom_fuzz and others"),
        ("simple_example.c", "afl_custom_fuzz alone"),
        ("post_library_gif.so.c", "afl_custom_post_process alone"),
        ("custom_send.c", "afl_custom_fuzz_send alone"),
        ("custom_post_run.c", "afl_custom_post_run alone"),
    ] {
        let (bench, program) = bench();
        let source = root.join("custom_mutators/examples").join(file);
        assert!(
            source.is_file(),
            "{} is not there: `cargo xtask setup` fetches it",
            source.display()
        );
        let path = bench.path("example.so");
        let cc = bench
            .program("cc")
            .args(["-shared", "-fPIC", "-O2", "-w", "-o"])
            .arg(&path);
        let done = cc.arg("-I").arg(root.join("include")).arg(source).run();
        done.assert_code(0);
        if file == "custom_send.c" {
            // It writes to a fixed name outside of the test's folder.
            continue;
        }
        let done = fuzz(&bench, &path, "300", &program).run();
        done.assert_code(0);
        let runs = Stats::read(&bench.path("out/default")).number("execs_done");
        assert!(runs >= 300.0, "{file}, {expected}: {done}");
    }
}
