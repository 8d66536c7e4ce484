//! A campaign: a program is fuzzed, for a while.

use super::{
    Error, Program, Report,
    files::{cannot, sorted},
};
use crate::{
    engine::{
        self, Complaint, Events, FuzzError, Subscriber,
        config::{Config, SeedSource},
    },
    report::stats::Snapshot,
    target::MemoryLimit,
};
use std::{
    cell::RefCell,
    fmt::{self, Write as _},
    fs,
    path::{Path, PathBuf},
    rc::Rc,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Time between two figures.
const INTERVAL: Duration = Duration::from_millis(500);

/// Begins a campaign that was given no seed.
const SMALLEST_SEED: &[u8] = b" ";

/// A program and how to fuzz it.
///
/// Inputs are changed again and again, run, and kept where they reach new code. The same
/// seed of random numbers and the same number of runs give the same result each time, as
/// long as the program does the same each time and no run comes near its limit of time.
///
/// ```no_run
/// # fn main() -> Result<(), tine::Error> {
/// let report = tine::Campaign::new("target/fuzz/parser")
///     .seed_input(b"[1, 2]")
///     .dictionary("tests/json.dict")
///     .runs(200_000)
///     .seed(1)
///     .run()?;
/// report.assert_no_crashes();
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing runs before `run`"]
pub struct Campaign {
    program: Program,
    seed_folders: Vec<PathBuf>,
    seed_inputs: Vec<Vec<u8>>,
    dictionaries: Vec<PathBuf>,
    tokens: Vec<Vec<u8>>,
    runs: Option<u64>,
    time: Option<Duration>,
    until_crash: bool,
    seed: Option<u64>,
    on_event: Option<EventHandler>,
}

/// A function that is called at each event.
type EventHandler = Box<dyn FnMut(&Event)>;

/// Something that a campaign tells while it runs.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// Where it stands; twice a second at most.
    Progress(Progress),
    /// A sentence that a person may want to know.
    Remark(String),
}

/// Where a campaign stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Number of runs.
    pub runs: u64,
    /// Time since it began.
    pub time: Duration,
    /// Number of edges that were found.
    pub edges: u64,
    /// Number of inputs that were kept.
    pub corpus: u64,
    /// Number of crashes that were saved.
    pub crashes: u64,
    /// Number of hangs that were saved.
    pub hangs: u64,
}

impl Campaign {
    /// A campaign for a program: a path, or a [`Program`] with arguments and limits.
    pub fn new(program: impl Into<Program>) -> Self {
        Self {
            program: program.into(),
            seed_folders: Vec::new(),
            seed_inputs: Vec::new(),
            dictionaries: Vec::new(),
            tokens: Vec::new(),
            runs: None,
            time: None,
            until_crash: false,
            seed: None,
            on_event: None,
        }
    }

    /// Begins with the files in this folder. Several may be given. Without any seed it
    /// begins with a single space.
    pub fn seeds(mut self, folder: impl AsRef<Path>) -> Self {
        self.seed_folders.push(folder.as_ref().to_owned());
        self
    }

    /// Begins with this input. Several may be given.
    pub fn seed_input(mut self, input: impl AsRef<[u8]>) -> Self {
        self.seed_inputs.push(input.as_ref().to_vec());
        self
    }

    /// Uses the tokens of this file, which is in the format of AFL's dictionaries. Several
    /// may be given.
    pub fn dictionary(mut self, file: impl AsRef<Path>) -> Self {
        self.dictionaries.push(file.as_ref().to_owned());
        self
    }

    /// Uses this token: a word of the input's language. Several may be given.
    pub fn token(mut self, token: impl AsRef<[u8]>) -> Self {
        self.tokens.push(token.as_ref().to_vec());
        self
    }

    /// Ends after about this many runs.
    pub fn runs(mut self, runs: u64) -> Self {
        self.runs = Some(runs);
        self
    }

    /// Ends after this time.
    pub fn time(mut self, time: Duration) -> Self {
        self.time = Some(time);
        self
    }

    /// Ends at the first crash.
    pub fn until_crash(mut self) -> Self {
        self.until_crash = true;
        self
    }

    /// Seed of the random numbers. Otherwise each campaign is a different one.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Calls this with what there is to tell while it runs, in the thread that called
    /// [`Self::run`].
    pub fn on_event(mut self, listener: impl FnMut(&Event) + 'static) -> Self {
        self.on_event = Some(Box::new(listener));
        self
    }

    /// Fuzzes the program until one of the ends is reached, in this thread.
    ///
    /// # Errors
    /// When no end was given, the program does not start, the seeds or dictionaries are of
    /// no use, or the fork server is lost for good. A crash is no error.
    pub fn run(self) -> Result<Report, Error> {
        if self.runs.is_none() && self.time.is_none() && !self.until_crash {
            return Err(Error::NoEnd);
        }
        self.program.prepare(Path::new(""))?;
        let folder = tempfile::Builder::new()
            .prefix("tine-campaign-")
            .tempdir()
            .map_err(cannot("make a folder in", &std::env::temp_dir()))?;
        let config = self.config(&folder)?;
        let told = Rc::new(RefCell::new((Snapshot::default(), Vec::new())));
        let listener = Listener {
            told: Rc::clone(&told),
            on_event: self.on_event,
            next: Instant::now(),
        };
        engine::fuzz(&config, Events::new(vec![Box::new(listener)]))
            .map_err(|error| failed(&self.program, error))?;
        let results = config.output.join(config.instance.name.as_str());
        let (last, remarks) = told.take();
        Report::gather(self.program, &results, &last, remarks)
    }

