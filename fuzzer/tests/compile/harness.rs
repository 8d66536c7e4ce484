//! Harnesses: AFL++'s macros in C and C++, `LLVMFuzzerTestOneInput` without a
//! `main`, and code that lies in shared objects.

use std::path::Path;

use crate::compilers;
use tine_controller::{ForkServer, Outcome, TargetConfig};
use tine_workbench::{Compiler, Finished, Workbench, in_process};

fn cc(bench: &Workbench, compiler: &Compiler, line: &str) -> Finished {
    let runner = bench.tine_cc().env("TINE_CC", &compiler.cc);
    runner.args(line.split_whitespace()).run()
}

fn cxx(bench: &Workbench, compiler: &Compiler, line: &str) -> Finished {
    let runner = bench.tine_cxx().env("TINE_CXX", &compiler.cxx);
    runner.args(line.split_whitespace()).run()
}

fn assert_quiet(done: &Finished) {
    assert!(done.code() == Some(0) && done.stderr.is_empty(), "{done}");
}

/// Runs inputs and gives back the outcomes, each with its number of edges.
fn outcomes(server: &mut ForkServer, inputs: &[&str]) -> Vec<(Outcome, usize)> {
    let run = |input: &&str| {
        let outcome = server.run(input.as_bytes()).expect("the server stays");
        let mut edges = 0;
        let count =
            |_: usize, word: u64| edges += word.to_ne_bytes().iter().filter(|b| **b != 0).count();
        server.map().take_nonzero(count);
        (outcome, edges)
    };
    inputs.iter().map(run).collect()
}

const MACROS: &str = r#"
#include <stdio.h>
#include <stdlib.h>
#ifndef __AFL_HAVE_MANUAL_CONTROL
#error no manual control
#endif
#if !defined(__AFL_COMPILER) || !defined(FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION)
#error not an AFL compiler
#endif
__AFL_FUZZ_INIT()
static void (*volatile crash)(void) = abort;
static int look(const unsigned char *data, unsigned int length) {
    if (length > 2 && data[0] == 'A') {
        if (data[1] == 'B') {
            if (data[2] == 'C') crash();
            return 2;
        }
        return 1;
    }
    return 0;
}
int main(void) {
    unsigned char *data;
    __AFL_INIT();
    data = __AFL_FUZZ_TESTCASE_BUF;
    while (__AFL_LOOP(1000)) {
        unsigned int length = __AFL_FUZZ_TESTCASE_LEN;
        printf("%d of %u\n", look(data, length), length);
    }
    return 0;
}
"#;

#[test]
fn a_harness_in_c() {
    let bench = in_process();
    bench.write("macros.c", MACROS);
    for compiler in compilers() {
        let flags = "-std=c90 -pedantic -Wall -Wextra -Wconversion -Wshadow -Werror";
        assert_quiet(&cc(
            &bench,
            &compiler,
            &format!("{flags} macros.c -o macros"),
        ));
        let program = bench.path("macros");

        // By hand: once, with all of its standard input, also in pieces.
        bench.program(&program).stdin("AB").run().assert_code(0);
        let pieces = "(printf AB; sleep 0.1; printf Dxyz) | ./macros";
        let done = bench.program("sh").args(["-c", pieces]).run();
        assert_eq!(done.stdout(), "2 of 6\n", "{done}");

        let mut server = ForkServer::start(TargetConfig::new(&program)).expect("it starts");
        let info = server.info();
        assert!(
            info.persistent && info.deferred && info.shm_input,
            "{info:?}"
        );
        let seen = outcomes(&mut server, &["xxx", "A..", "AB.", "ABC", "xxx"]);
        for (outcome, _) in [&seen[0], &seen[1], &seen[2], &seen[4]] {
            assert!(
                matches!(outcome, Outcome::LoopDone),
                "{}: {seen:?}",
                compiler.name()
            );
        }
        assert!(
            matches!(seen[3].0, Outcome::Signaled { signal: 6, .. }),
            "{seen:?}"
        );
        assert!(seen.iter().all(|(_, edges)| *edges > 0), "{seen:?}");
    }
}

