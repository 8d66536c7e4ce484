//! `tine cmin`: of many inputs, the few that together cover what all of them do.

mod cover;
mod output;
mod run;
mod traces;

use super::corpus::{
    NewFolder, Servers, Setup, ToolError,
    listing::{self, Input, Kinds, Listing},
};
use crate::{
    cli::CminArgs,
    engine::Control,
    environment::Variables,
    report::text::{counted, grouped},
    target,
    ui::Line,
};
use output::Naming;
use run::{Tally, Wanted};
use std::{
    collections::{HashMap, HashSet},
    ffi::OsString,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};
use tine_controller::{Outcome, signal_name};
use traces::Traces;

/// Bytes that an input counts for on top of its own: an entry of a queue costs
/// something however short it is.
const COST_OF_ENTRY: u64 = 256;

/// Why nothing was kept.
#[derive(Debug, thiserror::Error)]
pub enum CminError {
    /// What can go wrong with either tool.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// A signal came.
    #[error("stopped by {}: nothing was written", signal_name(*.0))]
    Stopped(i32),
    /// No input is of the kind that is wanted.
    #[error("none of the {count} can be kept: on {} the target {outcome}{hint}", .first.display(), count = counted(*.count, "input"))]
    NoneWanted {
        /// How many there are.
        count: u64,
        /// The first one.
        first: PathBuf,
        /// How it ended.
        outcome: Outcome,
        /// What to do.
        hint: &'static str,
    },
    /// No input could be run at all.
    #[error("the target could not be run on any of the inputs")]
    NothingRan,
}

/// Runs the command.
///
/// # Errors
/// When nothing could be kept.
pub fn run(args: &CminArgs, variables: &Variables) -> Result<ExitCode, CminError> {
    let wanted = wanted(args, variables);
    let control = Control::start().map_err(ToolError::Control)?;
    let mut line = Line::new(args.no_ui, variables);
    let kinds = Kinds {
        queue: !args.crashes_only,
        crashes: wanted.crashed || args.crash_dir.is_some(),
        hangs: wanted.timed_out,
    };
    let Listing { inputs, empty } = listing::list(&args.input, kinds).map_err(ToolError::from)?;
    let found = inputs.len() as u64;
    let files = inputs.iter().map(|input| input.path.as_path());
    target::check_no_input(args.target.file.as_deref(), files).map_err(ToolError::from)?;
    let inputs = if args.no_dedup {
        inputs
    } else {
        without_duplicates(inputs, &control, &mut line)
    };
    let folder = NewFolder::make(&args.output)?;
    let setup = Setup {
        target: &args.target,
        timeout: args.timeout.0,
        variables,
    };
    let mut servers = Servers::start(setup, args.workers, inputs.len())?;
    let unwritable = ToolError::output(folder.path());
    let mut traces = Traces::new(folder.path()).map_err(unwritable)?;
    let tally = run::run_all(
        &mut servers.servers,
        &inputs,
        wanted,
        &control,
        &mut line,
        &mut traces,
        folder.path(),
    )?;
    stop(&control)?;
    check(&tally, &traces, &inputs, &servers, args)?;
    // The target's processes are of no use any more.
    drop(servers);

    let costs = costs(&traces, &inputs, args.ignore_time);
    let unreadable = ToolError::output(folder.path());
    let chosen = cover::choose(&traces, &costs).map_err(unreadable)?;
    stop(&control)?;
    // The shortest first, as they were listed.
    let mut kept: Vec<u32> = chosen
        .iter()
        .map(|&trace| traces.known()[trace as usize].input)
        .collect();
    kept.sort_unstable();
    let files: Vec<&Path> = kept
        .iter()
        .map(|&input| inputs[input as usize].path.as_path())
        .collect();
    let naming = Naming {
        as_queue: args.as_queue,
        by_content: variables.is_set("AFL_SHA1_FILENAMES"),
    };
    if output::fill(&folder, &files, naming, &control)?.is_none() {
        stop(&control)?;
    }
    if variables.is_set("AFL_KEEP_TRACES") {
        write_traces(&folder.path().join(".traces"), &traces, &inputs, args)?;
    }
    let crashes = save_crashes(args, &tally, &inputs)?;
    folder.keep();
    line.clear();

    let bytes = |inputs: &mut dyn Iterator<Item = &Input>| inputs.map(|it| it.len).sum::<u64>();
    let (edges, marks) = traces.totals();
    let hits = if args.edges_only {
        String::new()
    } else {
        format!(", {} with their hit counts", grouped(marks))
    };
    let all = counted(found, "input");
    let distinct = inputs.len() as u64;
    let share = if distinct < found {
        format!("{all} ({} different)", grouped(distinct))
    } else {
        all
    };
    say!(
        "kept {} of {share}, {} of {} bytes: they take all {}{hits}{}; written to {}{crashes}",
        grouped(kept.len() as u64),
        grouped(bytes(
            &mut kept.iter().map(|&input| &inputs[input as usize])
        )),
        grouped(bytes(&mut inputs.iter())),
        counted(edges, "edge"),
        left_out(&tally, wanted, empty),
        args.output.display(),
    );
    Ok(ExitCode::SUCCESS)
}

fn wanted(args: &CminArgs, variables: &Variables) -> Wanted {
    let any = args.allow_any || variables.is_set("AFL_CMIN_ALLOW_ANY");
    let crashes_only = args.crashes_only || variables.is_set("AFL_CMIN_CRASHES_ONLY");
    Wanted {
        ended: !crashes_only,
        // Crashes that go to a folder of their own are not kept twice.
        crashed: crashes_only || (any && args.crash_dir.is_none()),
        timed_out: any && !crashes_only,
        edges_only: args.edges_only,
        prints: variables.is_set("AFL_PRINT_FILENAMES"),
    }
}

