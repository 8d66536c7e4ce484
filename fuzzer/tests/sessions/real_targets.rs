//! Real libraries and whole programs: seen by `tine showmap`, run by hand, fuzzed,
//! and shared with AFL++ both ways.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use tine_workbench::real::{self, Program, programs};
use tine_workbench::{Stats, Workbench, testcases};

/// Edge -> class, as a map file has it.
fn read_map(file: &Path) -> BTreeMap<u32, u32> {
    let text = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let number = |word: &str| {
        word.parse()
            .unwrap_or_else(|_| panic!("not a number: {word:?}"))
    };
    text.lines()
        .map(|line| {
            let (edge, class) = line.split_once(':').expect("a line is EDGE:CLASS");
            (number(edge), number(class))
        })
        .collect()
}

fn showmap(bench: &Workbench, program: &Program, seed: &Path) -> BTreeMap<u32, u32> {
    bench
        .tine()
        .args(["showmap", "-q", "-t", "5000", "-o", "map", "--"])
        .arg(&program.path)
        .args(&program.arguments)
        .stdin(fs::read(seed).expect("a seed"))
        .run()
        .assert_code(0);
    read_map(&bench.path("map"))
}

#[test]
fn there_are_libraries_and_whole_programs() {
    let whole = programs().iter().filter(|program| program.whole).count();
    let persistent = programs()
        .iter()
        .filter(|program| program.persistent)
        .count();
    assert!(whole >= 2, "{whole} whole programs");
    assert!(persistent >= 4, "{persistent} persistent harnesses");
}

#[test]
fn each_seed_covers_the_same_edges_each_time() {
    let bench = Workbench::new();
    for program in programs() {
        // `tiny` is as small as its name says; any real library does more.
        let at_least = if program.name.starts_with("tiny") {
            5
        } else {
            40
        };
        for seed in program.seeds() {
            let map = showmap(&bench, program, &seed);
            let what = format!("{} on {}", program.name, seed.display());
            assert!(map.len() >= at_least, "{what}: {} edges", map.len());
            if program.deterministic {
                assert_eq!(map, showmap(&bench, program, &seed), "{what}: two runs");
            }
        }
    }
}

#[test]
fn each_seed_ends_well_by_hand() {
    let bench = Workbench::new();
    for program in programs() {
        for seed in program.seeds() {
            program.by_hand(&bench, &seed).run().assert_code(0);
        }
    }
}

/// What the seeds of the decompressors hold.
const PACKED_TEXT: &str = "a tine is one prong of a fork; ";

#[test]
fn instrumented_programs_still_do_their_work() {
    let bench = Workbench::new();
    let program = |name: &str| {
        programs()
            .iter()
            .find(|program| program.name == name)
            .expect("a program of that name")
    };
    for (name, seed) in [
        ("bzip2", "text.bz2"),
        ("xz", "text.xz"),
        ("xz", "alone.lzma"),
    ] {
        let program = program(name);
        let done = program
            .by_hand(&bench, &program.seed_folder().join(seed))
            .run();
        assert_eq!(
            done.stdout(),
            PACKED_TEXT.repeat(6),
            "{name} unpacks {seed}"
        );
    }

    let luajit = program("luajit");
    let script = bench.write(
        "sum.lua",
        "local n = 0 for i = 1, 100 do n = n + i end print(n)",
    );
    assert_eq!(luajit.by_hand(&bench, &script).run().stdout(), "5050\n");

    let xmlwf = program("xmlwf");
    let broken = bench.write("broken.xml", "<a><b></a>");
    let done = xmlwf.by_hand(&bench, &broken).run();
    assert!(done.stdout().contains("mismatched tag"), "{done}");
}

