//! Counts the system calls of a run, told apart by who makes them: the fuzzer, the
//! fork server, or the child. Read from a whole trace, not from strace's summary,
//! because that one cannot tell the processes apart.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Serialize;

use super::fuzzer::{Conditions, Contestant};
use crate::shell;

/// Calls a run, by role and by name of the call.
#[derive(Serialize, Default)]
pub struct Calls {
    pub runs: usize,
    pub fuzzer: BTreeMap<String, f64>,
    pub server: BTreeMap<String, f64>,
    pub child: BTreeMap<String, f64>,
}

/// Runs one turn under strace. It is slow there, but the calls are the same.
pub fn count(contestant: &Contestant, conditions: &Conditions) -> Result<Calls> {
    let trace = conditions.output.with_extension("strace");
    let fuzz = contestant.command(conditions);
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o"]).arg(&trace);
    command.arg(fuzz.get_program()).args(fuzz.get_args());
    for (name, value) in fuzz.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .context("cannot start strace")?;
    if !status.success() {
        bail!("`{}` failed: {status}", shell::line(&command));
    }
    let calls = read(&trace, &contestant.target)?;
    if calls.runs < 20 {
        bail!("only {} runs were seen under strace", calls.runs);
    }
    Ok(calls)
}

fn read(trace: &Path, target: &Path) -> Result<Calls> {
    let file = File::open(trace).with_context(|| format!("cannot read {}", trace.display()))?;
    let mut counter = Counter::new(&target.to_string_lossy());
    for line in BufReader::new(file).split(b'\n') {
        counter.line(&String::from_utf8_lossy(
            &line.context("cannot read the trace")?,
        ));
    }
    Ok(counter.finish())
}

/// Who a process is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Role {
    Fuzzer,
    Server,
    Child,
}

type Counts = HashMap<Role, BTreeMap<String, usize>>;

/// Follows the trace line by line.
struct Counter {
    /// How the line begins in which a process becomes the target's fork server.
    server_start: String,
    roles: HashMap<u32, Role>,
    /// Calls of processes whose birth was not seen yet: a child may be faster than
    /// its parent's return from clone.
    early: HashMap<u32, Vec<String>>,
    runs: usize,
    counts: Counts,
    /// What was counted when the last child was born: the end of the fuzzer's
    /// session is not part of a run.
    at_last_run: Counts,
}

impl Counter {
    fn new(target: &str) -> Counter {
        Counter {
            server_start: format!("execve(\"{target}\", "),
            roles: HashMap::new(),
            early: HashMap::new(),
            runs: 0,
            counts: HashMap::new(),
            at_last_run: HashMap::new(),
        }
    }

    /// Takes a line: `PID call(arguments) = result`, or half of one.
    fn line(&mut self, line: &str) {
        let Some((pid, event)) = line.split_once(' ') else {
            return;
        };
        let Ok(pid) = pid.parse::<u32>() else {
            return;
        };
        let event = event.trim_start();
        if event.starts_with("+++") {
            // The number may be given to another process.
            self.roles.remove(&pid);
            return;
        }
        if event.starts_with("---") {
            return;
        }
        if self.roles.is_empty() {
            self.roles.insert(pid, Role::Fuzzer);
        }
        let resumed = event.strip_prefix("<... ");
        let name = match resumed {
            Some(rest) => rest.split(' ').next().unwrap_or(rest),
            None => event.split('(').next().unwrap_or(event),
        };
        if resumed.is_none() {
            self.count(pid, name);
            if event.starts_with(&self.server_start) {
                self.roles.insert(pid, Role::Server);
            }
        }
        if is_fork(name) {
            self.note_birth(pid, event);
        }
    }

    fn note_birth(&mut self, parent: u32, event: &str) {
        let result = event.rsplit_once(" = ").map(|(_, result)| result);
        let Some(born) = result.and_then(|result| result.trim().parse::<u32>().ok()) else {
            return;
        };
        if self.roles.get(&parent) == Some(&Role::Server) {
            if self.runs == 0 {
                // From here on a run is like the next.
                self.counts.clear();
            } else {
                self.at_last_run = self.counts.clone();
            }
            self.runs += 1;
            self.roles.insert(born, Role::Child);
        } else if self.roles.get(&born) != Some(&Role::Server) {
            // The server may have started the target before its parent returned.
            self.roles.insert(born, Role::Fuzzer);
        }
        for name in self.early.remove(&born).unwrap_or_default() {
            self.count(born, &name);
        }
    }

    fn count(&mut self, pid: u32, name: &str) {
        match self.roles.get(&pid) {
            Some(&role) => {
                *self
                    .counts
                    .entry(role)
                    .or_default()
                    .entry(name.to_owned())
                    .or_default() += 1;
            }
            None => self.early.entry(pid).or_default().push(name.to_owned()),
        }
    }

    fn finish(mut self) -> Calls {
        // One less than children: the counts end where the last one begins.
        let runs = self.runs.saturating_sub(1);
        let mut per_run = |role: Role| {
            let counts = self.at_last_run.remove(&role).unwrap_or_default();
            counts
                .into_iter()
                .map(|(name, count)| (name, count as f64 / runs.max(1) as f64))
                .collect()
        };
        Calls {
            fuzzer: per_run(Role::Fuzzer),
            server: per_run(Role::Server),
            child: per_run(Role::Child),
            runs,
        }
    }
}

fn is_fork(name: &str) -> bool {
    matches!(name, "clone" | "clone3" | "fork" | "vfork")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_given_to_the_process_that_makes_them() {
        let mut counter = Counter::new("/t/tiny");
        for line in [
            r#"10 execve("/t/afl-fuzz", ["afl-fuzz", "/t/tiny-not"], 0x1 /* 3 vars */) = 0"#,
            "10 fork() = 11",
            r#"11 execve("/t/tiny", ["/t/tiny"], 0x1 /* 3 vars */ <unfinished ...>"#,
            "10 read(199,  <unfinished ...>",
            "11 <... execve resumed>) = 0",
            "11 clone(child_stack=NULL, flags=SIGCHLD) = 12",
            r#"11 write(199, "\1", 4) = 4"#,
            r#"12 read(0, "a", 1) = 1"#,
            "12 exit_group(0) = ?",
            "12 +++ exited with 0 +++",
            "11 --- SIGCHLD {si_signo=SIGCHLD} ---",
            "10 <... read resumed>4) = 4",
            "10 write(198, 1, 4) = 4",
            "11 clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>",
            // A child that is faster than its parent's return.
            "13 read(0, 1, 1) = 1",
            "13 getpid() = 13",
            "11 <... clone resumed>) = 13",
            "11 clone(child_stack=NULL, flags=SIGCHLD) = 14",
        ] {
            counter.line(line);
        }
        let calls = counter.finish();
        assert_eq!(calls.runs, 2);
        let expected = |pairs: &[(&str, f64)]| {
            pairs
                .iter()
                .map(|(name, count)| ((*name).to_owned(), *count))
                .collect()
        };
        assert_eq!(calls.fuzzer, expected(&[("write", 0.5)]));
        assert_eq!(calls.server, expected(&[("clone", 1.0), ("write", 0.5)]));
        let child = [("exit_group", 0.5), ("getpid", 0.5), ("read", 1.0)];
        assert_eq!(calls.child, expected(&child));
    }
}
