//! The executor for LibAFL against LibAFL's own, in turn (A B C, then C B A, …) on one
//! core: runs a second of LibAFL's standard fuzzer, each executor with the target that is
//! built for it, and LibAFL's with that of `tine-cc` too.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use super::peer::Peer;
use super::summary::Summary;
use super::{fuzzer::neutral_environment, machine, release, save};
use crate::real::{self, Catalogue};
use crate::{paths, shell};

/// What to measure.
#[derive(clap::Args)]
pub struct Args {
    /// How many times each executor gets its turn
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Seconds of one turn
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Core that all of it runs on [default: the last one]
    #[arg(long)]
    core: Option<usize>,
    /// Real target to run; repeatable [default: tiny and png]
    #[arg(long = "target", value_name = "NAME")]
    targets: Vec<String>,
    /// Version of AFL++ that builds for LibAFL's executor
    #[arg(long, value_enum, default_value_t = Peer::V440)]
    peer: Peer,
}

/// What `forkserver/libafl/benches/executor.rs` prints.
#[derive(Serialize, Deserialize)]
struct Turn {
    runs: u64,
    seconds: f64,
    map_size: usize,
    edges: usize,
}

#[derive(Serialize)]
struct Report {
    machine: String,
    load: String,
    peer: String,
    seconds: f64,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    target: String,
    contestants: Vec<Contestant>,
}

/// An executor with a build of the target.
#[derive(Serialize)]
struct Contestant {
    executor: &'static str,
    build: &'static str,
    #[serde(skip)]
    program: PathBuf,
    turns: Vec<Turn>,
    /// Runs a second.
    speed: Option<Summary>,
    /// The same divided by that of the first contestant, round by round.
    ratio: Option<Summary>,
}

impl Contestant {
    fn new(executor: &'static str, build: &'static str, program: &Path) -> Contestant {
        Contestant {
            executor,
            build,
            program: program.to_owned(),
            turns: Vec::new(),
            speed: None,
            ratio: None,
        }
    }

    fn speeds(&self) -> Vec<f64> {
        let speed = |turn: &Turn| turn.runs as f64 / turn.seconds;
        self.turns.iter().map(speed).collect()
    }
}

/// Measures, and prints a table.
pub fn run(args: &Args) -> Result<()> {
    if args.rounds == 0 || args.seconds <= 0.0 {
        bail!("--rounds must be at least 1, and --seconds more than 0");
    }
    let targets = match args.targets.is_empty() {
        true => vec!["tiny".into(), "png".into()],
        false => args.targets.clone(),
    };
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let core = args.core.unwrap_or(cores - 1);
    let catalogue = Catalogue::load()?;
    let by_tine = real::build(&catalogue, &targets, &args.peer.tine_cc(&release()?, "")?)?;
    let by_afl = real::build(&catalogue, &targets, &args.peer.compiler("")?)?;
    let bench = bench()?;

    let load = std::fs::read_to_string("/proc/loadavg").context("cannot read /proc/loadavg")?;
    let mut report = Report {
        machine: machine(),
        load: load.split(' ').next().unwrap_or_default().into(),
        peer: args.peer.version()?,
        seconds: args.seconds,
        rows: Vec::new(),
    };
    println!(
        "{}, load {}; {}; {} turns of {} s each, on core {core}",
        report.machine, report.load, report.peer, args.rounds, args.seconds
    );
    println!("runs a second, and the ratio to the first: median (least to most)\n");
    println!("| target | executor | built by | map | edges | runs/s | ratio |");
    println!("|---|---|---|---:|---:|---:|---:|");
    for (ours, theirs) in by_tine.into_iter().zip(by_afl) {
        let mut contestants = vec![
            Contestant::new("tine", "tine-cc", &ours.path),
            Contestant::new("libafl", "afl-clang-fast", &theirs.path),
            Contestant::new("libafl", "tine-cc", &ours.path),
        ];
        for round in 0..args.rounds {
            let mut order: Vec<usize> = (0..contestants.len()).collect();
            if round % 2 == 1 {
                order.reverse();
            }
            for index in order {
                let contestant = &mut contestants[index];
                let mut command = Command::new(&bench);
                command.arg(contestant.executor).arg(&contestant.program);
                command.arg(&ours.seeds).arg(args.seconds.to_string());
                command.arg(core.to_string());
                neutral_environment(&mut command);
                contestant.turns.push(turn(command)?);
            }
        }
        let first = contestants[0].speeds();
        for contestant in &mut contestants {
            let speeds = contestant.speeds();
            contestant.speed = Summary::of(speeds.iter().copied());
            contestant.ratio = Summary::of(speeds.iter().zip(&first).map(|(one, two)| one / two));
            print(&ours.name, contestant);
        }
        report.rows.push(Row {
            target: ours.name,
            contestants,
        });
    }
    println!("\nkept in {}", save("libafl.json", &report)?.display());
    Ok(())
}

/// Builds the program that has the turns. Returns its path.
fn bench() -> Result<PathBuf> {
    let mut cargo = Command::new(paths::cargo());
    cargo.args(["bench", "--package", "tine-libafl", "--bench", "executor"]);
    cargo.args(["--no-run", "--message-format=json-render-diagnostics"]);
    cargo.current_dir(paths::root()).stderr(Stdio::inherit());
    eprintln!("$ {}", shell::line(&cargo));
    let output = cargo.output().context("cannot run cargo")?;
    ensure!(
        output.status.success(),
        "the bench does not build, see above"
    );
    let text = String::from_utf8_lossy(&output.stdout);
    let mut artifacts = text.lines().filter_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let is_it = message["target"]["name"] == "executor";
        is_it.then(|| message["executable"].as_str().map(PathBuf::from))?
    });
    artifacts.next_back().context("cargo tells of no program")
}

fn turn(mut command: Command) -> Result<Turn> {
    command.stderr(Stdio::inherit());
    let output = command
        .output()
        .with_context(|| format!("cannot start `{}`", shell::line(&command)))?;
    ensure!(
        output.status.success(),
        "`{}` failed, see above",
        shell::line(&command)
    );
    serde_json::from_slice(&output.stdout)
        .with_context(|| format!("`{}` printed no JSON", shell::line(&command)))
}

fn print(target: &str, contestant: &Contestant) {
    let (Some(speed), Some(ratio), Some(turn)) =
        (contestant.speed, contestant.ratio, contestant.turns.first())
    else {
        return;
    };
    println!(
        "| {target} | {} | {} | {} | {} | {:.0} ({:.0} to {:.0}) | {:.2} ({:.2} to {:.2}) |",
        contestant.executor,
        contestant.build,
        turn.map_size,
        turn.edges,
        speed.median,
        speed.min,
        speed.max,
        ratio.median,
        ratio.min,
        ratio.max,
    );
}
