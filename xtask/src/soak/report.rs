//! What the tests came to.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

/// What one test wrote. `fuzzer/tests/kills/main.rs` says what each field means.
#[derive(Debug, Default, Deserialize)]
pub struct Report {
    what: String,
    mode: String,
    seed: u64,
    total: u64,
    clean: u64,
    at_start: u64,
    while_saving: u64,
    hangs: u64,
    slowest_ms: u64,
    wrong: Vec<String>,
}

impl Report {
    /// All reports in a folder, in the order of their names; none if it is not there.
    pub fn read_all(folder: &Path) -> Result<Vec<Self>> {
        let Ok(entries) = fs::read_dir(folder) else {
            return Ok(Vec::new());
        };
        let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        files.sort();
        let read = |file: &std::path::PathBuf| {
            let text = fs::read_to_string(file)?;
            serde_json::from_str(&text).with_context(|| format!("not a report: {}", file.display()))
        };
        files.iter().map(read).collect()
    }
}

/// The reports as lines, with a sum for all that was done, and what was wrong.
pub fn table(reports: &[Report]) -> String {
    let mut text = format!(
        "{:18} {:14} {:>6} {:>6} {:>9} {:>13} {:>6} {:>13}  {}\n",
        "what",
        "mode",
        "clean",
        "total",
        "at start",
        "while saving",
        "hangs",
        "slowest end",
        "seed"
    );
    for it in reports {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{:18} {:14} {:>6} {:>6} {:>9} {:>13} {:>6} {:>10} ms  {}",
            it.what,
            it.mode,
            it.clean,
            it.total,
            it.at_start,
            it.while_saving,
            it.hangs,
            it.slowest_ms,
            it.seed
        );
    }
    let mut kinds: Vec<&str> = reports.iter().map(kind).collect();
    kinds.dedup();
    for wanted in kinds {
        let of_kind = || reports.iter().filter(|it| kind(it) == wanted);
        let sum = |field: fn(&Report) -> u64| of_kind().map(field).sum::<u64>();
        let slowest = of_kind().map(|it| it.slowest_ms).max().unwrap_or_default();
        let _ = writeln!(
            text,
            "{wanted}: {} of {} clean, slowest end {slowest} ms, hangs {}",
            sum(|it| it.clean),
            sum(|it| it.total),
            sum(|it| it.hangs),
        );
    }
    for it in reports {
        for what in &it.wrong {
            let _ = writeln!(text, "NOT CLEAN: {}, {}: {what}", it.what, it.mode);
        }
    }
    text
}

/// The first word of what was done.
fn kind(report: &Report) -> &str {
    report.what.split(' ').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Report, table};

    #[test]
    fn a_table_has_sums_by_kind_and_what_was_wrong() {
        let report = |what: &str, mode: &str, clean: u64| Report {
            what: what.into(),
            mode: mode.into(),
            clean,
            total: 10,
            slowest_ms: clean,
            ..Report::default()
        };
        let mut reports = vec![
            report("kill fuzzer", "fork", 10),
            report("kill fork server", "fork", 9),
            report("signal", "fork", 10),
        ];
        reports[1].wrong.push("a process is left".into());
        let text = table(&reports);
        for line in [
            "kill: 19 of 20 clean, slowest end 10 ms, hangs 0",
            "signal: 10 of 10 clean, slowest end 10 ms, hangs 0",
            "NOT CLEAN: kill fork server, fork: a process is left",
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "{line} in:\n{text}"
            );
        }
    }
}
