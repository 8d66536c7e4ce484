//! What a run costs when the program is executed for each input, forked for each
//! input, or kept: the same program, the same input, in turn, on one core.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::num::NonZero;
use std::path::PathBuf;
use std::process::{self, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, io, thread};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use tine_controller::{ForkServer, Outcome, TargetConfig};

use super::machine;
use super::proc_stat::{self, Usage};
use super::summary::Summary;
use crate::real::Compiler;
use crate::{paths, shell};

/// Where `--write` keeps the result, from the workspace's root.
pub const DATA: &str = "docs/data/spawn.json";
const SOURCE: &str = "xtask/src/bench/spawn.c";
const INPUT: &[u8] = b"tines";
/// Runs of the shorter and of the longer trace: the difference is free of the start.
const TRACED: [u32; 2] = [20, 120];

/// What to measure.
#[derive(clap::Args)]
pub struct Args {
    /// How many times each way gets its turn
    #[arg(long, default_value_t = 31)]
    rounds: usize,
    /// Runs of one turn
    #[arg(long, default_value_t = 200)]
    runs: u32,
    /// Core that all of it runs on [default: the last one]
    #[arg(long)]
    core: Option<usize>,
    /// Keep the result in docs/data/spawn.json, from which the book's table is made
    #[arg(long)]
    write: bool,
    /// Only this way, once, for a trace of its system calls
    #[arg(long, hide = true)]
    only: Option<String>,
}

/// A measurement, as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Day of the measurement.
    pub date: String,
    /// Processor and number of cores.
    pub machine: String,
    /// Name and release of the kernel.
    pub kernel: String,
    /// Load average over a minute when it began: how much else the machine had to do.
    pub load: f64,
    /// Turns of each way.
    pub rounds: usize,
    /// Runs of a turn.
    pub runs: u32,
    /// One entry a way.
    pub ways: Vec<WayReport>,
}

/// What a run costs one way.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WayReport {
    /// What is done, in words.
    pub way: String,
    /// Time of a run in microseconds.
    pub microseconds: Summary,
    /// Time of a run, the first way's divided by this one's, round by round.
    pub times_faster: Summary,
    /// System calls a run on the side that asks for it, with those between fork and
    /// exec.
    pub asking_calls: f64,
    /// System calls a run in the program's processes.
    pub program_calls: f64,
    /// Minor page faults a run, of all processes.
    pub page_faults: f64,
}

/// A way to run the program on an input.
#[derive(Clone, Copy)]
struct Way {
    name: &'static str,
    about: &'static str,
    program: &'static str,
    flags: &'static [&'static str],
    server: bool,
}

const WAYS: [Way; 4] = [
    Way {
        name: "dynamic",
        about: "fork + exec, dynamically linked",
        program: "spawn",
        flags: &[],
        server: false,
    },
    Way {
        name: "static",
        about: "fork + exec, statically linked",
        program: "spawn-static",
        flags: &["-static"],
        server: false,
    },
    Way {
        name: "fork",
        about: "fork server, a child a run",
        program: "spawn",
        flags: &[],
        server: true,
    },
    Way {
        name: "persistent",
        about: "fork server, a persistent child",
        program: "spawn-persistent",
        flags: &["-DPERSISTENT"],
        server: true,
    },
];

