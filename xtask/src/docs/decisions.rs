//! The decisions in the book's list of chapters.

use std::fs;

use anyhow::{Context, Result};

use crate::paths;

/// A line for each file in docs/decisions, in the order of their numbers.
pub fn chapters() -> Result<String> {
    let folder = paths::root().join("docs/decisions");
    let mut lines = Vec::new();
    for entry in
        fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?
    {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if !name.ends_with(".md") {
            continue;
        }
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let title = text.lines().next().and_then(|line| line.strip_prefix("# "));
        let title = title.with_context(|| format!("{name} does not begin with its title"))?;
        lines.push(format!("- [{title}](decisions/{name})"));
    }
    // They begin with the number.
    lines.sort();
    Ok(lines.join("\n"))
}
