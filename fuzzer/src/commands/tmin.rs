//! `tine tmin`: an input as short and plain as it can be, that does the same.

mod goal;
mod minimize;
mod modules;
mod stack;

use super::corpus::{
    self, Names, NewFolder, Servers, Setup, ToolError,
    listing::{self, Input, Kinds},
};
use crate::{
    cli::TminArgs,
    engine::Control,
    environment::Variables,
    report::{
        store::Replacement,
        text::{counted, grouped},
    },
    target,
    ui::Line,
};
use goal::{GoalError, Judge};
use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};
use tine_controller::signal_name;

/// Why an input is not made small.
#[derive(Debug, thiserror::Error)]
pub enum TminError {
    /// What can go wrong with either tool.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// The input cannot be read.
    #[error("cannot read {}: {source}", .path.display())]
    Input {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is nothing to make small.
    #[error("{} is empty: there is nothing to make shorter", .0.display())]
    Empty(PathBuf),
    /// The result would replace the input.
    #[error("-i and -o name the same file, {}: give another name for the result", .0.display())]
    SameFile(PathBuf),
    /// A file for the result of a file.
    #[error("-o {} is a folder, but -i is a file: give the name of a file", .0.display())]
    OutputIsFolder(PathBuf),
    /// The input cannot be made small.
    #[error("{}: {source}", .path.display())]
    Goal {
        /// The input.
        path: PathBuf,
        /// Why.
        source: GoalError,
    },
    /// A signal came.
    #[error("stopped by {}: {what}", signal_name(*.signal))]
    Stopped {
        /// The signal.
        signal: i32,
        /// What was written.
        what: String,
    },
    /// None of the inputs of a folder could be made small.
    #[error("none of the {} could be made shorter, for the reasons above", counted(*.0, "input"))]
    None(u64),
}

/// Runs the command.
///
/// # Errors
/// When no input could be made small, or a signal came.
pub fn run(args: &TminArgs, variables: &Variables) -> Result<ExitCode, TminError> {
    let control = Control::start().map_err(ToolError::Control)?;
    let metadata = fs::metadata(&args.input).map_err(|source| TminError::Input {
        path: args.input.clone(),
        source,
    })?;
    if metadata.is_dir() {
        many(args, variables, &control)
    } else {
        one(args, variables, &control)
    }
}

fn setup<'a>(args: &'a TminArgs, variables: &'a Variables) -> Setup<'a> {
    Setup {
        target: &args.target,
        timeout: args.timeout.0,
        variables,
    }
}

/// What became of an input.
struct Small {
    before: usize,
    bytes: Vec<u8>,
    replaced: usize,
    runs: u64,
    kept: String,
    /// A signal came before it was done.
    stopped: Option<i32>,
}

fn one(args: &TminArgs, variables: &Variables, control: &Control) -> Result<ExitCode, TminError> {
    if args.output.is_dir() {
        return Err(TminError::OutputIsFolder(args.output.clone()));
    }
    if super::showmap::is_same(&args.input, &args.output) {
        return Err(TminError::SameFile(args.output.clone()));
    }
    let input = [args.input.as_path()];
    target::check_no_input(args.target.file.as_deref(), input).map_err(ToolError::from)?;
    let mut servers = Servers::start(setup(args, variables), args.workers, 1)?;
    let (Some(server), Some(target)) = (servers.servers.pop(), servers.targets.first()) else {
        return Ok(ExitCode::FAILURE);
    };
    let mut judge = Judge::new(server, target, args, variables, control);
    let mut line = Line::new(args.no_ui, variables);
    let small = shrink(&args.input, args, &mut judge, |runs, len, kept| {
        line.show(|| {
            format!(
                "{}, {} left; stays: {kept}",
                counted(runs, "run"),
                bytes(len)
            )
        });
    })?;
    line.clear();
    write(&args.output, &small.bytes)?;
    let output = args.output.display();
    if let Some(signal) = small.stopped {
        let what = format!(
            "the shortest input so far ({} of {}) is in {output}",
            grouped(small.bytes.len() as u64),
            bytes(small.before)
        );
        return Err(TminError::Stopped { signal, what });
    }
    say!("{}; written to {output}", summary(&small));
    Ok(ExitCode::SUCCESS)
}

fn many(args: &TminArgs, variables: &Variables, control: &Control) -> Result<ExitCode, TminError> {
    let kinds = Kinds {
        queue: !args.hang,
        crashes: false,
        hangs: args.hang,
    };
    let listing = listing::list(std::slice::from_ref(&args.input), kinds);
    let inputs = listing.map_err(ToolError::from)?.inputs;
    let files = inputs.iter().map(|input| input.path.as_path());
    target::check_no_input(args.target.file.as_deref(), files).map_err(ToolError::from)?;
    let folder = NewFolder::make(&args.output)?;
    let Servers {
        servers,
        targets,
        folders: files,
    } = Servers::start(setup(args, variables), args.workers, inputs.len())?;
    let mut names = Names::default();
    let named: Vec<(Input, OsString)> = inputs
        .into_iter()
        .map(|input| {
            let name = names.unique(input.path.file_name().unwrap_or_default());
            (input, name)
        })
        .collect();
    let next = AtomicUsize::new(0);
    let shared = Mutex::new((Line::new(args.no_ui, variables), Totals::default()));
    thread::scope(|scope| {
        for (server, target) in servers.into_iter().zip(&targets) {
            let (next, shared, named, folder) = (&next, &shared, &named, folder.path());
            scope.spawn(move || {
                let mut judge = Judge::new(server, target, args, variables, control);
                while control.signal().is_none()
                    && let Some((input, name)) = named.get(next.fetch_add(1, Relaxed))
                {
                    let result = shrink(&input.path, args, &mut judge, |_, _, _| {
                        let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
                        let (line, totals) = &mut *shared;
                        line.show(|| totals.progress(named.len()));
                    });
                    let result = result.and_then(|small| {
                        // Only what is done is written, unless it is shorter already.
                        if small.stopped.is_none() || small.bytes.len() < small.before {
                            write(&folder.join(name), &small.bytes)?;
                        }
                        Ok(small)
                    });
                    let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
                    let (line, totals) = &mut *shared;
                    totals.add(&input.path, result, line);
                }
            });
        }
    });
    drop(files);
    let (mut line, totals) = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    line.clear();
    let output = args.output.display();
    let count = named.len() as u64;
    if totals.done == 0 && control.signal().is_none() {
        return Err(TminError::None(count));
    }
    if totals.done > 0 {
        folder.keep();
    }
    let what = format!(
        "{} of {} done, {} became {}",
        grouped(totals.done),
        counted(count, "input"),
        bytes(totals.before),
        bytes(totals.after),
    );
    if let Some(signal) = control.signal() {
        let what = format!("{what}; what is there is in {output}");
        return Err(TminError::Stopped { signal, what });
    }
    say!(
        "{what} in {}; written to {output}",
        counted(totals.runs, "run")
    );
    Ok(ExitCode::SUCCESS)
}

/// Sums over the inputs of a folder.
#[derive(Debug, Default)]
struct Totals {
    done: u64,
    failed: u64,
    before: usize,
    after: usize,
    runs: u64,
}

impl Totals {
    fn add(&mut self, path: &Path, result: Result<Small, TminError>, line: &mut Line) {
        match result {
            Ok(small) if small.stopped.is_some() => {}
            Ok(small) => {
                self.done += 1;
                self.before += small.before;
                self.after += small.bytes.len();
                self.runs += small.runs;
                line.note(format_args!("{}: {}", path.display(), summary(&small)));
            }
            Err(error) => {
                self.failed += 1;
                line.note(format_args!("{error}"));
            }
        }
    }

