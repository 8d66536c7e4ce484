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
//! [`PARTS`] says which part of which file is made by which function; parts named
//! `trace-…` are diagrams, in whatever file they stand. `--check`, which the tests
//! run, fails where the text in the file is another one.
//!
//! After that all Markdown files are looked at: a link that leads nowhere, a page that
//! the book's list of chapters leaves out, and a diagram that does not parse are
//! errors, with and without `--check`.

mod block;
pub mod book;
mod clauses;
mod conformance;
mod decisions;
mod diagram;
mod examples;
mod faults;
mod links;
mod markdown;
mod mermaid;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::{bench, paths, peers, shell};

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

/// All that is generated but diagrams.
const PARTS: &[Part] = &[
    Part {
        file: "docs/SUMMARY.md",
        name: "decisions",
        text: decisions::chapters,
    },
    Part {
        file: "docs/mechanisms/README.md",
        name: "channels",
        text: bench::channels::table::of_the_book,
    },
    Part {
        file: bench::effectiveness::PAGE,
        name: bench::effectiveness::PART,
        text: bench::effectiveness::docs,
    },
    Part {
        file: "docs/compatibility.md",
        name: "conformance",
        text: conformance::table,
    },
    Part {
        file: peers::PAGE,
        name: peers::PART,
        text: peers::docs,
    },
    Part {
        file: "docs/doctor.md",
        name: "findings",
        text: findings,
    },
    Part {
        file: "docs/environment.md",
        name: "variables",
        text: variables,
    },
    Part {
        file: "docs/queue.md",
        name: "files",
        text: files,
    },
    Part {
        file: "docs/protocol/faults.md",
        name: "faults-start",
        text: faults::start,
    },
    Part {
        file: "docs/protocol/faults.md",
        name: "faults-run",
        text: faults::run,
    },
    Part {
        file: "docs/protocol/faults.md",
        name: "faults-server",
        text: faults::server,
    },
    Part {
        file: "docs/protocol/faults.md",
        name: "faults-machine",
        text: faults::machine,
    },
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

fn parts() -> impl Iterator<Item = &'static Part> {
    PARTS.iter().chain(examples::PARTS)
}

/// Every finding of `tine doctor`.
fn findings() -> Result<String> {
    build_tine()?;
    let tine = paths::target_dir().join("debug/tine");
    shell::capture(std::process::Command::new(tine).args(["doctor", "--list"]))
}

/// All that a session writes to its folder.
fn files() -> Result<String> {
    build_tine()?;
    let tine = paths::target_dir().join("debug/tine");
    shell::capture(std::process::Command::new(tine).args(["status", "--files"]))
}

/// Every environment variable of AFL's.
fn variables() -> Result<String> {
    build_tine()?;
    let tine = paths::target_dir().join("debug/tine");
    shell::capture(std::process::Command::new(tine).args(["status", "--variables"]))
}

/// Writes all parts, or says which of them are out of date.
pub fn run(check: bool) -> Result<()> {
    let mut stale = Vec::new();
    let mut count = 0;
    let mut update = |path: &Path, name: &str, text: &str| -> Result<()> {
        count += 1;
        if update(path, name, text, check)? {
            stale.push(format!("`{name}` of {}", shown(path)));
        }
        Ok(())
    };
    for part in parts() {
        let text = (part.text)().with_context(|| format!("generated part `{}`", part.name))?;
        update(&paths::root().join(part.file), part.name, &text)?;
    }
    for (path, name, text) in diagrams()? {
        update(&path, &name, &text)?;
    }
    match (check, stale.is_empty()) {
        (_, true) => eprintln!("docs: {count} generated parts are up to date"),
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

/// Every diagram that stands somewhere: file, name, text. Each is drawn once.
fn diagrams() -> Result<Vec<(PathBuf, String, String)>> {
    let mut drawn: HashMap<String, String> = HashMap::new();
    let mut found = Vec::new();
    for path in diagram::files()? {
        for name in block::names(&read(&path)?) {
            if !drawn.contains_key(name.as_str()) {
                if drawn.is_empty() {
                    build_tine()?;
                }
                let Some(text) = diagram::text(&name) else {
                    continue;
                };
                let text = text.with_context(|| format!("diagram `{name}` of {}", shown(&path)))?;
                drawn.insert(name.clone(), text);
            }
            found.push((path.clone(), name.clone(), drawn[&name].clone()));
        }
    }
    Ok(found)
}

/// The programs that are shown at work.
fn build_tine() -> Result<()> {
    let mut cargo = std::process::Command::new(paths::cargo());
    shell::run(
        cargo
            .args(["build", "--quiet", "--package", "tine"])
            .current_dir(paths::root()),
    )
}

/// Writes one part of a file, given from the workspace's root.
pub fn write(file: &str, name: &str, text: &str) -> Result<()> {
    update(&paths::root().join(file), name, text, false).map(drop)
}

/// Whether the part in the file is not `text`. Rewrites it, unless it is only
/// checked.
fn update(path: &Path, name: &str, text: &str, check: bool) -> Result<bool> {
    let old = read(path)?;
    let new = block::replace(&old, name, text).with_context(|| shown(path))?;
    if new == old {
        return Ok(false);
    }
    if !check {
        fs::write(path, new).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(true)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// The path from the workspace's root.
fn shown(path: &Path) -> String {
    let path = path.strip_prefix(paths::root()).unwrap_or(path);
    path.display().to_string()
}
