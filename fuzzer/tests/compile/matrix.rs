//! `tine-cc` with every compiler and the ways to build that matter: each program
//! behaves by hand as one from the plain compiler, and under a fork server it
//! gives exact coverage, also in a run that crashes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tine_controller::{ForkServer, Outcome, TargetConfig};
use tine_workbench::{Compiler, Workbench, in_process};

const MAIN: &str = r#"
#include <stdio.h>
#include <stdlib.h>
int classify(const char *text);
static void (*volatile crash)(void) = abort;
int main(void) {
    char text[16] = "";
    int kind;
    if (!fgets(text, sizeof text, stdin)) return 9;
    kind = classify(text);
    printf("kind %d\n", kind);
    fflush(stdout);
    if (kind == 3) crash();
    return kind;
}
"#;

const CLASSIFY: &str = r#"
#include <string.h>
int unused(int x) { return x > 3 ? x * 2 : strcmp("a", "b"); }
int classify(const char *text) {
    int kind = 0;
    while (*text) {
        if (*text == 'A' && kind == 0) kind = 1;
        else if (*text == 'B' && kind == 1) kind = 2;
        else if (*text == 'C' && kind == 2) kind = 3;
        text++;
    }
    return kind;
}
"#;

/// Inputs with their output, and the exit code or nothing for SIGABRT.
const CASES: [(&str, &str, Option<i32>); 4] = [
    ("x", "kind 0\n", Some(0)),
    ("A", "kind 1\n", Some(1)),
    ("AB", "kind 2\n", Some(2)),
    ("ABC", "kind 3\n", None),
];

/// Ways to build that both compilers know, besides one command for all sources.
const COMMON: [&str; 18] = [
    "",
    "-O0",
    "-O3 -g3 -Wall -Wextra -Werror",
    "-std=c90 -pedantic -Werror -Wall -Wstrict-prototypes",
    "-ffunction-sections -fdata-sections -Wl,--gc-sections",
    "-no-pie -fno-pie",
    "-pthread -Wl,--as-needed -Wl,--no-undefined -Wl,-z,relro,-z,now -Wl,--fatal-warnings",
    "-static",
    "-static-pie -fPIE",
    "-flto",
    "-fsanitize=address",
    "-fsanitize=undefined",
    "-fuse-ld=gold",
    "-fuse-ld=mold",
    "-fuse-ld=gold -ffunction-sections -Wl,--gc-sections",
    "-fuse-ld=mold -ffunction-sections -Wl,--gc-sections",
    "-fuse-ld=gold -static",
    "-fuse-ld=mold -static-pie -fPIE",
];

/// Ways to build that only clang knows.
const CLANG: [&str; 11] = [
    "-Weverything -Wno-missing-prototypes -Wno-unknown-warning-option -Wno-unsafe-buffer-usage \
     -Wno-missing-variable-declarations -Wno-padded -Werror",
    "-fuse-ld=lld -O1",
    "-fuse-ld=lld -ffunction-sections -Wl,--gc-sections -Wl,--icf=all",
    "-fuse-ld=lld -static",
    "-flto=thin -ffunction-sections -Wl,--gc-sections",
    "-flto -fuse-ld=bfd",
    "-flto -fsanitize=address",
    "-fsanitize=memory",
    "-flto -fuse-ld=gold",
    "-flto -fuse-ld=mold",
    "-fuse-ld=mold -fsanitize=address",
];

#[test]
fn clang_14() {
    every_way(&Compiler::clang_version(14), &CLANG);
}

#[test]
fn clang_19() {
    every_way(&Compiler::clang_version(19), &CLANG);
}

#[test]
fn clang_22() {
    every_way(&Compiler::clang_version(22), &CLANG);
}

#[test]
fn gcc() {
    every_way(&Compiler::gcc(), &[]);
}

/// Builds in every way; reports all that fail, not just the first.
fn every_way(compiler: &Compiler, more: &[&str]) {
    let bench = Workbench::new();
    bench.write("main.c", MAIN);
    bench.write("classify.c", CLASSIFY);
    let mut built = vec![(
        "an uninstrumented build".to_owned(),
        plain(&bench, compiler),
    )];
    let mut failures = Vec::new();
    for (number, flags) in COMMON.iter().chain(more).enumerate() {
        let program = bench.path(format!("program-{number}"));
        match build(&bench, compiler, flags, &program) {
            Ok(()) => built.push((format!("{:?}", flags.trim()), program)),
            Err(error) => failures.push(error),
        }
    }
    let program = bench.path("from-objects");
    match from_objects(&bench, compiler, &program) {
        Ok(()) => built.push(("objects".to_owned(), program)),
        Err(error) => failures.push(error),
    }
    for (way, program) in &built {
        failures.extend(
            by_hand(&bench, program)
                .err()
                .map(|error| format!("{way}: {error}")),
        );
    }
    let objects: Vec<(String, PathBuf)> = built.split_off(1);
    drop(built);
    failures.extend(silent_by_hand(&bench, &objects[0].1).err());
    let in_process = in_process();
    for (way, program) in &objects {
        let config = TargetConfig::new(program);
        failures.extend(
            under_a_server(config, compiler.clang)
                .err()
                .map(|error| format!("{way}: {error}")),
        );
    }
    drop(in_process);
    assert!(
        failures.is_empty(),
        "{}:\n{}",
        compiler.name(),
        failures.join("\n")
    );
}

