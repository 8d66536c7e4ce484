//! -1 from a harness: its input belongs in no corpus.

use std::path::Path;
use tine_controller::{ForkServer, Outcome, TargetConfig};
use tine_workbench::{Compiler, Workbench, in_process, peers, testcases};

/// Rejects what begins with an odd byte, after many branches; crashes on two inputs, one
/// of which it would have rejected. What it accepts has a few branches too.
const HARNESS: &str = r#"
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
static volatile int sink;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1 || (data[0] & 1)) {
        for (size_t i = 0; i < size && i < 60; i++) switch (data[i] & 7) {
            case 0: sink += 1; break;  case 1: sink += 2; break;
            case 2: sink ^= 3; break;  case 3: sink -= 4; break;
            case 4: sink *= 5; break;  case 5: sink |= 6; break;
            default: sink++;
        }
        if (size == 3 && data[0] == 'c') abort();
        return -1;
    }
    if (size > 2 && data[1] == 'q') sink = 1;
    if (size > 2 && data[1] == 'r') sink = 2;
    if (size == 4 && data[0] == 'b' && data[1] == '!') abort();
    return 0;
}
"#;

fn build(bench: &Workbench, compiler: &Compiler) {
    bench.write("harness.c", HARNESS);
    let cc = bench.tine_cc().env("TINE_CC", &compiler.cc);
    let cc = cc.args(["-O1", "-fsanitize=fuzzer", "harness.c", "-o", "harness"]);
    cc.run().assert_code(0);
}

fn is_rejected(input: &[u8]) -> bool {
    input.first().is_none_or(|byte| byte & 1 == 1)
}

/// [I-5]
#[test]
fn a_rejected_input_covers_nothing() {
    let bench = in_process();
    for compiler in crate::compilers() {
        build(&bench, &compiler);
        let config = TargetConfig::new(bench.path("harness"));
        let mut server = ForkServer::start(config).expect("it starts");
        let mut edges = Vec::new();
        // The first pass of a child, and later ones; around a crash.
        for input in [
            "a", "bqx", "abcdefgh", "brx", "c!x", "a", "b!xx", "a", "bqx", "bqx",
        ] {
            let outcome = server.run(input.as_bytes()).expect("the server stays");
            let mut count = 0;
            server.map().take_nonzero(|_, counters| {
                count += counters.to_ne_bytes().iter().filter(|it| **it != 0).count();
            });
            let about = format!("{} {input}: {outcome}", compiler.name());
            if input.contains('!') {
                assert!(
                    matches!(outcome, Outcome::Signaled { signal: 6, .. }),
                    "{about}"
                );
                assert!(count > 0, "{about}");
                continue;
            }
            assert_eq!(outcome, Outcome::LoopDone, "{about}");
            assert_eq!(
                count == 0,
                is_rejected(input.as_bytes()),
                "{about}: {count} edges"
            );
            if input == "bqx" {
                edges.push(count);
            }
        }
        assert!(edges.iter().all(|count| *count == edges[0]), "{edges:?}");
    }
}

fn rejected_in(folder: &Path) -> (usize, Vec<String>) {
    let all = testcases(folder);
    let rejected = all
        .iter()
        .filter(|path| is_rejected(&std::fs::read(path).expect("a testcase")))
        .map(|path| path.display().to_string())
        .collect();
    (all.len(), rejected)
}

#[test]
fn a_session_keeps_no_rejected_input() {
    let bench = Workbench::new();
    build(&bench, &Compiler::clang());
    // Two seeds of four are rejected.
    bench.seeds("seeds", ["bqxx", "axxx", "brxx", "cxxx"]);
    let harness = bench.path("harness");
    let options = ["-s", "1", "-E", "30000"];
    let done = bench.fuzz("seeds", &options, &harness).run();
    done.assert_code(0)
        .assert_stderr("the harness rejects 2 seeds");
    let (count, rejected) = rejected_in(&bench.path("out/default/queue"));
    assert!(rejected.is_empty(), "{rejected:?}");
    assert!(count > 2, "{count} testcases");
    // Both crashes count, that of an input that would have been rejected too.
    let crashes = testcases(&bench.path("out/default/crashes"));
    let firsts: std::collections::BTreeSet<u8> = crashes
        .iter()
        .map(|path| std::fs::read(path).expect("a crash")[0])
        .collect();
    assert!(firsts.len() == 2, "{crashes:?}");

    // Going on with it does not bring them back either.
    let tine = bench
        .tine()
        .args(["fuzz", "--no-ui", "-i", "-", "-o", "out", "-E", "40000"]);
    tine.arg("--").arg(&harness).run().assert_code(0);
    let (_, rejected) = rejected_in(&bench.path("out/default/queue"));
    assert!(rejected.is_empty(), "{rejected:?}");
}

