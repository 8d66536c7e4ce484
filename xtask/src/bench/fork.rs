//! Fork mode: tine and afl-fuzz in turn (A B, then B A, …) on one core, each with the
//! target that its own compiler wrapper made of the same sources with the same clang.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZero;
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::fuzzer::{Conditions, Contestant, Side, Turn};
use super::peer::Peer;
use super::proc_stat::{self, Usage};
use super::strace::{self, Calls};
use super::summary::Summary;
use super::{machine, release, save, scratch_dir};
use crate::real::{self, Catalogue};
use crate::shell;

/// What is to be measured.
pub struct Plan {
    pairs: usize,
    seconds: u64,
    core: usize,
    targets: Vec<String>,
    peer: Peer,
}

impl Plan {
    /// Fills in what was not given.
    pub fn new(
        pairs: usize,
        seconds: u64,
        core: Option<usize>,
        targets: Vec<String>,
        peer: Peer,
    ) -> Result<Plan> {
        if pairs == 0 || seconds == 0 {
            bail!("--pairs and --seconds must be at least 1");
        }
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let targets = match targets.is_empty() {
            true => vec!["tiny".into(), "png".into()],
            false => targets,
        };
        Ok(Plan {
            pairs,
            seconds,
            core: core.unwrap_or(cores - 1),
            targets,
            peer,
        })
    }
}

#[derive(Serialize)]
struct Report {
    machine: String,
    kernel: String,
    afl_fuzz: String,
    compiler: String,
    core: usize,
    seconds: u64,
    targets: Vec<TargetReport>,
}

#[derive(Serialize)]
struct TargetReport {
    target: String,
    pairs: Vec<Pair>,
    /// tine's runs a second divided by afl-fuzz's, pair by pair.
    ratio: Summary,
    /// The same by wall time, start and end of the session included.
    ratio_by_wall_time: Summary,
    system_calls: BTreeMap<&'static str, Calls>,
}

#[derive(Serialize)]
struct Pair {
    tine: Turn,
    afl: Turn,
}

impl Pair {
    fn ratio(&self) -> f64 {
        self.tine.runs_per_second / self.afl.runs_per_second
    }

    fn ratio_by_wall_time(&self) -> f64 {
        self.tine.runs_per_wall_second() / self.afl.runs_per_wall_second()
    }
}

/// The ratio of runs a second on a target, tine's by afl-fuzz's, over all pairs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ratio {
    pub target: String,
    pub ratio: Summary,
}

/// Measures, prints, and keeps the result.
pub fn run(plan: &Plan) -> Result<Vec<Ratio>> {
    let afl_fuzz = plan.peer.program("afl-fuzz")?;
    let compiler = plan.peer.clang()?;
    let catalogue = Catalogue::load()?;
    catalogue.select(&plan.targets)?;
    let (tine, built) = build(&catalogue, plan)?;

    let mut report = Report {
        machine: machine(),
        kernel: shell::capture(Command::new("uname").arg("-sr"))?
            .trim()
            .into(),
        afl_fuzz: plan.peer.version()?,
        compiler,
        core: plan.core,
        seconds: plan.seconds,
        targets: Vec::new(),
    };
    println!(
        "{}, {}; {}; {}",
        report.machine, report.kernel, report.afl_fuzz, report.compiler
    );
    let ticks = proc_stat::ticks_per_second()?;
    for Built {
        name,
        seeds,
        arguments,
        by_tine,
        by_afl,
    } in built
    {
        let ours = Contestant {
            side: Side::Tine,
            fuzzer: tine.clone(),
            target: by_tine,
            arguments: arguments.clone(),
        };
        let theirs = Contestant {
            side: Side::Afl,
            fuzzer: afl_fuzz.clone(),
            target: by_afl,
            arguments,
        };
        let target = measure(plan, &name, &seeds, &ours, &theirs)?;
        print(&target, ticks);
        report.targets.push(target);
    }
    println!("\nkept in {}", save("fork.json", &report)?.display());
    let ratio = |target: &TargetReport| Ratio {
        target: target.target.clone(),
        ratio: target.ratio,
    };
    Ok(report.targets.iter().map(ratio).collect())
}

