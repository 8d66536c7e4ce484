//! `cargo xtask test`: everything that has to hold, one step after another. A step
//! that fails does not hide the ones after it, unless those could not work without it.

use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::{docs, layout, paths, real, setup, shell};

/// Crates outside the workspace: static libraries with a panic handler of their own.
const EXCLUDED: &[&str] = &["archive", "driver", "shared"];

/// Runs all steps; `arguments` go to `cargo test`.
pub fn run(arguments: &[String]) -> Result<ExitCode> {
    let mut report = Report::default();
    let complete = steps(&mut report, arguments);
    eprintln!("\n{report}");
    complete?;
    Ok(if report.passed() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn steps(report: &mut Report, arguments: &[String]) -> Result<()> {
    report.needed("set-up", setup::run)?;
    report.step("format", format);
    report.step("lints", lints);
    report.step("layout", layout::run);
    report.step("rustdoc", rustdoc);
    report.needed("build", build)?;
    report.step("real targets", real_targets);
    let mut tally = Tally::default();
    report.step("tests", || tests(arguments, &mut tally));
    report.tally = Some(tally);
    // After the tests: parts of it are what they found out.
    report.step("docs", || docs::run(true));
    Ok(())
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(paths::cargo());
    command.args(arguments).current_dir(paths::root());
    command
}

/// Manifests of the crates outside the workspace.
fn excluded_manifests() -> impl Iterator<Item = String> {
    EXCLUDED
        .iter()
        .map(|name| format!("forkserver/runtime/{name}/Cargo.toml"))
}

fn format() -> Result<()> {
    shell::run(&mut cargo(&["fmt", "--all", "--check"]))?;
    for manifest in excluded_manifests() {
        shell::run(&mut cargo(&[
            "fmt",
            "--all",
            "--check",
            "--manifest-path",
            &manifest,
        ]))?;
    }
    Ok(())
}

fn lints() -> Result<()> {
    let deny = ["--", "-D", "warnings"];
    shell::run(cargo(&["clippy", "--workspace", "--all-targets"]).args(deny))?;
    for manifest in excluded_manifests() {
        let mut clippy = cargo(&["clippy", "--release", "--manifest-path", &manifest]);
        // A target folder of the project's own, not one inside the crate.
        clippy.env("CARGO_TARGET_DIR", paths::target_dir().join("excluded"));
        shell::run(clippy.args(deny))?;
    }
    Ok(())
}

fn rustdoc() -> Result<()> {
    let mut doc = cargo(&[
        "doc",
        "--workspace",
        "--no-deps",
        "--document-private-items",
    ]);
    shell::run(doc.env("RUSTDOCFLAGS", "-D warnings"))
}

fn build() -> Result<()> {
    shell::run(&mut cargo(&["build", "--workspace", "--all-targets"]))
}

fn real_targets() -> Result<()> {
    // The label under which the tests look for them.
    let compiler = real::Compiler::tine_cc(Some("test".into()))?;
    let programs = real::build(&real::Catalogue::load()?, &[], &compiler)?;
    eprintln!(
        "{} programs are ready below target/real/{}",
        programs.len(),
        compiler.label()
    );
    Ok(())
}

fn tests(arguments: &[String], tally: &mut Tally) -> Result<()> {
    let mut command = cargo(&["test", "--workspace", "--no-fail-fast"]);
    command.args(arguments).stdout(Stdio::piped());
    eprintln!("$ {}", shell::line(&command));
    let mut child = command.spawn().context("cannot start cargo test")?;
    let output = child.stdout.take().context("cargo test has no output")?;
    let mut out = std::io::stdout().lock();
    for line in BufReader::new(output).split(b'\n') {
        let line = line.context("cannot read the output of cargo test")?;
        tally.read(&String::from_utf8_lossy(&line));
        // A reader that went away is no reason to stop testing.
        let _ = out.write_all(&line).and_then(|()| out.write_all(b"\n"));
    }
    let _ = out.flush();
    let status = child.wait().context("cannot wait for cargo test")?;
    if !status.success() {
        bail!("cargo test failed: {status}");
    }
    if tally.passed == 0 {
        bail!("no test ran");
    }
    Ok(())
}

/// What the steps came to.
#[derive(Default)]
struct Report {
    steps: Vec<(&'static str, Duration, Result<()>)>,
    tally: Option<Tally>,
}

impl Report {
    /// Runs a step; a failure is noted and shown, and the next step runs all the same.
    fn step(&mut self, name: &'static str, work: impl FnOnce() -> Result<()>) {
        eprintln!("\n== {name}");
        let start = Instant::now();
        let result = work();
        if let Err(error) = &result {
            eprintln!("{name} failed: {error:#}");
        }
        self.steps.push((name, start.elapsed(), result));
    }

    /// Runs a step that the next ones cannot do without.
    fn needed(&mut self, name: &'static str, work: impl FnOnce() -> Result<()>) -> Result<()> {
        self.step(name, work);
        if self.passed()
            || self
                .steps
                .last()
                .is_some_and(|(_, _, result)| result.is_ok())
        {
            return Ok(());
        }
        bail!("stopped after `{name}`: the next steps need it");
    }

    fn passed(&self) -> bool {
        self.steps.iter().all(|(_, _, result)| result.is_ok())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "== summary")?;
        for (name, time, result) in &self.steps {
            let word = if result.is_ok() { "ok" } else { "FAILED" };
            writeln!(f, "{name:14} {word:6} {:6.1} s", time.as_secs_f64())?;
            if let Err(error) = result {
                writeln!(f, "               {error:#}")?;
            }
        }
        if let Some(tally) = &self.tally {
            writeln!(f, "{tally}")?;
        }
        write!(
            f,
            "{}",
            if self.passed() {
                "everything passed"
            } else {
                "NOT everything passed"
            }
        )
    }
}

/// Sum of the `test result:` lines.
#[derive(Default, Debug, PartialEq, Eq)]
struct Tally {
    passed: usize,
    failed: usize,
    ignored: usize,
    filtered: usize,
}

impl Tally {
    /// Adds a line such as `test result: ok. 5 passed; 0 failed; 1 ignored; …`.
    fn read(&mut self, line: &str) {
        let Some((_, counts)) = line
            .strip_prefix("test result: ")
            .and_then(|rest| rest.split_once(". "))
        else {
            return;
        };
        for count in counts.split("; ") {
            let mut words = count.split(' ');
            let number = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
            match words.next() {
                Some("passed") => self.passed += number,
                Some("failed") => self.failed += number,
                Some("ignored") => self.ignored += number,
                Some("filtered") => self.filtered += number,
                _ => {}
            }
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally {
            passed,
            failed,
            ignored,
            filtered,
        } = self;
        write!(
            f,
            "{passed} tests passed, {failed} failed, {ignored} ignored"
        )?;
        if *filtered > 0 {
            write!(f, ", {filtered} left out by the arguments")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn results_of_all_test_programs_are_added_up() {
        let mut tally = Tally::default();
        tally.read("test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.1s");
        tally.read("test result: FAILED. 7 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1s");
        tally.read("test fork::ok ... ok");
        assert_eq!(
            tally,
            Tally {
                passed: 12,
                failed: 3,
                ignored: 1,
                filtered: 2
            }
        );
    }
}
