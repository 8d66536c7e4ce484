//! The result of a campaign.

use super::{
    Error, Outcome, Program,
    files::{cannot, sorted},
};
use crate::report::stats::Snapshot;
use std::{
    ffi::OsString,
    fmt::{self, Write as _},
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

/// Bytes of an input that a report prints. A longer one is not for copying.
const MOST_SHOWN: usize = 200;

/// Faults that a report prints.
const MOST_FAULTS: usize = 10;

/// The result of a campaign: what was found, and how far it got.
///
/// [`Display`](fmt::Display) tells it, with a line to paste for each crash and hang.
#[derive(Debug, Clone)]
#[non_exhaustive]
#[must_use = "crashes are no errors: look at them, or call `assert_no_crashes`"]
pub struct Report {
    /// The program.
    pub program: Program,
    /// Number of runs.
    pub runs: u64,
    /// Time that it took.
    pub time: Duration,
    /// Number of edges that were found.
    pub edges: u64,
    /// Number of all edges of the program; 0 for one that is not instrumented.
    pub total_edges: u64,
    /// Inputs that crash the program: one for each set of edges.
    pub crashes: Vec<Fault>,
    /// Inputs on which it does not end within its limit.
    pub hangs: Vec<Fault>,
    /// Inputs that were kept, the seeds first: together they take all edges found. Seeds
    /// are trimmed.
    pub corpus: Vec<Vec<u8>>,
    /// Sentences that were told on the way: what was left out of seeds and dictionaries,
    /// for instance.
    pub remarks: Vec<String>,
}

/// An input that crashes a program, or hangs it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// The input.
    pub input: Vec<u8>,
    /// Inputs that have to run before it, in the same process. Only those of a program
    /// with a persistent loop may take any.
    pub before: Vec<Vec<u8>>,
    /// How the program ended on it when it was run once more, by itself, after the
    /// campaign. It may be no fault then, if the program remembers earlier inputs.
    pub outcome: Outcome,
}

impl Report {
    /// Reads the results of a campaign, and runs the program on each fault once more.
    pub(super) fn gather(
        program: Program,
        results: &Path,
        last: &Snapshot,
        remarks: Vec<String>,
    ) -> Result<Self, Error> {
        let crashes = faults(&program, results, "crashes")?;
        let mut hangs = faults(&program, results, "hangs")?;
        // On a machine that does much else at the time, a run may have been late.
        hangs.retain(|hang| hang.outcome.is_timeout() || !hang.before.is_empty());
        let corpus = testcases(&results.join("queue"))?;
        Ok(Self {
            program,
            runs: last.runs,
            time: last.run_time,
            edges: last.edges,
            total_edges: last.total_edges,
            crashes,
            hangs,
            corpus: corpus.into_iter().map(|(_, bytes)| bytes).collect(),
            remarks,
        })
    }

    /// Whether there is neither a crash nor a hang.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.crashes.is_empty() && self.hangs.is_empty()
    }

    /// Panics if there is a crash, with all of the report.
    ///
    /// # Panics
    /// If there is a crash.
    #[track_caller]
    pub fn assert_no_crashes(&self) {
        assert!(self.crashes.is_empty(), "{self}");
    }

    /// Panics if there is a crash or a hang, with all of the report.
    ///
    /// # Panics
    /// If there is a crash or a hang.
    #[track_caller]
    pub fn assert_clean(&self) {
        assert!(self.is_clean(), "{self}");
    }

    /// Writes each crash and hang to a file in `folder`, which is made.
    ///
    /// # Errors
    /// What the system says.
    pub fn save_faults(&self, folder: impl AsRef<Path>) -> Result<(), Error> {
        let folder = folder.as_ref();
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::File {
                action: "write",
                path,
                source,
            }
        };
        fs::create_dir_all(folder).map_err(failed(folder))?;
        for (kind, faults) in [("crash", &self.crashes), ("hang", &self.hangs)] {
            for (number, fault) in faults.iter().enumerate() {
                let path = folder.join(format!("{kind}-{number}"));
                fs::write(&path, &fault.input).map_err(failed(&path))?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, {} in {} of {}: ",
            counted(self.crashes.len(), "crash", "crashes"),
            counted(self.hangs.len(), "hang", "hangs"),
            counted(self.runs as usize, "run", "runs"),
            self.program.path.display(),
        )?;
        match self.total_edges {
            0 => f.write_str("no coverage")?,
            total => write!(f, "{} of {total} edges", self.edges)?,
        }
        write!(
            f,
            ", {}, {:.1} s",
            counted(self.corpus.len(), "testcase", "testcases"),
            self.time.as_secs_f64()
        )?;
        let faults = self.crashes.iter().chain(&self.hangs);
        for fault in faults.take(MOST_FAULTS) {
            write!(f, "\n\n{}", described(fault, &self.program))?;
        }
        let more = (self.crashes.len() + self.hangs.len()).saturating_sub(MOST_FAULTS);
        if more > 0 {
            write!(f, "\n\nand {more} more: `report.crashes`, `report.hangs`")?;
        }
        Ok(())
    }
}

/// The faults of a kind.
fn faults(program: &Program, results: &Path, kind: &str) -> Result<Vec<Fault>, Error> {
    let mut faults = Vec::new();
    for (name, input) in testcases(&results.join(kind))? {
        let mut before = contents(&results.join("replay").join(&name))?;
        // The sequence ends with the input itself.
        if before.last() == Some(&input) {
            before.pop();
        }
        // A process of its own for each.
        let outcome = program.start()?.run(&input)?;
        faults.push(Fault {
            input,
            before,
            outcome,
        });
    }
    Ok(faults)
}

/// Names and contents of the testcases in a folder, in the order of their numbers.
fn testcases(folder: &Path) -> Result<Vec<(OsString, Vec<u8>)>, Error> {
    let mut found = Vec::new();
    for path in files(folder)? {
        let name = path.file_name().unwrap_or_default().to_owned();
        if name.as_encoded_bytes().starts_with(b"id:") {
            found.push((name, fs::read(&path).map_err(cannot("read", &path))?));
        }
    }
    Ok(found)
}

/// Contents of all files in a folder, in the order of their names.
fn contents(folder: &Path) -> Result<Vec<Vec<u8>>, Error> {
    let read = |path: PathBuf| fs::read(&path).map_err(cannot("read", &path));
    files(folder)?.into_iter().map(read).collect()
}

/// The files in a folder; none if there is no folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    match sorted(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        paths => {
            let mut paths = paths.map_err(cannot("read", folder))?;
            paths.retain(|path| path.is_file());
            Ok(paths)
        }
    }
}

/// A fault in two lines: what happens, and how to see it again.
fn described(fault: &Fault, program: &Program) -> String {
    let Fault {
        input,
        before,
        outcome,
    } = fault;
    let mut text = format!("it {outcome} on {}", counted(input.len(), "byte", "bytes"));
    if !before.is_empty() {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            ", after {} in the same process: `before` has them",
            counted(before.len(), "other input", "other inputs")
        );
    }
    text.push('\n');
    if input.len() > MOST_SHOWN {
        text.push_str("  too long to print: `report.save_faults(\"folder\")` writes it to a file");
    } else {
        let _ = write!(
            text,
            "  {}.start()?.run(b\"{}\")?",
            program.as_code(),
            input.escape_ascii()
        );
    }
    text
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