/// A target, built twice.
struct Built {
    name: String,
    seeds: PathBuf,
    arguments: Vec<String>,
    by_tine: PathBuf,
    by_afl: PathBuf,
}

fn build(catalogue: &Catalogue, plan: &Plan) -> Result<(PathBuf, Vec<Built>)> {
    let release = release()?;

    let ours = plan.peer.tine_cc(&release, "")?;
    let theirs = plan.peer.compiler("")?;
    let by_tine = real::build(catalogue, &plan.targets, &ours)?;
    let by_afl = real::build(catalogue, &plan.targets, &theirs)?;
    let both = by_tine
        .into_iter()
        .zip(by_afl)
        .filter(|(tine, _)| !tine.persistent)
        .map(|(tine, afl)| Built {
            name: tine.name,
            seeds: tine.seeds,
            arguments: tine.arguments,
            by_tine: tine.path,
            by_afl: afl.path,
        })
        .collect();
    Ok((release.join("tine"), both))
}

fn measure(
    plan: &Plan,
    name: &str,
    seeds: &std::path::Path,
    ours: &Contestant,
    theirs: &Contestant,
) -> Result<TargetReport> {
    println!(
        "\n{name}: pairs: {}, of {} s each side, on core {}",
        plan.pairs, plan.seconds, plan.core
    );
    println!("pair      tine  afl-fuzz   ratio   edges       corpus");
    let scratch = scratch_dir()?;
    let conditions = |number: usize, side: Side, seconds: u64| Conditions {
        seeds,
        output: scratch.path().join(format!("{number}-{}", side.name())),
        seconds,
        core: plan.core,
    };

    let mut pairs = Vec::new();
    for number in 1..=plan.pairs {
        let turn = |contestant: &Contestant| {
            let conditions = conditions(number, contestant.side, plan.seconds);
            let turn = contestant.run(&conditions)?;
            fs::remove_dir_all(&conditions.output).context("cannot remove an output folder")?;
            anyhow::Ok(turn)
        };
        let pair = if number % 2 == 1 {
            let tine = turn(ours)?;
            Pair {
                tine,
                afl: turn(theirs)?,
            }
        } else {
            let afl = turn(theirs)?;
            Pair {
                tine: turn(ours)?,
                afl,
            }
        };
        println!(
            "{number:4} {:9.0} {:9.0} {:7.3}   {:5}/{:<5} {:4}/{:<4}",
            pair.tine.runs_per_second,
            pair.afl.runs_per_second,
            pair.ratio(),
            pair.tine.edges,
            pair.afl.edges,
            pair.tine.corpus,
            pair.afl.corpus,
        );
        pairs.push(pair);
    }

    let mut system_calls = BTreeMap::new();
    for contestant in [ours, theirs] {
        let conditions = conditions(0, contestant.side, 3);
        let calls = strace::count(contestant, &conditions)
            .with_context(|| format!("system calls of {}", contestant.side.name()))?;
        system_calls.insert(contestant.side.name(), calls);
    }
    let ratio = Summary::of(pairs.iter().map(Pair::ratio)).context("no pair was measured")?;
    let ratio_by_wall_time =
        Summary::of(pairs.iter().map(Pair::ratio_by_wall_time)).context("no pair was measured")?;
    Ok(TargetReport {
        target: name.into(),
        pairs,
        ratio,
        ratio_by_wall_time,
        system_calls,
    })
}

