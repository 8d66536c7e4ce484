//! What the callbacks and hooks of `tine-cc --cmplog` cost a program that does not log: a
//! loop around libpng's harness, with them and without, in turn, on one core.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::Serialize;

use super::summary::Summary;
use super::{machine, save};
use crate::real::{self, Catalogue, Compiler};
use crate::{paths, shell};

const SOURCE: &str = "xtask/src/bench/cmplog.c";
const TARGET: &str = "png";
/// The oldest and the newest clang without the gate, the newest with it, and gcc.
const COMPILERS: [&str; 4] = ["clang-14", "clang-19", "clang-22", "gcc"];

/// What to measure.
#[derive(clap::Args)]
pub struct Args {
    /// How many times each program gets its turn
    #[arg(long, default_value_t = 11)]
    pairs: usize,
    /// Runs of one turn
    #[arg(long, default_value_t = 200_000)]
    runs: u32,
    /// Core that all of it runs on
    #[arg(long, default_value_t = 0)]
    core: usize,
}

#[derive(Serialize)]
struct Report {
    machine: String,
    pairs: usize,
    runs: u32,
    compilers: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    compiler: String,
    /// Nanoseconds of a run.
    plain: Summary,
    cmplog: Summary,
    /// Pair by pair.
    times_slower: Summary,
    /// Bytes of code and constants.
    plain_bytes: u64,
    cmplog_bytes: u64,
}

/// Measures, prints and keeps the result.
pub fn run(args: &Args) -> Result<()> {
    let mut rows = Vec::new();
    for compiler in COMPILERS {
        let plain = build(compiler, false)?;
        let cmplog = build(compiler, true)?;
        rows.push(measure(compiler, &plain, &cmplog, args)?);
    }
    println!("| compiler | ns a run | with --cmplog | times slower (least to most) |");
    println!("|---|--:|--:|--:|");
    for row in &rows {
        let slower = row.times_slower;
        println!(
            "| {} | {:.0} | {:.0} | {:.2} ({:.2} to {:.2}) |",
            row.compiler,
            row.plain.median,
            row.cmplog.median,
            slower.median,
            slower.min,
            slower.max
        );
    }
    let report = Report {
        machine: machine(),
        pairs: args.pairs,
        runs: args.runs,
        compilers: rows,
    };
    println!("kept in {}", save("cmplog.json", &report)?.display());
    Ok(())
}

fn measure(compiler: &str, plain: &Path, cmplog: &Path, args: &Args) -> Result<Row> {
    let mut turns = [Vec::new(), Vec::new()];
    for pair in 0..=args.pairs {
        let mut order = [(0, plain), (1, cmplog)];
        if pair % 2 == 1 {
            order.reverse();
        }
        for (which, program) in order {
            let time = turn(program, args)?;
            // The first pair warms up.
            if pair > 0 {
                turns[which].push(time);
            }
        }
    }
    let [plain_turns, cmplog_turns] = turns;
    let slower = cmplog_turns.iter().zip(&plain_turns).map(|(a, b)| a / b);
    let size = |path: &Path| fs::metadata(path).map(|data| data.len());
    Ok(Row {
        compiler: compiler.to_owned(),
        times_slower: Summary::of(slower).context("no turns")?,
        plain: Summary::of(plain_turns).context("no turns")?,
        cmplog: Summary::of(cmplog_turns).context("no turns")?,
        plain_bytes: size(plain)?,
        cmplog_bytes: size(cmplog)?,
    })
}

fn turn(program: &Path, args: &Args) -> Result<f64> {
    let mut command = Command::new("taskset");
    command.args(["-c", &args.core.to_string()]).arg(program);
    let printed = shell::capture(command.arg(args.runs.to_string()).args(seeds()?))?;
    let time = printed.trim().parse();
    time.with_context(|| format!("{} printed {printed:?}", program.display()))
}

fn seeds() -> Result<Vec<PathBuf>> {
    let folder = paths::root().join("targets/real/png/seeds");
    let files = fs::read_dir(&folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .map(|entry| entry.map(|entry| entry.path()));
    let mut files = files.collect::<Result<Vec<_>, _>>()?;
    files.sort();
    Ok(files)
}

/// The harness and its library, built for the fuzzer, with a loop in the place of its
/// `main`.
fn build(name: &str, cmplog: bool) -> Result<PathBuf> {
    let label = if cmplog { "cmplog" } else { "plain" };
    let mut compiler = Compiler::tine_cc(Some(format!("bench-{label}-{name}")))?;
    compiler = compiler.with_env("TINE_CC", name);
    if cmplog {
        compiler = compiler.with_env("AFL_LLVM_CMPLOG", "1");
    }
    let programs = real::build(&Catalogue::load()?, &[TARGET.into()], &compiler)?;
    let program = programs.first().context("the target has no program")?;
    let folder = program
        .path
        .parent()
        .context("a program lies in a folder")?;
    let mut objects = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.ends_with(".o") && !name.ends_with("stdin_main.o") {
            objects.push(path);
        }
    }
    objects.sort();
    let output = folder.join("loop");
    let mut command = compiler.command();
    command
        .arg("-O2")
        .arg(paths::root().join(SOURCE))
        .args(objects);
    shell::run(command.args(["-lm", "-o"]).arg(&output))?;
    Ok(output)
}
