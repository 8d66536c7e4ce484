//! The programs with planted bugs: each bug can be reached, the seeds reach none, and a
//! fuzzer can tell one bug from another.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;
use serde::Deserialize;

use tine_workbench::{Finished, Input, Workbench, targets_folder, testcases};

/// The issue asks for this many.
const LEAST_BUGS: usize = 30;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    program: Vec<Program>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Program {
    name: String,
    about: String,
    bug: Vec<Bug>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bug {
    name: String,
    about: String,
    witness: Input,
}

/// How a program is built.
#[derive(Debug, Clone, Copy)]
enum Build {
    /// By gcc, as it is: what crashes are replayed with.
    Plain,
    /// By tine-cc: what is fuzzed.
    Instrumented,
}

fn folder() -> PathBuf {
    targets_folder().join("planted")
}

fn planted() -> Planted {
    let path = folder().join("bugs.toml");
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

impl Program {
    fn source(&self) -> PathBuf {
        folder().join(format!("{}.c", self.name))
    }

    fn seed_folder(&self) -> PathBuf {
        folder().join("seeds").join(&self.name)
    }

    fn build(&self, bench: &Workbench, build: Build) -> PathBuf {
        let program = bench.path(format!("{}-{build:?}", self.name));
        let compiler = match build {
            Build::Plain => bench.program("gcc"),
            Build::Instrumented => bench.tine_cc(),
        };
        compiler
            .args(["-O2", "-Wall", "-Wextra", "-Werror", "-o"])
            .arg(&program)
            .arg(self.source())
            .arg(targets_folder().join("real/common/stdin_main.c"))
            .run()
            .assert_code(0);
        program
    }
}

/// The bug that a run showed.
fn shown(done: &Finished) -> Option<String> {
    let text = done.stderr();
    let bug = text.lines().find_map(|line| line.strip_prefix("planted: "));
    bug.filter(|_| done.signal() == Some(Signal::SIGABRT as i32))
        .map(String::from)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    entries.map(|entry| entry.expect("a file").path()).collect()
}

#[test]
fn the_data_names_every_bug_of_the_sources_once() {
    let planted = planted();
    let mut all = BTreeSet::new();
    for program in &planted.program {
        assert!(!program.about.is_empty(), "{}", program.name);
        let source = fs::read_to_string(program.source()).expect("its source");
        let named = |part: &str| Some(part.split_once('"')?.0.to_owned());
        let in_source: Vec<String> = source
            .split("planted(\"")
            .skip(1)
            .filter_map(named)
            .collect();
        let in_data: BTreeSet<String> = program.bug.iter().map(|bug| bug.name.clone()).collect();
        assert_eq!(in_source.len(), in_data.len(), "{}", program.name);
        assert_eq!(BTreeSet::from_iter(in_source), in_data, "{}", program.name);
        for bug in &program.bug {
            assert!(!bug.about.is_empty(), "{}", bug.name);
            assert!(all.insert(&bug.name), "{} is there twice", bug.name);
        }
    }
    assert!(all.len() >= LEAST_BUGS, "{} bugs", all.len());
    let sources = files(&folder())
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "c"));
    assert_eq!(sources.count(), planted.program.len());
}

#[test]
fn every_witness_shows_its_bug_and_no_seed_shows_any() {
    let bench = Workbench::new();
    for program in planted().program {
        for build in [Build::Plain, Build::Instrumented] {
            let built = program.build(&bench, build);
            let run = |input: Vec<u8>| bench.program(&built).stdin(input).run();
            for bug in &program.bug {
                let done = run(bug.witness.bytes());
                assert_eq!(
                    shown(&done).as_ref(),
                    Some(&bug.name),
                    "{build:?}, {}: {done}",
                    bug.witness
                );
            }
            let seeds = files(&program.seed_folder());
            assert!(!seeds.is_empty(), "{} has no seeds", program.name);
            for seed in seeds {
                run(fs::read(&seed).expect("a seed")).assert_code(0);
            }
        }
    }
}

/// A fuzzer keeps a crash for an edge that no crash before it took. If the compiler
/// folded two bugs into one call, the second one would never be seen.
#[test]
fn every_bug_takes_an_edge_of_its_own() {
    let bench = Workbench::new();
    for program in planted().program {
        let built = program.build(&bench, Build::Instrumented);
        let mut edges: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for bug in &program.bug {
            bench
                .tine()
                .args(["showmap", "-q", "-t", "10000", "-o", "map", "--"])
                .arg(&built)
                .stdin(bug.witness.bytes())
                .run()
                .assert_code(2);
            let map = fs::read_to_string(bench.path("map")).expect("the map");
            let edge = |line: &str| line.split(':').next().unwrap_or_default().to_owned();
            edges.insert(&bug.name, map.lines().map(edge).collect());
        }
        for (bug, own) in &edges {
            let others: BTreeSet<&String> = edges
                .iter()
                .filter(|(name, _)| *name != bug)
                .flat_map(|(_, edges)| edges)
                .collect();
            assert!(
                own.iter().any(|edge| !others.contains(edge)),
                "{bug} takes no edge that no other bug of {} takes",
                program.name
            );
        }
    }
}

#[test]
fn a_bug_that_is_found_says_its_name() {
    let bench = Workbench::new();
    let planted = planted();
    let program = planted.program.iter().find(|it| it.name == "states");
    let program = program.expect("a program called states");
    let built = program.build(&bench, Build::Instrumented);
    bench
        .tine()
        .args([
            "fuzz",
            "--no-ui",
            "--until-crash",
            "-s",
            "1",
            "-E",
            "200000",
        ])
        .args(["-i".as_ref(), program.seed_folder().as_os_str()])
        .args(["-o", "out", "--"])
        .arg(&built)
        .run()
        .assert_code(0);
    let crashes = testcases(&bench.path("out/default/crashes"));
    let crash = crashes.first().expect("a crash");
    let done = bench
        .program(&built)
        .stdin(fs::read(crash).expect("it"))
        .run();
    let bug = shown(&done).unwrap_or_else(|| panic!("{done}"));
    assert!(program.bug.iter().any(|known| known.name == bug), "{bug}");
}
