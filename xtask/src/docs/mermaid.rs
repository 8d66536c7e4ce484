//! Every diagram parses. The parser is mermaid's own, the one that draws them on a
//! forge: an npm package, pinned by the lock file in xtask/mermaid and installed below
//! the target folder.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::markdown::Page;
use crate::{paths, shell};

/// What is wrong, a line each: `file:line: what`.
pub fn faults(pages: &[Page]) -> Result<Vec<String>> {
    let diagrams: Vec<_> = pages
        .iter()
        .flat_map(|page| page.diagrams.iter().map(move |diagram| (page, diagram)))
        .collect();
    let texts: Vec<&str> = diagrams.iter().map(|(_, it)| it.text.as_str()).collect();
    let results = parse(&texts)?;
    let faults = diagrams
        .iter()
        .zip(results)
        .filter_map(|((page, diagram), result)| {
            let message = result?;
            let place = format!("{}:{}", page.path.display(), diagram.line);
            Some(format!("{place}: the diagram does not parse: {message}"))
        });
    Ok(faults.collect())
}

/// Installs the parser, unless what the lock file says is there already.
pub fn install() -> Result<()> {
    let source = source();
    let folder = folder();
    let lock = fs::read(source.join("package-lock.json")).context("cannot read the lock file")?;
    let stamp = folder.join("installed-lock.json");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for name in ["package.json", "package-lock.json", ".npmrc"] {
        fs::copy(source.join(name), folder.join(name))
            .with_context(|| format!("cannot copy {name} to {}", folder.display()))?;
    }
    let mut npm = Command::new("npm");
    npm.args([
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ]);
    shell::run(npm.current_dir(&folder))?;
    fs::write(&stamp, lock).with_context(|| format!("cannot write {}", stamp.display()))
}

/// For each text the parser's message, if it does not parse.
fn parse(texts: &[&str]) -> Result<Vec<Option<String>>> {
    install()?;
    let mut node = Command::new("node");
    node.arg(source().join("check.mjs")).arg(folder());
    let mut child = node
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start node; run `cargo xtask setup`")?;
    let input = serde_json::to_vec(texts)?;
    let mut stdin = child.stdin.take().context("node has no input")?;
    // It reads everything before it writes anything.
    stdin.write_all(&input).context("node does not read")?;
    drop(stdin);
    let output = child.wait_with_output().context("cannot wait for node")?;
    if !output.status.success() {
        bail!("`{}` failed: {}", shell::line(&node), output.status);
    }
    let results: Vec<Option<String>> =
        serde_json::from_slice(&output.stdout).context("node printed something else")?;
    if results.len() != texts.len() {
        bail!("{} diagrams, {} results", texts.len(), results.len());
    }
    Ok(results)
}

fn source() -> PathBuf {
    paths::root().join("xtask/mermaid")
}

/// Where the parser is installed.
pub fn folder() -> PathBuf {
    let target = paths::target_dir();
    Path::new(&target).join("mermaid")
}

#[cfg(test)]
mod tests {
    use super::super::markdown::page;
    use super::faults;

    #[test]
    fn a_broken_diagram_is_named_by_file_and_line() {
        let good = "```mermaid\nflowchart LR\n  a --> b\n```\n";
        let text = format!("{good}\n```mermaid\nsequenceDiagram\n  a->>b\n```\n");
        let faults = faults(&[page("docs/x.md".into(), &text)]).unwrap();
        assert_eq!(faults.len(), 1, "{faults:?}");
        let start = "docs/x.md:7: the diagram does not parse: Parse error on line 2";
        assert!(faults[0].starts_with(start), "{}", faults[0]);
    }
}
