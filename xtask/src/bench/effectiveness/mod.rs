//! What tine and afl-fuzz find in the same time, or in as many runs: edges of real
//! targets, counted by a program of its own, and planted bugs.
//!
//! Both fuzzers take turns on one core (A B, then B A, …), from the same seeds, with
//! their defaults, in persistent mode, each with the target that its own compiler made
//! of the same sources with the same clang and flags.

mod edges;
mod figures;
mod planted;
mod plot;
mod session;
mod statistics;
mod subject;
mod table;

use std::fmt::Write;
use std::fs;
use std::num::NonZero;
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, bail};

use super::fuzzer::Side;
use super::peer::Peer;
use super::{machine, save, scratch_dir};
use crate::shell;
use figures::{Figures, Hunt, Length, Program, Session, Target};
use session::{Conditions, Interrupt, Outcome};
use subject::{Selection, Subject};

/// What to measure.
#[derive(clap::Args)]
pub struct Args {
    /// Minutes of fuzzing in all, from which the seconds of a session follow
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// Sessions of each fuzzer on each target, each with random numbers of its own
    #[arg(long, default_value_t = 5)]
    seeds: usize,
    /// Targets, or `real`, or `planted` [default: all]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    targets: Vec<String>,
    /// Seconds of each session, in place of --minutes
    #[arg(long, value_name = "SECONDS", conflicts_with_all = ["minutes", "runs"])]
    seconds_per_run: Option<u64>,
    /// As many runs of the target in each session, however long they take; repeatable,
    /// and not disturbed by what else the machine does
    #[arg(long, value_name = "COUNT", conflicts_with = "minutes")]
    runs: Option<u64>,
    /// Version of AFL++ [default: 4.04c; 4.40c with --cmplog]
    #[arg(long)]
    peer: Option<Peer>,
    /// Both fuzzers log compares (-c)
    #[arg(long)]
    cmplog: bool,
    /// Core that both run on [default: the last one; none with --runs]
    #[arg(long)]
    core: Option<usize>,
    /// Folder with the `tine` and `tine-cc` to measure [default: built from this workspace]
    #[arg(long, value_name = "FOLDER")]
    tine: Option<PathBuf>,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
    /// Keep the figures and pictures for docs/benchmarks.md; of all targets, or of a kind
    #[arg(long, conflicts_with = "tine")]
    write: bool,
}

/// The page of the documentation, and its generated part.
pub const PAGE: &str = "docs/benchmarks.md";
/// The name of that part.
pub const PART: &str = "effectiveness";

/// The generated part: all figures that were kept, with their pictures.
pub fn docs() -> Result<String> {
    let kept = Figures::kept()?;
    if kept.is_empty() {
        return Ok("No figures are kept yet.".into());
    }
    let mut text = String::new();
    for figures in &kept {
        let _ = write!(
            text,
            "### {}\n\n{}\n",
            figures.title(),
            table::markdown(figures)
        );
        for plot in plot::all(figures)? {
            let _ = writeln!(text, "{}", plot.markdown());
        }
        text.push('\n');
    }
    Ok(text)
}

impl Args {
    /// All targets, for docs/benchmarks.md.
    pub fn for_the_docs(peer: Peer, minutes: u64) -> Args {
        Args {
            minutes,
            seeds: 5,
            targets: Vec::new(),
            seconds_per_run: None,
            runs: None,
            peer: Some(peer),
            cmplog: false,
            core: None,
            tine: None,
            json: false,
            write: true,
        }
    }

    /// The other fuzzer.
    fn peer(&self) -> Result<Peer> {
        match (self.peer, self.cmplog) {
            (Some(Peer::V404), true) => bail!(
                "afl-fuzz 4.04c runs the target itself in place of the program that -c names, and \
                 so learns nothing; leave out --peer, and 4.40c is measured"
            ),
            (Some(peer), _) => Ok(peer),
            (None, true) => Ok(Peer::V440),
            (None, false) => Ok(Peer::V404),
        }
    }
}

/// Kinds of targets, as `--targets` names them.
const KINDS: [&str; 2] = ["real", "planted"];

/// Load from which on a machine is not quiet.
const QUIET: f64 = 0.5;

/// Measures, prints, and keeps the result.
pub fn run(args: &Args) -> Result<()> {
    if args.seeds == 0 || args.minutes == 0 || args.seconds_per_run == Some(0) {
        bail!("--seeds, --minutes and --seconds-per-run must be at least 1");
    }
    if args.write
        && args
            .targets
            .iter()
            .any(|name| !KINDS.contains(&name.as_str()))
    {
        bail!(
            "--write keeps the figures of a whole kind of targets: leave out --targets, or give real or planted"
        );
    }
    let peer = args.peer()?;
    let selection = Selection::of(&args.targets)?;
    let length = length(args, selection.len())?;
    let subjects = selection.build(args, peer)?;
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let measurement = Measurement {
        sessions: args.seeds,
        length,
        core: match (args.core, length) {
            (Some(core), _) => Some(core),
            (None, Length::Seconds(_)) => Some(cores - 1),
            (None, Length::Runs(_)) => None,
        },
        interrupt: Interrupt::notice()?,
    };
    let mut figures = Figures {
        date: capture("date", &["-u", "+%F"])?,
        machine: machine(),
        kernel: capture("uname", &["-sr"])?,
        load: load(),
        peer: peer.version()?,
        compiler: peer.clang()?,
        length,
        sessions: args.seeds,
        cmplog: args.cmplog,
        targets: Vec::new(),
        programs: Vec::new(),
    };
    let is_timed = matches!(length, Length::Seconds(_));
    if is_timed && figures.load > QUIET {
        eprintln!(
            "the machine is not quiet (load {:.1}): what is found in a time means little; --runs \
             compares by runs",
            figures.load
        );
    }
    let name = format!("{}.json", figures.name());
    for subject in &subjects {
        match &subject.bugs {
            None => figures.targets.push(measurement.target(subject)?),
            Some(bugs) => figures.programs.push(measurement.program(subject, bugs)?),
        }
        // A long measurement that is broken off keeps what it has.
        save(&name, &figures)?;
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&figures)?);
    } else {
        println!("{}", table::markdown(&figures));
    }
    eprintln!("kept in {}", save(&name, &figures)?.display());
    if args.write {
        write(&figures)?;
    }
    Ok(())
}

