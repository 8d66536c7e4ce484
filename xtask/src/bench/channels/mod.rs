//! Every mechanism as a channel between two processes: a word there and a word back,
//! 64 KiB there and a word back; both processes on one core, and on two. All take
//! turns, and in each turn a channel is measured next to a pair of pipes. Pipes are
//! measured next to pipes, too: that ratio shows how much of the others is noise.

mod calls;
mod figures;
pub mod table;

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use self::figures::{Cores, Figure, Figures, MECHANISMS, PAYLOADS, Spread};
use super::{machine, save};
use crate::{paths, shell};

/// What the others are compared with.
const REFERENCE: &str = "pipe";

/// What is to be measured.
pub struct Plan {
    /// How often each channel gets its turn.
    pub turns: usize,
    /// How long a turn is, in seconds.
    pub seconds: f64,
    /// Whether docs/data keeps the figures.
    pub write: bool,
}

/// Measures, prints, and keeps the result.
pub fn run(plan: &Plan) -> Result<()> {
    if plan.turns == 0 || !(0.01..=60.0).contains(&plan.seconds) {
        bail!("--pairs must be at least 1, and --seconds between 0.01 and 60");
    }
    let load = load()?;
    let program = build()?;
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let layouts: &[Cores] = match cores {
        1 => &[Cores::One],
        _ => &[Cores::One, Cores::Two],
    };
    let mut measured = Measured::default();
    for turn in 0..plan.turns {
        eprintln!("turn {} of {}", turn + 1, plan.turns);
        for &payload in PAYLOADS {
            for &layout in layouts {
                for mechanism in MECHANISMS.iter().filter(|it| it.carries(payload)) {
                    let time = |name| measure(&program, name, payload, layout, plan.seconds);
                    // In turn, A B and then B A, close together: what else the machine
                    // does changes from second to second.
                    let (pipe, own);
                    if turn % 2 == 0 {
                        pipe = time(REFERENCE)?;
                        own = time(mechanism.name)?;
                    } else {
                        own = time(mechanism.name)?;
                        pipe = time(REFERENCE)?;
                    }
                    measured.add(mechanism.name, payload, layout, Pair { own, pipe });
                }
            }
        }
    }
    let mut figures = Figures {
        date: shell::capture(Command::new("date").args(["-u", "+%F"]))?
            .trim()
            .into(),
        machine: machine(),
        kernel: shell::capture(Command::new("uname").arg("-sr"))?
            .trim()
            .into(),
        load,
        turns: plan.turns,
        seconds: plan.seconds,
        figures: measured.figures()?,
        system_calls: Vec::new(),
    };
    eprintln!("system calls");
    for &payload in PAYLOADS {
        for mechanism in MECHANISMS.iter().filter(|it| it.carries(payload)) {
            let counted = calls::count(&program, mechanism.name, payload)?;
            figures.system_calls.push(counted);
        }
    }
    println!("{}", table::markdown(&figures));
    println!("\nkept in {}", save("channels.json", &figures)?.display());
    if plan.write {
        let file = figures::file();
        let text = serde_json::to_string_pretty(&figures)? + "\n";
        fs::create_dir_all(file.parent().context("a folder")?)?;
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        println!(
            "and in {}; `cargo xtask docs` puts it into the book",
            file.display()
        );
    }
    Ok(())
}

/// The average of the last minute.
fn load() -> Result<f64> {
    let text = fs::read_to_string("/proc/loadavg").context("cannot read /proc/loadavg")?;
    let first = text.split(' ').next().unwrap_or_default();
    first.parse().context("/proc/loadavg is not as expected")
}

/// The program that measures one channel, optimised.
fn build() -> Result<PathBuf> {
    let mut cargo = Command::new(paths::cargo());
    cargo.args(["build", "--release", "--package", "tine-ipc"]);
    cargo.args(["--example", "channels"]);
    shell::run(cargo.current_dir(paths::root()))?;
    Ok(paths::target_dir().join("release/examples/channels"))
}

/// One turn: nanoseconds a round trip.
fn measure(
    program: &Path,
    mechanism: &str,
    payload: usize,
    layout: Cores,
    seconds: f64,
) -> Result<f64> {
    #[derive(Deserialize)]
    struct Turn {
        rounds: u64,
        nanoseconds: u64,
    }
    // What else runs would be measured, too. Without the right to a better priority it
    // runs all the same.
    let mut command = Command::new("nice");
    command.args(["-n", "-20"]).arg(program);
    command.args([mechanism, "--payload", &payload.to_string()]);
    command.arg("--milliseconds");
    command.arg(format!("{:.0}", seconds * 1000.0));
    command.arg("--cores").args(layout.numbers());
    let turn: Turn = serde_json::from_str(&shell::capture(&mut command)?)
        .with_context(|| format!("`{}` printed something else", shell::line(&command)))?;
    if turn.rounds == 0 {
        bail!("`{}` made no round trip", shell::line(&command));
    }
    Ok(turn.nanoseconds as f64 / turn.rounds as f64)
}

/// One after the other: nanoseconds of a channel, and of the pair of pipes.
#[derive(Clone, Copy)]
struct Pair {
    own: f64,
    pipe: f64,
}

/// All turns so far.
#[derive(Default)]
struct Measured(BTreeMap<(usize, Cores), BTreeMap<&'static str, Vec<Pair>>>);

impl Measured {
    fn add(&mut self, mechanism: &'static str, payload: usize, layout: Cores, pair: Pair) {
        let group = self.0.entry((payload, layout)).or_default();
        group.entry(mechanism).or_default().push(pair);
    }

    fn figures(&self) -> Result<Vec<Figure>> {
        let mut figures = Vec::new();
        for (&(payload, cores), group) in &self.0 {
            for mechanism in MECHANISMS {
                let Some(pairs) = group.get(mechanism.name) else {
                    continue;
                };
                let times = pairs.iter().map(|pair| pair.own);
                let ratios = pairs.iter().map(|pair| pair.own / pair.pipe);
                figures.push(Figure {
                    mechanism: mechanism.name.into(),
                    payload,
                    cores,
                    nanoseconds: Spread::of(times).context("no turn")?,
                    ratio: Spread::of(ratios).context("no turn")?,
                });
            }
        }
        Ok(figures)
    }
}

#[cfg(test)]
mod tests {
    use super::{Cores, Measured, Pair};

    #[test]
    fn a_channel_is_compared_with_the_pipe_of_its_own_turn() {
        let mut measured = Measured::default();
        // The machine is ten times slower in the second turn, for both.
        for (own, pipe) in [(50.0, 100.0), (500.0, 1000.0), (50.0, 100.0)] {
            measured.add("shm-futex", 4, Cores::One, Pair { own, pipe });
        }
        let figures = measured.figures().unwrap();
        assert_eq!(figures.len(), 1);
        let ratio = figures[0].ratio;
        assert!((ratio.low, ratio.median, ratio.high) == (0.5, 0.5, 0.5));
        assert!(figures[0].nanoseconds.median == 50.0);
    }
}