    fn progress(&self, count: usize) -> String {
        format!(
            "{} of {} done",
            grouped(self.done + self.failed),
            counted(count as u64, "input")
        )
    }
}

/// Makes the input in a file small. A signal ends it early.
fn shrink(
    path: &Path,
    args: &TminArgs,
    judge: &mut Judge<'_>,
    mut progress: impl FnMut(u64, usize, &str),
) -> Result<Small, TminError> {
    let failed = |source| TminError::Goal {
        path: path.to_owned(),
        source,
    };
    let (mut input, is_cut) = corpus::read(path).map_err(|source| TminError::Input {
        path: path.to_owned(),
        source,
    })?;
    if is_cut {
        say!(
            "{} is longer than what the target is given: its end is left out",
            path.display()
        );
    }
    if input.is_empty() {
        return Err(TminError::Empty(path.to_owned()));
    }
    let before = input.len();
    let runs = judge.runs;
    judge.kept.clear();
    judge.learn(&input).map_err(failed)?;
    let kept = judge.kept.clone();
    let minimized = minimize::minimize(&mut input, args.least_block, |trial| {
        progress(judge.runs - runs, trial.len(), &kept);
        judge.keeps(trial)
    });
    let (replaced, stopped) = match minimized {
        Ok(done) => (done.replaced, None),
        Err(GoalError::Stopped(signal)) => (0, Some(signal)),
        Err(error) => return Err(failed(error)),
    };
    Ok(Small {
        before,
        bytes: input,
        replaced,
        runs: judge.runs - runs,
        kept,
        stopped,
    })
}

fn summary(small: &Small) -> String {
    let after = small.bytes.len();
    let left = match after {
        0 => ": every input does that, is the command line right?".to_owned(),
        _ => String::new(),
    };
    format!(
        "{} became {}, {} made plain, in {}; kept: {}{left}",
        bytes(small.before),
        grouped(after as u64),
        grouped(small.replaced as u64),
        counted(small.runs, "run"),
        small.kept
    )
}

fn bytes(count: usize) -> String {
    counted(count as u64, "byte")
}

/// Writes the file whole or not at all.
fn write(path: &Path, content: &[u8]) -> Result<(), TminError> {
    Ok(Replacement::write(path, content).map_err(ToolError::output(path))?)
}
