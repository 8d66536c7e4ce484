//! One instance, from its `fuzzer_stats`.

use serde::Serialize;
use std::{
    collections::HashMap,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};
use tine_output::{locks::Locks, store};

/// The figures.
const STATS: &str = "fuzzer_stats";

/// A file that is longer is none of a fuzzer's.
const LONGEST: u64 = 1 << 20;

/// Whether an instance runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// A fuzzer works in the folder.
    Running,
    /// One does, and has not written figures yet.
    Starting,
    /// None does, on this machine.
    Stopped,
}

impl State {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Starting => "starting",
            Self::Stopped => "stopped",
        }
    }
}

/// One instance. Figures are missing (`None`) where its file does not have them.
#[derive(Debug, Clone, Serialize)]
pub struct Instance {
    /// Name of its folder.
    pub name: String,
    /// Its folder.
    pub path: PathBuf,
    /// Whether it runs.
    pub state: State,
    /// The process that works in the folder, or the last one that did.
    pub pid: Option<u32>,
    /// The fuzzer and its version, as it names itself.
    pub version: Option<String>,
    /// Name of the target, or what `-T` said.
    pub target: Option<String>,
    /// How the target is run, in AFL's words.
    pub target_mode: Option<String>,
    /// How the fuzzer was started.
    pub command_line: Option<String>,
    /// Seconds since 1970 at the beginning of its last part.
    pub start_time: Option<u64>,
    /// Seconds since 1970 when the figures were written.
    pub last_update: Option<u64>,
    /// Seconds that it ran, over all parts.
    pub run_time: Option<u64>,
    /// Runs.
    pub runs: Option<u64>,
    /// Runs a second in the last minute that it ran.
    pub runs_per_second: Option<f64>,
    /// Testcases.
    pub corpus: Option<u64>,
    /// Testcases that it found.
    pub found: Option<u64>,
    /// Testcases of other instances.
    pub imported: Option<u64>,
    /// Favored testcases that were never fuzzed.
    pub pending_favored: Option<u64>,
    /// Testcases that were never fuzzed.
    pub pending: Option<u64>,
    /// Edges found.
    pub edges: Option<u64>,
    /// Edges that there are.
    pub total_edges: Option<u64>,
    /// Edges found, in percent of the map.
    pub coverage: Option<f64>,
    /// How much of the coverage is the same in each run, in percent.
    pub stability: Option<f64>,
    /// Crashes saved.
    pub crashes: Option<u64>,
    /// Hangs saved.
    pub hangs: Option<u64>,
    /// Runs over the limit.
    pub timeouts: Option<u64>,
    /// Finished cycles through the queue.
    pub cycles_done: Option<u64>,
    /// Cycles in a row without a find.
    pub cycles_without_finds: Option<u64>,
    /// Seconds since 1970 at the last find; `None` before the first.
    pub last_find: Option<u64>,
    /// The same for the last crash.
    pub last_crash: Option<u64>,
    /// The same for the last hang.
    pub last_hang: Option<u64>,
    /// All numbers of the file, by their keys.
    #[serde(skip)]
    pub numbers: HashMap<String, f64>,
}

/// Whether a fuzzer works or worked in `folder`.
pub fn is_one(folder: &Path) -> bool {
    [STATS, "fuzzer_setup"]
        .iter()
        .any(|name| folder.join(name).exists())
}

impl Instance {
    /// Reads the one in `folder`. What is wrong with its file goes to `problems`.
    pub fn read(folder: &Path, locks: &Locks, problems: &mut Vec<String>) -> Self {
        let path = folder.join(STATS);
        let text = match read(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                problems.push(format!("cannot read {}: {error}", path.display()));
                None
            }
        };
        let fields = Fields::parse(text.as_deref().unwrap_or_default());
        let written = fields.number("fuzzer_pid");
        let holder = locks.holder(folder, written);
        if text.is_some()
            && let Some(problem) = fields.problem(&path)
        {
            problems.push(problem);
        }
        let state = match holder {
            // Figures of another process are those of an earlier part.
            Some(pid) if text.is_none() || written != Some(pid) => State::Starting,
            Some(_) => State::Running,
            None => State::Stopped,
        };
        if text.is_none() && state == State::Stopped && !path.exists() {
            let folder = folder.display();
            problems.push(format!(
                "{folder} has no fuzzer_stats: its fuzzer ended before it wrote one"
            ));
        }
        let name = fs::canonicalize(folder).unwrap_or_else(|_| folder.into());
        let name = name.file_name().unwrap_or_default().to_string_lossy();
        fields.into_instance(name.into_owned(), folder.into(), state, holder.or(written))
    }
}

