//! What an input made by havoc costs: tine's operators and LibAFL's.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::summary::Summary;
use super::{machine, save};
use crate::{paths, shell};

/// What `fuzzer/benches/mutate.rs` prints for a length: nanoseconds a mutant, by turn.
#[derive(Deserialize)]
struct Measured {
    bytes: usize,
    tine: Vec<f64>,
    libafl: Vec<f64>,
}

#[derive(Serialize)]
struct Row {
    bytes: usize,
    tine_ns: Summary,
    libafl_ns: Summary,
}

#[derive(Serialize)]
struct Report {
    machine: String,
    rows: Vec<Row>,
}

/// Measures, and prints a table.
pub fn run() -> Result<()> {
    let mut cargo = Command::new(paths::cargo());
    cargo.args(["bench", "--package", "tine", "--bench", "mutate"]);
    cargo.current_dir(paths::root()).stderr(Stdio::inherit());
    eprintln!("$ {}", shell::line(&cargo));
    let output = cargo.output().context("cannot run cargo")?;
    ensure!(output.status.success(), "the measurement failed, see above");
    let measured: Vec<Measured> =
        serde_json::from_slice(&output.stdout).context("the measurement printed no JSON")?;
    println!("nanoseconds a mutant, median (least to most)");
    println!("{:>7}  {:>22}  {:>22}", "bytes", "tine", "LibAFL");
    let mut rows = Vec::new();
    for Measured {
        bytes,
        tine,
        libafl,
    } in measured
    {
        let tine_ns = Summary::of(tine).context("no turn was measured")?;
        let libafl_ns = Summary::of(libafl).context("no turn was measured")?;
        println!("{bytes:>7}  {:>22}  {:>22}", text(tine_ns), text(libafl_ns));
        rows.push(Row {
            bytes,
            tine_ns,
            libafl_ns,
        });
    }
    let report = Report {
        machine: machine(),
        rows,
    };
    let file = save("mutate.json", &report)?;
    println!("{}", file.display());
    Ok(())
}

fn text(of: Summary) -> String {
    format!("{:.0} ({:.0} to {:.0})", of.median, of.min, of.max)
}
