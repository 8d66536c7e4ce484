//! The queue with 100,000 testcases: what choosing one costs, and how long a session
//! takes to go on.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde::Serialize;

use super::fuzzer::Stats;
use super::{machine, release, save, scratch_dir, tiny};
use crate::{paths, shell};

/// A choice may take so long.
const MOST_NANOSECONDS: u64 = 10_000;

/// A testcase that is stable is run so often when it is new.
const RUNS_FOR_ONE: u64 = 8;

/// The test that makes the choices and prints what they take.
const TEST: &str = "engine::corpus::queue::scale";

#[derive(Serialize)]
struct Report {
    machine: String,
    choices: Vec<Choice>,
    resume: Resume,
}

#[derive(Serialize)]
struct Choice {
    schedule: String,
    nanoseconds: u64,
}

#[derive(Serialize)]
struct Resume {
    testcases: usize,
    first_import_seconds: f64,
    resume_seconds: f64,
    runs_at_resume: u64,
    state_bytes: u64,
    peak_kib: u64,
}

/// Measures with so many testcases.
pub fn run(testcases: usize) -> Result<()> {
    let report = Report {
        machine: machine(),
        choices: choices()?,
        resume: resume(testcases)?,
    };
    let Resume {
        testcases,
        first_import_seconds,
        resume_seconds,
        runs_at_resume,
        state_bytes,
        peak_kib,
    } = &report.resume;
    println!(
        "{testcases} testcases: imported in {first_import_seconds:.1} s, resumed in \
         {resume_seconds:.2} s with {runs_at_resume} runs; the state file has {state_bytes} \
         bytes, the fuzzer {peak_kib} KiB at the most"
    );
    println!("kept in {}", save("queue.json", &report)?.display());
    if let Some(slow) = report
        .choices
        .iter()
        .find(|it| it.nanoseconds > MOST_NANOSECONDS)
    {
        bail!(
            "{}: a choice takes {} ns, more than {MOST_NANOSECONDS}",
            slow.schedule,
            slow.nanoseconds
        );
    }
    if *runs_at_resume > 0 {
        bail!("{runs_at_resume} runs were made for testcases that were known");
    }
    Ok(())
}

fn choices() -> Result<Vec<Choice>> {
    let mut cargo = Command::new(paths::cargo());
    // Optimised, without another release build of everything.
    cargo.args(["test", "--config", "profile.test.opt-level=3"]);
    cargo.args(["--package", "tine", "--bin", "tine"]);
    cargo.args([TEST, "--", "--nocapture"]);
    cargo.current_dir(paths::root()).stderr(Stdio::inherit());
    eprintln!("$ {}", shell::line(&cargo));
    let output = cargo.output().context("cannot run cargo")?;
    if !output.status.success() {
        bail!("`{}` failed: {}", shell::line(&cargo), output.status);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let mut choices = Vec::new();
    for line in text.lines() {
        let Some((_, figures)) = line.split_once("queue: ") else {
            continue;
        };
        println!("{figures}");
        let (before, _) = figures
            .split_once(" ns a choice")
            .context("the test prints nanoseconds")?;
        let (schedule, nanoseconds) = before
            .trim()
            .rsplit_once(' ')
            .context("the test prints the schedule")?;
        choices.push(Choice {
            schedule: schedule.trim().into(),
            nanoseconds: nanoseconds.parse()?,
        });
    }
    if choices.is_empty() {
        bail!("{TEST} printed no figures");
    }
    Ok(choices)
}

fn resume(testcases: usize) -> Result<Resume> {
    let release = release()?;
    let target = tiny(&release)?;
    let scratch = scratch_dir()?;
    let seeds = scratch.path().join("seeds");
    fs::create_dir(&seeds)?;
    for number in 0..testcases {
        fs::write(
            seeds.join(number.to_string()),
            number.to_string().repeat(20),
        )?;
    }
    let output = scratch.path().join("out");
    let tine = release.join("tine");
    // Each testcase is run and calibrated; a limit below that would end the import.
    let runs = RUNS_FOR_ONE * testcases as u64 + 50_000;
    let (first_import_seconds, _) = session(&tine, &seeds, &output, &target.path, runs)?;
    let before = Stats::read(&output)?;
    if before.number("corpus_count")? < testcases as f64 {
        bail!("not all of {testcases} seeds were imported within {runs} runs");
    }
    let before = before.number("execs_done")? as u64;
    let again = Path::new("-");
    let (resume_seconds, peak_kib) = session(&tine, again, &output, &target.path, 0)?;
    let after = Stats::read(&output)?;
    if after.number("corpus_count")? < testcases as f64 {
        bail!("not all of {testcases} testcases are there again");
    }
    let after = after.number("execs_done")? as u64;
    let state_bytes = fs::metadata(output.join("default/.tine_state"))?.len();
    Ok(Resume {
        testcases,
        first_import_seconds,
        resume_seconds,
        runs_at_resume: after - before,
        state_bytes,
        peak_kib,
    })
}

/// A session that ends after so many runs: seconds, and the most memory.
fn session(
    tine: &Path,
    seeds: &Path,
    output: &Path,
    target: &Path,
    runs: u64,
) -> Result<(f64, u64)> {
    let mut command = Command::new(tine);
    command.args(["fuzz", "--no-ui", "-E"]);
    command.args([&runs.to_string(), "-i"]).arg(seeds);
    command.arg("-o").arg(output).arg("--").arg(target);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    eprintln!("$ {}", shell::line(&command));
    let start = Instant::now();
    let mut child = command.spawn().context("cannot start tine")?;
    let mut peak = 0;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        peak = peak.max(super::proc_stat::resident_kib(child.id()).unwrap_or_default());
        std::thread::sleep(std::time::Duration::from_millis(10));
    };
    if !status.success() {
        bail!("`{}` failed: {status}", shell::line(&command));
    }
    Ok((start.elapsed().as_secs_f64(), peak))
}
