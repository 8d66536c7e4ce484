//! The conformance matrix as a table, from what its test wrote.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::{paths, shell};

/// The columns.
const MODES: [&str; 4] = ["fork", "deferred", "persistent", "shared memory"];

/// A cell, as `fuzzer/tests/conformance` writes it.
#[derive(Deserialize)]
struct Cell {
    controller: String,
    maker: String,
    mode: String,
    /// Why it can't work; `null` if it works.
    impossible: Option<String>,
}

/// The table. The test runs first if it did not before.
pub fn table() -> Result<String> {
    let file = paths::target_dir().join("conformance.json");
    if !file.exists() {
        let mut test = Command::new(paths::cargo());
        test.args(["test", "--package", "tine", "--test", "conformance"]);
        test.args(["--", "--skip", "targets::"]);
        shell::run(test.current_dir(paths::root()))?;
    }
    let text =
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let cells: Vec<Cell> =
        serde_json::from_str(&text).with_context(|| format!("mistake in {}", file.display()))?;
    render(&cells)
}

fn render(cells: &[Cell]) -> Result<String> {
    let mut reasons: Vec<&str> = Vec::new();
    let mut rows: Vec<(&str, &str)> = Vec::new();
    for cell in cells {
        if !rows.contains(&(&cell.controller, &cell.maker)) {
            rows.push((&cell.controller, &cell.maker));
        }
        if let Some(reason) = cell.impossible.as_deref()
            && !reasons.contains(&reason)
        {
            reasons.push(reason);
        }
    }
    let mut text = format!("| driven by | built by | {} |\n", MODES.join(" | "));
    text.push_str("|---|---|---|---|---|---|\n");
    for (controller, maker) in rows {
        write!(text, "| {controller} | {maker} |")?;
        for mode in MODES {
            let cell = cells
                .iter()
                .find(|it| it.controller == controller && it.maker == maker && it.mode == mode);
            match cell.map(|cell| cell.impossible.as_deref()) {
                Some(None) => text.push_str(" passed |"),
                Some(Some(reason)) => {
                    let number = reasons.iter().position(|it| *it == reason).unwrap_or(0) + 1;
                    write!(text, " can't, see {number} |")?;
                }
                None => bail!("the matrix has no cell for {controller}, {maker}, {mode}"),
            }
        }
        text.push('\n');
    }
    let passed = cells.iter().filter(|it| it.impossible.is_none()).count();
    write!(
        text,
        "\n{passed} of {} cells pass. The others can't work, which the test sees too:\n\n",
        cells.len()
    )?;
    for (number, reason) in reasons.iter().enumerate() {
        writeln!(text, "{}. {reason}.", number + 1)?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::{Cell, MODES, render};

    fn row(controller: &str, impossible: Option<&str>) -> Vec<Cell> {
        let cell = |mode: &str| Cell {
            controller: controller.into(),
            maker: "cc".into(),
            mode: mode.into(),
            impossible: impossible.map(Into::into),
        };
        MODES.map(cell).into()
    }

    #[test]
    fn what_passed_and_what_cannot_is_counted() {
        let mut cells = row("a", None);
        cells.extend(row("b", Some("no")));
        let text = render(&cells).unwrap();
        assert!(text.contains("| a | cc | passed | passed | passed | passed |\n"));
        assert!(text.contains("| b | cc | can't, see 1 |"));
        assert!(text.contains("\n4 of 8 cells pass."));
        assert!(text.contains("\n1. no.\n"));
    }

    #[test]
    fn a_cell_that_is_missing_is_an_error() {
        let mut cells = row("a", None);
        cells.pop();
        assert!(render(&cells).is_err());
    }
}
