//! What of a build is instrumented: sources by their names, other processors, the
//! user's coverage options and AFL++'s lists.

use super::is_instrumented;
use crate::compilers;
use tine_workbench::{Compiler, Finished, Workbench};

fn cc(bench: &Workbench, compiler: &Compiler, line: &str, list: Option<(&str, &str)>) -> Finished {
    let mut runner = bench
        .tine_cc()
        .env("TINE_CC", &compiler.cc)
        .args(line.split_whitespace());
    if let Some((variable, list)) = list {
        runner = runner.env(variable, bench.write("list", list));
    }
    runner.run()
}

/// How many functions of an object file have counters of clang's.
fn counted_functions(bench: &Workbench, object: &str) -> usize {
    let sections = bench.program("readelf").args(["-SW", object]).run();
    let text = sections.assert_code(0).stdout();
    let is_counters = |line: &&str| line.contains(" __sancov_cntrs ");
    text.lines().filter(is_counters).count()
}

const BRANCHES: &str =
    "static volatile int s; int NAME(int c) { if (c == 3) { s = 1; s = 2; } return s; }\n";

fn branches(name: &str) -> String {
    BRANCHES.replace("NAME", name)
}

/// Options, and whether the object counts with all compilers.
const COVERAGE: &[(&str, bool)] = &[
    ("-fno-sanitize-coverage=pc-table", true),
    (
        "-fsanitize-coverage=inline-8bit-counters,trace-cmp -fno-sanitize-coverage=pc-table",
        true,
    ),
    (
        "-fno-sanitize-coverage=trace-cmp,stack-depth,indirect-calls",
        true,
    ),
    (
        "-fsanitize-coverage=edge,trace-pc-guard -fno-sanitize-coverage=no-prune",
        true,
    ),
    (
        "-fsanitize-coverage=inline-8bit-counters -fno-sanitize-coverage=trace-pc-guard",
        true,
    ),
    ("-fno-sanitize-coverage=edge", false),
    ("-fno-sanitize-coverage=trace-pc-guard", false),
    (
        "-fsanitize-coverage=trace-pc -fno-sanitize-coverage=trace-pc",
        false,
    ),
    ("-fno-sanitize-coverage=edge -fsanitize-coverage=edge", true),
];

#[test]
fn coverage_is_off_when_the_users_options_leave_nothing_that_counts() {
    let bench = Workbench::new();
    bench.write("a.c", branches("a"));
    for compiler in compilers() {
        for (options, counts) in COVERAGE {
            let line = format!("{options} -c a.c -o a.o");
            let done = cc(&bench, &compiler, &line, None);
            assert!(done.code() == Some(0) && done.stderr.is_empty(), "{done}");
            assert_eq!(
                is_instrumented(&bench, "a.o"),
                *counts,
                "{} {line}",
                compiler.name()
            );
        }
    }
    // With a compare log, comparisons are left out by themselves.
    let logs = |options: &str| {
        let line = format!("--cmplog {options} -c a.c -o a.o");
        cc(&bench, &Compiler::gcc(), &line, None).assert_code(0);
        let symbols = bench.program("nm").arg("a.o").run().stdout();
        symbols.contains("__sanitizer_cov_trace_const_cmp")
    };
    assert!(logs("") && !logs("-fno-sanitize-coverage=trace-cmp"));
}

