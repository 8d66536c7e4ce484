//! Real libraries and programs as targets: fetched as crates.io packages, built
//! by any compiler wrapper. What there is stands in targets/real/sources.toml.

mod build;
mod catalogue;
mod compiler;
mod fetch;
mod places;
mod program;
mod stamp;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
pub use catalogue::{Catalogue, Target};
pub use compiler::Compiler;
pub use fetch::copy_tree;
use places::{committed_dir, work_dir};
pub use program::Program;

/// Fetches and builds the named targets, or all. What is up to date is left alone.
pub fn build(catalogue: &Catalogue, names: &[String], compiler: &Compiler) -> Result<Vec<Program>> {
    let wanted = catalogue.select(names)?;
    let _lock = lock()?;
    let packages: BTreeSet<&str> = wanted.iter().flat_map(|target| target.packages()).collect();
    fetch::packages(catalogue, packages.into_iter())?;
    let mut programs = Vec::new();
    for target in wanted {
        let built = build::target(catalogue, target, compiler)
            .with_context(|| format!("real target `{}`, built by {}", target.name, compiler))?;
        programs.extend(built);
    }
    Ok(programs)
}

/// Fetches a package of the catalogue, whether or not a target needs it. Returns the
/// folder that it is unpacked in, and its checksum.
pub fn fetch(catalogue: &Catalogue, package: &str) -> Result<(PathBuf, String)> {
    let Some(pinned) = catalogue.packages.get(package) else {
        bail!("sources.toml has no package `{package}`");
    };
    let _lock = lock()?;
    fetch::packages(catalogue, [package].into_iter())?;
    Ok((fetch::source_dir(package), pinned.checksum.clone()))
}

/// Two builds at once would write the same files. The lock is held until the file is
/// closed.
fn lock() -> Result<File> {
    let work = work_dir();
    fs::create_dir_all(&work).with_context(|| format!("cannot create {}", work.display()))?;

    let lock_path = work.join("lock");
    let lock = File::create(&lock_path)
        .with_context(|| format!("cannot create {}", lock_path.display()))?;
    lock.lock()
        .with_context(|| format!("cannot lock {}", lock_path.display()))?;
    Ok(lock)
}
