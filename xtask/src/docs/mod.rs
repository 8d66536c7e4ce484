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
//!
//! After that all Markdown files are looked at: a link that leads nowhere, a page that
//! the book's list of chapters leaves out, and a diagram that does not parse are
//! errors, with and without `--check`.

mod block;
pub mod book;
mod decisions;
mod examples;
mod links;
mod markdown;
mod mermaid;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::bench::channels;
use crate::paths;

pub use mermaid::install as install_parser;

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
        file: "docs/SUMMARY.md",
        name: "decisions",
        text: decisions::chapters,
    },
    Part {
        file: "docs/mechanisms/README.md",
        name: "channels",
        text: channels::table::of_the_book,
    },
];

fn parts() -> impl Iterator<Item = &'static Part> {
    PARTS.iter().chain(examples::PARTS)
}

/// Writes all parts, or says which of them are out of date.
pub fn run(check: bool) -> Result<()> {
    let mut stale = Vec::new();
    for part in parts() {
        let changed = update(part, check)
            .with_context(|| format!("generated part `{}` of {}", part.name, part.file))?;
        if changed {
            stale.push(format!("`{}` of {}", part.name, part.file));
        }
    }
    match (check, stale.is_empty()) {
        (_, true) => eprintln!("docs: {} generated parts are up to date", parts().count()),
        (false, false) => eprintln!("docs: wrote {}", stale.join(", ")),
        (true, false) => bail!(
            "out of date: {}; run `cargo xtask docs` and look at the difference",
            stale.join(", ")
        ),
    }
    whole()
}

/// Links, chapters and diagrams of all Markdown files.
fn whole() -> Result<()> {
    let root = paths::root();
    let pages = markdown::pages(root)?;
    let mut faults = links::faults(root, &pages);
    faults.extend(mermaid::faults(&pages)?);
    if !faults.is_empty() {
        bail!("in the documentation:\n  {}", faults.join("\n  "));
    }
    let sum = |count: fn(&markdown::Page) -> usize| pages.iter().map(count).sum::<usize>();
    eprintln!(
        "docs: {} pages, {} links, {} diagrams",
        pages.len(),
        sum(|page| page.links.len()),
        sum(|page| page.diagrams.len())
    );
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
