//! AFL++'s own tools, of each version, with targets of ours: afl-fuzz, afl-cmin and
//! afl-tmin. (afl-showmap is a controller of the matrix.) None is told to take the
//! target for granted: `AFL_SKIP_BIN_CHECK` is not set.

use std::path::PathBuf;

use tine_controller::{ForkServer, TargetConfig};

use tine_workbench::peers::{self, aflplusplus_404, aflplusplus_440};
use tine_workbench::{Compiler, Runner, Stats, Workbench, in_process, testcases};

/// A way to find the tools of one version.
type Peer = fn(&str) -> PathBuf;

/// The versions that are tested: the newest alone in a run for it.
fn peers() -> Vec<(&'static str, Peer)> {
    match peers::is_for_unstable() {
        true => vec![("unstable", peers::aflplusplus_unstable)],
        false => vec![("4.04c", aflplusplus_404), ("4.40c", aflplusplus_440)],
    }
}

/// persistent_crash.c takes its inputs by shared memory in a persistent loop.
const TARGET: &str = "persistent_crash";

/// Calls `check` for each version and each of tine's compilers.
fn each(check: impl Fn(&Workbench, &str, Peer, &Compiler, PathBuf)) {
    for (version, peer) in peers() {
        for compiler in [Compiler::clang(), Compiler::gcc()] {
            let bench = Workbench::new();
            let program = bench.target(TARGET, &compiler).program();
            let name = format!("{version}, {}", compiler.name());
            check(&bench, &name, peer, &compiler, program);
        }
    }
}

fn tool<'b>(bench: &'b Workbench, peer: Peer, name: &str) -> Runner<'b> {
    bench
        .program(peer(name))
        .env("AFL_NO_UI", "1")
        .env("AFL_NO_AFFINITY", "1")
        .env("AFL_SKIP_CPUFREQ", "1")
        // How the machine treats core files is not what is tested.
        .env("AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES", "1")
}

#[test]
fn afl_fuzz_uses_the_loop_and_shared_memory_and_finds_the_crash() {
    each(|bench, name, peer, compiler, program| {
        let seeds = bench.seeds("seeds", ["hello"]);
        tool(bench, peer, "afl-fuzz")
            .env("AFL_BENCH_UNTIL_CRASH", "1")
            .args(["-m", "none", "-t", "5000", "-E", "100000", "-i"])
            .arg(seeds)
            .arg("-o")
            .arg(bench.path("out"))
            .arg("--")
            .arg(&program)
            .run()
            .assert_code(0);
        let out = bench.path("out/default");
        assert!(!testcases(&out.join("crashes")).is_empty(), "{name}");
        let stats = Stats::read(&out);
        let mode = stats.text("target_mode");
        for word in ["shmem_testcase", "persistent", "deferred"] {
            assert!(mode.contains(word), "{name}: {mode}");
        }
        let edges = stats.number("total_edges");
        assert_eq!(edges as usize, map_size(compiler), "{name}");
    });
}

/// The size of the map that tine's own controller is told.
fn map_size(compiler: &Compiler) -> usize {
    let bench = in_process();
    let mut config = TargetConfig::new(bench.target(TARGET, compiler).program());
    config.env.push(bench.marker_variable());
    let server = ForkServer::start(config).expect("it starts");
    server.info().map_size
}

#[test]
fn afl_cmin_keeps_one_input_of_those_that_cover_the_same() {
    each(|bench, name, peer, _, program| {
        let inputs = bench.seeds("inputs", ["o", "oo", "ooo", "oooo"]);
        let out = bench.path("out");
        tool(bench, peer, "afl-cmin")
            .env("AFL_ALLOW_TMP", "1")
            .env("PATH", path_with_first(&peer("afl-cmin")))
            .args(["-m", "none", "-t", "5000", "-i"])
            .arg(inputs)
            .arg("-o")
            .arg(&out)
            .arg("--")
            .arg(&program)
            .run()
            .assert_code(0);
        let kept = std::fs::read_dir(&out)
            .unwrap_or_else(|error| panic!("{name}: {error}"))
            .count();
        assert_eq!(kept, 1, "{name}");
    });
}

/// PATH with the folder of `program` before all others: afl-cmin takes the first
/// afl-showmap that it finds there.
fn path_with_first(program: &std::path::Path) -> std::ffi::OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folder = program.parent().map(Into::into);
    std::env::join_paths(folder.into_iter().chain(std::env::split_paths(&path)))
        .expect("folders of PATH")
}

#[test]
fn afl_tmin_cuts_a_crash_down_to_the_byte_that_makes_it() {
    each(|bench, name, peer, _, program| {
        let input = bench.write("input", "!hello, hello, hello");
        let out = bench.path("out");
        tool(bench, peer, "afl-tmin")
            .args(["-m", "none", "-t", "5000", "-i"])
            .arg(input)
            .arg("-o")
            .arg(&out)
            .arg("--")
            .arg(&program)
            .run()
            .assert_code(0);
        let small = std::fs::read(&out).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(small, b"!", "{name}");
    });
}
