//! `cargo xtask book`: docs/ as a book that needs no network to be read.
//!
//! mdBook takes pages from one folder only and knows no diagrams. So what the chapters
//! link to is copied to a folder below the target folder, in the same places, and
//! mermaid's own script comes along, from the package that checks the diagrams.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{links, markdown, mermaid};
use crate::{paths, shell};

/// Scripts in the book's folder, in the order in which they run.
const SCRIPTS: [&str; 2] = ["mermaid.min.js", "init.js"];

/// Builds the book; where it is.
pub fn build() -> Result<PathBuf> {
    if paths::find_program("mdbook").is_none() {
        bail!("no mdbook on PATH; `cargo install --locked mdbook` brings it");
    }
    let root = paths::root();
    let book = paths::target_dir().join("book");
    if book.exists() {
        fs::remove_dir_all(&book).with_context(|| format!("cannot empty {}", book.display()))?;
    }
    let source = book.join("src");
    for file in files(root)? {
        copy(&root.join(&file), &source.join(&file))?;
    }
    fs::write(source.join("SUMMARY.md"), summary(root)?).context("cannot write the chapters")?;

    mermaid::install()?;
    let script = mermaid::folder()
        .join("node_modules/mermaid/dist")
        .join(SCRIPTS[0]);
    copy(&script, &book.join(SCRIPTS[0]))?;
    copy(
        &root.join("xtask/mermaid").join(SCRIPTS[1]),
        &book.join(SCRIPTS[1]),
    )?;
    fs::write(book.join("book.toml"), configuration(root)?).context("cannot write book.toml")?;

    shell::run(Command::new("mdbook").arg("build").arg(&book))?;
    Ok(book.join("html/index.html"))
}

/// The pages, and every file that one of them links to.
fn files(root: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for page in markdown::pages(root)? {
        let linked = page
            .links
            .iter()
            .filter(|link| !links::is_elsewhere(&link.target));
        files.extend(linked.filter_map(|link| {
            let file = link.target.split('#').next().unwrap_or_default();
            links::resolve(&page.path, file)
        }));
        files.push(page.path);
    }
    files.retain(|file| root.join(file).is_file());
    files.sort();
    files.dedup();
    Ok(files)
}

/// The list of chapters, as seen from the workspace's root.
fn summary(root: &Path) -> Result<String> {
    let file = root.join(links::SUMMARY);
    let text =
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let page = markdown::page(links::SUMMARY.into(), &text);
    let mut moved = text.clone();
    for link in &page.links {
        let path = links::resolve(&page.path, &link.target).context("a chapter is elsewhere")?;
        let (old, new) = (
            format!("]({})", link.target),
            format!("]({})", path.display()),
        );
        moved = moved.replace(&old, &new);
    }
    // The lines around generated parts are none of mdBook's business.
    let lines = moved.lines().filter(|line| !line.starts_with("<!--"));
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

/// docs/book.toml with the folders of the copy, and the scripts.
fn configuration(root: &Path) -> Result<String> {
    let file = root.join("docs/book.toml");
    let text =
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut table: toml::Table = text.parse().context("docs/book.toml")?;
    set(&mut table, &["book", "src"], "src".into());
    set(&mut table, &["build", "build-dir"], "html".into());
    set(
        &mut table,
        &["output", "html", "additional-js"],
        SCRIPTS.to_vec().into(),
    );
    Ok(toml::to_string(&table)?)
}

/// Sets a value in a table of a table, which are made if they are not there.
fn set(table: &mut toml::Table, path: &[&str], value: toml::Value) {
    match path {
        [] => {}
        [name] => {
            table.insert((*name).into(), value);
        }
        [name, rest @ ..] => {
            let empty = toml::Value::Table(toml::Table::new());
            if let Some(inner) = table.entry(*name).or_insert(empty).as_table_mut() {
                set(inner, rest, value);
            }
        }
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(from, to)
        .map(drop)
        .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))
}
