//! One turn of a fuzzer: start it, watch it, read its fuzzer_stats.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Serialize;

use super::proc_stat::{self, Usage};
use crate::shell;

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    Tine,
    Afl,
}

impl Side {
    pub fn name(self) -> &'static str {
        match self {
            Side::Tine => "tine",
            Side::Afl => "afl-fuzz",
        }
    }
}

/// A fuzzer, and the target that its own compiler wrapper built.
pub struct Contestant {
    pub side: Side,
    pub fuzzer: PathBuf,
    pub target: PathBuf,
    pub arguments: Vec<String>,
}

/// The conditions of a turn, the same for both.
pub struct Conditions<'a> {
    pub seeds: &'a Path,
    pub output: PathBuf,
    pub seconds: u64,
    pub core: usize,
}

/// What a turn came to.
#[derive(Clone, Debug, Serialize)]
pub struct Turn {
    pub side: Side,
    /// Runs, as the fuzzer counts them.
    pub runs: u64,
    /// Runs a second, as the fuzzer counts them over its own run time.
    pub runs_per_second: f64,
    /// Wall time from start to end, measured from outside.
    pub wall_seconds: f64,
    pub edges: u64,
    pub corpus: u64,
    /// Of the fuzzer's process, of the fork server, of the children it waited for.
    pub fuzzer: Usage,
    pub server: Usage,
    pub children: Usage,
}

impl Turn {
    /// Runs a second by the clock on the wall, with start and end in it.
    pub fn runs_per_wall_second(&self) -> f64 {
        self.runs as f64 / self.wall_seconds
    }
}

impl Contestant {
    /// The command of a turn.
    pub fn command(&self, conditions: &Conditions) -> Command {
        let mut command = Command::new(&self.fuzzer);
        if self.side == Side::Tine {
            command.args(["fuzz", "--no-ui"]);
        }
        command.arg("-i").arg(conditions.seeds);
        command.arg("-o").arg(&conditions.output);
        command.args(["-b", &conditions.core.to_string(), "-t", "1000"]);
        command.args(["-V", &conditions.seconds.to_string(), "--"]);
        command.arg(&self.target).args(&self.arguments);
        neutral_environment(&mut command);
        command
    }

    /// Runs one turn to its end.
    pub fn run(&self, conditions: &Conditions) -> Result<Turn> {
        let mut command = self.command(conditions);
        let log = conditions.output.with_extension("log");
        let file =
            File::create(&log).with_context(|| format!("cannot create {}", log.display()))?;
        command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file);
        let start = Instant::now();
        let child = command
            .spawn()
            .with_context(|| format!("cannot start `{}`", shell::line(&command)))?;
        let limit = Duration::from_secs(conditions.seconds + 60);
        let watched = watch(child, limit);
        let wall_seconds = start.elapsed().as_secs_f64();
        let watched = watched.with_context(|| failure(&command, &log))?;

        let stats = Stats::read(&conditions.output).with_context(|| failure(&command, &log))?;
        Ok(Turn {
            side: self.side,
            runs: stats.number("execs_done")? as u64,
            runs_per_second: stats.number("execs_per_sec")?,
            wall_seconds,
            edges: stats.number("edges_found")? as u64,
            corpus: stats.number("corpus_count")? as u64,
            fuzzer: watched.fuzzer,
            server: watched.server,
            children: watched.children,
        })
    }
}

/// Both fuzzers under the same rules, whatever is set for AFL here.
pub fn neutral_environment(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AFL_") {
            command.env_remove(name);
        }
    }
    for name in [
        "AFL_NO_UI",
        "AFL_SKIP_CPUFREQ",
        "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES",
    ] {
        command.env(name, "1");
    }
    command.env_remove("LD_PRELOAD");
}

/// A command that failed, and the end of what it said.
pub fn failure(command: &Command, log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let tail: Vec<&str> = text.lines().rev().take(15).collect();
    let tail: Vec<&str> = tail.into_iter().rev().collect();
    format!(
        "`{}`, which said:\n{}\n",
        shell::line(command),
        tail.join("\n")
    )
}

#[derive(Default)]
struct Watched {
    fuzzer: Usage,
    server: Usage,
    children: Usage,
}

/// Waits for the end, and reads the counters until then: they are gone afterwards.
fn watch(mut child: Child, limit: Duration) -> Result<Watched> {
    let start = Instant::now();
    let mut last = Watched::default();
    let mut servers: Vec<u32> = Vec::new();
    loop {
        if let Some(status) = child.try_wait()? {
            if !status.success() {
                bail!("it failed: {status}");
            }
            return Ok(last);
        }
        if start.elapsed() > limit {
            // Best effort: what is left is the message.
            let _ = child.kill();
            let _ = child.wait();
            bail!("it did not end within {} s", limit.as_secs());
        }
        if servers.is_empty() || start.elapsed() < Duration::from_secs(1) {
            servers = proc_stat::children(child.id());
        }
        if let Some(stat) = proc_stat::stat(child.id()) {
            last.fuzzer = stat.own;
        }
        let living: Vec<_> = servers
            .iter()
            .filter_map(|&pid| proc_stat::stat(pid))
            .collect();
        if !living.is_empty() {
            last.server = living
                .iter()
                .fold(Usage::default(), |sum, stat| sum + stat.own);
            last.children = living
                .iter()
                .fold(Usage::default(), |sum, stat| sum + stat.waited_for);
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// A fuzzer_stats file.
pub struct Stats(HashMap<String, String>);

impl Stats {
    /// Reads the one of the instance `default`.
    pub fn read(output: &Path) -> Result<Stats> {
        let path = output.join("default/fuzzer_stats");
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let pair = |line: &str| {
            let (key, value) = line.split_once(':')?;
            Some((key.trim().to_owned(), value.trim().to_owned()))
        };
        Ok(Stats(text.lines().filter_map(pair).collect()))
    }

    /// The number behind a key, with or without a percent sign.
    pub fn number(&self, key: &str) -> Result<f64> {
        let value = self
            .0
            .get(key)
            .with_context(|| format!("fuzzer_stats has no `{key}`"))?;
        let digits = value.trim_end_matches('%');
        digits
            .parse()
            .with_context(|| format!("fuzzer_stats: `{key}` is `{value}`"))
    }
}