/// Names of sources, the language that plain compilers need to be told, and the code.
#[test]
fn sources_are_known_by_all_their_names() {
    let bench = Workbench::new();
    let plain = branches("a");
    let module = format!("export module m;\n{plain}");
    for compiler in compilers() {
        let mut names = vec![
            ("-c", "a.c"),
            ("-c", "a.i"),
            ("-c", "a.cc"),
            ("-c", "a.C"),
            ("-c", "a.CPP"),
            ("-c", "a.cp"),
            ("-c", "a.c++"),
            ("-c", "a.ii"),
            ("-x c -c", "a.x"),
            ("-x c++ -c", "a"),
            ("-xc++-cpp-output -c", "a.txt"),
            ("-x c -c", "a.s"),
        ];
        if compiler.clang {
            names.extend([
                ("-c", "a.C++"),
                ("-c", "a.m"),
                ("-c", "a.mm"),
                ("-c", "a.M"),
            ]);
            let std = "-std=c++20 -c";
            names.extend([
                (std, "m.cppm"),
                (std, "m.ccm"),
                (std, "m.cxxm"),
                (std, "m.c++m"),
            ]);
            names.push(("-std=c++20 -x c++-module -c", "m.ixx"));
        }
        for (options, name) in names {
            bench.write(
                name,
                if name.starts_with('m') {
                    &module
                } else {
                    &plain
                },
            );
            let done = cc(&bench, &compiler, &format!("{options} {name} -o a.o"), None);
            assert_eq!(done.code(), Some(0), "{done}");
            assert!(is_instrumented(&bench, "a.o"), "{} {name}", compiler.name());
        }
        if compiler.clang {
            // In two steps; the first makes no code.
            bench.write("m.cppm", &module);
            for line in [
                "-std=c++20 --precompile m.cppm -o m.pcm",
                "-std=c++20 -c m.pcm -o a.o",
            ] {
                cc(&bench, &compiler, line, None).assert_code(0);
            }
            assert!(is_instrumented(&bench, "a.o"), "{} m.pcm", compiler.name());
        }
    }
}

/// Options for other processors, and whether gcc has them.
const FOREIGN: &[(&str, bool)] = &[
    ("-m32", true),
    ("-m16", true),
    ("-mx32", true),
    ("-target bpf", false),
    ("--target=wasm32", false),
    ("--target=aarch64-linux-gnu", false),
];

#[test]
fn code_for_other_processors_is_compiled_without_coverage() {
    let bench = Workbench::new();
    let guarded =
        "#ifdef __AFL_HAVE_MANUAL_CONTROL\nint init(void) { __AFL_INIT(); return 0; }\n#endif\n";
    bench.write("a.c", branches("a") + guarded);
    bench.write("main.c", "int main(void) { return 0; }\n");
    bench.write("boot.c", "void _start(void) { for (;;) ; }\n");
    for compiler in compilers() {
        for (option, gcc_too) in FOREIGN {
            if !gcc_too && !compiler.clang {
                continue;
            }
            for stage in ["-c -o a.o", "-S -o a.s"] {
                let done = cc(&bench, &compiler, &format!("{option} a.c {stage}"), None);
                done.assert_code(0)
                    .assert_stderr("compiled without coverage");
                assert_eq!(done.stderr().lines().count(), 1, "said once: {done}");
            }
            assert!(!is_instrumented(&bench, "a.o") && !is_instrumented(&bench, "a.s"));
            // Nothing is lost where no code comes out.
            for stage in ["-E -o a.i", "-fsyntax-only", "-M -o a.d"] {
                let done = cc(&bench, &compiler, &format!("{option} a.c {stage}"), None);
                assert!(done.code() == Some(0) && done.stderr.is_empty(), "{done}");
            }
            let done = cc(&bench, &compiler, &format!("{option} main.c -o main"), None);
            done.assert_code(1)
                .assert_stderr("asks for another architecture");
            assert_eq!(done.stderr().lines().count(), 1, "{done}");
        }
        // Firmware and the like, in which nothing of tine's runs.
        let line = "-m32 -ffreestanding -nostdlib -static -no-pie -fno-pie boot.c -o boot";
        let done = cc(&bench, &compiler, line, None);
        assert_eq!(done.code(), Some(0), "{done}");
        let done = cc(&bench, &compiler, "-m32 -m64 a.c -c -o a.o", None);
        assert!(
            done.stderr.is_empty() && is_instrumented(&bench, "a.o"),
            "{done}"
        );
    }
}

