//! The real targets of targets/real, built by the `tine-cc` under test.

// Each test file compiles this module for itself and uses a part of it.
#![allow(dead_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde::Deserialize;

use crate::support::{Runner, Workbench};

/// A built program, as `cargo xtask real --json` lists it.
#[derive(Debug, Deserialize)]
pub struct Program {
    pub name: String,
    pub path: PathBuf,
    pub whole: bool,
    pub persistent: bool,
    pub deterministic: bool,
    pub arguments: Vec<String>,
    seeds: PathBuf,
    pub dictionary: Option<PathBuf>,
}

impl Program {
    /// Its seeds, in order.
    #[track_caller]
    pub fn seeds(&self) -> Vec<PathBuf> {
        let mut seeds: Vec<PathBuf> = fs::read_dir(&self.seeds)
            .unwrap_or_else(|error| panic!("{}: {error}", self.seeds.display()))
            .map(|entry| entry.expect("a seed").path())
            .collect();
        assert!(!seeds.is_empty(), "{} has no seeds", self.name);
        seeds.sort();
        seeds
    }

    /// The folder of its seeds.
    pub fn seed_folder(&self) -> &Path {
        &self.seeds
    }

    /// A run by hand, without a fuzzer.
    pub fn by_hand<'b>(&self, bench: &'b Workbench, input: &Path) -> Runner<'b> {
        let name = input.to_string_lossy();
        let to_file = self.arguments.iter().any(|argument| argument == "@@");
        let runner = bench.program(&self.path).args(
            self.arguments
                .iter()
                .map(|argument| argument.replace("@@", &name)),
        );
        if to_file {
            return runner;
        }
        // The persistent driver replays the files that it is given.
        if self.persistent {
            return runner.arg(input);
        }
        runner.stdin(fs::read(input).expect("an input"))
    }
}

/// All programs, built by the `tine-cc` under test with the newest clang.
#[track_caller]
pub fn programs() -> &'static [Program] {
    static PROGRAMS: OnceLock<Vec<Program>> = OnceLock::new();
    PROGRAMS.get_or_init(|| build(Path::new(env!("CARGO_BIN_EXE_tine-cc")), "test", &[]))
}

/// Builds real targets with a compiler, through the project's own command.
#[track_caller]
pub fn build(cc: &Path, label: &str, names: &[&str]) -> Vec<Program> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace");
    let output = Command::new(env!("CARGO"))
        .args(["xtask", "real", "--json", "--label", label, "--cc"])
        .arg(cc)
        .args(names)
        .current_dir(root)
        .env_remove("TINE_CC")
        .env_remove("TINE_CXX")
        .env(
            "TINE_CACHE_DIR",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("tine-cache"),
        )
        .stdin(Stdio::null())
        .output()
        .expect("start cargo");
    assert!(
        output.status.success(),
        "`cargo xtask real` failed: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("the list of programs")
}

/// The folder where `cargo xtask real` has unpacked a package.
#[track_caller]
pub fn package(name: &str) -> PathBuf {
    // …/target/real/LABEL/TARGET/PROGRAM
    let program = &programs()[0].path;
    let real = program
        .ancestors()
        .nth(3)
        .expect("the folder of real targets");
    let folder = real.join("src").join(name);
    assert!(folder.is_dir(), "no package in {}", folder.display());
    folder
}
