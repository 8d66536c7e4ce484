//! targets/real/sources.toml, read and checked.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::committed_dir;

/// All packages and targets.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Flags of every compile.
    pub flags: Vec<String>,
    /// Packages that carry the source, by name.
    pub packages: BTreeMap<String, Package>,
    /// What is built from them.
    #[serde(rename = "target")]
    pub targets: Vec<Target>,
}

/// A crates.io package, pinned.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// Exact version.
    pub version: String,
    /// SHA-256 of the package file.
    pub checksum: String,
}

/// A library with its harness, or a whole program.
#[derive(Deserialize, Hash)]
#[serde(deny_unknown_fields)]
pub struct Target {
    pub name: String,
    pub about: String,
    pub kind: Kind,
    pub seeds: String,
    pub dictionary: Option<String>,
    #[serde(default)]
    pub arguments: Vec<String>,
    /// Two runs of one input cover the same.
    #[serde(default = "yes")]
    pub deterministic: bool,
    pub harness: Option<String>,
    #[serde(default)]
    pub sources: Vec<String>,
    #[serde(default)]
    pub exclude: Vec<String>,
    #[serde(default)]
    pub include: Vec<String>,
    #[serde(default)]
    pub defines: Vec<String>,
    #[serde(default)]
    pub libraries: Vec<String>,
    /// Files the build wants to find: name in the build folder -> where from.
    #[serde(default)]
    pub copy: BTreeMap<String, String>,
    pub build: Option<Build>,
}

fn yes() -> bool {
    true
}

/// Who has the `main`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// We: a harness around a library.
    Harness,
    /// The source: a whole program.
    Program,
}

/// How a whole program is built.
#[derive(Deserialize, Hash)]
#[serde(deny_unknown_fields)]
pub struct Build {
    pub system: System,
    pub directory: String,
    #[serde(default)]
    pub arguments: Vec<String>,
    /// Arguments of the second step, after configure or cmake.
    #[serde(default)]
    pub make: Vec<String>,
    /// The executable, below the build folder.
    pub program: String,
}

#[derive(Clone, Copy, Deserialize, Hash)]
#[serde(rename_all = "lowercase")]
pub enum System {
    Make,
    Configure,
    Cmake,
}

impl Catalogue {
    /// Reads sources.toml.
    pub fn load() -> Result<Catalogue> {
        let path = committed_dir().join("sources.toml");
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let catalogue: Catalogue =
            toml::from_str(&text).with_context(|| format!("mistake in {}", path.display()))?;
        catalogue
            .check()
            .with_context(|| format!("mistake in {}", path.display()))?;
        Ok(catalogue)
    }

    fn check(&self) -> Result<()> {
        for target in &self.targets {
            let complete = match target.kind {
                Kind::Harness => target.harness.is_some() && target.build.is_none(),
                Kind::Program => target.harness.is_none() && target.build.is_some(),
            };
            if !complete {
                bail!(
                    "`{}`: a harness needs `harness`, a program needs `build`",
                    target.name
                );
            }
            for name in target.packages() {
                if !self.packages.contains_key(name) {
                    bail!(
                        "`{}` names the package `{name}`, which is not listed",
                        target.name
                    );
                }
            }
        }
        Ok(())
    }

    /// The named targets, or all.
    pub fn select(&self, names: &[String]) -> Result<Vec<&Target>> {
        if names.is_empty() {
            return Ok(self.targets.iter().collect());
        }
        let find = |name: &String| {
            let found = self.targets.iter().find(|target| target.name == *name);
            found.with_context(|| {
                let known: Vec<&str> = self.targets.iter().map(|t| t.name.as_str()).collect();
                format!(
                    "no real target is called `{name}`; there are: {}",
                    known.join(", ")
                )
            })
        };
        names.iter().map(find).collect()
    }
}

impl Target {
    /// A harness that needs no package.
    pub fn of_harness(name: &str, about: &str, harness: &str, seeds: &str) -> Target {
        Target {
            name: name.into(),
            about: about.into(),
            kind: Kind::Harness,
            seeds: seeds.into(),
            dictionary: None,
            arguments: Vec::new(),
            deterministic: true,
            harness: Some(harness.into()),
            sources: Vec::new(),
            exclude: Vec::new(),
            include: Vec::new(),
            defines: Vec::new(),
            libraries: Vec::new(),
            copy: BTreeMap::new(),
            build: None,
        }
    }

    /// Names of the packages that its paths begin with, each once.
    pub fn packages(&self) -> Vec<&str> {
        let lists = [&self.sources, &self.include];
        let mut names: Vec<&str> = lists
            .into_iter()
            .flatten()
            .chain(self.copy.values())
            .chain(self.build.as_ref().map(|build| &build.directory))
            .map(|path| path.split('/').next().unwrap_or(path))
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}
