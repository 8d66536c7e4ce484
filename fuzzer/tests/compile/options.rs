//! `tine-cc` in the compiler's place: whatever one asks of a compiler, it does.

use std::fs;

use crate::compilers;
use tine_controller::{ForkServer, Outcome, TargetConfig};
use tine_workbench::{Compiler, Finished, Workbench, in_process};

const HELLO: &str = "#include \"hello.h\"\nint main(void) { puts(GREETING); return 4; }\n";

/// A folder with `hello.c`, which prints "hello" and exits with 4.
fn bench() -> Workbench {
    let bench = Workbench::new();
    bench.write(
        "hello.h",
        "#include <stdio.h>\n#define GREETING \"hello\"\n",
    );
    bench.write("hello.c", HELLO);
    bench
}

fn cc(bench: &Workbench, compiler: &Compiler, line: &str) -> Finished {
    let runner = bench.tine_cc().env("TINE_CC", &compiler.cc);
    runner.args(line.split_whitespace()).run()
}

fn plain(bench: &Workbench, compiler: &Compiler, line: &str) -> Finished {
    bench
        .program(&compiler.cc)
        .args(line.split_whitespace())
        .run()
}

#[track_caller]
fn assert_quiet(done: &Finished) {
    assert!(done.code() == Some(0) && done.stderr.is_empty(), "{done}");
}

#[track_caller]
fn assert_says_hello(bench: &Workbench, program: &str) {
    let done = bench.program(bench.path(program)).run();
    assert_eq!(done.assert_code(4).stdout(), "hello\n");
}

#[test]
fn one_command_makes_a_program() {
    let bench = bench();
    bench.write("args", "-O1 \"hello.c\" -o from-response");
    bench.write("-dash.c", HELLO);
    for compiler in compilers() {
        for (line, program) in [
            ("hello.c", "a.out"),
            ("hello.c -o hello", "hello"),
            ("-x c hello.c -o with-language", "with-language"),
            ("-pipe -O1 -g hello.c -o piped", "piped"),
            ("@args", "from-response"),
            ("-o dashed -- -dash.c", "dashed"),
            (
                "-fsanitize-coverage=trace-pc,trace-cmp hello.c -o own-coverage",
                "own-coverage",
            ),
            ("hello.c -nodefaultlibs -lc -o named-libc", "named-libc"),
            (
                "-Wl,--start-group hello.c -Wl,--end-group -Wl,-s -o stripped",
                "stripped",
            ),
        ] {
            assert_quiet(&cc(&bench, &compiler, line));
            assert_says_hello(&bench, program);
        }
        assert_quiet(&cc(&bench, &compiler, "hello.c -o /dev/null"));
    }
}

#[test]
fn source_comes_from_standard_input() {
    let bench = bench();
    for compiler in compilers() {
        let runner = bench.tine_cc().env("TINE_CC", &compiler.cc).stdin(HELLO);
        assert_quiet(&runner.args(["-I.", "-o", "piped", "-x", "c", "-"]).run());
        assert_says_hello(&bench, "piped");
    }
}

#[test]
fn every_stage_can_be_done_alone() {
    let bench = bench();
    for compiler in compilers() {
        for line in [
            "-E hello.c -o hello.i",
            "-S -g0 hello.i -o hello.s -Werror",
            "-c hello.s -o hello.o -Werror",
            "hello.o -o hello -Werror",
        ] {
            assert_quiet(&cc(&bench, &compiler, line));
        }
        assert_says_hello(&bench, "hello");
        let assembly = fs::read_to_string(bench.path("hello.s")).expect("it was written");
        let mark = if compiler.clang {
            "__sancov_cntrs"
        } else {
            "__sanitizer_cov_trace_pc"
        };
        assert!(
            assembly.contains(mark),
            "{}: not instrumented",
            compiler.name()
        );

        assert_quiet(&cc(&bench, &compiler, "-fsyntax-only hello.c"));
        let expanded = cc(&bench, &compiler, "-E -P hello.c");
        assert!(expanded.stdout().contains("puts(\"hello\")"), "{expanded}");
        assert!(!expanded.stdout().contains("__afl"), "{expanded}");
    }
}

#[test]
fn dependency_files_name_what_the_source_includes() {
    let bench = bench();
    for compiler in compilers() {
        assert_quiet(&cc(
            &bench,
            &compiler,
            "-c hello.c -O1 -o hello.o -MMD -MF ours.d",
        ));
        assert_quiet(&plain(
            &bench,
            &compiler,
            "-c hello.c -O1 -o hello.o -MMD -MF theirs.d",
        ));
        let read = |name: &str| fs::read_to_string(bench.path(name)).expect("it was written");
        assert_eq!(read("ours.d"), read("theirs.d"));
        let theirs = plain(&bench, &compiler, "-M -O1 hello.c").stdout();
        assert_eq!(cc(&bench, &compiler, "-M -O1 hello.c").stdout(), theirs);
    }
}

