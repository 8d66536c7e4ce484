//! One session of a fuzzer: started, waited for, and its finds with their times.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::figures::Length;
use crate::bench::fuzzer::{Side, Stats, failure, neutral_environment};
use crate::shell;

/// How long a session may take beyond its own time: start, seeds, last writes.
const SLACK: Duration = Duration::from_secs(60);
/// How long one of so many runs may take. It only ends what has come to a stop.
const LONGEST_OF_RUNS: Duration = Duration::from_secs(3600);
/// How long a fuzzer has to end when it is told to.
const PATIENCE: Duration = Duration::from_secs(10);

/// A fuzzer, and what it is to fuzz.
pub struct Contestant {
    pub side: Side,
    pub fuzzer: PathBuf,
    pub target: PathBuf,
    /// The program that logs compares, for `-c`; `0` is the target itself.
    pub cmplog: Option<PathBuf>,
}

/// The conditions of a session, the same for both.
pub struct Conditions<'a> {
    pub seeds: &'a Path,
    pub output: PathBuf,
    pub length: Length,
    /// Core to be bound to.
    pub core: Option<usize>,
    /// Seed of the random numbers.
    pub random_seed: Option<u64>,
}

/// What a session left.
pub struct Outcome {
    pub runs: u64,
    pub runs_per_second: f64,
    /// The queue, in the order in which it was found.
    pub queue: Vec<Find>,
    /// The crashes, in the order in which they were found.
    pub crashes: Vec<Find>,
}

/// A file that a fuzzer wrote.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Find {
    /// Milliseconds or runs, from the name. First, because it is sorted by.
    pub progress: u64,
    pub path: PathBuf,
}

/// Set when a signal asks for an end.
#[derive(Clone)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on SIGINT, SIGTERM and SIGHUP are noticed, so that fuzzers are ended and
    /// folders removed.
    pub fn notice() -> Result<Interrupt> {
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
            signal_hook::flag::register(signal as i32, flag.clone())
                .context("cannot watch for signals")?;
        }
        Ok(Interrupt(flag))
    }

    /// An error if there was a signal.
    pub fn check(&self) -> Result<()> {
        if self.0.load(Ordering::Relaxed) {
            bail!("interrupted; nothing is left behind, and nothing was kept");
        }
        Ok(())
    }
}

impl Contestant {
    /// The command of a session.
    pub fn command(&self, conditions: &Conditions) -> Command {
        let mut command = Command::new(&self.fuzzer);
        if self.side == Side::Tine {
            command.args(["fuzz", "--no-ui"]);
        }
        command.arg("-i").arg(conditions.seeds);
        command.arg("-o").arg(&conditions.output);
        match conditions.length {
            Length::Seconds(seconds) => command.args(["-V", &seconds.to_string()]),
            Length::Runs(runs) => command.args(["-E", &runs.to_string()]),
        };
        if let Some(seed) = conditions.random_seed {
            command.args(["-s", &seed.to_string()]);
        }
        if let Some(program) = &self.cmplog {
            command.arg("-c").arg(program);
        }
        neutral_environment(&mut command);
        match conditions.core {
            Some(core) => command.args(["-b", &core.to_string()]),
            None => command.env("AFL_NO_AFFINITY", "1"),
        };
        command.arg("--").arg(&self.target);
        command
    }

    /// Runs a session to its end.
    pub fn run(&self, conditions: &Conditions, interrupt: &Interrupt) -> Result<Outcome> {
        let mut command = self.command(conditions);
        let log = conditions.output.with_extension("log");
        let file =
            File::create(&log).with_context(|| format!("cannot create {}", log.display()))?;
        command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            // A key on the terminal ends the measuring, which then ends the fuzzer.
            .process_group(0);
        let limit = match conditions.length {
            Length::Seconds(seconds) => Duration::from_secs(seconds) + SLACK,
            Length::Runs(_) => LONGEST_OF_RUNS,
        };
        let child = command
            .spawn()
            .with_context(|| format!("cannot start `{}`", shell::line(&command)))?;
        let ended = wait(child, limit, interrupt);
        interrupt.check()?;
        let status = ended.with_context(|| failure(&command, &log))?;
        if !status.success() {
            bail!("{}it failed: {status}", failure(&command, &log));
        }
        let stats = Stats::read(&conditions.output).with_context(|| failure(&command, &log))?;
        let instance = conditions.output.join("default");
        let length = conditions.length;
        Ok(Outcome {
            runs: stats.number("execs_done")? as u64,
            // afl-fuzz divides by zero when it ends at once.
            runs_per_second: Some(stats.number("execs_per_sec")?)
                .filter(|speed| speed.is_finite())
                .unwrap_or_default(),
            queue: finds(&instance.join("queue"), length)?,
            crashes: finds(&instance.join("crashes"), length)?,
        })
    }
}