fn read(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    store::open(path)?.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The lines of a file, `key : value`.
struct Fields(HashMap<String, String>);

impl Fields {
    fn parse(text: &str) -> Self {
        let pairs = text.lines().filter_map(|line| line.split_once(':'));
        Self(
            pairs
                .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
                .collect(),
        )
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    fn number<T: std::str::FromStr>(&self, key: &str) -> Option<T> {
        self.text(key)?.trim_end_matches('%').parse().ok()
    }

    /// Under the name that the key has now, or the one that it had before AFL++ 4.
    fn renamed(&self, key: &str, before: &str) -> Option<u64> {
        self.number(key).or_else(|| self.number(before))
    }

    /// A moment; 0 is none.
    fn moment(&self, key: &str, before: &str) -> Option<u64> {
        self.renamed(key, before).filter(|moment| *moment > 0)
    }

    fn problem(&self, path: &Path) -> Option<String> {
        const NEEDED: [&str; 6] = [
            "start_time",
            "last_update",
            "fuzzer_pid",
            "execs_done",
            "afl_banner",
            "command_line",
        ];
        let missing: Vec<&str> = NEEDED
            .into_iter()
            .filter(|key| !self.0.contains_key(*key))
            .collect();
        let path = path.display();
        match missing.as_slice() {
            [] => {
                let bad = NEEDED[..4]
                    .iter()
                    .find(|key| self.number::<u64>(key).is_none())?;
                Some(format!("{path} has no number for {bad}: it is damaged"))
            }
            missing if missing.len() == NEEDED.len() => {
                Some(format!("{path} is not a file of a fuzzer"))
            }
            [first, ..] => Some(format!(
                "{path} is only half there, {first} is missing: is the disk full?"
            )),
        }
    }

    fn into_instance(
        self,
        name: String,
        path: PathBuf,
        state: State,
        pid: Option<u32>,
    ) -> Instance {
        let owned = |key| self.text(key).map(str::to_owned);
        let last_minute: Option<f64> = self.number("execs_ps_last_min");
        let speed = last_minute
            // afl-fuzz has none in the first minute.
            .filter(|speed| *speed > 0.0)
            .or_else(|| self.number("execs_per_sec"));
        Instance {
            name,
            path,
            state,
            pid,
            version: owned("afl_version"),
            target: owned("afl_banner"),
            target_mode: owned("target_mode"),
            command_line: owned("command_line"),
            start_time: self.number("start_time"),
            last_update: self.number("last_update"),
            run_time: self.number("run_time"),
            runs: self.number("execs_done"),
            runs_per_second: speed,
            corpus: self.renamed("corpus_count", "paths_total"),
            found: self.renamed("corpus_found", "paths_found"),
            imported: self.renamed("corpus_imported", "paths_imported"),
            pending_favored: self.number("pending_favs"),
            pending: self.number("pending_total"),
            edges: self.number("edges_found"),
            total_edges: self.number("total_edges"),
            coverage: self.number("bitmap_cvg"),
            stability: self.number("stability"),
            crashes: self.renamed("saved_crashes", "unique_crashes"),
            hangs: self.renamed("saved_hangs", "unique_hangs"),
            timeouts: self.number("total_tmout"),
            cycles_done: self.number("cycles_done"),
            cycles_without_finds: self.number("cycles_wo_finds"),
            last_find: self.moment("last_find", "last_path"),
            last_crash: self.moment("last_crash", "last_crash"),
            last_hang: self.moment("last_hang", "last_hang"),
            numbers: self
                .0
                .keys()
                .filter_map(|key| Some((key.clone(), self.number::<f64>(key)?)))
                .filter(|(_, number)| number.is_finite())
                .collect(),
        }
    }
}