#[test]
fn precompiled_headers_are_made_and_used() {
    let bench = bench();
    for compiler in compilers() {
        let header = if compiler.clang {
            "hello.h.pch"
        } else {
            "hello.h.gch"
        };
        assert_quiet(&cc(
            &bench,
            &compiler,
            &format!("-x c-header hello.h -o {header}"),
        ));
        assert_quiet(&cc(&bench, &compiler, "hello.h -o other.pch"));
        let line = "-Winvalid-pch -Werror -include hello.h hello.c -o hello";
        assert_quiet(&cc(&bench, &compiler, line));
        assert_says_hello(&bench, "hello");
        fs::remove_file(bench.path(header)).expect("it was made");
    }
}

#[test]
fn questions_get_the_compilers_own_answers() {
    let bench = bench();
    for compiler in compilers() {
        for line in [
            "--version",
            "-dumpversion",
            "-dumpmachine",
            "-print-search-dirs",
            "-print-file-name=libc.so",
            "--help",
            "-v",
            "",
            "-c missing.c",
            "--no-such-option hello.c",
        ] {
            let (ours, theirs) = (cc(&bench, &compiler, line), plain(&bench, &compiler, line));
            let parts = |done: &Finished| (done.status, done.stdout(), done.stderr());
            assert_eq!(parts(&ours), parts(&theirs), "{} {line}", compiler.name());
        }
    }
}

#[test]
fn errors_in_the_source_are_the_compilers() {
    let bench = bench();
    bench.write("wrong.c", "int main(void) { return wrong; }\n");
    bench.write("no-main.c", "int other(void) { return 0; }\n");
    for compiler in compilers() {
        let theirs = plain(&bench, &compiler, "-c wrong.c");
        let ours = cc(&bench, &compiler, "-c wrong.c");
        assert_eq!(
            (ours.status, ours.stderr()),
            (theirs.status, theirs.stderr())
        );
        // Nor does the driver's main make a program of what is none.
        assert_ne!(cc(&bench, &compiler, "no-main.c").code(), Some(0));
        assert_ne!(
            cc(&bench, &compiler, "-fsanitize=fuzzer no-main.c").code(),
            Some(0)
        );
    }
}

#[test]
fn what_is_not_c_is_left_alone() {
    let bench = bench();
    bench.write(
        "start.s",
        ".globl _start\n_start:\nmov $60, %eax\nmov $7, %edi\nsyscall\n",
    );
    bench.write("part.c", "int part(int x) { return x > 1 ? x : 7; }\n");
    bench.write(
        "start.S",
        "#define CODE 7\n.globl main\nmain:\nmov $CODE, %eax\nret\n",
    );
    for compiler in compilers() {
        for line in [
            "start.S -Werror -o program",
            "-nostdlib -static start.s -o program",
            "-nostdlib -static start.s part.c -o program",
            "-nostdlib -static-pie -fPIE start.s part.c -o program",
            "-nostartfiles start.s part.c -o program",
        ] {
            let done = cc(&bench, &compiler, line);
            assert_eq!(done.code(), Some(0), "{done}");
            bench.program(bench.path("program")).run().assert_code(7);
        }
    }
}

#[test]
fn the_environment_switches_sanitizers_on() {
    let bench = bench();
    let source = "#include <stdlib.h>\nint main(int n, char **v) { (void)v; \
                  char *p = malloc(4); p[n + 3] = 1; n += p[n + 3]; free(p); return 0; }\n";
    bench.write("overflow.c", source);
    bench.write(
        "leak.c",
        "#include <stdlib.h>\nint main(void) { __AFL_LSAN_OFF(); __AFL_LSAN_ON(); \
         void *volatile lost = malloc(4); lost = NULL; __AFL_LEAK_CHECK(); return lost != NULL; }\n",
    );
    bench.write(
        "shift.c",
        "int main(int n, char **v) { (void)v; return (1 << (n * 40)) & 0; }\n",
    );
    bench.write(
        "uninitialised.c",
        "#include <stdlib.h>\nint main(void) { int *p = malloc(4); return *p ? 1 : 0; }\n",
    );
    for compiler in compilers() {
        let mut cases = vec![
            ("AFL_USE_LSAN", "leak.c", "LeakSanitizer"),
            ("AFL_USE_ASAN", "overflow.c", "AddressSanitizer"),
            ("AFL_USE_UBSAN", "shift.c", "runtime error"),
        ];
        if compiler.clang {
            cases.push(("AFL_USE_MSAN", "uninitialised.c", "MemorySanitizer"));
        }
        for (variable, source, says) in cases {
            let runner = bench
                .tine_cc()
                .env("TINE_CC", &compiler.cc)
                .env(variable, "1");
            assert_quiet(&runner.args([source, "-O0", "-o", "checked"]).run());
            let done = bench.program(bench.path("checked")).run();
            assert!(!done.status.success(), "{variable}: {done}");
            done.assert_stderr(says);
        }
    }
    let runner = bench
        .tine_cc()
        .env("TINE_CC", "gcc")
        .env("AFL_USE_MSAN", "1");
    runner
        .arg("hello.c")
        .run()
        .assert_code(1)
        .assert_stderr("AFL_USE_MSAN");
    let runner = bench
        .tine_cc()
        .env("AFL_USE_MSAN", "1")
        .env("AFL_USE_ASAN", "1");
    runner
        .arg("hello.c")
        .run()
        .assert_code(1)
        .assert_stderr("cannot be combined");
}

