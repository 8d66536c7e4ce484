//! What tracing costs: a handshake and a run, with `tine trace` and without.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde::Serialize;

use super::summary::Summary;
use super::{release, save, scratch_dir};
use crate::{paths, shell};

/// Targets below `targets/`: one in fork mode, one with a persistent loop.
const TARGETS: [&str; 2] = ["ok", "persistent"];

#[derive(Serialize)]
struct Report {
    runs: u32,
    rounds: usize,
    targets: Vec<Figures>,
}

/// Microseconds.
#[derive(Serialize)]
struct Figures {
    target: &'static str,
    /// From the start of the command to its end, with one run.
    start_plain: Summary,
    start_traced: Summary,
    /// Each further run.
    run_plain: Summary,
    run_traced: Summary,
    /// Traced over plain, round by round.
    start_ratio: Summary,
    run_ratio: Summary,
}

/// Times both in turn, `rounds` times, with one run and with `runs` more.
pub fn run(rounds: usize, runs: u32) -> Result<()> {
    if rounds == 0 || runs == 0 {
        bail!("at least one round and one run are needed");
    }
    release()?;
    let scratch = scratch_dir()?;
    let targets = TARGETS
        .into_iter()
        .map(|target| measure(target, scratch.path(), rounds, runs))
        .collect::<Result<Vec<_>>>()?;
    for figures in &targets {
        println!(
            "{:11} start to end with one run: {:8.0} us plain, {:8.0} us traced, {:.1} x ({:.1} to {:.1})",
            figures.target,
            figures.start_plain.median,
            figures.start_traced.median,
            figures.start_ratio.median,
            figures.start_ratio.min,
            figures.start_ratio.max,
        );
        println!(
            "{:11} a further run:             {:8.1} us plain, {:8.1} us traced, {:.1} x ({:.1} to {:.1})",
            "",
            figures.run_plain.median,
            figures.run_traced.median,
            figures.run_ratio.median,
            figures.run_ratio.min,
            figures.run_ratio.max,
        );
    }
    let path = save(
        "trace.json",
        &Report {
            runs,
            rounds,
            targets,
        },
    )?;
    println!("figures: {}", path.display());
    Ok(())
}

fn measure(target: &'static str, scratch: &Path, rounds: usize, runs: u32) -> Result<Figures> {
    let program = build(target, scratch)?;
    let [one, many] = [1, runs + 1].map(|count| inputs(scratch, target, count));
    let (one, many) = (one?, many?);
    let input = one.join("0");
    let [mut start_plain, mut start_traced] = [Vec::new(), Vec::new()];
    let [mut run_plain, mut run_traced] = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        let plain = time(showmap(&program, &one))?;
        let traced = time(trace(&program, &input, 1))?;
        let plain_many = time(showmap(&program, &many))?;
        let traced_many = time(trace(&program, &input, runs + 1))?;
        start_plain.push(plain);
        start_traced.push(traced);
        run_plain.push((plain_many - plain) / f64::from(runs));
        run_traced.push((traced_many - traced) / f64::from(runs));
    }
    let ratio = |over: &[f64], under: &[f64]| {
        summary(
            &over
                .iter()
                .zip(under)
                .map(|(a, b)| a / b)
                .collect::<Vec<_>>(),
        )
    };
    Ok(Figures {
        target,
        start_ratio: ratio(&start_traced, &start_plain)?,
        run_ratio: ratio(&run_traced, &run_plain)?,
        start_plain: summary(&start_plain)?,
        start_traced: summary(&start_traced)?,
        run_plain: summary(&run_plain)?,
        run_traced: summary(&run_traced)?,
    })
}

fn summary(numbers: &[f64]) -> Result<Summary> {
    Summary::of(numbers.iter().copied()).context("nothing was measured")
}

fn build(target: &str, scratch: &Path) -> Result<PathBuf> {
    let program = scratch.join(target);
    let source = paths::root().join("targets").join(format!("{target}.c"));
    let mut cc = Command::new(built("tine-cc"));
    shell::capture(cc.arg("-o").arg(&program).arg(source))?;
    Ok(program)
}

/// A folder with so many inputs, all the same.
fn inputs(scratch: &Path, target: &str, count: u32) -> Result<PathBuf> {
    let folder = scratch.join(format!("{target}-{count}"));
    fs::create_dir_all(&folder)?;
    for number in 0..count {
        fs::write(folder.join(number.to_string()), "1a")?;
    }
    Ok(folder)
}

fn built(name: &str) -> PathBuf {
    paths::target_dir().join("release").join(name)
}

fn showmap(program: &Path, inputs: &Path) -> Command {
    let mut command = Command::new(built("tine"));
    command.args(["showmap", "-q", "-C", "-o", "/dev/null", "-i"]);
    command.arg(inputs).arg("--").arg(program);
    command
}

fn trace(program: &Path, input: &Path, runs: u32) -> Command {
    let mut command = Command::new(built("tine"));
    command.args(["trace", "-o", "/dev/null", "-n", &runs.to_string(), "-i"]);
    command.arg(input).arg("--").arg(program);
    command
}

/// Microseconds of wall-clock time.
fn time(mut command: Command) -> Result<f64> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let start = Instant::now();
    let status = command.stderr(Stdio::null()).status()?;
    let micros = start.elapsed().as_secs_f64() * 1e6;
    if !status.success() {
        bail!("`{}` failed: {status}", shell::line(&command));
    }
    Ok(micros)
}
