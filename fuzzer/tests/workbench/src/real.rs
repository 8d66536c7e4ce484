//! The real targets of targets/real, built by the `tine-cc` under test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde::Deserialize;

use crate::built;
use crate::{Runner, Workbench};

/// A built program, as `cargo xtask real --json` lists it.
#[derive(Debug, Deserialize)]
pub struct Program {
    /// Its name.
    pub name: String,
    /// The executable file.
    pub path: PathBuf,
    /// A whole program, rather than a harness around a library.
    pub whole: bool,
    /// One process takes many inputs.
    pub persistent: bool,
    /// An input covers the same edges each time.
    pub deterministic: bool,
    /// Its arguments; `@@` stands for the input's file.
    pub arguments: Vec<String>,
    seeds: PathBuf,
    /// Its words, if it has some.
    pub dictionary: Option<PathBuf>,
}

impl Program {
    /// Its seeds, in order.
    ///
    /// # Panics
    /// If there are none.
    #[must_use]
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
    #[must_use]
    pub fn seed_folder(&self) -> &Path {
        &self.seeds
    }

    /// A run by hand, without a fuzzer.
    ///
    /// # Panics
    /// If the input can't be read.
    #[must_use]
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
///
/// # Panics
/// If they do not build.
#[must_use]
#[track_caller]
pub fn programs() -> &'static [Program] {
    static PROGRAMS: OnceLock<Vec<Program>> = OnceLock::new();
    PROGRAMS.get_or_init(|| build(&built::program("tine-cc"), "test", &[]))
}

/// Builds real targets with a compiler, through the project's own command.
///
/// # Panics
/// If they do not build.
#[must_use]
#[track_caller]
pub fn build(cc: &Path, label: &str, names: &[&str]) -> Vec<Program> {
    let output = Command::new(env!("CARGO"))
        .args(["xtask", "real", "--json", "--label", label, "--cc"])
        .arg(cc)
        .args(names)
        .current_dir(built::project())
        .env_remove("TINE_CC")
        .env_remove("TINE_CXX")
        .env("TINE_CACHE_DIR", built::shared_cache())
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
///
/// # Panics
/// If there is none.
#[must_use]
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
