//! Which `main` a program with `-fsanitize=fuzzer` runs, and who may define what.

use super::{is_marked, link};
use crate::compilers;
use tine_controller::{ForkServer, Outcome, TargetConfig};
use tine_workbench::{Compiler, in_process};

const HARNESS: &str = r#"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
int part(int);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fprintf(stderr, "the harness\n");
    return size && part(data[0]) > 100;
}
"#;
const WEAK_MAIN: &str =
    "__attribute__((weak)) int main(void) { puts(\"a weak main\"); return 9; }\n";
const PART: &str = "int part(int c) { return c == 'A' ? 7 : 1; }\n";
const TOOL: &str = r#"
#include <stdio.h>
int part(int);
int main(void) { fprintf(stderr, "the tool\n"); return part(1); }
"#;

/// What a link comes to.
#[derive(Clone, Copy)]
enum Runs {
    Harness,
    Tool,
    /// It is refused, with these words.
    Refused(&'static str),
}
use Runs::{Harness, Refused, Tool};

/// Inputs of the linker, beside `-fsanitize=fuzzer`.
const LINKS: &[(&str, Runs)] = &[
    ("harness.o part.o", Harness),
    ("harness.c part.c", Harness),
    // main in an archive: not needed, or in a member that is; and in an object.
    ("harness.o libtool.a", Harness),
    ("harness.o libboth.a", Harness),
    ("harness.o tool.o part.o", Harness),
    ("libharness.a libtool.a", Harness),
    // A weak main beside the harness, and another in an archive.
    ("weak.o part.o", Harness),
    ("weak.o libtool.a", Harness),
    // A program of the same project, with the option in all flags.
    ("tool.o part.o", Tool),
    ("tool.c part.c", Tool),
    ("part.o", Refused("neither LLVMFuzzerTestOneInput")),
];

#[test]
fn the_harness_runs_whatever_main_there_is() {
    let bench = in_process();
    bench.write("harness.c", HARNESS);
    bench.write("weak.c", format!("{HARNESS}{WEAK_MAIN}"));
    bench.write("part.c", PART);
    bench.write("tool.c", TOOL);
    bench.write(
        "both.c",
        format!("{PART}{}", TOOL.replace("int part(int);", "")),
    );
    bench.write("input", "A");
    let mut failures = Vec::new();
    for compiler in compilers() {
        let linkers: &[&str] = if compiler.clang {
            &["-fuse-ld=bfd", "-fuse-ld=lld"]
        } else {
            &["-fuse-ld=bfd"]
        };
        for way in ["", "-flto"] {
            for name in ["harness", "weak", "part", "tool", "both"] {
                link(&bench, &compiler, &format!("{way} -c {name}.c")).assert_code(0);
            }
            // An archiver of the compiler's version is not everywhere; objects of LTO
            // need it.
            let has_archives = way.is_empty();
            if has_archives {
                for (archive, members) in [
                    ("libtool.a", "part.o tool.o"),
                    ("libboth.a", "both.o"),
                    ("libharness.a", "harness.o"),
                ] {
                    let _ = std::fs::remove_file(bench.path(archive));
                    let ar = bench.program("ar").args(["rcs", archive]);
                    ar.args(members.split(' ')).run().assert_code(0);
                }
            }
            for linker in linkers {
                for (inputs, runs) in LINKS {
                    if !has_archives && inputs.contains(".a") {
                        continue;
                    }
                    let words = format!("-fsanitize=fuzzer {way} {linker} {inputs} -o program");
                    let done = link(&bench, &compiler, &words);
                    let about = format!("{} {words}", compiler.name());
                    if let Refused(why) = runs {
                        if done.code() == Some(0) || !done.stderr().contains(why) {
                            failures.push(format!("{about}: {done}"));
                        }
                        continue;
                    }
                    if done.code() != Some(0) {
                        failures.push(format!("{about}: {done}"));
                        continue;
                    }
                    let (marks, text) = match runs {
                        Harness => ((true, true), "the harness"),
                        _ => ((false, false), "the tool"),
                    };
                    let ran = bench.program(bench.path("program")).arg("input").run();
                    if !ran.stderr().contains(text) || is_marked(&bench.path("program")) != marks {
                        failures.push(format!("{about}: {ran}"));
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Calls the driver with a harness of its own, as FuzzTest and others do.
const OWN_MAIN: &str = r#"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
int LLVMFuzzerRunDriver(int *, char ***, int (*)(const uint8_t *, size_t));
size_t LLVMFuzzerMutate(uint8_t *, size_t, size_t);
static void (*volatile crash)(void) = abort;
static int one(const uint8_t *data, size_t size) {
    if (size > 1 && data[0] == 'A') {
        if (data[1] == 'B') crash();
    }
    return 0;
}
int LLVMFuzzerInitialize(int *count, char ***arguments) {
    fprintf(stderr, "%s of %d\n", **arguments ? "initialised" : "?", *count);
    return 0;
}
int main(int count, char **arguments) {
    uint8_t bytes[64] = "a text of some length";
    size_t size = 21;
    for (int i = 0; i < 100000; i++) {
        size = LLVMFuzzerMutate(bytes, size, sizeof bytes);
        if (size < 1 || size > sizeof bytes) return 3;
    }
    return LLVMFuzzerRunDriver(&count, &arguments, one);
}
"#;

#[test]
fn a_program_may_call_the_driver_itself() {
    let bench = in_process();
    bench.write("own.c", OWN_MAIN);
    bench.write("good", "AC");
    bench.write("bad", "AB");
    let engine = bench
        .tine_cc()
        .args(["--tine-print", "fuzzing-engine"])
        .run();
    let engine = engine.assert_code(0).stdout();
    for compiler in compilers() {
        for words in [
            format!("-fsanitize=fuzzer-no-link own.c {engine}"),
            "-fsanitize=fuzzer-no-link own.c".into(),
            format!("own.c {engine} -fsanitize=address"),
            "own.c -Wl,--gc-sections -ffunction-sections".into(),
        ] {
            link(&bench, &compiler, &format!("{words} -o own")).assert_code(0);
            let about = format!("{} {words}", compiler.name());
            let run = |file: &str| bench.program(bench.path("own")).arg(file).run();
            let done = run("good");
            done.assert_code(0).assert_stderr("Running: good");
            assert_eq!(
                done.stderr().matches("initialised of 2").count(),
                1,
                "{done}"
            );
            assert!(!run("bad").status.success(), "{about}");

            let mut config = TargetConfig::new(bench.path("own"));
            let options = "abort_on_error=1:detect_leaks=0".into();
            config.env.push(("ASAN_OPTIONS".into(), options));
            let mut server = ForkServer::start(config).expect("it starts");
            let info = server.info();
            assert!(info.persistent && info.shm_input, "{about}: {info:?}");
            let good = server.run(b"AC").expect("the server stays");
            assert_eq!(good, Outcome::LoopDone, "{about}");
            let mut edges = 0;
            server.map().take_nonzero(|_, _| edges += 1);
            assert!(edges > 0, "{about}");
            let bad = server.run(b"AB").expect("the server stays");
            assert!(
                matches!(bad, Outcome::Signaled { signal: 6, .. }),
                "{about}: {bad}"
            );
        }
    }
}

/// Defines all that the driver would give it.
const OWN_ENGINE: &str = r#"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
int LLVMFuzzerRunDriver(int *c, char ***v, int (*one)(const uint8_t *, size_t)) {
    (void)c; (void)v;
    return one((const uint8_t *)"own", 3);
}
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max) {
    (void)data; (void)max;
    return size + 40;
}
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    (void)data;
    return (int)LLVMFuzzerMutate(0, size, 99);
}
"#;

#[test]
fn what_a_program_defines_itself_is_taken() {
    let bench = super::Workbench::new();
    bench.write("own.c", OWN_ENGINE);
    for compiler in [Compiler::clang(), Compiler::gcc()] {
        for way in ["", "-fsanitize=fuzzer"] {
            link(&bench, &compiler, &format!("{way} own.c -o own")).assert_code(0);
            bench.program(bench.path("own")).run().assert_code(43);
        }
    }
}
