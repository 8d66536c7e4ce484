//! Reading what a fuzzer leaves in its output folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The testcases in a folder (`queue`, `crashes`, `hangs`), in the order of
/// their ids: the files named `id:…`. A folder that is not there has none.
#[must_use]
pub fn testcases(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    found.retain(|path| {
        path.is_file()
            && path
                .file_name()
                .is_some_and(|it| it.to_string_lossy().starts_with("id:"))
    });
    found.sort();
    found
}

/// A `fuzzer_stats` file.
#[derive(Debug)]
pub struct Stats(BTreeMap<String, String>);

impl Stats {
    /// Reads `fuzzer_stats` in the folder of one instance, such as `out/default`.
    ///
    /// # Panics
    /// If it is not there or has a line that is not `key : value`.
    #[must_use]
    #[track_caller]
    pub fn read(instance: &Path) -> Self {
        let path = instance.join("fuzzer_stats");
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let pairs = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| {
                let (key, value) = line
                    .split_once(':')
                    .unwrap_or_else(|| panic!("{}: no `key : value`: {line:?}", path.display()));
                (key.trim().to_owned(), value.trim().to_owned())
            });
        Self(pairs.collect())
    }

    /// A value as it stands there.
    ///
    /// # Panics
    /// If there is none under this key.
    #[must_use]
    #[track_caller]
    pub fn text(&self, key: &str) -> &str {
        self.0
            .get(key)
            .unwrap_or_else(|| panic!("fuzzer_stats has no {key}: {self:?}"))
    }

    /// A value as a number; a percent sign at its end is left out.
    ///
    /// # Panics
    /// If there is none under this key, or it is no number.
    #[must_use]
    #[track_caller]
    pub fn number(&self, key: &str) -> f64 {
        let text = self.text(key);
        text.trim_end_matches('%')
            .parse()
            .unwrap_or_else(|_| panic!("fuzzer_stats: {key} is no number: {text:?}"))
    }

    /// All keys.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
