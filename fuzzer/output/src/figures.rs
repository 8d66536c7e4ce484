//! What another process tells of its session, by its `fuzzer_stats`.

use super::store;
use std::{collections::HashMap, path::Path, time::Duration};

/// What another process tells of its session.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    /// That process.
    pub pid: u32,
    /// Runs.
    pub runs: u64,
    /// Runs in the last minute, a second.
    pub runs_per_second: f64,
    /// Testcases.
    pub corpus: u64,
    /// Those that were found there.
    pub found: u64,
    /// Those that other fuzzers have found.
    pub imported: u64,
    /// Edges found.
    pub edges: u64,
    /// Edges that there are.
    pub total_edges: u64,
    /// Edges whose counts differ between runs of one testcase.
    pub variable_edges: u64,
    /// Crashes on disk.
    pub saved_crashes: u64,
    /// Hangs on disk.
    pub saved_hangs: u64,
    /// Seconds since 1970 at the last find, 0 for none.
    pub last_find: u64,
    /// Seconds since 1970 when this was written.
    pub last_update: u64,
}

impl Figures {
    /// From a `fuzzer_stats`, of afl-fuzz too; whatever is missing there is 0.
    #[must_use]
    pub fn read(path: &Path) -> Self {
        Self::parse(&store::read_text(path))
    }

    /// How long nothing had been found when this was written; `None` if nothing was found.
    #[must_use]
    pub fn since_find(&self) -> Option<Duration> {
        let seconds = self.last_update.saturating_sub(self.last_find);
        (self.last_find > 0).then(|| Duration::from_secs(seconds))
    }

    fn parse(text: &str) -> Self {
        let fields = fields(text);
        let number = |key: &str| -> u64 {
            let value = fields.get(key).and_then(|value| value.parse().ok());
            value.unwrap_or_default()
        };
        let speed = fields.get("execs_ps_last_min");
        Self {
            pid: number("fuzzer_pid").try_into().unwrap_or_default(),
            runs: number("execs_done"),
            runs_per_second: speed.and_then(|speed| speed.parse().ok()).unwrap_or(0.0),
            corpus: number("corpus_count"),
            found: number("corpus_found"),
            imported: number("corpus_imported"),
            edges: number("edges_found"),
            total_edges: number("total_edges"),
            variable_edges: number("var_byte_count"),
            saved_crashes: number("saved_crashes"),
            saved_hangs: number("saved_hangs"),
            last_find: number("last_find"),
            last_update: number("last_update"),
        }
    }
}

/// The values of a `fuzzer_stats` by their keys.
fn fields(text: &str) -> HashMap<&str, &str> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(key, value)| (key.trim(), value.trim()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Figures;
    use crate::stats::{Facts, Snapshot};

    #[test]
    fn figures_are_read_as_they_are_written() {
        let snapshot = Snapshot {
            runs: 12_345,
            runs_per_second_last_minute: 1234.5,
            corpus: 7,
            imported: 9,
            edges: 40,
            total_edges: 160,
            variable_edges: 4,
            last_find: 1000,
            last_update: 1005,
            ..Snapshot::default()
        };
        let text = snapshot.fuzzer_stats(&Facts {
            pid: 5,
            ..Facts::default()
        });
        let expected = Figures {
            pid: 5,
            runs: 12_345,
            runs_per_second: 1234.5,
            corpus: 7,
            imported: 9,
            edges: 40,
            total_edges: 160,
            variable_edges: 4,
            last_find: 1000,
            last_update: 1005,
            ..Figures::default()
        };
        assert_eq!(Figures::parse(&text), expected);
        assert_eq!(Figures::parse("nonsense"), Figures::default());
    }
}