/// Waits for the end, or brings it about.
fn wait(mut child: Child, limit: Duration, interrupt: &Interrupt) -> Result<ExitStatus> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if interrupt.check().is_err() || start.elapsed() > limit {
            end(&mut child)?;
            bail!("it did not end within {} s", limit.as_secs());
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// Asks the fuzzer to end, which takes its fork server along, and then makes it.
fn end(child: &mut Child) -> Result<()> {
    let group = Pid::from_raw(child.id() as i32);
    let asked = Instant::now();
    // Both may fail because it is gone already.
    let _ = killpg(group, Signal::SIGTERM);
    while child.try_wait()?.is_none() {
        if asked.elapsed() > PATIENCE {
            let _ = killpg(group, Signal::SIGKILL);
            child.wait()?;
            break;
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// The testcases of a folder, in the order in which they were found.
fn finds(folder: &Path, length: Length) -> Result<Vec<Find>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut finds = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // Folders of AFL's own, and the note beside crashes.
        if !name.starts_with("id:") {
            continue;
        }
        let progress = progress(&name, length)
            .with_context(|| format!("`{name}` in {} has no time", folder.display()))?;
        finds.push(Find { progress, path });
    }
    finds.sort();
    Ok(finds)
}

/// When a testcase was found, from its name.
fn progress(name: &str, length: Length) -> Option<u64> {
    let key = match length {
        Length::Seconds(_) => "time:",
        Length::Runs(_) => "execs:",
    };
    name.split(',')
        .find_map(|field| field.strip_prefix(key)?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::{Conditions, Contestant, Interrupt, progress};
    use crate::bench::effectiveness::figures::Length;
    use crate::bench::fuzzer::Side;
    use crate::bench::scratch_dir;
    use crate::paths;
    use crate::real::{self, Catalogue, Compiler};
    use std::path::PathBuf;
    use std::sync::Arc;
    use std::sync::atomic::Ordering;
    use std::time::{Duration, Instant};
    use std::{fs, thread};

    /// afl-fuzz, the side that does not change with this project.
    fn contestant() -> (Contestant, PathBuf) {
        let catalogue = Catalogue::load().expect("the catalogue");
        let compiler = Compiler::at("afl-clang-fast".as_ref(), Some("test-bench".into()))
            .expect("afl-clang-fast; `cargo xtask setup` installs it");
        let built = real::build(&catalogue, &["tiny".into()], &compiler).expect("tiny");
        let persistent = built.into_iter().find(|program| program.persistent);
        let program = persistent.expect("a persistent tiny");
        let contestant = Contestant {
            side: Side::Afl,
            fuzzer: paths::find_program("afl-fuzz").expect("afl-fuzz"),
            target: program.path,
            cmplog: None,
        };
        (contestant, program.seeds)
    }

    #[test]
    fn a_session_has_as_many_runs_as_asked_for_and_its_queue_in_order() {
        let (contestant, seeds) = contestant();
        let scratch = scratch_dir().expect("a scratch folder");
        let conditions = Conditions {
            seeds: &seeds,
            output: scratch.path().join("out"),
            length: Length::Runs(3000),
            core: None,
            random_seed: Some(1),
        };
        let interrupt = Interrupt(Arc::default());
        let outcome = contestant.run(&conditions, &interrupt).expect("a session");
        assert!((3000..6000).contains(&outcome.runs), "{}", outcome.runs);
        let seed_count = fs::read_dir(&seeds).expect("seeds").count();
        assert!(outcome.queue.len() > seed_count, "{:?}", outcome.queue);
        assert!(outcome.queue.is_sorted_by_key(|find| find.progress));
        assert_eq!(outcome.queue[0].progress, 0, "seeds come first");
        assert!(outcome.crashes.is_empty());
    }

    #[test]
    fn an_interrupt_ends_the_fuzzer_at_once() {
        let (contestant, seeds) = contestant();
        let scratch = scratch_dir().expect("a scratch folder");
        let output = scratch.path().join("out");
        let conditions = Conditions {
            seeds: &seeds,
            output: output.clone(),
            length: Length::Seconds(600),
            core: None,
            random_seed: None,
        };
        let interrupt = Interrupt(Arc::default());
        let flag = interrupt.0.clone();
        let stats = output.join("default/fuzzer_stats");
        let start = Instant::now();
        let ended = thread::scope(|scope| {
            scope.spawn(|| {
                while !stats.exists() && start.elapsed() < Duration::from_secs(60) {
                    thread::sleep(Duration::from_millis(20));
                }
                flag.store(true, Ordering::Relaxed);
            });
            contestant.run(&conditions, &interrupt)
        });
        let error = ended.err().expect("an interrupted session is no result");
        assert!(error.to_string().starts_with("interrupted"), "{error:#}");
        assert!(start.elapsed() < Duration::from_secs(120));
        let text = fs::read_to_string(&stats).expect("fuzzer_stats");
        let pid = text
            .lines()
            .find_map(|line| line.strip_prefix("fuzzer_pid"));
        let pid = pid.expect("its number").trim_start_matches([' ', ':']);
        assert!(!PathBuf::from("/proc").join(pid).exists(), "{pid} lives");
    }

    #[test]
    fn names_of_both_fuzzers_say_when() {
        let names = [
            ("id:000000,time:0,execs:0,orig:a.png", 0, 0),
            (
                "id:000007,src:000001,time:250,execs:1234,op:havoc,rep:4,+cov",
                250,
                1234,
            ),
            (
                "id:000001,sig:06,src:000001+000004,time:99,execs:77,op:splice,rep:2",
                99,
                77,
            ),
        ];
        for (name, time, runs) in names {
            assert_eq!(progress(name, Length::Seconds(1)), Some(time), "{name}");
            assert_eq!(progress(name, Length::Runs(1)), Some(runs), "{name}");
        }
        assert_eq!(progress("id:000001,orig:x", Length::Seconds(1)), None);
    }
}
