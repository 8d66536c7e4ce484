//! `cargo xtask docs`: the parts of the documentation that a program writes.
//!
//! Such a part stands between two lines, in any Markdown file:
//!
//! ```text
//! <!-- begin generated: NAME (cargo xtask docs) -->
//! …
//! <!-- end generated: NAME -->
//! ```
//!
//! Each [`Part`] says which file it is in and makes its text. `--check`, which the
//! tests run, fails where the text in the file is another one.

mod block;
mod clauses;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::{bench, paths};

/// A part of a file that is generated.
struct Part {
    /// The file, from the workspace's root.
    file: &'static str,
    /// Its name in the two lines around it.
    name: &'static str,
    /// Makes the text between them.
    text: fn() -> Result<String>,
}

/// All that is generated.
const PARTS: &[Part] = &[
    Part {
        file: "docs/protocol/README.md",
        name: "bench-spawn",
        text: bench::spawn::docs,
    },
    Part {
        file: clauses::SPECIFICATION,
        name: "clauses",
        text: clauses::table,
    },
];

/// Writes all parts, or says which of them are out of date.
pub fn run(check: bool) -> Result<()> {
    let mut stale = Vec::new();
    for part in PARTS {
        let changed = update(part, check)
            .with_context(|| format!("generated part `{}` of {}", part.name, part.file))?;
        if changed {
            stale.push(format!("`{}` of {}", part.name, part.file));
        }
    }
    match (check, stale.is_empty()) {
        (_, true) => eprintln!("docs: {} generated parts are up to date", PARTS.len()),
        (false, false) => eprintln!("docs: wrote {}", stale.join(", ")),
        (true, false) => bail!(
            "out of date: {}; run `cargo xtask docs` and look at the difference",
            stale.join(", ")
        ),
    }
    Ok(())
}

/// Whether the part in the file is not what is generated now. Rewrites it, unless
/// it is only checked.
fn update(part: &Part, check: bool) -> Result<bool> {
    let path = paths::root().join(part.file);
    let old = read(&path)?;
    let new = block::replace(&old, part.name, &(part.text)()?)?;
    if new == old {
        return Ok(false);
    }
    if !check {
        fs::write(&path, new).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(true)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