#[test]
fn a_harness_in_a_class_in_a_namespace() {
    let source = r#"
        #include <cstdio>
        namespace harness {
        __AFL_FUZZ_INIT();
        template <class T> struct Loop {
            T passes = 0;
            T run() {
                __AFL_INIT();
                auto *data = __AFL_FUZZ_TESTCASE_BUF;
                while (__AFL_LOOP(100)) {
                    auto length = __AFL_FUZZ_TESTCASE_LEN;
                    passes += 1 + (length > 0 && data[0] == 'A');
                }
                return passes;
            }
        };
        }
        int main() {
            auto inner = [] { return harness::Loop<int>().run(); };
            std::printf("%d\n", inner());
        }
    "#;
    let bench = in_process();
    bench.write("class.cc", source);
    for compiler in compilers() {
        let line = "-std=c++17 -O2 -Wall -Wextra -Wconversion -Werror class.cc -o class \
                    -fvisibility=hidden -ffunction-sections -Wl,--gc-sections";
        assert_quiet(&cxx(&bench, &compiler, line));
        let program = bench.path("class");
        assert_eq!(bench.program(&program).stdin("A").run().stdout(), "2\n");
        let server = ForkServer::start(TargetConfig::new(&program)).expect("it starts");
        let info = server.info();
        assert!(
            info.persistent && info.deferred && info.shm_input,
            "{info:?}"
        );
    }
}

const HARNESS: &str = r#"
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#ifdef __cplusplus
extern "C"
#endif
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
static void (*volatile crash)(void) = abort;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 1 && data[0] == 'A') {
        if (data[1] == 'B') crash();
    }
    return 0;
}
"#;

#[test]
fn a_harness_without_main_gets_one() {
    let bench = in_process();
    bench.write("harness.c", HARNESS);
    bench.write("harness.cc", HARNESS);
    bench.write("good", "AC");
    bench.write("bad", "AB");
    for compiler in compilers() {
        let engine = bench
            .tine_cc()
            .args(["--tine-print", "fuzzing-engine"])
            .run();
        let engine = engine.assert_code(0).stdout();
        assert_quiet(&cc(&bench, &compiler, "-c harness.c"));
        bench
            .program("ar")
            .args(["rcs", "libharness.a", "harness.o"])
            .run()
            .assert_code(0);
        let lines = [
            "harness.cc".to_owned(),
            "harness.cc -fsanitize=fuzzer".to_owned(),
            "harness.cc -fsanitize=address,fuzzer".to_owned(),
            "-fsanitize=fuzzer libharness.a".to_owned(),
            format!("harness.o {engine}"),
            format!("{engine} harness.o"),
            format!("libharness.a {engine} libharness.a -flto"),
        ];
        for line in lines {
            assert_quiet(&cxx(&bench, &compiler, &format!("{line} -o harness")));
            let program = bench.path("harness");
            let run = |file: &str| bench.program(&program).arg(file).run();
            run("good").assert_code(0).assert_stderr("good");
            assert!(!run("bad").status.success(), "{line}");
            run("missing").assert_code(1).assert_stderr("missing");

            let mut config = TargetConfig::new(&program);
            config.env.push((
                "ASAN_OPTIONS".into(),
                "abort_on_error=1:detect_leaks=0".into(),
            ));
            let mut server = ForkServer::start(config).expect("it starts");
            let info = server.info();
            assert!(info.persistent && info.shm_input, "{line}: {info:?}");
            let seen = outcomes(&mut server, &["AC", "AB", "x"]);
            assert!(matches!(seen[0].0, Outcome::LoopDone), "{line}: {seen:?}");
            assert!(
                matches!(seen[1].0, Outcome::Signaled { signal: 6, .. }),
                "{line}: {seen:?}"
            );
            assert!(seen.iter().all(|(_, edges)| *edges > 0), "{line}: {seen:?}");
        }
    }
}

