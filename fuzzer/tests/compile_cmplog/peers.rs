//! afl-fuzz reads the log of our targets.

use std::path::Path;

use super::{
    compile, compiler, source,
    support::{Workbench, peers, testcases},
};

#[test]
fn afl_fuzz_solves_magic_values_with_a_log_of_ours() {
    for name in ["clang-22", "gcc"] {
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
        let seeds = bench.seeds("seeds", ["aaaaBBBBBBBBccccccccddddeeeeffff\n"]);
        bench
            .program(peers::aflplusplus_440("afl-fuzz"))
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
            .arg(&logging)
            .arg("--")
            .arg(&plain)
            .run()
            .assert_code(0);
        let crashes = testcases(&bench.path("out/default/crashes"));
        assert!(!crashes.is_empty(), "{name}: the crash was not found");
    }
}
