//! Every mechanism as a channel between two processes: a word there and a word back,
//! 64 KiB there and a word back; both processes on one core, and on two. All take
//! turns, and each is compared with the pair of pipes of its own turn.

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

use self::figures::{Cores, Figure, Figures, MECHANISMS, Mechanism, PAYLOADS, Spread};
use super::{fork, save};
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
                // Every other turn backwards: what comes late in a turn comes early in
                // the next.
                let mut order: Vec<&Mechanism> = MECHANISMS.iter().collect();
                if turn % 2 == 1 {
                    order.reverse();
                }
                for mechanism in order.into_iter().filter(|it| it.carries(payload)) {
                    let time = measure(&program, mechanism.name, payload, layout, plan.seconds)?;
                    measured.add(mechanism.name, payload, layout, time);
                }
            }
        }
    }
    let mut figures = Figures {
        date: shell::capture(Command::new("date").args(["-u", "+%F"]))?
            .trim()
            .into(),
        machine: fork::machine(),
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
    let mut command = Command::new(program);
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

/// All turns so far: times of a channel in the order of the turns.
#[derive(Default)]
struct Measured(BTreeMap<(usize, Cores), BTreeMap<&'static str, Vec<f64>>>);

impl Measured {
    fn add(&mut self, mechanism: &'static str, payload: usize, layout: Cores, time: f64) {
        let group = self.0.entry((payload, layout)).or_default();
        group.entry(mechanism).or_default().push(time);
    }

    fn figures(&self) -> Result<Vec<Figure>> {
        let mut figures = Vec::new();
        for (&(payload, cores), group) in &self.0 {
            let reference = group.get(REFERENCE).context("the pipe was not measured")?;
            for mechanism in MECHANISMS {
                let Some(times) = group.get(mechanism.name) else {
                    continue;
                };
                let ratios = times.iter().zip(reference).map(|(time, pipe)| time / pipe);
                figures.push(Figure {
                    mechanism: mechanism.name.into(),
                    payload,
                    cores,
                    nanoseconds: Spread::of(times.iter().copied()).context("no turn")?,
                    ratio: Spread::of(ratios).context("no turn")?,
                });
            }
        }
        Ok(figures)
    }
}

#[cfg(test)]
mod tests {
    use super::{Cores, Measured};

    #[test]
    fn a_channel_is_compared_with_the_pipe_of_its_own_turn() {
        let mut measured = Measured::default();
        // The machine is ten times slower in the second turn, for both.
        for (pipe, futex) in [(100.0, 50.0), (1000.0, 500.0), (100.0, 50.0)] {
            measured.add("pipe", 4, Cores::One, pipe);
            measured.add("shm-futex", 4, Cores::One, futex);
        }
        let figures = measured.figures().unwrap();
        assert_eq!(figures.len(), 2);
        let futex = figures
            .iter()
            .find(|it| it.mechanism == "shm-futex")
            .unwrap();
        assert!((futex.ratio.low, futex.ratio.high) == (0.5, 0.5));
        assert!(futex.nanoseconds.median == 50.0);
    }

    #[test]
    fn without_the_pipe_there_is_nothing_to_compare_with() {
        let mut measured = Measured::default();
        measured.add("tcp", 4, Cores::One, 1.0);
        assert!(measured.figures().is_err());
    }
}