fn plain(bench: &Workbench, compiler: &Compiler) -> PathBuf {
    let program = bench.path("plain");
    let runner = bench
        .program(&compiler.cc)
        .args(["main.c", "classify.c", "-o"])
        .arg(&program);
    runner.run().assert_code(0);
    program
}

fn build(
    bench: &Workbench,
    compiler: &Compiler,
    flags: &str,
    program: &Path,
) -> Result<(), String> {
    let runner = bench
        .tine_cc()
        .env("TINE_CC", &compiler.cc)
        .args(flags.split_whitespace());
    let done = runner
        .args(["main.c", "classify.c", "-o"])
        .arg(program)
        .run();
    let quiet = done.code() == Some(0) && done.stderr.is_empty();
    if quiet { Ok(()) } else { Err(done.to_string()) }
}

/// Compiles and links in steps, with a static library and `-r` in between.
fn from_objects(bench: &Workbench, compiler: &Compiler, program: &Path) -> Result<(), String> {
    let cc = |line: &str| {
        let runner = bench.tine_cc().env("TINE_CC", &compiler.cc);
        let done = runner.args(line.split_whitespace()).run();
        if done.code() == Some(0) {
            Ok(())
        } else {
            Err(done.to_string())
        }
    };
    cc("-c main.c -o main.o")?;
    cc("-c classify.c -o part.o")?;
    cc("-r -nostdlib part.o -o classify.o")?;
    bench
        .program("ar")
        .args(["rcs", "libclassify.a", "classify.o"])
        .run()
        .assert_code(0);
    cc(&format!("main.o -L. -lclassify -o {}", program.display()))
}

/// By hand it is any program.
fn by_hand(bench: &Workbench, program: &Path) -> Result<(), String> {
    for (input, output, code) in CASES {
        // MSan and others say something about the abort on stderr.
        let done = bench.program(program).stdin(input).run();
        let signal = code.is_none().then_some(6);
        if (done.stdout().as_str(), done.code(), done.signal()) != (output, code, signal) {
            return Err(format!("{input:?} by hand: {done}"));
        }
    }
    Ok(())
}

/// By hand it makes no system call on the fuzzer's descriptors, and none for
/// shared memory.
fn silent_by_hand(bench: &Workbench, program: &Path) -> Result<(), String> {
    let trace = bench.path("trace");
    let runner = bench
        .program("strace")
        .args(["-f", "-o"])
        .arg(&trace)
        .arg(program);
    runner.stdin("A").run().assert_code(1);
    let trace = std::fs::read_to_string(trace).expect("strace writes its file");
    let mut calls = trace
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(_, call)| call);
    let forbidden = calls.find(|call| {
        let call = call.trim_start();
        call.contains("(198")
            || call.contains("(199")
            || call.starts_with("shm")
            || call.starts_with("fork")
            || call.starts_with("clone")
    });
    match forbidden {
        Some(call) => Err(format!("by hand it calls {call}")),
        None if trace.contains("exit_group(1)") => Ok(()),
        None => Err(format!("this trace shows nothing: {trace}")),
    }
}

/// Under a fork server: outcomes, and coverage that is the same each time for
/// the same input and different for each input.
fn under_a_server(config: TargetConfig, exact: bool) -> Result<(), String> {
    let mut server = ForkServer::start(config).map_err(|error| error.to_string())?;
    let edges = server.info().edges.unwrap_or(0);
    if exact && !(8..200).contains(&edges) {
        return Err(format!("{edges} edges"));
    }
    let mut maps = BTreeSet::new();
    for (input, _, code) in CASES {
        let mut first = None;
        for _ in 0..3 {
            let outcome = server
                .run(input.as_bytes())
                .map_err(|error| error.to_string())?;
            let mut map = Vec::new();
            server
                .map()
                .take_nonzero(|word, counters| map.push((word, counters)));
            let as_expected = match (&outcome, code) {
                (Outcome::Exited(exit), Some(code)) => *exit == code,
                (Outcome::Signaled { signal: 6, .. }, None) => true,
                _ => false,
            };
            if !as_expected {
                return Err(format!("{input:?}: {outcome}"));
            }
            if map.is_empty() {
                return Err(format!("{input:?}: no coverage"));
            }
            if *first.get_or_insert_with(|| map.clone()) != map {
                return Err(format!("{input:?}: {first:?} the first time, then {map:?}"));
            }
        }
        maps.extend(first);
    }
    if maps.len() == CASES.len() {
        Ok(())
    } else {
        Err(format!("{} inputs give {} maps", CASES.len(), maps.len()))
    }
}