#[test]
fn exceptions_are_thrown_and_caught() {
    let source = r#"
        #include <iostream>
        #include <stdexcept>
        #include <string>
        static int parse(const std::string &text) {
            if (text.empty()) throw std::invalid_argument("empty");
            if (text[0] == 'A') throw 7;
            return int(text.size());
        }
        int main() {
            std::string text;
            std::getline(std::cin, text);
            try {
                std::cout << parse(text) << "\n";
            } catch (const std::exception &error) {
                std::cout << error.what() << "\n";
                return 1;
            }
        }
    "#;
    let bench = in_process();
    bench.write("throw.cc", source);
    for compiler in compilers() {
        for flags in ["", "-O0 -static", "-flto", "-fsanitize=undefined"] {
            assert_quiet(&cxx(
                &bench,
                &compiler,
                &format!("{flags} throw.cc -o throw"),
            ));
            let program = bench.path("throw");
            assert_eq!(bench.program(&program).stdin("xyz").run().stdout(), "3\n");
            let done = bench.program(&program).run();
            assert_eq!(done.assert_code(1).stdout(), "empty\n");
            let mut server = ForkServer::start(TargetConfig::new(&program)).expect("it starts");
            let seen = outcomes(&mut server, &["xyz", "", "A"]);
            assert!(matches!(seen[0].0, Outcome::Exited(0)), "{flags}: {seen:?}");
            assert!(matches!(seen[1].0, Outcome::Exited(1)), "{flags}: {seen:?}");
            assert!(
                matches!(seen[2].0, Outcome::Signaled { signal: 6, .. }),
                "{flags}: {seen:?}"
            );
            assert!(
                seen.iter().all(|(_, edges)| *edges > 0),
                "{flags}: {seen:?}"
            );
        }
    }
}

#[test]
fn shared_objects_are_counted_however_they_bind_their_symbols() {
    let bench = in_process();
    bench.write(
        "part.c",
        "int part(int c) { if (c == 'A') return 1; if (c == 'B') return 2; return 0; }\n",
    );
    let main = "#include <stdio.h>\nint part(int);\nint main(void) { return part(getchar()); }\n";
    bench.write("main.c", main);
    bench.write("part.map", "{ global: part; local: *; };\n");
    for compiler in compilers() {
        let linkers: &[&str] = if compiler.clang {
            &["bfd", "lld", "gold", "mold"]
        } else {
            &["bfd", "gold", "mold"]
        };
        for linker in linkers {
            for binding in [
                "",
                "-Wl,--version-script=part.map",
                "-Wl,-Bsymbolic",
                "-nostdlib",
            ] {
                let about = format!("{} {linker} {binding}", compiler.name());
                let shared = "-O0 -shared -fPIC part.c -o libpart.so -Wl,--no-undefined";
                let line = format!("{shared} -fuse-ld={linker} {binding}");
                assert_quiet(&cc(&bench, &compiler, &line));
                let program = "main.c -L. -lpart -Wl,-rpath,$ORIGIN";
                let line = format!("{program} -fuse-ld={linker} -o main");
                assert_quiet(&cc(&bench, &compiler, &line));
                let mut server =
                    ForkServer::start(TargetConfig::new(bench.path("main"))).expect("it starts");
                let mut maps = Vec::new();
                for (input, code) in [("A", 1), ("B", 2), ("C", 0)] {
                    let outcome = server.run(input.as_bytes()).expect("the server stays");
                    assert!(
                        matches!(outcome, Outcome::Exited(exit) if exit == code),
                        "{about}"
                    );
                    let mut map = Vec::new();
                    server
                        .map()
                        .take_nonzero(|word, counters| map.push((word, counters)));
                    assert!(
                        !maps.contains(&map),
                        "{about}: {input} is counted as another input"
                    );
                    maps.push(map);
                }
                drop(server);
                loads_into_any_program(&bench, &compiler, program);
            }
        }
    }
}

/// The shared object also serves a program that tine-cc did not link.
fn loads_into_any_program(bench: &Workbench, compiler: &Compiler, line: &str) {
    let runner = bench.program(&compiler.cc).args(line.split_whitespace());
    runner.args(["-o", "plain"]).run().assert_code(0);
    bench
        .program(bench.path("plain"))
        .stdin("B")
        .run()
        .assert_code(2);
    assert!(Path::new(&bench.path("libpart.so")).is_file());
}
