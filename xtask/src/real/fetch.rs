//! Brings the packages. Cargo downloads them, so a mirror or a proxy that cargo is
//! set up for is used here too; the checksum that cargo verified is compared with ours.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::catalogue::{Catalogue, Package};
use super::work_dir;
use crate::{paths, shell};

/// Where a package is unpacked.
pub fn source_dir(package: &str) -> PathBuf {
    work_dir().join("src").join(package)
}

/// Makes sure that every one of these packages is unpacked in the pinned version.
pub fn packages<'n>(catalogue: &Catalogue, names: impl Iterator<Item = &'n str>) -> Result<()> {
    let missing: Vec<(&str, &Package)> = names
        .filter_map(|name| Some((name, catalogue.packages.get(name)?)))
        .filter(|(name, package)| !is_unpacked(name, package))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }

    let manifest = write_manifest(&missing)?;
    let metadata = metadata(&manifest)?;
    let locked = locked_checksums(&manifest)?;
    for (name, package) in missing {
        unpack(name, package, &metadata, &locked)
            .with_context(|| format!("package {name} {}", package.version))?;
    }
    Ok(())
}

/// Written last, inside the unpacked folder: says which package file it came from.
const MARK: &str = ".unpacked-checksum";

fn is_unpacked(name: &str, package: &Package) -> bool {
    fs::read_to_string(source_dir(name).join(MARK)).is_ok_and(|text| text == package.checksum)
}

/// A package that depends on the ones we want, and is never compiled.
fn write_manifest(packages: &[(&str, &Package)]) -> Result<PathBuf> {
    let dir = work_dir().join("manifest");
    fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
    let mut text = String::from(
        "[package]\nname = \"real-targets\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [lib]\npath = \"empty.rs\"\n\n[workspace]\n\n[dependencies]\n",
    );
    for (name, package) in packages {
        // What follows `+` is a remark, which cargo takes no notice of in a requirement.
        let version = package.version.split('+').next().unwrap_or_default();
        writeln!(
            text,
            "{name} = {{ version = \"={version}\", default-features = false }}"
        )?;
    }
    let manifest = dir.join("Cargo.toml");
    // An old lock file would keep a version that is no longer asked for.
    let _ = fs::remove_file(dir.join("Cargo.lock"));
    fs::write(dir.join("empty.rs"), "").context("cannot write the manifest")?;
    fs::write(&manifest, text).context("cannot write the manifest")?;
    Ok(manifest)
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Located>,
}

/// A package and where cargo unpacked it.
#[derive(Deserialize)]
struct Located {
    name: String,
    version: String,
    manifest_path: PathBuf,
}

fn metadata(manifest: &Path) -> Result<Metadata> {
    let mut command = Command::new(paths::cargo());
    command.args(["metadata", "--format-version", "1", "--manifest-path"]);
    command.arg(manifest);
    command.args(["--filter-platform", "x86_64-unknown-linux-gnu"]);
    eprintln!("$ {}", shell::line(&command));
    let text = shell::capture(&mut command)
        .context("cannot fetch the packages; is the package registry within reach?")?;
    serde_json::from_str(&text).context("cargo metadata's answer is not what was expected")
}

#[derive(Deserialize)]
struct LockFile {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    checksum: Option<String>,
}

fn locked_checksums(manifest: &Path) -> Result<LockFile> {
    let path = manifest.with_file_name("Cargo.lock");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("cannot understand {}", path.display()))
}

fn unpack(name: &str, package: &Package, metadata: &Metadata, lock: &LockFile) -> Result<()> {
    let located = metadata
        .packages
        .iter()
        .find(|located| located.name == name && located.version == package.version)
        .context("cargo resolved another version than the one in sources.toml")?;
    let checksum = lock
        .package
        .iter()
        .find(|locked| locked.name == name)
        .and_then(|locked| locked.checksum.as_deref())
        .context("cargo's lock file has no checksum for it")?;
    if checksum != package.checksum {
        bail!(
            "checksum {checksum} is not the one in sources.toml, {}: do not use it",
            package.checksum
        );
    }

    let from = located.manifest_path.parent().unwrap_or(Path::new("/"));
    let to = source_dir(name);
    if to.exists() {
        fs::remove_dir_all(&to).with_context(|| format!("cannot remove {}", to.display()))?;
    }
    copy_tree(from, &to)?;
    fs::write(to.join(MARK), &package.checksum).context("cannot mark it as unpacked")
}

/// Copies a folder with everything in it; modes and times are kept.
pub fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
    let mut command = Command::new("cp");
    // Times matter: make must not find a generated file older than its source.
    command.args([
        "--recursive",
        "--preserve=mode,timestamps",
        "--no-target-directory",
    ]);
    shell::capture(command.arg(from).arg(to))?;
    Ok(())
}
