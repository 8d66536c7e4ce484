//! The programs of targets/planted, and which of their bugs crashes show.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde::Deserialize;

use super::session::Find;
use crate::real::{Catalogue, Compiler, Target};
use crate::{paths, shell};

/// What a program writes before it crashes, followed by the bug's name.
const MARK: &str = "planted: ";

/// targets/planted/bugs.toml. Witnesses are for the tests.
#[derive(Deserialize)]
pub struct Planted {
    #[serde(rename = "program")]
    pub programs: Vec<Program>,
}

/// A program with bugs.
#[derive(Deserialize)]
pub struct Program {
    pub name: String,
    about: String,
    #[serde(rename = "bug")]
    bugs: Vec<Bug>,
}

#[derive(Deserialize)]
struct Bug {
    name: String,
}

impl Planted {
    /// Reads bugs.toml.
    pub fn load() -> Result<Planted> {
        let path = folder().join("bugs.toml");
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("mistake in {}", path.display()))
    }

    /// The programs as targets that are built as the real ones are.
    pub fn catalogue(&self, flags: Vec<String>) -> Catalogue {
        let target = |program: &Program| {
            let (name, beside) = (&program.name, "../planted");
            Target::of_harness(
                name,
                &program.about,
                &format!("{beside}/{name}.c"),
                &format!("{beside}/seeds/{name}"),
            )
        };
        Catalogue {
            flags,
            packages: BTreeMap::new(),
            targets: self.programs.iter().map(target).collect(),
        }
    }
}

impl Program {
    /// Names of its bugs.
    pub fn bugs(&self) -> Vec<String> {
        self.bugs.iter().map(|bug| bug.name.clone()).collect()
    }
}

fn folder() -> PathBuf {
    paths::root().join("targets/planted")
}

/// The compiler of the program that crashes are replayed with: without instrumentation.
pub fn replayer() -> Result<Compiler> {
    let main = paths::root().join("targets/real/common/stdin_main.c");
    Ok(Compiler::at("gcc".as_ref(), Some("bench-plain".into()))
        .context("run `cargo xtask setup`")?
        .with_main(&main))
}

/// The bugs that crashes show, and the progress at the first one of each.
pub fn found(replayer: &Path, crashes: &[Find]) -> Result<BTreeMap<String, u64>> {
    let mut found = BTreeMap::new();
    for crash in crashes {
        if let Some(bug) = replay(replayer, &crash.path)? {
            found.entry(bug).or_insert(crash.progress);
        }
    }
    Ok(found)
}

/// The bug that an input shows.
fn replay(replayer: &Path, input: &Path) -> Result<Option<String>> {
    let file = File::open(input).with_context(|| format!("cannot read {}", input.display()))?;
    let mut command = Command::new(replayer);
    let output = command
        .stdin(file)
        .stdout(Stdio::null())
        .output()
        .with_context(|| format!("cannot start `{}`", shell::line(&command)))?;
    let text = String::from_utf8_lossy(&output.stderr);
    let bug = text.lines().find_map(|line| line.strip_prefix(MARK));
    Ok(bug.map(String::from))
}
