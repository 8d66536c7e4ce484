//! `cargo xtask peers`: tine and the newest AFL++ that Debian has, with each other. What
//! came of it is kept, a row for each version, for docs/compatibility.md.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::unstable::{Root, Versions};
use crate::bench::{effectiveness, fork, peer::Peer};
use crate::{paths, shell};

/// The page of the documentation, and its generated part.
pub const PAGE: &str = "docs/compatibility.md";
/// The name of that part.
pub const PART: &str = "peers";

/// Tells the conformance test where the programs of the root are.
const TO_THE_TEST: &str = "TINE_TEST_UNSTABLE";
/// What the test writes then, below the target folder.
const CELLS: &str = "conformance-unstable.json";

/// What to do.
#[derive(clap::Args)]
pub struct Args {
    /// Make the root again: the suite moves
    #[arg(long)]
    afresh: bool,
    /// The conformance matrix only, no benchmark
    #[arg(long)]
    matrix_only: bool,
    /// Pairs of turns in fork mode
    #[arg(long, default_value_t = 5)]
    pairs: usize,
    /// Seconds of one turn in fork mode
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Minutes for what both find in the same time
    #[arg(long, default_value_t = 44)]
    minutes: u64,
}

/// A version, and what came of it.
#[derive(Serialize, Deserialize)]
struct Row {
    versions: Versions,
    date: String,
    cells: usize,
    passed: usize,
    /// Why the other cells can't work.
    reasons: BTreeSet<String>,
    /// Runs a second in fork mode, tine's by afl-fuzz's.
    fork: Vec<fork::Ratio>,
}

/// A cell, as `fuzzer/tests/conformance` writes it.
#[derive(Deserialize)]
struct Cell {
    impossible: Option<String>,
}

/// Makes the root, runs all against it, and writes the row.
pub fn run(args: &Args) -> Result<()> {
    let root = Root::make(args.afresh)?;
    eprintln!(
        "AFL++ {} ({}), clang {}",
        root.versions.aflplusplus, root.versions.package, root.versions.clang
    );
    name_variables(&root)?;
    let cells = matrix(&root)?;
    let mut rows = kept()?;
    let earlier = rows.iter().position(|row| row.versions == root.versions);
    let earlier = earlier.map(|place| rows.remove(place));
    let fork = match args.matrix_only {
        true => earlier.map_or_else(Vec::new, |row| row.fork),
        false => {
            let plan = fork::Plan::new(args.pairs, args.seconds, None, Vec::new(), Peer::Unstable)?;
            fork::run(&plan)?
        }
    };
    rows.push(Row {
        versions: root.versions,
        date: shell::capture(Command::new("date").args(["-u", "+%F"]))?
            .trim()
            .into(),
        cells: cells.len(),
        passed: cells
            .iter()
            .filter(|cell| cell.impossible.is_none())
            .count(),
        reasons: cells
            .into_iter()
            .filter_map(|cell| cell.impossible)
            .collect(),
        fork,
    });
    let file = file();
    fs::write(&file, serde_json::to_string_pretty(&rows)? + "\n")
        .with_context(|| format!("cannot write {}", file.display()))?;
    crate::docs::write(PAGE, PART, &docs()?)?;
    if args.matrix_only {
        return Ok(());
    }
    effectiveness::run(&effectiveness::Args::for_the_docs(
        Peer::Unstable,
        args.minutes,
    ))
}

/// Names variables of this version that tine has no answer for.
fn name_variables(root: &Root) -> Result<()> {
    let mut build = Command::new(paths::cargo());
    build.args(["build", "--quiet", "--package", "tine", "--bins"]);
    shell::run(build.current_dir(paths::root()))?;
    let tine = paths::target_dir().join("debug/tine");
    let table = shell::capture(Command::new(tine).args(["status", "--variables"]))?;
    let unanswered: Vec<String> = root
        .variables()?
        .into_iter()
        .filter(|name| !table.contains(&format!("`{name}`")))
        .collect();
    if !unanswered.is_empty() {
        eprintln!(
            "strings of this version that look like variables and have no answer in \
             fuzzer/src/environment/table.rs: {}",
            unanswered.join(", ")
        );
    }
    Ok(())
}

/// Runs the conformance tests with this peer among the others.
fn matrix(root: &Root) -> Result<Vec<Cell>> {
    let file = paths::target_dir().join(CELLS);
    if file.exists() {
        fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
    }
    let mut test = Command::new(paths::cargo());
    test.args(["test", "--package", "tine", "--test", "conformance"])
        // The sample targets have nothing to do with this peer.
        .args(["--", "--skip", "targets::"])
        .env(TO_THE_TEST, root.bin())
        .current_dir(paths::root());
    shell::run(&mut test)?;
    let text = fs::read_to_string(&file)
        .with_context(|| format!("the test did not write {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("mistake in {}", file.display()))
}

fn file() -> PathBuf {
    paths::root().join("docs/data/peers.json")
}

fn kept() -> Result<Vec<Row>> {
    let file = file();
    if !file.exists() {
        return Ok(Vec::new());
    }
    let text =
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("mistake in {}", file.display()))
}

/// The generated part: a row for each version.
pub fn docs() -> Result<String> {
    Ok(table(&kept()?))
}

fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| AFL++ | package | clang | on | cells that pass | runs a second in fork mode, tine's \
         by afl-fuzz's |\n|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let ratio = |ratio: &fork::Ratio| {
            let summary = ratio.ratio;
            format!(
                "{} {:.2} ({:.2} to {:.2})",
                ratio.target, summary.median, summary.min, summary.max
            )
        };
        let ratios: Vec<String> = row.fork.iter().map(ratio).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} of {} | {} |",
            row.versions.aflplusplus,
            row.versions.package,
            row.versions.clang,
            row.date,
            row.passed,
            row.cells,
            ratios.join("; ")
        );
    }
    let reasons: BTreeSet<&str> = rows
        .iter()
        .flat_map(|row| row.reasons.iter().map(String::as_str))
        .collect();
    if !reasons.is_empty() {
        text.push_str("\nThe other cells can't work:\n\n");
    }
    for reason in reasons {
        let _ = writeln!(text, "- {reason}.");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Row, Versions, table};
    use crate::bench::{fork::Ratio, summary::Summary};

    #[test]
    fn a_version_is_a_row() {
        let row = Row {
            versions: Versions {
                aflplusplus: "5.02c".into(),
                package: "5.02c-1".into(),
                clang: 21,
            },
            date: "2026-01-31".into(),
            cells: 9,
            passed: 8,
            reasons: ["it is too old".into()].into(),
            fork: vec![Ratio {
                target: "tiny".into(),
                ratio: Summary {
                    median: 1.5,
                    min: 1.25,
                    max: 1.75,
                },
            }],
        };
        let text = table(&[row]);
        assert!(text.contains(
            "| 5.02c | 5.02c-1 | 21 | 2026-01-31 | 8 of 9 | tiny 1.50 (1.25 to 1.75) |\n"
        ));
        assert!(text.ends_with("- it is too old.\n"));
    }
}
