//! Which crate may use which: the table, and what `cargo metadata` says.

use anyhow::{Context, Result};
use serde::Deserialize;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

use crate::paths;

/// Each crate of the workspace, with the others that it uses. Tests and examples may use
/// more.
pub const ARROWS: &[(&str, &[&str])] = &[
    ("tine-protocol", &[]),
    ("tine-ipc", &[]),
    ("tine-controller", &["tine-protocol", "tine-ipc"]),
    ("tine-runtime", &["tine-protocol", "tine-ipc"]),
    ("tine-trace", &["tine-protocol", "tine-ipc"]),
    ("tine-libafl", &["tine-controller", "tine-protocol"]),
    ("tine-instrument", &["tine-protocol"]),
    ("tine-output", &["tine-protocol"]),
    ("tine-exchange", &["tine-output"]),
    ("tine-report", &["tine-output"]),
    (
        "tine",
        &[
            "tine-protocol",
            "tine-controller",
            "tine-instrument",
            "tine-trace",
            "tine-output",
            "tine-exchange",
            "tine-report",
        ],
    ),
    // For tests alone.
    ("tine-workbench", &["tine-controller"]),
    ("xtask", &["tine-controller"]),
];

/// The workspace, as Cargo sees it.
pub struct Workspace {
    packages: Vec<Package>,
    /// The root files of all libraries, programs and examples, relative to the workspace.
    pub roots: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// None for what the crate itself uses.
    kind: Option<String>,
    /// A folder, for a crate of ours.
    path: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
    src_path: PathBuf,
}

impl Workspace {
    /// Asks Cargo.
    pub fn load() -> Result<Self> {
        let output = Command::new(paths::cargo())
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .current_dir(paths::root())
            .output()
            .context("cannot start cargo metadata")?;
        let Metadata { packages } = serde_json::from_slice(&output.stdout)
            .context("cannot understand what cargo metadata says")?;
        let is_code = |kind: &String| matches!(kind.as_str(), "lib" | "bin" | "example");
        let roots = packages
            .iter()
            .flat_map(|package| &package.targets)
            .filter(|target| target.kind.iter().any(is_code))
            .map(|target| relative(&target.src_path))
            .collect();
        Ok(Self { packages, roots })
    }

    /// What differs from [`ARROWS`], a sentence each.
    pub fn faults(&self) -> Vec<String> {
        let found = self.packages.iter().map(|package| {
            let uses = package.dependencies.iter();
            let uses = uses.filter(|it| it.path.is_some() && it.kind.as_deref() != Some("dev"));
            let uses: BTreeSet<&str> = uses.map(|it| it.name.as_str()).collect();
            (package.name.as_str(), uses)
        });
        differences(found, ARROWS)
    }
}

fn relative(path: &Path) -> PathBuf {
    path.strip_prefix(paths::root()).unwrap_or(path).into()
}

fn differences<'a>(
    found: impl Iterator<Item = (&'a str, BTreeSet<&'a str>)>,
    table: &[(&str, &[&str])],
) -> Vec<String> {
    const TABLE: &str = "xtask/src/layout/arrows.rs";
    let mut faults = Vec::new();
    for (name, uses) in found {
        let Some((_, allowed)) = table.iter().find(|(known, _)| *known == name) else {
            faults.push(format!("the crate {name} is not in {TABLE}"));
            continue;
        };
        for other in &uses {
            if !allowed.contains(other) {
                faults.push(format!(
                    "{name} may not use {other}: there is no such arrow in {TABLE}"
                ));
            }
        }
        for other in allowed.iter().filter(|other| !uses.contains(*other)) {
            faults.push(format!(
                "{name} does not use {other}: take the arrow out of {TABLE}"
            ));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::{ARROWS, differences};
    use std::collections::BTreeSet;

    #[test]
    fn an_arrow_too_many_and_one_too_few_are_named() {
        let table: &[(&str, &[&str])] = &[("a", &["b", "c"]), ("b", &[]), ("c", &[])];
        let found = |uses: &[(&'static str, &'static [&'static str])]| {
            let uses: Vec<(&str, BTreeSet<&str>)> = uses
                .iter()
                .map(|(name, uses)| (*name, uses.iter().copied().collect()))
                .collect();
            differences(uses.into_iter(), table).join("\n")
        };
        assert_eq!(found(&[("a", &["b", "c"]), ("b", &[])]), "");
        assert!(found(&[("b", &["a"])]).contains("b may not use a"));
        assert!(found(&[("a", &["b"])]).contains("a does not use c"));
        assert!(found(&[("d", &[])]).contains("d is not in"));
    }

    #[test]
    fn the_table_has_no_circle() {
        // Each crate stands behind those that it uses.
        let mut above = BTreeSet::new();
        for (name, uses) in ARROWS {
            for other in *uses {
                assert!(above.contains(other), "{name} stands before {other}");
            }
            above.insert(name);
        }
    }
}
