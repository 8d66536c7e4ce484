//! Real libraries and programs as targets: fetched as crates.io packages, built
//! by any compiler wrapper. What there is stands in targets/real/sources.toml.

mod build;
mod catalogue;
mod compiler;
mod fetch;
mod stamp;

use std::fs::{self, File};
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::paths;

pub use catalogue::Catalogue;
pub use compiler::Compiler;

/// A built program and how to run it.
#[derive(Serialize)]
pub struct Program {
    /// Target's name, with `_persistent` when that is how it runs.
    pub name: String,
    /// The executable.
    pub path: PathBuf,
    /// True for a whole program, false for a harness around a library.
    pub whole: bool,
    /// True when one process serves many runs.
    pub persistent: bool,
    /// True when two runs of one input cover the same edges.
    pub deterministic: bool,
    /// Arguments of a run; `@@` stands for the input file.
    pub arguments: Vec<String>,
    /// Folder of seeds.
    pub seeds: PathBuf,
    /// Dictionary file, if there is one.
    pub dictionary: Option<PathBuf>,
}

/// Everything below this folder is made by `cargo xtask real`.
fn work_dir() -> PathBuf {
    paths::target_dir().join("real")
}

/// The committed side: sources.toml, harnesses, seeds.
fn committed_dir() -> PathBuf {
    paths::root().join("targets/real")
}

/// Fetches and builds the named targets, or all. What is up to date is left alone.
pub fn build(catalogue: &Catalogue, names: &[String], compiler: &Compiler) -> Result<Vec<Program>> {
    let wanted = catalogue.select(names)?;
    let work = work_dir();
    fs::create_dir_all(&work).with_context(|| format!("cannot create {}", work.display()))?;

    // Two builds at once would write the same files.
    let lock_path = work.join("lock");
    let lock = File::create(&lock_path)
        .with_context(|| format!("cannot create {}", lock_path.display()))?;
    lock.lock()
        .with_context(|| format!("cannot lock {}", lock_path.display()))?;

    fetch::packages(catalogue, &wanted)?;
    let mut programs = Vec::new();
    for target in wanted {
        let built = build::target(catalogue, target, compiler)
            .with_context(|| format!("real target `{}`, built by {}", target.name, compiler))?;
        programs.extend(built);
    }
    Ok(programs)
}
