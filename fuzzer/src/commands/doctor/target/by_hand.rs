//! The target without a fork server: what it says, and how much.

use crate::commands::doctor::{
    finding::{Finding, Id},
    host::shown_bytes,
};
use nix::{
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use std::{
    io::Read,
    os::{fd::AsFd, unix::process::CommandExt},
    process::{Command, Stdio},
    time::{Duration, Instant},
};
use tine_controller::{InputFile, TargetConfig, start_clean};

/// Longer is not waited for.
const LIMIT: Duration = Duration::from_secs(3);

/// More is not read.
const MOST: u64 = 4 << 20;

/// From here on writing costs more than a short run.
const FLOOD: u64 = 64 << 10;

/// The last words that are shown.
const SHOWN: usize = 160;

/// What became of it.
#[derive(Debug, Default)]
pub struct ByHand {
    /// Bytes that it wrote to standard output and error.
    pub bytes: u64,
    /// The last of them on standard error.
    tail: Vec<u8>,
}

impl ByHand {
    /// What it said last, as a part of a sentence; empty if it said nothing.
    pub fn said(&self) -> String {
        let text = String::from_utf8_lossy(&self.tail);
        let line = text.lines().rev().find(|line| !line.trim().is_empty());
        line.map_or_else(String::new, |line| {
            let shown: String = line
                .trim()
                .chars()
                .filter(|c| !c.is_control())
                .take(SHOWN)
                .collect();
            format!("; run by hand it says: {shown}")
        })
    }
}

/// How much the target writes in a run.
pub fn output(config: &TargetConfig, input: &[u8]) -> Finding {
    let ran = run(config, input);
    let most = if ran.bytes >= MOST { " or more" } else { "" };
    let what = format!("{}{most} in a run", shown_bytes(ran.bytes));
    if ran.bytes < FLOOD {
        return Finding::ok(Id::Output, what);
    }
    Finding::slower(Id::Output, what)
        .why("it goes nowhere, but each write costs a system call, and the text has to be made")
        .remedy("tine fuzz … -- TARGET --quiet …     # if it has such an option")
}

/// Runs the target on `input` as a shell would, and ends it after a while.
pub fn run(config: &TargetConfig, input: &[u8]) -> ByHand {
    // That it does not start is what the caller tells of.
    start(config, input).unwrap_or_default()
}

fn start(config: &TargetConfig, input: &[u8]) -> std::io::Result<ByHand> {
    let mut file = InputFile::open(&config.input)?;
    file.deliver(input)?;
    let stdin = file.stdin()?.map_or_else(Stdio::null, Stdio::from);
    let mut command = Command::new(&config.program);
    start_clean(&mut command);
    let mut child = command
        .args(&config.args)
        .envs(config.env.iter().map(|(name, value)| (name, value)))
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()?;
    let group = Pid::from_raw(child.id().cast_signed());
    let mut ran = ByHand::default();
    if let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) {
        listen(out, err, &mut ran);
    }
    // What it started may hold the pipes; it may have ended by itself.
    let _ = killpg(group, Signal::SIGKILL);
    child.wait()?;
    Ok(ran)
}

/// Reads both until they end, or there is no more time.
fn listen(mut out: impl Read + AsFd, mut err: impl Read + AsFd, ran: &mut ByHand) {
    let deadline = Instant::now() + LIMIT;
    let mut open = [true, true];
    let mut block = [0; 1 << 16];
    while open != [false, false] && ran.bytes < MOST {
        let rest = deadline.saturating_duration_since(Instant::now());
        if rest.is_zero() {
            return;
        }
        let ready = {
            let mut entries = [(out.as_fd(), open[0]), (err.as_fd(), open[1])].map(|(fd, open)| {
                let flags = if open {
                    PollFlags::POLLIN
                } else {
                    PollFlags::empty()
                };
                PollFd::new(fd, flags)
            });
            let limit = PollTimeout::try_from(rest).unwrap_or(PollTimeout::MAX);
            match poll(&mut entries, limit) {
                Err(nix::errno::Errno::EINTR) => continue,
                Err(_) => return,
                Ok(_) => [0, 1].map(|index| open[index] && entries[index].any() == Some(true)),
            }
        };
        if ready[0] {
            let count = out.read(&mut block).unwrap_or(0);
            ran.bytes += count as u64;
            open[0] = count > 0;
        }
        if ready[1] {
            let count = err.read(&mut block).unwrap_or(0);
            ran.bytes += count as u64;
            open[1] = count > 0;
            ran.tail.extend(&block[..count]);
            let surplus = ran.tail.len().saturating_sub(2048);
            ran.tail.drain(..surplus);
        }
    }
}
