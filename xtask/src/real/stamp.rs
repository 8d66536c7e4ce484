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
        let mut own = vec![committed_dir().join("common/stdin_main.c")];
        if let Some(harness) = &target.harness {
            own.extend(beside(&committed_dir().join(harness))?);
        }
        for path in own {
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

/// A harness and the headers beside it.
fn beside(harness: &Path) -> Result<Vec<PathBuf>> {
    let folder = harness.parent().unwrap_or(Path::new("/"));
    let entries = fs::read_dir(folder)
        .with_context(|| format!("cannot read the folder {}", folder.display()))?;
    let mut files = vec![harness.to_path_buf()];
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "h") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