/// A short session: it must find new paths, count right, and leave nothing behind.
fn fuzz(program: &Program) {
    let bench = Workbench::new();
    let seeds = program.seeds().len();
    let mut runner = bench
        .tine()
        .args([
            "fuzz", "--no-ui", "-s", "1", "-E", "1500", "-V", "60", "-t", "1000+", "-i",
        ])
        .arg(program.seed_folder())
        .args(["-o", "out"]);
    if let Some(dictionary) = &program.dictionary {
        runner = runner.arg("-x").arg(dictionary);
    }
    let done = runner
        .arg("--")
        .arg(&program.path)
        .args(&program.arguments)
        .deadline(Duration::from_secs(150))
        .run();
    done.assert_code(0);

    let instance = bench.path("out/default");
    let stats = Stats::read(&instance);
    let name = &program.name;
    assert!(stats.number("execs_done") >= 1500.0, "{name}: {stats:?}");
    assert!(stats.number("edges_found") > 0.0, "{name}: {stats:?}");
    assert!(
        stats.number("edges_found") <= stats.number("total_edges"),
        "{name}: {stats:?}"
    );
    let queue = testcases(&instance.join("queue"));
    assert_eq!(
        stats.number("corpus_count"),
        queue.len() as f64,
        "{name}: {stats:?}"
    );
    // `tiny` has next to nothing to find.
    if !name.starts_with("tiny") {
        assert!(queue.len() > seeds, "{name}: nothing new was found\n{done}");
    }
    // These are real programs, and old versions of some: a crash is no failure, but
    // what is kept as one must be one.
    for crash in testcases(&instance.join("crashes")) {
        let replay = program.by_hand(&bench, &crash).run();
        assert!(
            replay.signal().is_some(),
            "{name}: {} does not crash",
            crash.display()
        );
    }
}

#[test]
fn whole_programs_are_fuzzed() {
    programs()
        .iter()
        .filter(|program| program.whole)
        .for_each(fuzz);
}

#[test]
fn libraries_are_fuzzed_in_fork_mode() {
    let harness = |program: &&Program| !program.whole && !program.persistent;
    programs().iter().filter(harness).for_each(fuzz);
}

#[test]
fn libraries_are_fuzzed_in_persistent_mode() {
    programs()
        .iter()
        .filter(|program| program.persistent)
        .for_each(fuzz);
}

/// The raw map of a run under afl-showmap. Addresses are fixed, as under tine: the
/// order of some of LuaJIT's tables follows them.
fn afl_showmap(bench: &Workbench, program: &Program, seed: &Path) -> BTreeMap<u32, u32> {
    bench
        .program("setarch")
        .args(["--addr-no-randomize", "afl-showmap"])
        .args(["-q", "-r", "-o", "afl-map", "--"])
        .arg(&program.path)
        .args(&program.arguments)
        .stdin(fs::read(seed).expect("a seed"))
        .run()
        .assert_code(0);
    read_map(&bench.path("afl-map"))
}

/// The edges of two maps that are to be the same. AFL++ counts one up in the first
/// counter itself, so that one says nothing.
fn edges(map: &BTreeMap<u32, u32>) -> Vec<u32> {
    map.keys().copied().filter(|&edge| edge != 0).collect()
}

#[test]
fn afl_showmap_sees_the_edges_that_tine_sees_in_programs_of_tine_cc() {
    let bench = Workbench::new();
    for program in programs()
        .iter()
        .filter(|program| program.deterministic && !program.persistent)
    {
        for seed in program.seeds() {
            let ours = showmap(&bench, program, &seed);
            let theirs = afl_showmap(&bench, program, &seed);
            assert_eq!(
                edges(&ours),
                edges(&theirs),
                "{} on {}",
                program.name,
                seed.display()
            );
        }
    }
}

#[test]
fn tine_sees_the_edges_that_afl_showmap_sees_in_programs_of_afl_clang_fast() {
    let bench = Workbench::new();
    let built = real::build(
        Path::new("afl-clang-fast"),
        "test-afl",
        &["tiny", "zlib", "bzip2"],
    );
    for program in built.iter().filter(|program| !program.persistent) {
        for seed in program.seeds() {
            let ours = showmap(&bench, program, &seed);
            let theirs = afl_showmap(&bench, program, &seed);
            assert_eq!(
                edges(&ours),
                edges(&theirs),
                "{} on {}",
                program.name,
                seed.display()
            );
        }
    }
}