/// A variable, a list, sources on the command line, and what is expected: how many
/// functions clang counts, whether gcc counts any, and whether gcc says that it cannot.
type ListCase = (&'static str, &'static str, &'static str, usize, bool, bool);

/// `in.c` has the functions `in_a` and `in_b`, `out.c` has `out_a` and `out_b`.
const LISTS: &[ListCase] = &[
    ("AFL_LLVM_ALLOWLIST", "in.c\n", "in.c", 2, true, false),
    ("AFL_LLVM_ALLOWLIST", "in.c\n", "out.c", 0, false, false),
    (
        "AFL_LLVM_ALLOWLIST",
        "src: *n.c # one\n",
        "in.c",
        2,
        true,
        false,
    ),
    (
        "AFL_LLVM_ALLOWLIST",
        "source:i[mno].?\n",
        "in.c",
        2,
        true,
        false,
    ),
    ("AFL_LLVM_ALLOWLIST", "work/in.c\n", "in.c", 2, true, false),
    (
        "AFL_LLVM_ALLOWLIST",
        "other/in.c\n",
        "in.c",
        0,
        false,
        false,
    ),
    ("AFL_LLVM_ALLOWLIST", "fun: in_a\n", "in.c", 1, true, true),
    ("AFL_LLVM_ALLOWLIST", "in_a\n", "in.c", 1, true, true),
    (
        "AFL_LLVM_ALLOWLIST",
        "function:in_?\n",
        "in.c",
        2,
        true,
        true,
    ),
    ("AFL_LLVM_ALLOWLIST", "fun:*_a\n", "out.c", 1, true, true),
    (
        "AFL_LLVM_ALLOWLIST",
        "in.c\nfun: out_a\n",
        "out.c",
        1,
        true,
        true,
    ),
    (
        "AFL_LLVM_ALLOWLIST",
        "in.c\nfun: out_a\n",
        "in.c",
        2,
        true,
        false,
    ),
    ("AFL_LLVM_ALLOWLIST", "# nothing\n", "in.c", 0, false, false),
    ("AFL_LLVM_DENYLIST", "in.c\n", "in.c", 0, false, false),
    ("AFL_LLVM_DENYLIST", "in.c\n", "out.c", 2, true, false),
    ("AFL_LLVM_DENYLIST", "fun: in_a\n", "in.c", 1, true, true),
    ("AFL_GCC_ALLOWLIST", "in.c\n", "out.c", 0, false, false),
    ("AFL_LLVM_WHITELIST", "in.c\n", "out.c", 0, false, false),
    (
        "AFL_LLVM_INSTRUMENT_FILE",
        "in.c\n",
        "out.c",
        0,
        false,
        false,
    ),
    ("AFL_LLVM_BLOCKLIST", "out.c\n", "out.c", 0, false, false),
];

#[test]
fn lists_say_what_is_instrumented() {
    let bench = Workbench::new();
    bench.write("in.c", branches("in_a") + &branches("in_b"));
    bench.write("out.c", branches("out_a") + &branches("out_b"));
    let mut failures = Vec::new();
    for compiler in compilers() {
        for (variable, list, source, functions, gcc_counts, gcc_says) in LISTS {
            let line = format!("-O1 -c {source} -o a.o");
            let done = cc(&bench, &compiler, &line, Some((variable, list)));
            let seen = if compiler.clang {
                done.stderr.is_empty() && counted_functions(&bench, "a.o") == *functions
            } else {
                let says = done.stderr().contains("gcc does not choose functions");
                says == *gcc_says && is_instrumented(&bench, "a.o") == *gcc_counts
            };
            if done.code() != Some(0) || !seen {
                failures.push(format!("{variable}={list:?} {source}: {done}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn lists_hold_for_each_source_of_a_command() {
    let bench = Workbench::new();
    bench.write("in.c", branches("in_a"));
    bench.write("out.c", branches("out_a"));
    for (variable, list) in [
        ("AFL_LLVM_ALLOWLIST", "in.c\n"),
        ("AFL_LLVM_DENYLIST", "out.c\n"),
    ] {
        for compiler in compilers() {
            let done = cc(&bench, &compiler, "-c in.c out.c", Some((variable, list)));
            done.assert_code(0);
            assert!(is_instrumented(&bench, "in.o"), "{done}");
            if compiler.clang {
                assert!(done.stderr.is_empty(), "{done}");
                assert!(!is_instrumented(&bench, "out.o"), "{done}");
            } else {
                done.assert_stderr("gcc instruments all sources of one command or none");
            }
        }
    }
}

/// With -flto code is made when linking, where gcc does not know the sources any more.
#[test]
fn lists_hold_with_optimization_when_linking_or_the_command_says_that_they_do_not() {
    const LIST: Option<(&str, &str)> = Some(("AFL_LLVM_ALLOWLIST", "in.c\n"));
    const SAYS: &str = "with -flto gcc instruments all sources when it links";
    let bench = Workbench::new();
    bench.write("in.c", "int in(int c) { return c + 1; }\n");
    bench.write("out.c", branches("out"));
    bench.write(
        "main.c",
        "#include <stdio.h>\nint in(int), out(int);\n\
         int main(void) { int c = getchar(); return in(c) + out(c); }\n",
    );
    for compiler in compilers() {
        let quiet = cc(&bench, &compiler, "-O1 -flto -c in.c", None);
        assert!(quiet.stderr.is_empty(), "{quiet}");
        for line in [
            "-O1 -flto -c in.c",
            "-O1 -flto -c out.c",
            "-O1 -flto -c main.c",
            "-O1 -flto in.o out.o main.o -o p",
        ] {
            let done = cc(&bench, &compiler, line, LIST);
            done.assert_code(0);
            assert_eq!(done.stderr().contains(SAYS), !compiler.clang, "{done}");
        }
        let maps = ["\x03", "a"].map(|input| {
            let runner = bench
                .tine()
                .args(["showmap", "-q", "-o", "map", "--", "./p"]);
            runner.stdin(input).run();
            std::fs::read(bench.path("map")).expect("something is counted")
        });
        assert_eq!(maps[0] == maps[1], compiler.clang, "{}", compiler.name());
    }
}

#[test]
fn a_list_that_cannot_be_read_is_named() {
    let bench = Workbench::new();
    bench.write("a.c", branches("a"));
    let runner = bench.tine_cc().env("AFL_LLVM_ALLOWLIST", "/no/such/list");
    let done = runner.args(["-c", "a.c", "-o", "a.o"]).run();
    done.assert_code(0)
        .assert_stderr("AFL_LLVM_ALLOWLIST names \"/no/such/list\"");
    assert!(is_instrumented(&bench, "a.o"));
}

/// Variables for AFL++'s compilers, and what is said.
const VARIABLES: &[(&str, &str)] = &[
    (
        "AFL_LLVM_LAF_ALL=1",
        "AFL_LLVM_LAF_ALL has no effect: comparisons are not split",
    ),
    ("AFL_CC=gcc", "AFL_CC has no effect: TINE_CC"),
    ("AFL_CC_COMPILER=GCC_PLUGIN", "TINE_CC"),
    (
        "AFL_LLVM_INSTRUMENT=CLASSIC",
        "AFL_LLVM_INSTRUMENT has no effect",
    ),
    (
        "AFL_LLVM_INSTRUMENT=LTO",
        "AFL_LLVM_INSTRUMENT has no effect",
    ),
    ("AFL_LLVM_IJON=1", "IJON"),
    ("AFL_PATH=/x", "AFL_PATH has no effect"),
    ("AFL_LLVM_CTX=1", "AFL_LLVM_CTX has no effect"),
    ("AFL_LLVM_INJECTIONS_ALL=1", "does not look for injections"),
    ("AFL_LLVM_INSTRUMENT=PCGUARD", ""),
    ("AFL_HARDEN=1", ""),
    ("AFL_LLVM_IJON=", ""),
    ("AFL_LLVM_CTX=0", ""),
    ("AFL_OPT_LEVEL=1", ""),
    ("AFL_NO_BUILTIN=1", ""),
];

#[test]
fn variables_of_other_compilers_are_answered_by_name() {
    let bench = Workbench::new();
    bench.write("p.c", "int main(void) { return 0; }\n");
    for (variable, says) in VARIABLES {
        let (name, value) = variable.split_once('=').unwrap();
        let run = |args: &[&str], quiet: &str| {
            let runner = bench.tine_cc().env(name, value).env("AFL_QUIET", quiet);
            runner.args(args).run()
        };
        for args in [&["-c", "p.c", "-o", "p.o"][..], &["p.c", "-o", "p"]] {
            let done = run(args, "");
            done.assert_code(0).assert_stderr(says);
            assert_eq!(
                done.stderr().lines().count(),
                usize::from(!says.is_empty()),
                "{done}"
            );
            assert!(run(args, "1").stderr.is_empty(), "AFL_QUIET");
        }
        // Configure scripts look at what these say.
        assert!(run(&["-E", "p.c", "-o", "p.i"], "").stderr.is_empty());
        assert_eq!(run(&["--version"], "").code(), Some(0));
    }
}

#[test]
fn variables_change_what_the_compiler_is_told() {
    let bench = Workbench::new();
    bench.write("p.c", branches("p"));
    let shown = |variable: &str, value: &str| {
        let runner = bench.tine_cc().env(variable, value);
        runner
            .args(["--tine-show", "-c", "p.c", "-o", "p.o"])
            .run()
            .assert_code(0)
            .stdout()
    };
    assert!(shown("AFL_OPT_LEVEL", "1").contains(" -O1 "));
    assert!(shown("AFL_NO_BUILTIN", "1").contains(" -fno-builtin-strcmp "));
    for variable in ["AFL_NOOPT", "AFL_PASSTHROUGH"] {
        let runner = bench.tine_cc().env(variable, "1");
        runner.args(["-c", "p.c", "-o", "p.o"]).run().assert_code(0);
        assert!(!is_instrumented(&bench, "p.o"), "{variable}");
    }
}

const HARNESS: &str = r#"
#include <stdio.h>
__AFL_FUZZ_INIT()SEMICOLON
static int look(const unsigned char *data, unsigned int length) { return length > 2 && data[0] == 'A'; }
int main(void) {
    unsigned char *data;
    int found = 0;
    __AFL_INIT();
    data = __AFL_FUZZ_TESTCASE_BUF;
    while (__AFL_LOOP(1000)) {
        unsigned int length = __AFL_FUZZ_TESTCASE_LEN;
        found += look(data, length);
    }
    return found;
}
"#;

#[test]
fn the_macros_are_pedantically_correct() {
    let bench = Workbench::new();
    for (name, semicolon) in [("with", ";"), ("without", "")] {
        let source = HARNESS.replace("SEMICOLON", semicolon);
        bench.write(format!("{name}.c"), &source);
        bench.write(format!("{name}.cc"), &source);
    }
    let mut failures = Vec::new();
    for compiler in compilers() {
        let c = ["c89", "gnu89", "c99", "c11", "c17", "c2x"].map(|standard| (standard, "c"));
        let cxx = ["c++98", "c++11", "c++14", "c++17", "c++20"].map(|standard| (standard, "cc"));
        for (standard, ending) in c.into_iter().chain(cxx) {
            for name in ["with", "without"] {
                let runner = if ending == "c" {
                    bench.tine_cc()
                } else {
                    bench.tine_cxx()
                };
                let done = runner
                    .env("TINE_CC", &compiler.cc)
                    .env("TINE_CXX", &compiler.cxx)
                    .arg(format!("-std={standard}"))
                    .args([
                        "-pedantic-errors",
                        "-Wall",
                        "-Wextra",
                        "-Werror",
                        "-fsyntax-only",
                    ])
                    .arg(format!("{name}.{ending}"))
                    .run();
                if done.code() != Some(0) || !done.stderr.is_empty() {
                    failures.push(done.to_string());
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
