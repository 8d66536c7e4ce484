//! What a sanitizer reports is a crash, without any option; what it does not
//! report is none.

mod table;

use tine_workbench::{Compiler, Workbench};

/// Makes the mistake that its input names.
const PROGRAM: &str = include_str!("sanitizers/program.c");

/// Sanitizer, the input that it reports, whether gcc has it.
const SANITIZERS: [(&str, &str, bool); 5] = [
    ("address", "a", true),
    ("undefined", "u", true),
    ("memory", "m", false),
    ("leak", "l", true),
    ("thread", "t", true),
];

#[test]
fn reports_are_crashes_and_nothing_else_is() {
    let bench = Workbench::new();
    bench.write("prog.c", PROGRAM);
    let mut failures = Vec::new();
    for compiler in [Compiler::clang(), Compiler::gcc()] {
        for (sanitizer, reported, gcc_has_it) in SANITIZERS {
            if !compiler.clang && !gcc_has_it {
                continue;
            }
            let cc = bench
                .tine_cc()
                .env("TINE_CC", &compiler.cc)
                .args(["-O0", "-pthread"]);
            let flag = format!("-fsanitize={sanitizer}");
            cc.args([&flag, "-o", "prog", "prog.c"])
                .run()
                .assert_code(0);
            for (input, code) in [(reported, 2), ("s", 2), ("x", 0)] {
                let showmap = bench
                    .tine()
                    .args(["showmap", "-t", "10000", "-o", "map", "./prog"]);
                let done = showmap.stdin(input).run();
                if done.code() != Some(code) {
                    failures.push(format!("{} {sanitizer} {input}: {done}", compiler.name()));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn the_users_own_options_win() {
    let bench = Workbench::new();
    bench.write("prog.c", PROGRAM);
    let cc = bench
        .tine_cc()
        .args(["-O0", "-pthread", "-fsanitize=address", "-o", "prog"]);
    cc.arg("prog.c").run().assert_code(0);
    let with = |options: &str| {
        let showmap = bench
            .tine()
            .args(["showmap", "-o", "map", "./prog"])
            .stdin("a");
        showmap.env("ASAN_OPTIONS", options).run()
    };
    // An option of no importance leaves the defaults alone.
    with("verbosity=0").assert_code(2).assert_stderr("SIGABRT");
    with("abort_on_error=0:exitcode=86")
        .assert_code(2)
        .assert_stderr("exit code 86");
    with("abort_on_error=0:exitcode=5")
        .assert_code(0)
        .assert_stderr("exited with code 5");
}

/// How a program is built, what the user sets, an input, and whether it is reported.
const WISHES: &[(&str, &str, &str, &str, bool)] = &[
    ("address", "", "", "l", false),
    ("address", "ASAN_OPTIONS", "detect_leaks=1", "l", true),
    ("address", "LSAN_OPTIONS", "detect_leaks=1", "l", true),
    ("address", "", "", "b", false),
    (
        "address",
        "ASAN_OPTIONS",
        "max_allocation_size_mb=16",
        "b",
        true,
    ),
    // Names of functions.
    ("leak", "LSAN_OPTIONS", "suppressions=leaks", "l", false),
    (
        "leak",
        "LSAN_OPTIONS",
        "suppressions=other-leaks",
        "l",
        true,
    ),
    ("thread", "TSAN_OPTIONS", "suppressions=races", "t", false),
    (
        "thread",
        "TSAN_OPTIONS",
        "suppressions=other-races",
        "t",
        true,
    ),
    // Of a runtime beside ASan's.
    (
        "address,undefined",
        "UBSAN_OPTIONS",
        "halt_on_error=0",
        "u",
        false,
    ),
    ("address,undefined", "", "", "u", true),
];

#[test]
fn no_default_undoes_what_the_user_asks_for() {
    let bench = Workbench::new();
    bench.write("prog.c", PROGRAM);
    bench.write("leaks", "leak:mistake\n");
    bench.write("races", "race:mistake\nrace:other_thread\n");
    bench.write("other-leaks", "leak:nobody\n");
    bench.write("other-races", "race:nobody\n");
    // Its runtimes look up names by themselves.
    let compiler = Compiler::gcc();
    let mut failures = Vec::new();
    let mut built = "";
    for (sanitizer, variable, value, input, is_reported) in WISHES {
        if built != *sanitizer {
            let cc = bench.tine_cc().env("TINE_CC", &compiler.cc);
            let cc = cc.args(["-O0", "-g", "-pthread", "-o", "prog", "prog.c"]);
            cc.arg(format!("-fsanitize={sanitizer}"))
                .run()
                .assert_code(0);
            built = sanitizer;
        }
        let showmap = bench
            .tine()
            .args(["showmap", "-t", "10000", "-o", "map", "./prog"]);
        let showmap = match *variable {
            "" => showmap,
            variable => showmap.env(variable, value),
        };
        let done = showmap.stdin(*input).run();
        if (done.code() == Some(2)) != *is_reported {
            failures.push(format!("{sanitizer} {variable}={value} {input}: {done}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