/// Measures, prints, and keeps the result if that was asked for.
pub fn run(args: &Args) -> Result<()> {
    if args.rounds == 0 || args.runs == 0 {
        bail!("--rounds and --runs must be at least 1");
    }
    if let Some(name) = &args.only {
        let way = WAYS.iter().find(|way| way.name == name);
        let way = way.with_context(|| format!("there is no way `{name}`"))?;
        // Nothing else: what a look at /proc takes depends on what else runs.
        let mut runner = Runner::new(way)?;
        return (0..args.runs).try_for_each(|_| runner.once());
    }
    if cfg!(debug_assertions) {
        return again_optimised();
    }
    build()?;
    // Bound to one core, this process would see no other.
    let machine = machine();
    let load = load()?;
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    stay_on(args.core.unwrap_or(cores - 1))?;

    let mut runners = WAYS.iter().map(Runner::new).collect::<Result<Vec<_>>>()?;
    let mut turns = vec![Vec::new(); WAYS.len()];
    let mut faults = vec![Vec::new(); WAYS.len()];
    for round in 0..=args.rounds {
        let mut order: Vec<usize> = (0..WAYS.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for way in order {
            let turn = runners[way].turn(args.runs)?;
            // The first round warms up.
            if round > 0 {
                turns[way].push(turn.microseconds);
                faults[way].push(turn.faults);
            }
        }
    }
    drop(runners);

    let mut ways = Vec::new();
    for (index, way) in WAYS.iter().enumerate() {
        let faster = turns[0].iter().zip(&turns[index]).map(|(a, b)| a / b);
        let (asking_calls, program_calls) = count_calls(way)?;
        ways.push(WayReport {
            way: way.about.into(),
            microseconds: Summary::of(turns[index].iter().copied()).context("no turns")?,
            times_faster: Summary::of(faster).context("no turns")?,
            asking_calls,
            program_calls,
            page_faults: Summary::of(faults[index].iter().copied())
                .context("no turns")?
                .median,
        });
    }
    let report = Report {
        date: capture("date", "+%Y-%m-%d")?,
        machine,
        kernel: capture("uname", "-sr")?,
        load,
        rounds: args.rounds,
        runs: args.runs,
        ways,
    };
    println!("{}", table(&report));
    if args.write {
        let path = paths::root().join(DATA);
        let text = serde_json::to_string_pretty(&report)? + "\n";
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        println!("kept in {DATA}; `cargo xtask docs` makes the table of it");
    }
    Ok(())
}

/// The generated part of the book: what [`DATA`] holds.
pub fn docs() -> Result<String> {
    let path = paths::root().join(DATA);
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let report = serde_json::from_str(&text).with_context(|| format!("{DATA} is not a report"))?;
    Ok(table(&report))
}

fn table(report: &Report) -> String {
    let mut text = String::from(
        "| a run | µs (least to most) | times faster (least to most) | calls, asking side | calls, program | page faults |\n\
         |---|--:|--:|--:|--:|--:|\n",
    );
    for way in &report.ways {
        let time = way.microseconds;
        text += &format!(
            "| {} | {:.1} ({:.1} to {:.1}) | {:.1} ({:.1} to {:.1}) | {:.1} | {:.1} | {:.1} |\n",
            way.way,
            time.median,
            time.min,
            time.max,
            way.times_faster.median,
            way.times_faster.min,
            way.times_faster.max,
            way.asking_calls,
            way.program_calls,
            way.page_faults,
        );
    }
    text + &format!(
        "\n{}; {}; {}; load average {:.1}. Medians of {} turns of {} runs each, in turn, all on \
         one core.",
        report.date, report.machine, report.kernel, report.load, report.rounds, report.runs
    )
}

/// A debug build would measure the lack of optimisation of the asking side.
fn again_optimised() -> Result<()> {
    let mut command = Command::new(paths::cargo());
    command.args(["run", "--quiet", "--release", "--package", "xtask", "--"]);
    command.args(env::args_os().skip(1));
    shell::run(command.current_dir(paths::root()))
}

fn folder() -> PathBuf {
    paths::target_dir().join("bench/spawn")
}

fn build() -> Result<()> {
    let compiler = Compiler::tine_cc(None)?;
    let folder = folder();
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for way in &WAYS {
        let mut command = compiler.command();
        command.arg("-O2").args(way.flags).arg("-o");
        command
            .arg(folder.join(way.program))
            .arg(paths::root().join(SOURCE));
        shell::run(&mut command)?;
    }
    Ok(())
}

fn load() -> Result<f64> {
    let text = fs::read_to_string("/proc/loadavg").context("cannot read /proc/loadavg")?;
    let first = text.split_ascii_whitespace().next().unwrap_or_default();
    first.parse().context("/proc/loadavg has no number")
}

/// Binds this process, and with it all that it starts, to a core.
fn stay_on(core: usize) -> Result<()> {
    let mut command = Command::new("taskset");
    command.args(["-c", "-p", &core.to_string(), &process::id().to_string()]);
    shell::capture(&mut command).map(drop)
}

fn capture(program: &str, argument: &str) -> Result<String> {
    let text = shell::capture(Command::new(program).arg(argument))?;
    Ok(text.trim().to_owned())
}

/// Runs the program one way.
enum Runner {
    /// The program is executed for each run; its input is this file.
    Exec(PathBuf, File),
    /// It is executed once.
    Server(Box<ForkServer>),
}

struct Turn {
    /// Of a run.
    microseconds: f64,
    /// Of a run.
    faults: f64,
}

impl Runner {
    fn new(way: &Way) -> Result<Runner> {
        let program = folder().join(way.program);
        if !way.server {
            let input = folder().join(format!("{}.input", way.name));
            fs::write(&input, INPUT)
                .with_context(|| format!("cannot write {}", input.display()))?;
            return Ok(Runner::Exec(program, File::open(input)?));
        }
        let mut config = TargetConfig::new(program);
        config.timeout = Duration::from_secs(10);
        let server = ForkServer::start(config).context("the fork server does not start")?;
        Ok(Runner::Server(Box::new(server)))
    }

    fn turn(&mut self, runs: u32) -> Result<Turn> {
        let faults = self.faults();
        let start = Instant::now();
        for _ in 0..runs {
            self.once()?;
        }
        let microseconds = start.elapsed().as_secs_f64() * 1e6;
        Ok(Turn {
            microseconds: microseconds / f64::from(runs),
            faults: (self.faults() as f64 - faults as f64) / f64::from(runs),
        })
    }

    fn once(&mut self) -> Result<()> {
        match self {
            Runner::Exec(program, input) => {
                input.seek(SeekFrom::Start(0))?;
                let mut child = Command::new(&program)
                    .stdin(input.try_clone()?)
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    // cargo's: the dynamic linker would look through its folders.
                    .env_remove("LD_LIBRARY_PATH")
                    .spawn()
                    .with_context(|| format!("cannot start {}", program.display()))?;
                let status = child.wait()?;
                if !status.success() {
                    bail!("{} ended with {status}", program.display());
                }
            }
            Runner::Server(server) => match server.run(INPUT)? {
                Outcome::Exited(0) | Outcome::LoopDone => server.map().clear(),
                other => bail!("a run that should end well {other}"),
            },
        }
        Ok(())
    }

    /// Minor page faults so far, of this process and those that it started.
    fn faults(&self) -> u64 {
        let of = |usage: Usage| usage.faults;
        let both = |pid| proc_stat::stat(pid).map_or(0, |stat| of(stat.own) + of(stat.waited_for));
        let ours = both(process::id());
        let Runner::Server(server) = self else {
            return ours;
        };
        let Some(pid) = server.server_pid().map(|pid| pid.get().cast_unsigned()) else {
            return ours;
        };
        let children = proc_stat::children(pid).into_iter().map(both);
        ours + both(pid) + children.sum::<u64>()
    }
}

/// System calls a run: of the process that asks for it, and of all others.
fn count_calls(way: &Way) -> Result<(f64, f64)> {
    let [short, long] = TRACED;
    let (asking_short, program_short) = trace(way, short)?;
    let (asking_long, program_long) = trace(way, long)?;
    let a_run =
        |long: u64, short: u64| (long as f64 - short as f64) / f64::from(TRACED[1] - TRACED[0]);
    Ok((
        a_run(asking_long, asking_short),
        a_run(program_long, program_short),
    ))
}

fn trace(way: &Way, runs: u32) -> Result<(u64, u64)> {
    let file = folder().join(format!("{}.strace", way.name));
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o"]).arg(&file);
    command.arg(env::current_exe()?);
    command.args(["bench", "spawn", "--only", way.name, "--runs"]);
    shell::run(command.arg(runs.to_string()))?;
    let file = File::open(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let lines = BufReader::new(file).lines();
    count(lines, way.server).context("cannot read the trace")
}

/// Calls on either side. Without a fork server (`forked` is false) a process that was
/// just made belongs to the side that asks, until it has executed the program.
fn count(trace: impl Iterator<Item = io::Result<String>>, forked: bool) -> io::Result<(u64, u64)> {
    let (mut asking, mut program) = (0, 0);
    let mut first = None;
    let mut executed = HashSet::new();
    for line in trace {
        let line = line?;
        let Some((pid, event)) = line.split_once(' ') else {
            continue;
        };
        let event = event.trim_start();
        if event.starts_with("+++") {
            executed.remove(pid);
        }
        // Signals, ends, and the second halves of calls.
        if ["---", "+++", "<..."]
            .iter()
            .any(|mark| event.starts_with(mark))
        {
            continue;
        }
        let asks = first.get_or_insert_with(|| pid.to_owned()) == pid;
        if asks || !(forked || executed.contains(pid)) {
            asking += 1;
        } else {
            program += 1;
        }
        if !asks && event.starts_with("execve(") {
            executed.insert(pid.to_owned());
        }
    }
    Ok((asking, program))
}

#[cfg(test)]
mod tests {
    use super::{Report, Summary, WayReport, count, table};

    const TRACE: [&str; 9] = [
        "10 execve(\"/t/xtask\", [\"xtask\"], 0x1 /* 3 vars */) = 0",
        "10 clone3({flags=CLONE_VM|CLONE_VFORK} <unfinished ...>",
        "11 dup2(5, 0) = 0",
        "11 execve(\"/t/spawn\", [\"spawn\"], 0x1 /* 3 vars */) = 0",
        "11 read(0, \"tines\", 64) = 5",
        "10 <... clone3 resumed>) = 11",
        "11 +++ exited with 0 +++",
        "10 --- SIGCHLD {si_signo=SIGCHLD} ---",
        "10 wait4(11, 0x1, 0, NULL) = 11",
    ];

    #[test]
    fn what_happens_before_exec_belongs_to_the_side_that_asks() {
        let lines = || TRACE.iter().map(|line| Ok((*line).to_owned()));
        assert_eq!(count(lines(), false).unwrap(), (5, 1));
        assert_eq!(count(lines(), true).unwrap(), (3, 3));
    }

    #[test]
    fn a_report_is_read_back_and_makes_a_row_a_way() {
        let numbers = Summary::of([1.0, 2.0, 4.0]).unwrap();
        let report = Report {
            date: "2026-11-21".into(),
            machine: "M".into(),
            kernel: "K".into(),
            load: 0.5,
            rounds: 3,
            runs: 7,
            ways: vec![WayReport {
                way: "a way".into(),
                microseconds: numbers,
                times_faster: numbers,
                asking_calls: 5.0,
                program_calls: 6.0,
                page_faults: 7.0,
            }],
        };
        let kept = serde_json::to_string(&report).unwrap();
        let text = table(&serde_json::from_str(&kept).unwrap());
        let row = "| a way | 2.0 (1.0 to 4.0) | 2.0 (1.0 to 4.0) | 5.0 | 6.0 | 7.0 |";
        assert!(text.contains(row), "{text}");
    }
}
