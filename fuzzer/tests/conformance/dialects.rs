//! tine's controller and fork servers written by hand (`targets/conformance/server.c`):
//! classic AFL, and what no compiler of the matrix makes.

use std::path::PathBuf;
use std::time::Duration;

use tine_controller::{Dialect, ForkServer, Outcome, TargetConfig};

use tine_workbench::peers::{aflplusplus_404, aflplusplus_440};
use tine_workbench::{Stats, Workbench, in_process, targets_folder, testcases};

/// Builds server.c without any instrumentation.
fn server(bench: &Workbench, flags: &[&str]) -> PathBuf {
    let program = bench.path("server");
    bench
        .program("cc")
        .args(["-O1", "-g", "-Wall", "-Werror"])
        .args(flags)
        .arg("-o")
        .arg(&program)
        .arg(targets_folder().join("conformance/server.c"))
        .run()
        .assert_code(0);
    program
}

fn config(bench: &Workbench, program: &std::path::Path, dialect: &str) -> TargetConfig {
    let mut config = TargetConfig::new(program);
    config.args = vec![dialect.into()];
    config.env.push(bench.marker_variable());
    config
}

/// Runs an input; the outcome and the counters that are not zero.
fn run(server: &mut ForkServer, input: &str, limit: u64) -> (Outcome, Vec<usize>) {
    let outcome = server
        .run_with_timeout(input.as_bytes(), Duration::from_millis(limit))
        .unwrap_or_else(|error| panic!("{input}: {error}"));
    let mut counters = vec![0; server.map().len()];
    server.map().copy_to(&mut counters);
    server.map().clear();
    let taken = counters.iter().enumerate().filter(|(_, count)| **count > 0);
    (outcome, taken.map(|(edge, _)| edge).collect())
}

const ENOUGH: u64 = 10_000;

#[test]
fn every_dialect_by_hand_runs_exits_crashes_and_times_out() {
    let bench = in_process();
    let program = server(&bench, &[]);
    let cases = [
        ("classic", Dialect::Classic, 65_536),
        ("classic-odd", Dialect::Classic, 65_536),
        ("options", Dialect::Options, 1000),
        ("v1", Dialect::V1, 1000),
        ("v1-huge", Dialect::V1, 20 << 20),
    ];
    for (name, dialect, map_size) in cases {
        let mut server = ForkServer::start(config(&bench, &program, name))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let info = server.info();
        assert_eq!((info.dialect, info.map_size), (dialect, map_size), "{name}");
        for _ in 0..2 {
            let edges = |letter: u8| vec![0, 1 + usize::from(letter), map_size - 1];
            let mut run = |input, limit| run(&mut server, input, limit);
            assert_eq!(run("o", ENOUGH), (Outcome::Exited(0), edges(b'o')));
            assert_eq!(run("e", ENOUGH), (Outcome::Exited(3), edges(b'e')));
            let (outcome, covered) = run("!", ENOUGH);
            assert!(outcome.is_crash(), "{name}: {outcome}");
            assert_eq!(covered, edges(b'!'));
            assert_eq!(run("h", 200).0, Outcome::TimedOut, "{name}");
            assert_eq!(run("s", ENOUGH).0, Outcome::Exited(0), "{name}");
        }
        assert_eq!(server.restarts(), 0, "{name}");
    }
}

#[test]
fn a_classic_persistent_child_takes_many_inputs() {
    let bench = in_process();
    let program = server(&bench, &["-DPERSISTENT"]);
    let mut server = ForkServer::start(config(&bench, &program, "classic")).expect("it starts");
    assert!(server.info().persistent);
    for _ in 0..2 {
        let mut run = |input, limit| run(&mut server, input, limit).0;
        let again = "the first input of a child takes two passes of it";
        assert_eq!(run("s", ENOUGH), Outcome::Exited(4), "{again}");
        assert_eq!(run("o", ENOUGH), Outcome::LoopDone);
        assert_eq!(run("s", ENOUGH), Outcome::Exited(4), "the same process");
        assert_eq!(run("o", ENOUGH), Outcome::LoopDone, "a fresh one");
        assert!(run("!", ENOUGH).is_crash());
        assert_eq!(run("o", ENOUGH), Outcome::LoopDone);
        assert_eq!(run("h", 200), Outcome::TimedOut);
    }
    assert_eq!(server.restarts(), 0);
}

