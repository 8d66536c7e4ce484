//! `cargo xtask soak`: the tests of `fuzzer/tests/kills` with larger numbers.
//!
//! The tests do the work and judge it; each writes a report. This runs them, and
//! prints the reports as one table with its sums.

mod report;

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};

use crate::{paths, shell};
use report::Report;

/// What to do for a long time.
#[derive(Args)]
pub struct Soak {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    kills: Kills,
    #[command(flatten)]
    instances: Instances,
}

/// A part of it; both without one.
#[derive(Subcommand)]
enum Part {
    /// SIGKILL of fuzzers and fork servers, and ending signals, at random moments
    Kills(Kills),
    /// More instances than cores at the same time
    Instances(Instances),
}

#[derive(Args)]
struct Kills {
    /// How many kills, over fuzzers and fork servers in all modes
    #[arg(long, default_value_t = 1000)]
    kills: u64,
    /// How many signals that ask for an end
    #[arg(long, default_value_t = 90)]
    signals: u64,
    /// Seed of the random moments, as a report says it [default: from the clock]
    #[arg(long)]
    seed: Option<u64>,
}

#[derive(Args)]
struct Instances {
    /// How many instances
    #[arg(long, default_value_t = 8)]
    instances: u64,
    /// How long they run
    #[arg(long, default_value_t = 5)]
    minutes: u64,
}

/// Runs the parts that were asked for. Fails if anything was not clean.
pub fn run(soak: &Soak) -> Result<()> {
    let (kills, instances) = match &soak.part {
        Some(Part::Kills(kills)) => (Some(kills), None),
        Some(Part::Instances(instances)) => (None, Some(instances)),
        None => (Some(&soak.kills), Some(&soak.instances)),
    };
    let folder = paths::target_dir().join("soak");
    // Of another time.
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    let mut failed = Vec::new();
    if let Some(kills) = kills {
        let mut variables = vec![("SOAK_KILLS", kills.kills), ("SOAK_SIGNALS", kills.signals)];
        variables.extend(kills.seed.map(|seed| ("SOAK_SEED", seed)));
        for module in ["kill::", "signals::"] {
            failed.extend(tests(module, &variables, &folder).err());
        }
    }
    if let Some(instances) = instances {
        let variables = [
            ("SOAK_INSTANCES", instances.instances),
            ("SOAK_SECONDS", instances.minutes * 60),
        ];
        failed.extend(tests("instances::", &variables, &folder).err());
    }
    let reports = Report::read_all(&folder)?;
    println!("\n{}", report::table(&reports));
    println!("reports in {}", folder.display());
    if let Some(error) = failed.into_iter().next() {
        return Err(error);
    }
    if reports.is_empty() {
        bail!("no test wrote a report to {}", folder.display());
    }
    Ok(())
}

/// Runs a module of the tests.
fn tests(module: &str, variables: &[(&str, u64)], folder: &Path) -> Result<()> {
    let mut cargo = Command::new(paths::cargo());
    cargo
        .args(["test", "--package", "tine", "--test", "kills", "--", module])
        .current_dir(paths::root())
        .env("SOAK_REPORT", folder);
    for (name, value) in variables {
        cargo.env(name, value.to_string());
    }
    shell::run(&mut cargo)
}