/// Puts the figures into the documentation.
fn write(figures: &Figures) -> Result<()> {
    figures.write()?;
    for plot in plot::all(figures)? {
        plot.write()?;
    }
    crate::docs::write(PAGE, PART, &docs()?)
}

/// How long a session is, so that all of them take as long as was asked for.
fn length(args: &Args, subjects: usize) -> Result<Length> {
    if let Some(runs) = args.runs {
        return Ok(Length::Runs(runs));
    }
    if let Some(seconds) = args.seconds_per_run {
        return Ok(Length::Seconds(seconds));
    }
    let sessions = (subjects * args.seeds * 2).max(1) as u64;
    let seconds = args.minutes * 60 / sessions;
    if seconds == 0 {
        bail!(
            "{sessions} sessions do not fit into {} minutes; --minutes {} gives each a second, or \
             name fewer --targets",
            args.minutes,
            sessions.div_ceil(60)
        );
    }
    Ok(Length::Seconds(seconds))
}

/// How sessions are measured.
struct Measurement {
    sessions: usize,
    length: Length,
    core: Option<usize>,
    interrupt: Interrupt,
}

impl Measurement {
    fn target(&self, subject: &Subject) -> Result<Target> {
        let scratch = scratch_dir()?;
        let mut target = Target {
            name: subject.name.clone(),
            seed_edges: edges::of_folder(&subject.judge, &subject.seeds, scratch.path())?,
            tine: Vec::new(),
            afl: Vec::new(),
        };
        self.in_turn(subject, |side, outcome, scratch| {
            let curve = edges::curve(&subject.judge, &outcome.queue, scratch)?;
            let session = Session {
                runs: outcome.runs,
                runs_per_second: outcome.runs_per_second,
                corpus: outcome.queue.len() as u64,
                edges: curve.last().map_or(0, |point| point.1),
                curve: edges::thinned(&curve),
            };
            eprintln!(
                "{:8} {:8} {:6} edges, {:5} in the corpus, {:9} runs, {:7.0} a second",
                subject.name,
                side.name(),
                session.edges,
                session.corpus,
                session.runs,
                session.runs_per_second
            );
            match side {
                Side::Tine => target.tine.push(session),
                Side::Afl => target.afl.push(session),
            }
            Ok(())
        })?;
        Ok(target)
    }

    fn program(&self, subject: &Subject, bugs: &[String]) -> Result<Program> {
        let mut program = Program {
            name: subject.name.clone(),
            bugs: bugs.to_vec(),
            tine: Vec::new(),
            afl: Vec::new(),
        };
        self.in_turn(subject, |side, outcome, _| {
            let hunt = Hunt {
                runs: outcome.runs,
                runs_per_second: outcome.runs_per_second,
                found: planted::found(&subject.judge, &outcome.crashes)?,
            };
            eprintln!(
                "{:8} {:8} {} of {} bugs, {:9} runs, {:7.0} a second",
                subject.name,
                side.name(),
                hunt.found.len(),
                bugs.len(),
                hunt.runs,
                hunt.runs_per_second
            );
            match side {
                Side::Tine => program.tine.push(hunt),
                Side::Afl => program.afl.push(hunt),
            }
            Ok(())
        })?;
        Ok(program)
    }

    /// The sessions on one target: A B, then B A, and so on.
    fn in_turn(
        &self,
        subject: &Subject,
        mut take: impl FnMut(Side, Outcome, &std::path::Path) -> Result<()>,
    ) -> Result<()> {
        for number in 0..self.sessions {
            let order = match number % 2 {
                0 => [Side::Tine, Side::Afl],
                _ => [Side::Afl, Side::Tine],
            };
            for side in order {
                self.interrupt.check()?;
                let scratch = scratch_dir()?;
                let conditions = Conditions {
                    seeds: &subject.seeds,
                    output: scratch.path().join("out"),
                    length: self.length,
                    core: self.core,
                    // tine leaves times out of account with -s, which is not its default.
                    random_seed: matches!(self.length, Length::Runs(_))
                        .then_some(number as u64 + 1),
                };
                let contestant = subject.contestant(side);
                let outcome = contestant
                    .run(&conditions, &self.interrupt)
                    .with_context(|| format!("{} on {}", side.name(), subject.name))?;
                take(side, outcome, scratch.path())?;
            }
        }
        Ok(())
    }
}

fn capture(program: &str, arguments: &[&str]) -> Result<String> {
    let text = shell::capture(Command::new(program).args(arguments))?;
    Ok(text.trim().into())
}

/// The load of the last minute.
fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = text.split(' ').next().and_then(|load| load.parse().ok());
    load.unwrap_or_default()
}
