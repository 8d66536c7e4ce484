//! Custom mutators: shared objects with AFL++'s `afl_custom_*` functions.

mod refused;

use std::{
    fs,
    path::{Path, PathBuf},
};
use tine_workbench::{Runner, Stats, Workbench, testcases};

/// A library whose functions note their calls.
const LIBRARY: &str = include_str!("custom_mutators/library.c");

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
            "fuzz", "--no-ui", "-z", "-s", "1", "-t", "1000", "-i", "seeds", "-o", "out",
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
fn a_session_that_goes_on_asks_for_the_testcases_that_it_knows() {
    let (bench, program) = bench();
    let macros = ["FUZZ=(memcpy(buffer,\"xy\",2),2)", "GET=1"];
    let library = library(&bench, "asks", &macros);
    fuzz(&bench, &library, "100", &program).run().assert_code(0);
    fs::remove_file(bench.path("log")).expect("the notes of the first part");
    let goes_on = fuzz(&bench, &library, "100", &program);
    goes_on.env("AFL_AUTORESUME", "1").run().assert_code(0);
    let asked = log(&bench);
    let of_seeds = |line: &&String| line.contains("queue_get") && line.contains(",orig:");
    assert!(asked.iter().any(|line| of_seeds(&line)), "{asked:?}");
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
            "PROCESS=(note(\"given %.*s\\n\",(int)n,buf),memcpy(buffer,\"xy\",2),memcpy(buffer+2,buf,n),buf[0]=='a'?n+2:(memcpy(buffer,\"qq\",2),n+2))",
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
        // A find is not completed twice when the session goes on: seeds are, and finds
        // that are kept as they were.
        fs::remove_file(bench.path("log")).unwrap();
        let line = bench
            .tine()
            .args(["fuzz", "--no-ui", "-s", "1", "-i", "-", "-o", "out"]);
        let mut line = line.args(["-E", "0", "--"]).arg(&program);
        line = line
            .env("AFL_CUSTOM_MUTATOR_LIBRARY", &library)
            .env("LOG", bench.path("log"));
        if keeps {
            line = line.env("AFL_POST_PROCESS_KEEP_ORIGINAL", "1");
        }
        line.run().assert_code(0);
        let log = log(&bench);
        assert!(!log.iter().any(|line| line == "given xyab"), "{log:?}");
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

/// As with `afl-fuzz`: what was found is on disk, and nothing is left running.
#[test]
fn a_library_that_crashes_takes_the_fuzzer_and_nothing_else() {
    let (bench, program) = bench();
    let fuzz_then_crash =
        "FUZZ=({static int n; if (n++ == 20) __builtin_trap(); memcpy(buffer,\"xy\",2); 2;})";
    let library = library(&bench, "crashes", &[fuzz_then_crash]);
    let done = fuzz(&bench, &library, "3000", &program).run();
    assert!(done.signal().is_some(), "{done}");
    let found = queue(&bench).len();
    assert!(found > 2, "{:?}", queue(&bench));
    let line = bench
        .tine()
        .args(["fuzz", "--no-ui", "-i", "-", "-o", "out", "-E", "500", "--"]);
    let resumed = line.arg(&program).run();
    resumed.assert_code(0);
    assert!(queue(&bench).len() >= found);
}