fn print(report: &TargetReport, ticks: f64) {
    let Summary { median, min, max } = report.ratio;
    println!("ratio: median {median:.3}, from {min:.3} to {max:.3}");
    let Summary { median, min, max } = report.ratio_by_wall_time;
    println!("by wall time: median {median:.3}, from {min:.3} to {max:.3}");

    println!("\na run        processor time in us        minor page faults");
    println!("           fuzzer  server   child     fuzzer  server  child");
    let turns = |side: Side| {
        report.pairs.iter().map(move |pair| {
            if side == Side::Tine {
                &pair.tine
            } else {
                &pair.afl
            }
        })
    };
    for side in [Side::Tine, Side::Afl] {
        let part = |usage: fn(&Turn) -> Usage| {
            let each = |number: fn(&Usage) -> f64| {
                let per_run =
                    turns(side).map(|turn| number(&usage(turn)) / turn.runs.max(1) as f64);
                Summary::of(per_run).map_or(0.0, |summary| summary.median)
            };
            // The sum: for so short a process the kernel can't tell user and system
            // time apart.
            let time = each(|usage| (usage.user_ticks + usage.system_ticks) as f64) / ticks * 1e6;
            (time, each(|usage| usage.faults as f64))
        };
        let (fuzzer_time, fuzzer_faults) = part(|turn| turn.fuzzer);
        let (server_time, server_faults) = part(|turn| turn.server);
        let (child_time, child_faults) = part(|turn| turn.children);
        println!(
            "{:9} {fuzzer_time:7.1} {server_time:7.1} {child_time:7.1}    {fuzzer_faults:7.2} {server_faults:7.2} {child_faults:6.2}",
            side.name()
        );
    }

    println!("\nsystem calls a run");
    for (side, calls) in &report.system_calls {
        let roles = [
            ("fuzzer", &calls.fuzzer),
            ("server", &calls.server),
            ("child", &calls.child),
        ];
        for (role, counts) in roles {
            let sum: f64 = counts.values().sum();
            let mut sorted: Vec<_> = counts.iter().filter(|(_, count)| **count >= 0.05).collect();
            sorted.sort_by(|a, b| b.1.total_cmp(a.1));
            let list: Vec<String> = sorted
                .iter()
                .map(|(name, count)| format!("{name} {count:.1}"))
                .collect();
            println!("{side:9} {role:7} {sum:5.1}   {}", list.join(", "));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{paths, real::Compiler};

    /// afl-fuzz is the side that does not change with this project: if its session
    /// is measured right, the measuring is right.
    #[test]
    fn a_session_of_afl_fuzz_is_measured() {
        let catalogue = Catalogue::load().expect("the catalogue");
        let compiler = Compiler::at("afl-clang-fast".as_ref(), Some("test-bench".into()))
            .expect("afl-clang-fast; `cargo xtask setup` installs it");
        let programs =
            real::build(&catalogue, &["tiny".into()], &compiler).expect("tiny, built by afl");
        let contestant = Contestant {
            side: Side::Afl,
            fuzzer: paths::find_program("afl-fuzz").expect("afl-fuzz"),
            target: programs[0].path.clone(),
            arguments: Vec::new(),
        };
        let scratch = scratch_dir().expect("a scratch folder");
        let mut conditions = Conditions {
            seeds: &programs[0].seeds,
            output: scratch.path().join("turn"),
            seconds: 2,
            core: 0,
        };
        let turn = contestant.run(&conditions).expect("a turn");
        assert!(turn.runs > 100, "{turn:?}");
        assert!(turn.runs_per_second > 50.0, "{turn:?}");
        assert!(turn.fuzzer.faults > 0, "{turn:?}");
        assert!(
            turn.children.faults >= turn.runs,
            "a fork without a page fault: {turn:?}"
        );

        conditions.output = scratch.path().join("traced");
        let calls = strace::count(&contestant, &conditions).expect("a traced turn");
        // Each run: the fuzzer reads the child's pid and status, the server writes
        // them, and the child ends.
        assert!(calls.fuzzer["read"] >= 1.9, "{:?}", calls.fuzzer);
        assert!(
            (1.9..2.1).contains(&calls.server["write"]),
            "{:?}",
            calls.server
        );
        assert!(
            (0.9..1.1).contains(&calls.child["exit_group"]),
            "{:?}",
            calls.child
        );
    }
}
