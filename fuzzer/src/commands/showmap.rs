//! `tine showmap`: run a target and write down which edges it took.

mod error;
mod inputs;
mod output;
mod replay;

use crate::{
    cli::ShowmapArgs,
    environment::{self, Scope, Variables},
    modules,
    processes::EndBySignal,
    target::{self, Target},
};
pub use error::ShowmapError;
use inputs::{Inputs, Source};
pub(super) use output::is_same;
use output::{Counts, Sink};
use std::{
    collections::HashSet,
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};
use tine_controller::{ForkServer, InputFolder, Outcome, TargetOutput};

/// Runs the command.
///
/// # Errors
/// When the target does not start, or a file cannot be read or written.
pub fn run(args: &ShowmapArgs, variables: &Variables) -> Result<ExitCode, ShowmapError> {
    environment::check(Scope::All, variables)?;
    let options = environment::start_options(variables)?;
    let temporary = |source| ShowmapError::Output {
        path: std::env::temp_dir(),
        source,
    };
    let own_file = args.target.own_file(&options).map_err(temporary)?;
    let _guard = EndBySignal::start().map_err(ShowmapError::Signals)?;
    let inputs = match &args.replay {
        Some(folder) => Inputs::Sequence(inputs::sequence(folder)?),
        None => Inputs::find(args.input.as_deref())?,
    };
    target::check_no_input(args.target.file.as_deref(), inputs.files())?;
    let Target { file, mut config } = target::prepare(
        &args.target.command,
        args.target.file.as_deref(),
        own_file.as_ref().map_or(Path::new(""), InputFolder::file),
        args.timeout.0,
        args.target.memory,
        &options,
    )?;
    let sink = Sink::choose(args, &inputs)?;
    let is_shown = !matches!(inputs, Inputs::Many(_)) && !args.quiet && sink != Sink::Stdout;
    if is_shown {
        config.output = TargetOutput::Inherit;
    }
    let mut runner = Runner {
        server: ForkServer::start(config)?,
        counts: Counts::new(args, file.tine_runtime),
        quiet: args.quiet,
    };
    let done = match inputs {
        Inputs::One(source) => runner.one(&source, &sink),
        Inputs::Many(files) => runner.many(&files, &sink),
        Inputs::Sequence(_) if !runner.server.info().persistent => {
            Err(ShowmapError::NotPersistent(file.path))
        }
        Inputs::Sequence(files) => runner.replay(&files, &sink),
    };
    for sentence in modules::sentences(&runner.server) {
        say!("{sentence}");
    }
    done
}

struct Runner {
    server: ForkServer,
    counts: Counts,
    quiet: bool,
}

impl Runner {
    fn one(&mut self, source: &Source, sink: &Sink) -> Result<ExitCode, ShowmapError> {
        let input = self.read(source)?;
        let (outcome, time) = self.run(source, &input)?;
        self.counts.take(self.server.map());
        sink.write(None, &self.counts.text())?;
        self.say(format_args!(
            "the target {outcome} after {}; {}",
            Shown(time),
            self.coverage(sink)
        ));
        Ok(exit_code(Verdict::of(outcome)))
    }

