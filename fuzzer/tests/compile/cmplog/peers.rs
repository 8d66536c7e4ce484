//! afl-fuzz reads the log of our targets.

use std::path::{Path, PathBuf};

use super::{compile, compiler, source};
use tine_workbench::{Workbench, peers, testcases};

/// Fuzzes `program` until it crashes, with `logging` for its log.
fn solve(bench: &Workbench, afl_fuzz: PathBuf, logging: &Path, program: &Path, name: &str) {
    let seeds = bench.seeds("seeds", ["aaaaBBBBBBBBccccccccddddeeeeffff\n"]);
    bench
        .program(afl_fuzz)
        .env("AFL_NO_UI", "1")
        .env("AFL_NO_AFFINITY", "1")
        .env("AFL_SKIP_CPUFREQ", "1")
        .env("AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES", "1")
        .env("AFL_BENCH_UNTIL_CRASH", "1")
        .args(["-m", "none", "-t", "5000", "-E", "200000", "-i"])
        .arg(seeds)
        .arg("-o")
        .arg(bench.path("out"))
        .arg("-c")
        .arg(logging)
        .arg("--")
        .arg(program)
        .run()
        .assert_code(0);
    let crashes = testcases(&bench.path("out/default/crashes"));
    assert!(!crashes.is_empty(), "{name}: the crash was not found");
}

#[test]
fn afl_fuzz_440_solves_magic_values_with_a_log_of_ours() {
    for name in ["clang-14", "gcc"] {
        let bench = Workbench::new();
        let compiler = compiler(name);
        let (plain, logging) = (bench.path("plain"), bench.path("logging"));
        let magic = source("magic.c");
        let words = |output| [Path::new("-o"), output, &magic];
        bench
            .tine_cc()
            .env("TINE_CC", &compiler.cc)
            .args(words(&plain))
            .run()
            .assert_code(0);
        compile(&bench, &compiler, false, words(&logging));
        let afl_fuzz = peers::aflplusplus_440("afl-fuzz");
        solve(&bench, afl_fuzz, &logging, &plain, name);
    }
}

/// One program for both. With two, Debian's 4.04c executes the fuzzed one in the place of
/// the one that logs.
#[test]
fn afl_fuzz_of_both_versions_solves_them_with_one_program() {
    for (name, afl_fuzz) in [
        ("4.04c", peers::aflplusplus_404("afl-fuzz")),
        ("4.40c", peers::aflplusplus_440("afl-fuzz")),
    ] {
        let bench = Workbench::new();
        let program = bench.path("program");
        let words = [Path::new("-o"), &program, &source("magic.c")];
        compile(&bench, &compiler("clang-22"), false, words);
        solve(&bench, afl_fuzz, Path::new("0"), &program, name);
    }
}
