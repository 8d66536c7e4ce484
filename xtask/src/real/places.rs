//! Where the real targets lie.

use std::path::PathBuf;

use crate::paths;

/// Everything below this folder is made by `cargo xtask real`.
pub fn work_dir() -> PathBuf {
    paths::target_dir().join("real")
}

/// The committed side: sources.toml, harnesses, seeds.
pub fn committed_dir() -> PathBuf {
    paths::root().join("targets/real")
}