    fn many(&mut self, files: &[PathBuf], sink: &Sink) -> Result<ExitCode, ShowmapError> {
        let mut tally = Tally::default();
        let mut names = HashSet::new();
        for path in files {
            let source = Source::File(path.clone());
            let ran = self
                .read(&source)
                .and_then(|input| self.run(&source, &input));
            let outcome = match ran {
                Ok((outcome, _)) => outcome,
                Err(error) if error.is_of_input() => {
                    say!("{error}; going on with the others");
                    tally.failed += 1;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let verdict = Verdict::of(outcome);
            tally.add(verdict);
            if verdict != Verdict::Ended {
                self.say(format_args!("{}: the target {outcome}", path.display()));
            }
            let name = path.file_name().map(OsString::from).unwrap_or_default();
            self.counts.take(self.server.map());
            if !sink.is_collected() {
                sink.write(Some(&name), &self.counts.text())?;
                if !names.insert(name) {
                    self.say(format_args!(
                        "{}: another input has the same name, its map is replaced",
                        path.display()
                    ));
                }
            }
        }
        if tally.failed == files.len() as u64 {
            return Err(ShowmapError::NothingRan(tally.failed));
        }
        if sink.is_collected() {
            sink.write(None, &self.counts.text())?;
        }
        self.say(format_args!("{tally}; {}", self.coverage(sink)));
        Ok(exit_code(tally.worst))
    }

    fn read(&self, source: &Source) -> Result<Vec<u8>, ShowmapError> {
        let (input, cut) = source.read()?;
        if cut > 0 {
            say!("{source} is too long: the last {cut} bytes are left out");
        }
        if input.is_empty() {
            self.say(format_args!(
                "{source} is empty: the target runs on no input"
            ));
        }
        Ok(input)
    }

    fn run(&mut self, source: &Source, input: &[u8]) -> Result<(Outcome, Duration), ShowmapError> {
        self.server.map().clear();
        let start = Instant::now();
        let outcome = self.server.run(input).map_err(|error| ShowmapError::Run {
            what: source.to_string(),
            source: error,
        })?;
        let set_up = self.server.set_up_time();
        Ok((outcome, start.elapsed().saturating_sub(set_up)))
    }

    /// What was covered, and where it is written.
    fn coverage(&self, sink: &Sink) -> String {
        let destination = sink.name();
        if matches!(sink, Sink::Folder(_)) {
            return destination;
        }
        let edges = self.counts.edges();
        let total = match self.server.info().edges {
            Some(total) => format!(" of {total}"),
            None => String::new(),
        };
        let hint = if edges == 0 && self.server.take_rejections() > 0 {
            ". The harness rejects the input: it returned -1"
        } else if edges == 0 {
            ". No code that tine-cc or tine-c++ compiled was run: was it only used to link?"
        } else {
            ""
        };
        let s = if edges == 1 && total.is_empty() {
            ""
        } else {
            "s"
        };
        format!("{edges}{total} edge{s} covered, {destination}{hint}")
    }

    fn say(&self, what: fmt::Arguments<'_>) {
        if !self.quiet {
            say!("{what}");
        }
    }
}

/// How a run ended, in the order of the exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Verdict {
    #[default]
    Ended,
    TimedOut,
    Crashed,
}

impl Verdict {
    fn of(outcome: Outcome) -> Self {
        if outcome.is_crash() {
            Self::Crashed
        } else if outcome.is_timeout() {
            Self::TimedOut
        } else {
            Self::Ended
        }
    }
}

fn exit_code(verdict: Verdict) -> ExitCode {
    ExitCode::from(verdict as u8)
}

/// What became of a folder of inputs.
#[derive(Debug, Default)]
struct Tally {
    ran: u64,
    timed_out: u64,
    crashed: u64,
    failed: u64,
    worst: Verdict,
}

impl Tally {
    fn add(&mut self, verdict: Verdict) {
        self.ran += 1;
        match verdict {
            Verdict::Ended => {}
            Verdict::TimedOut => self.timed_out += 1,
            Verdict::Crashed => self.crashed += 1,
        }
        self.worst = self.worst.max(verdict);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            ran,
            timed_out,
            crashed,
            failed,
            ..
        } = self;
        let s = if *ran == 1 { "" } else { "s" };
        write!(
            f,
            "{ran} input{s}: {crashed} crashed, {timed_out} timed out"
        )?;
        if *failed > 0 {
            write!(f, ", {failed} could not be run")?;
        }
        Ok(())
    }
}

/// A duration in the unit that suits it.
struct Shown(Duration);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs_f64();
        if seconds >= 1.0 {
            write!(f, "{seconds:.1} s")
        } else {
            write!(f, "{:.1} ms", seconds * 1e3)
        }
    }
}