    /// The engine's view of it. All that it reads and writes lies in `folder`.
    fn config(&self, folder: &TempDir) -> Result<Config, Error> {
        let seeds = folder.path().join("seeds");
        self.write_seeds(&seeds)?;
        let output = folder.path().join("results");
        let seeds = SeedSource::Folder(seeds);
        let mut config = Config::new(seeds, output, self.program.command());
        config.program.timeout = self.program.timeout;
        config.program.memory = MemoryLimit(self.program.memory_limit);
        config.program.extension.clone_from(&self.program.extension);
        config.program.non_instrumented = self.program.non_instrumented;
        config.program.start = self.program.start_options();
        // It tells the listener what it has to tell, and has no summary.
        config.in_campaign = true;
        config.core.off = true;
        config.ends.runs = self.runs;
        config.ends.time = self.time;
        config.ends.until_crash = self.until_crash;
        config.seed = self.seed;
        config.wishes.no_readme = true;
        config.dictionaries.clone_from(&self.dictionaries);
        if !self.tokens.is_empty() {
            let path = folder.path().join("tokens");
            let mut text = String::new();
            for token in &self.tokens {
                text.push('"');
                for byte in token {
                    // Writing to a string cannot fail.
                    let _ = write!(text, "\\x{byte:02x}");
                }
                text.push_str("\"\n");
            }
            fs::write(&path, text).map_err(cannot("write", &path))?;
            config.dictionaries.push(path);
        }
        Ok(config)
    }

    /// Puts all seeds into one folder, in the order in which they were given.
    fn write_seeds(&self, folder: &Path) -> Result<(), Error> {
        fs::create_dir(folder).map_err(cannot("make the folder", folder))?;
        let mut inputs = Vec::new();
        for source in &self.seed_folders {
            let before = inputs.len();
            collect(source, &mut inputs).map_err(cannot("read the seeds in", source))?;
            if inputs.len() == before {
                return Err(Error::Seeds {
                    reason: format!(
                        "there is no seed in {}: put a small valid input there, in a file of any \
                         name",
                        source.display()
                    ),
                });
            }
        }
        inputs.extend(self.seed_inputs.iter().cloned());
        inputs.retain(|input| !input.is_empty());
        if inputs.is_empty() {
            inputs.push(SMALLEST_SEED.to_vec());
        }
        for (number, input) in inputs.iter().enumerate() {
            let path = folder.join(format!("{number:06}"));
            fs::write(&path, input).map_err(cannot("write", &path))?;
        }
        Ok(())
    }
}

/// Takes note of what a session tells, and passes it on.
struct Listener {
    /// The last figures, and all sentences.
    told: Rc<RefCell<(Snapshot, Vec<String>)>>,
    on_event: Option<EventHandler>,
    /// When figures are wanted next.
    next: Instant,
}

impl Listener {
    fn figures(&mut self, snapshot: &Snapshot) {
        self.told.borrow_mut().0 = snapshot.clone();
        self.pass_on(&Event::Progress(Progress::of(snapshot)));
    }

    fn pass_on(&mut self, event: &Event) {
        if let Some(on_event) = &mut self.on_event {
            on_event(event);
        }
    }
}

impl Subscriber for Listener {
    fn wants_figures(&self, now: Instant) -> bool {
        now >= self.next
    }

    fn hear(&mut self, event: &engine::Event<'_>) -> Result<(), Complaint> {
        match event {
            engine::Event::Note { text, .. } => {
                let sentence = text.to_string();
                self.told.borrow_mut().1.push(sentence.clone());
                self.pass_on(&Event::Remark(sentence));
            }
            engine::Event::Figures { snapshot, now } => {
                self.next = *now + INTERVAL;
                self.figures(snapshot);
            }
            engine::Event::Ended { snapshot } => self.figures(snapshot),
            _ => {}
        }
        Ok(())
    }
}

/// Reads the files in a folder and its folders, in the order of their names.
fn collect(folder: &Path, inputs: &mut Vec<Vec<u8>>) -> std::io::Result<()> {
    for path in sorted(folder)? {
        if path.is_dir() {
            collect(&path, inputs)?;
        } else {
            inputs.push(fs::read(&path)?);
        }
    }
    Ok(())
}

/// Says in the words of this library why there was no campaign.
fn failed(program: &Program, error: FuzzError) -> Error {
    let reason = match error {
        FuzzError::Target(error) => return program.unfit(error),
        FuzzError::Start(error) => return program.not_started(&error),
        FuzzError::Seeds(error) => {
            return Error::Seeds {
                reason: error.to_string(),
            };
        }
        FuzzError::NoSeedRuns { count, outcome, .. } => {
            return Error::Seeds {
                reason: format!(
                    "none of {count} seeds is of use: on the first one {} {outcome}. Give one that \
                     it handles, or a longer `.timeout(..)`",
                    program.path.display()
                ),
            };
        }
        FuzzError::Dictionary(error) => {
            return Error::Dictionary {
                reason: error.to_string(),
            };
        }
        other => other.to_string(),
    };
    Error::Campaign {
        program: program.path.clone(),
        reason,
    }
}

impl Progress {
    fn of(snapshot: &Snapshot) -> Self {
        Self {
            runs: snapshot.runs,
            time: snapshot.run_time,
            edges: snapshot.edges,
            corpus: snapshot.corpus,
            crashes: snapshot.saved_crashes,
            hangs: snapshot.saved_hangs,
        }
    }
}

impl fmt::Debug for Campaign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Campaign")
            .field("program", &self.program)
            .field("runs", &self.runs)
            .field("time", &self.time)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}
