//! Is what we built still what we would build?

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::catalogue::{Catalogue, Target};
use super::committed_dir;
use super::compiler::Compiler;

/// A hash of all that goes into a target's build, kept beside the result.
pub struct Stamp {
    file: PathBuf,
    value: String,
}

impl Stamp {
    pub fn of(
        dir: &Path,
        catalogue: &Catalogue,
        target: &Target,
        compiler: &Compiler,
    ) -> Result<Stamp> {
        let mut hasher = DefaultHasher::new();
        catalogue.flags.hash(&mut hasher);
        target.hash(&mut hasher);
        for name in target.packages() {
            catalogue.packages[name].checksum.hash(&mut hasher);
        }
        compiler.hash_into(&mut hasher)?;
        let own = target
            .harness
            .iter()
            .map(String::as_str)
            .chain(["common/stdin_main.c"]);
        for name in own {
            let path = committed_dir().join(name);
            let text =
                fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            text.hash(&mut hasher);
        }
        Ok(Stamp {
            file: dir.join("stamp"),
            value: format!("{:016x}", hasher.finish()),
        })
    }

    /// True when the build that is there was made from the same things.
    pub fn matches(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|text| text == self.value)
    }

    /// Marks the build as complete.
    pub fn write(&self) -> Result<()> {
        fs::write(&self.file, &self.value)
            .with_context(|| format!("cannot write {}", self.file.display()))
    }
}