#[test]
fn a_session_begins_with_rejected_seeds_if_there_are_no_others() {
    let bench = Workbench::new();
    build(&bench, &Compiler::clang());
    bench.seeds("seeds", ["axxx", "cxxx"]);
    let options = ["-s", "1", "-E", "20000"];
    let done = bench.fuzz("seeds", &options, &bench.path("harness")).run();
    done.assert_code(0)
        .assert_stderr("the session begins with them");
    let (count, rejected) = rejected_in(&bench.path("out/default/queue"));
    assert_eq!(rejected.len(), 2, "{rejected:?}");
    assert!(count > 2, "{count} testcases");
}

/// [I-5]
#[test]
fn another_fuzzer_keeps_no_rejected_input() {
    let bench = Workbench::new();
    build(&bench, &Compiler::clang());
    bench.seeds("seeds", ["axxx", "bqxx"]);
    for (out, afl_fuzz) in [
        ("afl-4.04", peers::aflplusplus_404("afl-fuzz")),
        ("afl-4.40", peers::aflplusplus_440("afl-fuzz")),
    ] {
        let fuzz = bench
            .program(afl_fuzz)
            .args(["-i", "seeds", "-o", out, "-s", "1"]);
        let fuzz = fuzz.args(["-E", "20000", "--", "./harness"]);
        let fuzz = [
            "AFL_NO_UI",
            "AFL_SKIP_CPUFREQ",
            "AFL_NO_AFFINITY",
            "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES",
        ]
        .into_iter()
        .fold(fuzz, |fuzz, name| fuzz.env(name, "1"));
        let done = fuzz.run();
        done.assert_code(0);
        let (count, rejected) = rejected_in(&bench.path(out).join("default/queue"));
        // The seed that was given, and nothing else.
        assert!(
            rejected.len() <= 1 && rejected.iter().all(|name| name.contains("orig:")),
            "{rejected:?}"
        );
        assert!(count > 2, "{out}: {count} testcases");
    }
}

#[test]
fn a_mutator_that_is_not_called_is_named() {
    let bench = Workbench::new();
    let mutator = "size_t LLVMFuzzerCustomMutator(uint8_t *d, size_t n, size_t m, unsigned s) \
                   { (void)d; (void)m; (void)s; return n; }\n";
    bench.seeds("seeds", ["bqxx"]);
    for (source, says) in [
        (HARNESS.to_owned(), false),
        (format!("{HARNESS}{mutator}"), true),
    ] {
        let program = bench.compile("harness", &["-fsanitize=fuzzer"], &source);
        let done = bench.fuzz("seeds", &["-E", "50"], &program).run();
        assert_eq!(
            done.assert_code(0)
                .stderr()
                .contains("LLVMFuzzerCustomMutator"),
            says,
            "{done}"
        );
        std::fs::remove_dir_all(bench.path("out")).expect("the output");
    }
}

/// Each command says what becomes of an input that is rejected, and not that the program
/// is built without coverage.
#[test]
fn commands_say_that_an_input_is_rejected() {
    let bench = Workbench::new();
    build(&bench, &Compiler::clang());
    bench.seeds("bad", ["axxx", "cxxx"]);
    bench.seeds("mixed", ["axxx", "bqxx"]);
    for (words, code) in [
        ("showmap -o map -i bad/seed-0 -- ./harness", 0),
        ("cmin -i bad -o out -- ./harness", 1),
        ("tmin -i bad/seed-0 -o out -- ./harness", 1),
        ("doctor -i bad/seed-0 -- ./harness", 0),
    ] {
        let done = bench.tine().args(words.split(' ')).run();
        let said = done.stderr() + &done.stdout();
        assert_eq!(done.code(), Some(code), "{done}");
        assert!(
            said.contains("harness") && said.contains("reject"),
            "{done}"
        );
        assert!(!said.contains("only its last link"), "{done}");
    }
    let cmin = bench
        .tine()
        .args(["cmin", "-i", "mixed", "-o", "kept", "--", "./harness"]);
    cmin.run().assert_code(0);
    let kept = contents(&bench.path("kept"));
    assert_eq!(kept, [b"bqxx"]);
}

fn contents(folder: &Path) -> Vec<Vec<u8>> {
    let files = std::fs::read_dir(folder).expect("a folder");
    files
        .map(|file| std::fs::read(file.expect("a file").path()).expect("its content"))
        .collect()
}