#[test]
fn code_from_elsewhere_is_linked_and_forked() {
    let bench = in_process();
    bench.write("main.c", "int main(void) { return 5; }\n");
    for compiler in compilers() {
        assert_quiet(&plain(&bench, &compiler, "-c main.c -o main.o"));
        assert_quiet(&cc(&bench, &compiler, "main.o -o linked"));
        let runner = bench
            .tine_cc()
            .env("TINE_CC", &compiler.cc)
            .env("TINE_NO_INSTRUMENT", "1");
        assert_quiet(&runner.args(["main.c", "-o", "not-counted"]).run());
        for program in ["linked", "not-counted"] {
            bench.program(bench.path(program)).run().assert_code(5);
            let mut server =
                ForkServer::start(TargetConfig::new(bench.path(program))).expect("it starts");
            assert!(matches!(server.run(b""), Ok(Outcome::Exited(5))));
            let mut edges = 0;
            server.map().take_nonzero(|_, _| edges += 1);
            assert_eq!(edges, 0, "{program} has no counters");
        }
    }
}

#[test]
fn what_cannot_work_is_refused_in_one_sentence() {
    let bench = bench();
    let own = env!("CARGO_BIN_EXE_tine-cc");
    let cases = [
        (
            "-m32 hello.c",
            "clang-19",
            "-m32 asks for another architecture",
        ),
        ("-m32 hello.c", "gcc", "-m32 asks for another architecture"),
        (
            "--target=aarch64-linux-gnu hello.o",
            "clang-19",
            "64-bit x86 only",
        ),
        ("hello.c", own, "wrapper itself"),
        (
            "hello.c",
            "no-such-compiler",
            "TINE_CC names \"no-such-compiler\"",
        ),
        ("hello.c", "cat", "TINE_CC"),
        ("--tine-print nonsense", "clang-19", "fuzzing-engine"),
    ];
    for (line, compiler, says) in cases {
        let runner = bench.tine_cc().env("TINE_CC", compiler);
        let done = runner.args(line.split_whitespace()).run();
        done.assert_code(1)
            .assert_stderr(says)
            .assert_stderr("tine-cc: ");
        assert_eq!(done.stderr().lines().count(), 1, "{done}");
    }
    let runner = bench.tine_cc().env("PATH", bench.dir()).arg("hello.c");
    runner
        .run()
        .assert_code(1)
        .assert_stderr("install clang or gcc");
}

#[test]
fn the_shown_command_is_the_one_that_is_run() {
    let bench = bench();
    for compiler in compilers() {
        let shown = cc(&bench, &compiler, "--tine-show hello.c -o hello");
        assert_quiet(&shown);
        assert!(!bench.path("hello").exists(), "it must not be run");
        assert_quiet(&bench.program("sh").args(["-c", &shown.stdout()]).run());
        assert_says_hello(&bench, "hello");
        fs::remove_file(bench.path("hello")).expect("it was made");
    }
}

#[test]
fn the_runtimes_files_go_to_the_users_cache_or_a_private_folder() {
    let mut bench = bench();
    let own_home = bench.path("home");
    fs::create_dir(&own_home).unwrap();
    let print = |bench: &Workbench, home: &str| {
        let runner = bench
            .tine_cc()
            .env_remove("TINE_CACHE_DIR")
            .env("HOME", home);
        runner
            .args(["--tine-print", "runtime"])
            .run()
            .assert_code(0)
            .stdout()
    };
    let in_home = print(&bench, own_home.to_str().unwrap());
    let cache = own_home.join(".cache/tine");
    assert!(in_home.starts_with(cache.to_str().unwrap()), "{in_home}");
    bench.keep_temporary_files();
    let elsewhere = print(&bench, "/proc/no-such-home");
    assert!(
        elsewhere.starts_with(bench.tmp().to_str().unwrap()),
        "{elsewhere}"
    );
    assert_eq!(
        fs::read(in_home.trim()).unwrap(),
        fs::read(elsewhere.trim()).unwrap()
    );
}