fn stop(control: &Control) -> Result<(), CminError> {
    control
        .signal()
        .map_or(Ok(()), |signal| Err(CminError::Stopped(signal)))
}

/// Only files of the same length can have the same content.
fn without_duplicates(inputs: Vec<Input>, control: &Control, line: &mut Line) -> Vec<Input> {
    let mut lengths: HashMap<u64, u32> = HashMap::new();
    for input in &inputs {
        *lengths.entry(input.len).or_default() += 1;
    }
    let mut seen = HashSet::new();
    let count = inputs.len() as u64;
    let mut looked_at = 0;
    inputs
        .into_iter()
        .filter(|input| {
            looked_at += 1;
            line.show(|| format!("{} of {} compared", grouped(looked_at), grouped(count)));
            if lengths[&input.len] < 2 || control.signal().is_some() {
                return true;
            }
            // Who cannot be read is told of when it is to be run.
            output::content_hash(&input.path).map_or(true, |hash| seen.insert(hash))
        })
        .collect()
}

/// Whether there is something to choose from.
fn check(
    tally: &Tally,
    traces: &Traces,
    inputs: &[Input],
    servers: &Servers,
    args: &CminArgs,
) -> Result<(), CminError> {
    if !traces.known().is_empty() {
        return Ok(());
    }
    let unwanted = tally.crashed.len() as u64 + tally.timed_out;
    match tally.first_unwanted {
        _ if tally.ran == 0 => Err(CminError::NothingRan),
        Some((first, outcome)) if args.crashes_only || unwanted == tally.ran => {
            Err(CminError::NoneWanted {
                count: tally.ran,
                first: inputs[first as usize].path.clone(),
                outcome,
                hint: if args.crashes_only {
                    ", which is no crash"
                } else if outcome.is_timeout() {
                    ": a longer limit (-t) may help"
                } else {
                    ": -C keeps crashes, -A both"
                },
            })
        }
        _ => {
            let file = servers.target_file().map(|file| file.path.clone());
            let file = file.unwrap_or_default();
            let mut rejections = servers.servers.iter().map(|it| it.take_rejections());
            Err(if rejections.any(|count| count > 0) {
                ToolError::Rejected(file)
            } else {
                ToolError::NoCoverage(file)
            }
            .into())
        }
    }
}

/// An input costs its length, times how much slower than usual it is, in powers of
/// two: what is measured of a fast run is mostly chance.
fn costs(traces: &Traces, inputs: &[Input], ignore_time: bool) -> Vec<u64> {
    let known = traces.known();
    let mut times: Vec<u32> = known.iter().map(|trace| trace.micros).collect();
    times.sort_unstable();
    let usual = times.get(times.len() / 2).copied().unwrap_or(1).max(1);
    known
        .iter()
        .map(|trace| {
            let slower = if ignore_time {
                1
            } else {
                (trace.micros / usual).max(1)
            };
            let factor = 1u64 << slower.ilog2();
            (inputs[trace.input as usize].len + COST_OF_ENTRY) * factor
        })
        .collect()
}

/// What was not looked at, for the last sentence.
fn left_out(tally: &Tally, wanted: Wanted, empty: u64) -> String {
    let mut text = String::new();
    let crashed = tally.crashed.len() as u64;
    for (count, what, applies) in [
        (crashed, "crashed", !wanted.crashed),
        (tally.timed_out, "took too long", !wanted.timed_out),
        (empty, "left out, empty", true),
        (tally.failed, "could not be run", true),
        (tally.cut, "are longer than what the target is given", true),
    ] {
        if applies && count > 0 {
            // Writing to a string cannot fail.
            let _ = write!(text, "; {} {what}", grouped(count));
        }
    }
    text
}

/// Copies the crashes to a folder of their own. Returns the end of the last sentence.
fn save_crashes(args: &CminArgs, tally: &Tally, inputs: &[Input]) -> Result<String, CminError> {
    let Some(folder) = &args.crash_dir else {
        return Ok(String::new());
    };
    let mut crashed = tally.crashed.clone();
    crashed.sort_unstable();
    let files: Vec<&Path> = crashed
        .iter()
        .map(|&input| inputs[input as usize].path.as_path())
        .collect();
    let count = output::gather(folder, &files)?;
    Ok(format!(
        ", {} to {}",
        counted(count, "crash"),
        folder.display()
    ))
}

/// Writes each trace as `tine showmap` would, for those who want to look.
fn write_traces(
    folder: &Path,
    traces: &Traces,
    inputs: &[Input],
    args: &CminArgs,
) -> Result<(), CminError> {
    fs::create_dir(folder).map_err(ToolError::output(folder))?;
    let mut names = super::corpus::Names::default();
    let mut buffer = Vec::new();
    for (number, known) in traces.known().iter().enumerate() {
        let path = &inputs[known.input as usize].path;
        let name: OsString = names.unique(path.file_name().unwrap_or_default());
        let mut text = String::new();
        let each = traces.each(number as u32, &mut buffer, |mark| {
            let (edge, bucket) = traces::edge_of(mark);
            let class = if args.edges_only { 1 } else { bucket + 1 };
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{edge:06}:{class}");
        });
        let path = folder.join(name);
        each.and_then(|()| fs::write(&path, text))
            .map_err(ToolError::output(&path))?;
    }
    Ok(())
}
