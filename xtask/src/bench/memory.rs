//! Memory: the fuzzer's process must not grow while nothing new is found.

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Serialize;

use super::fuzzer::Stats;
use super::proc_stat;
use super::summary::Summary;
use super::{release, save, scratch_dir, tiny};
use crate::shell;

/// How much more memory the last quarter may need than the second one. An
/// allocator's own bookkeeping moves by some pages; a leak of 4 bytes a run in a
/// million runs is more than this.
const ALLOWED_GROWTH_KIB: f64 = 2048.0;

#[derive(Serialize)]
struct Report {
    runs: u64,
    seconds: f64,
    samples: usize,
    second_quarter_kib: Summary,
    last_quarter_kib: Summary,
    growth_kib: f64,
}

/// Fuzzes a persistent target for so many runs and watches the fuzzer's memory.
pub fn run(runs: u64) -> Result<()> {
    let release = release()?;
    let target = tiny(&release)?;

    let scratch = scratch_dir()?;
    let output = scratch.path().join("out");
    let mut command = Command::new(release.join("tine"));
    command
        .args(["fuzz", "--no-ui", "-i"])
        .arg(&target.seeds)
        .arg("-o")
        .arg(&output);
    command
        .args(["-E", &runs.to_string(), "--"])
        .arg(&target.path);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    eprintln!("$ {}", shell::line(&command));

    let start = Instant::now();
    let mut child = command.spawn().context("cannot start tine")?;
    let mut samples = Vec::new();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if let Some(kib) = proc_stat::resident_kib(child.id()) {
            samples.push(kib as f64);
        }
        thread::sleep(Duration::from_millis(10));
    };
    let seconds = start.elapsed().as_secs_f64();
    if !status.success() {
        bail!("`{}` failed: {status}", shell::line(&command));
    }
    let done = Stats::read(&output)?.number("execs_done")? as u64;
    if done < runs {
        bail!("tine ended after {done} runs of {runs}");
    }

    let quarter = samples.len() / 4;
    if quarter < 5 {
        bail!(
            "only {} samples in {seconds:.1} s; ask for more --runs",
            samples.len()
        );
    }
    let second = Summary::of(samples[quarter..2 * quarter].iter().copied());
    let last = Summary::of(samples[3 * quarter..].iter().copied());
    let (Some(second), Some(last)) = (second, last) else {
        bail!("no samples");
    };
    let report = Report {
        runs: done,
        seconds,
        samples: samples.len(),
        second_quarter_kib: second,
        last_quarter_kib: last,
        growth_kib: last.median - second.median,
    };
    println!(
        "{done} runs in {seconds:.1} s: {:.0} KiB in the second quarter, {:.0} KiB in the last, growth {:.0} KiB",
        second.median, last.median, report.growth_kib
    );
    println!("kept in {}", save("memory.json", &report)?.display());
    if report.growth_kib > ALLOWED_GROWTH_KIB {
        bail!("the fuzzer's memory grows: more than {ALLOWED_GROWTH_KIB} KiB");
    }
    Ok(())
}
