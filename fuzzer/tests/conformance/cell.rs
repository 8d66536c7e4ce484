//! One cell: a controller, a target's compiler, a mode.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::matrix::{Controller, Maker, Mode};
use crate::{afl_showmap, in_process};
use tine_workbench::Workbench;

/// A cell of the matrix.
pub struct Cell {
    pub controller: Controller,
    pub maker: Maker,
    pub mode: Mode,
    /// The target.
    pub program: PathBuf,
}

/// How a run ended, as far as every controller can see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// By itself, with this exit code where the controller tells it.
    Ok(Option<i32>),
    Crash,
    Timeout,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub ending: Ending,
    pub edges: BTreeSet<usize>,
}

/// What a controller saw of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Size of the map in bytes, as the controller took it.
    pub map_size: usize,
    /// One for each input; a controller that tells only how the batch ended says
    /// that for all of them.
    pub runs: Vec<Run>,
}

/// Inputs for one start of a target.
pub struct Batch {
    pub inputs: &'static [&'static str],
    /// Limit of a run in milliseconds.
    pub limit: u64,
}

/// Runs that end well. The first bytes are explained in mode.c; `m` is not the first,
/// so that a persistent target has had a pass before.
const WELL: Batch = Batch {
    inputs: &["o", "oab", "oA", "e", "o", "m"],
    limit: 10_000,
};
const CRASH: Batch = Batch {
    inputs: &["!"],
    limit: 10_000,
};
/// It hangs for good, so a short limit can't be too short.
const HANG: Batch = Batch {
    inputs: &["h"],
    limit: 200,
};

impl Cell {
    pub fn name(&self) -> String {
        format!(
            "{:?} drives {:?} in mode {:?}",
            self.controller, self.maker, self.mode
        )
    }

    fn run(&self, bench: &Workbench, batch: &Batch) -> Result<Seen, String> {
        match self.controller {
            Controller::Afl404 | Controller::Afl440 | Controller::AflUnstable => {
                afl_showmap::run(bench, self, batch)
            }
            Controller::Tine | Controller::LibAfl => in_process::run(bench, self, batch),
        }
    }
}

/// All that has to hold of a cell.
pub fn check(cell: &Cell) -> Result<(), String> {
    let bench = Workbench::new();
    let first = cell.run(&bench, &WELL)?;
    let second = cell.run(&bench, &WELL)?;
    if first != second {
        return Err(format!("two runs differ: {first:?} and {second:?}"));
    }
    if first.runs.len() != WELL.inputs.len() {
        return Err(format!("it ran {} inputs", first.runs.len()));
    }
    for (input, run) in WELL.inputs.iter().zip(&first.runs) {
        let wanted = if *input == "e" { 3 } else { 0 };
        match run.ending {
            Ending::Ok(code) if code.is_none_or(|code| code == wanted) => {}
            _ => return Err(format!("{input}: {:?}", run.ending)),
        }
        if run.edges.is_empty() {
            return Err(format!("{input}: no edge"));
        }
        if let Some(edge) = run.edges.iter().find(|edge| **edge >= first.map_size) {
            return Err(format!("{input}: edge {edge} of {}", first.map_size));
        }
    }
    if first.runs[1].edges == first.runs[3].edges {
        return Err("two inputs that go different ways cover the same".into());
    }
    expect_one(&cell.run(&bench, &CRASH)?, &Ending::Crash)?;
    expect_one(&cell.run(&bench, &HANG)?, &Ending::Timeout)
}

fn expect_one(seen: &Seen, wanted: &Ending) -> Result<(), String> {
    match &seen.runs[..] {
        [run] if run.ending == *wanted => Ok(()),
        other => Err(format!("wanted {wanted:?}, saw {other:?}")),
    }
}
