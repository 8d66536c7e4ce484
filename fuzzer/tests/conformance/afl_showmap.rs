//! A batch under AFL++'s afl-showmap, of any version.

use std::fs;

use crate::cell::{Batch, Cell, Ending, Run, Seen};
use crate::matrix::Controller;
use tine_workbench::{Workbench, peers};

/// Runs the inputs as files of one folder, which afl-showmap does on one fork server.
pub fn run(bench: &Workbench, cell: &Cell, batch: &Batch) -> Result<Seen, String> {
    let tool = match cell.controller {
        Controller::Afl404 => peers::aflplusplus_404("afl-showmap"),
        Controller::AflUnstable => peers::aflplusplus_unstable("afl-showmap"),
        _ => peers::aflplusplus_440("afl-showmap"),
    };
    let (inputs, maps) = (bench.path("inputs"), bench.path("maps"));
    for folder in [&inputs, &maps] {
        if folder.exists() {
            fs::remove_dir_all(folder).expect("the folder of the run before");
        }
    }
    let names: Vec<String> = (0..batch.inputs.len()).map(|n| format!("{n:02}")).collect();
    for (name, input) in names.iter().zip(batch.inputs) {
        bench.write(inputs.join(name), input);
    }
    let done = bench
        .program(tool)
        .args(["-m", "none", "-t", &batch.limit.to_string(), "-i"])
        .arg(&inputs)
        .arg("-o")
        .arg(&maps)
        .arg("--")
        .arg(&cell.program)
        .run();
    // Its messages go to either stream.
    let text = format!("{}{}", done.stdout(), done.stderr());
    let ending = match done.code() {
        // The code is that of the last run.
        Some(0) if !text.contains("timed off") && !text.contains("killed by signal") => {
            Ending::Ok(None)
        }
        Some(1) if text.contains("timed off") => Ending::Timeout,
        Some(2) if text.contains("killed by signal") => Ending::Crash,
        _ => return Err(done.to_string()),
    };
    let map_size = map_size(&text).ok_or_else(|| format!("no map size: {done}"))?;
    let mut runs = Vec::new();
    for name in &names {
        let map = fs::read_to_string(maps.join(name)).map_err(|error| error.to_string())?;
        let edges = map
            .lines()
            .map(|line| line.split_once(':').and_then(|(edge, _)| edge.parse().ok()))
            .collect::<Option<_>>()
            .ok_or_else(|| format!("{name}: {map}"))?;
        runs.push(Run {
            ending: ending.clone(),
            edges,
        });
    }
    Ok(Seen { map_size, runs })
}

/// The number in `Captured 5 tuples (map size 15, …`.
fn map_size(text: &str) -> Option<usize> {
    let (_, rest) = text.split_once("(map size ")?;
    rest.split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}