#[test]
fn the_classic_server_is_driven_by_tine_showmap() {
    let bench = Workbench::new();
    let program = server(&bench, &[]);
    for (input, code) in [("o", 0), ("!", 2)] {
        bench
            .tine()
            .args(["showmap", "-o", "map", "--"])
            .arg(&program)
            .arg("classic")
            .stdin(input)
            .run()
            .assert_code(code);
    }
}

#[test]
fn a_dictionary_is_drained_in_both_dialects() {
    let bench = in_process();
    let program = server(&bench, &[]);
    for dialect in ["options", "v1"] {
        let server = ForkServer::start(config(&bench, &program, dialect)).expect("it starts");
        assert_eq!(
            server.info().dictionary,
            [&b"prong"[..], b"ok", b"x"],
            "{dialect}"
        );
    }
}

/// The map grows by itself, whichever way the target says that it is too small.
#[test]
fn a_map_that_is_too_small_is_enlarged() {
    let bench = in_process();
    let program = server(&bench, &[]);
    for (dialect, size) in [
        ("v1-huge", 20 << 20),
        ("v1-huge-error", 20 << 20),
        ("options-huge-error", 65_536),
    ] {
        let mut server = ForkServer::start(config(&bench, &program, dialect))
            .unwrap_or_else(|error| panic!("{dialect}: {error}"));
        assert_eq!(server.info().map_size, size, "{dialect}");
        let (outcome, edges) = run(&mut server, "o", ENOUGH);
        assert_eq!(outcome, Outcome::Exited(0), "{dialect}");
        assert_eq!(edges.last(), Some(&(size - 1)), "{dialect}");
    }
}

#[test]
fn error_words_of_either_encoding_are_decoded_wherever_they_stand() {
    let bench = in_process();
    let program = server(&bench, &[]);
    for (dialect, words) in [
        ("hello-error-old", "it could not attach its shared memory"),
        ("hello-error-new", "it could not attach its shared memory"),
        ("options-error-new", "a memory mapping failed"),
        (
            "last-error-new",
            "it could not put its coverage map where it must lie",
        ),
    ] {
        let error = ForkServer::start(config(&bench, &program, dialect))
            .err()
            .unwrap_or_else(|| panic!("{dialect} starts"))
            .to_string();
        assert!(error.contains(words), "{dialect}: {error}");
    }
    for dialect in ["pid-error-old", "pid-error-new"] {
        let mut server = ForkServer::start(config(&bench, &program, dialect)).expect("it starts");
        let error = server.run(b"o").expect_err("no run").to_string();
        assert!(
            error.contains("it could not open its shared memory"),
            "{dialect}: {error}"
        );
    }
}

/// AFL++'s LTO mode collects the words that a program compares with. `tine fuzz` takes
/// them for tokens: without, it finds nothing in as many runs.
#[test]
fn tine_fuzz_uses_the_dictionary_of_an_afl_lto_target() {
    let tools = [
        (aflplusplus_404("afl-clang-lto"), true),
        (aflplusplus_440("afl-clang-lto"), true),
        (aflplusplus_440("afl-clang-fast"), false),
    ];
    for (compiler, has_dictionary) in tools {
        let bench = Workbench::new();
        let name = compiler.display();
        let program = bench.path("token");
        bench
            .program(&compiler)
            .env("AFL_QUIET", "1")
            .arg("-o")
            .arg(&program)
            .arg(targets_folder().join("conformance/token.c"))
            .run()
            .assert_code(0);
        let seeds = bench.seeds("seeds", ["hello"]);
        bench
            .tine()
            .args(["fuzz", "--no-ui", "--until-crash", "-s", "1", "-E", "10000"])
            .arg("-i")
            .arg(&seeds)
            .arg("-o")
            .arg(bench.path("out"))
            .arg("--")
            .arg(&program)
            .run()
            .assert_code(0);
        let out = bench.path("out/default");
        let tokens = Stats::read(&out).number("auto_dict_entries");
        assert_eq!(tokens > 0.0, has_dictionary, "{name}: {tokens} tokens");
        let crashes = testcases(&out.join("crashes"));
        assert_eq!(!crashes.is_empty(), has_dictionary, "{name}");
    }
}
