//! What measurements share.

use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::real::{self, Catalogue, Compiler, Program};
use crate::{paths, shell};

/// Keeps a result below target/bench.
pub fn save(name: &str, result: &impl Serialize) -> Result<PathBuf> {
    let dir = paths::target_dir().join("bench");
    fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
    let file = dir.join(name);
    fs::write(&file, serde_json::to_string_pretty(result)?)
        .with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}

/// The processor and how many cores there are.
pub fn machine() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown processor", |(_, model)| model);
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    format!("{model}, {cores} cores")
}

/// Builds the programs of this workspace as users have them. Returns their folder.
pub fn release() -> Result<PathBuf> {
    let mut cargo = Command::new(paths::cargo());
    cargo.args(["build", "--release", "--package", "tine", "--bins"]);
    shell::run(cargo.current_dir(paths::root()))?;
    Ok(paths::target_dir().join("release"))
}

/// The persistent target that does next to nothing, built by the `tine-cc` in a folder.
pub fn tiny(release: &Path) -> Result<Program> {
    let compiler = Compiler::at(&release.join("tine-cc"), Some("bench-tine".into()))?;
    let programs = real::build(&Catalogue::load()?, &["tiny".into()], &compiler)?;
    programs
        .into_iter()
        .find(|program| program.persistent)
        .context("`tiny` has no persistent program")
}

/// A folder in memory, so that no disk is measured.
pub fn scratch_dir() -> Result<tempfile::TempDir> {
    let shm = PathBuf::from("/dev/shm");
    let parent = if shm.is_dir() {
        shm
    } else {
        std::env::temp_dir()
    };
    tempfile::Builder::new()
        .prefix("fork-bench-")
        .tempdir_in(&parent)
        .with_context(|| format!("cannot create a folder in {}", parent.display()))
}
