//! `tine fuzz` ended from outside at a random moment: by SIGKILL, by the loss of
//! its fork server, by the signals that ask for an end. And more instances than
//! cores.
//!
//! A program of its own: it loads the machine more than tests beside it should bear.
//!
//! Each test does a few of each in the test command; `cargo xtask soak` runs the
//! same tests with larger numbers, and reads the report that they write.
//!
//! | variable | what | without it |
//! |---|---|---|
//! | `SOAK_KILLS` | how many kills, over all victims and modes | 50 |
//! | `SOAK_SIGNALS` | how many signals, over all modes | 18 |
//! | `SOAK_INSTANCES` | how many instances at the same time | 8 |
//! | `SOAK_SECONDS` | how long they run | 10 |
//! | `SOAK_SEED` | seed of the random moments | from the clock |
//! | `SOAK_REPORT` | folder for the reports | none is written |

mod instances;
mod kill;
mod left;
mod moments;
mod results;
mod sessions;
mod signals;

use std::{fs, path::PathBuf, time::Duration};

use serde::Serialize;

/// What a test came to; a line of the summary of `cargo xtask soak`.
#[derive(Debug, Default, Serialize)]
struct Report {
    /// What was done to whom.
    what: String,
    /// How the target is run.
    mode: String,
    /// The seed of the random moments.
    seed: u64,
    /// How often it was done.
    total: u64,
    /// How often nothing was wrong after it.
    clean: u64,
    /// How often the session had not begun to fuzz yet.
    at_start: u64,
    /// How often it was in the midst of writing a file.
    while_saving: u64,
    /// How often something waited without end.
    hangs: u64,
    /// The longest time until nothing was left of it, in milliseconds.
    slowest_ms: u64,
    /// What was wrong.
    wrong: Vec<String>,
}

impl Report {
    fn new(what: &str, mode: &str, seed: u64) -> Self {
        println!("{what}, {mode}: SOAK_SEED={seed}");
        Self {
            what: what.into(),
            mode: mode.into(),
            seed,
            ..Self::default()
        }
    }

    /// Counts one more, and what was wrong with it.
    fn add(&mut self, moment: &str, took: Duration, wrong: Vec<String>) {
        self.total += 1;
        self.clean += u64::from(wrong.is_empty());
        self.slowest_ms = self.slowest_ms.max(took.as_millis() as u64);
        let number = self.total;
        let sentences = wrong.into_iter();
        self.wrong
            .extend(sentences.map(|what| format!("number {number}, {moment}: {what}")));
    }

    /// Writes the report down and fails the test if anything is wrong.
    #[track_caller]
    fn close(self) {
        println!("{self:#?}");
        if let Some(folder) = std::env::var_os("SOAK_REPORT").map(PathBuf::from) {
            let name = format!("{} {}.json", self.what, self.mode).replace(' ', "-");
            let text = serde_json::to_string_pretty(&self).expect("a report is plain data");
            fs::create_dir_all(&folder).expect("the folder for reports");
            fs::write(folder.join(name), text).expect("the report");
        }
        assert!(self.total > 0, "nothing was done");
        assert!(
            self.wrong.is_empty(),
            "{} of {} were not clean (SOAK_SEED={}):\n{}",
            self.total - self.clean,
            self.total,
            self.seed,
            self.wrong.join("\n")
        );
    }
}

/// A number from the environment.
#[track_caller]
fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Err(_) => default,
        Ok(value) => value
            .parse()
            .unwrap_or_else(|_| panic!("{variable}={value} is no number")),
    }
}
