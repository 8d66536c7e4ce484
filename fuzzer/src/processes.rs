//! The processes that this one has started, and their end by a signal to this one.

use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::{Pid, getpgid},
};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::{Handle, Signals},
    low_level::emulate_default_handler,
};
use std::{
    fs, io,
    thread::{self, JoinHandle},
    time::Duration,
};
use tine_controller::{inherited::is_unwanted, is_folder_guard};
use tine_protocol::fds::CONTROL_FD;

/// Rounds in which what was forked meanwhile is killed too.
const MOST_ROUNDS: u32 = 50;

/// Pause between two rounds: a process that was killed is gone by then, as a rule.
const PAUSE: Duration = Duration::from_millis(2);

/// The signals that ask for an end, without those that this process was started to
/// ignore.
pub fn ending_signals() -> impl Iterator<Item = i32> {
    [SIGINT, SIGTERM, SIGHUP]
        .into_iter()
        .filter(|signal| !is_unwanted(*signal))
}

/// While this lives, a signal that asks for an end kills first what this process has
/// started, in all its groups, and then this process.
///
/// Left alone, the kernel kills a fork server and its child when their parents are gone
/// (`PR_SET_PDEATHSIG`), but not what the child has started.
#[derive(Debug)]
pub struct EndBySignal {
    handle: Handle,
    thread: Option<JoinHandle<()>>,
}

impl EndBySignal {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the system gives no signal handler or thread.
    pub fn start() -> io::Result<Self> {
        let mut signals = Signals::new(ending_signals())?;
        let handle = signals.handle();
        let listener = thread::Builder::new().name("tine-signals".into());
        let thread = listener.spawn(move || {
            // It is over when the handle is closed.
            if let Some(signal) = signals.forever().next() {
                kill_all();
                let _ = emulate_default_handler(signal);
            }
        })?;
        Ok(Self {
            handle,
            thread: Some(thread),
        })
    }
}

impl Drop for EndBySignal {
    fn drop(&mut self) {
        self.handle.close();
        if let Some(thread) = self.thread.take() {
            // It cannot panic.
            let _ = thread.join();
        }
    }
}

/// Kills the runs of all targets, so that they are over at once. A fork server without a
/// child is being started, and is killed itself.
pub fn break_off_runs() {
    for process in children_of(own_pid()) {
        let children = children_of(process);
        if is_fork_server(process) && !children.is_empty() {
            children.into_iter().for_each(kill_with_group);
        } else {
            // A target without a fork server: what it has started is in its group.
            kill_with_group(process);
        }
    }
}

/// Kills all that this process has started, and what these have started.
fn kill_all() {
    for _ in 0..MOST_ROUNDS {
        let found = descendants_of(own_pid());
        if found.is_empty() {
            return;
        }
        found.into_iter().for_each(kill_with_group);
        thread::sleep(PAUSE);
    }
}

fn own_pid() -> i32 {
    std::process::id().cast_signed()
}

/// Kills a process and the group that it leads. It may have ended meanwhile.
fn kill_with_group(pid: i32) {
    let pid = Pid::from_raw(pid);
    // Who leads no group may be in ours.
    if getpgid(Some(pid)) == Ok(pid) {
        let _ = killpg(pid, Signal::SIGKILL);
    }
    let _ = kill(pid, Signal::SIGKILL);
}

/// Whether a process has a control pipe. One that is executed for each run has none.
fn is_fork_server(pid: i32) -> bool {
    fs::read_link(format!("/proc/{pid}/fd/{CONTROL_FD}"))
        .is_ok_and(|target| target.as_os_str().as_encoded_bytes().starts_with(b"pipe:"))
}

/// Those that a process has started, by any of its threads, and so on.
fn descendants_of(pid: i32) -> Vec<i32> {
    let mut found = children_of(pid);
    let mut next = 0;
    while let Some(pid) = found.get(next) {
        found.extend(children_of(*pid));
        next += 1;
    }
    found.retain(|pid| is_alive(*pid));
    found
}

/// Whether a process has not ended. One that has may wait for its parent still.
fn is_alive(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        // Its name, in parentheses, may have any character.
        .is_ok_and(|stat| {
            !stat
                .rsplit(") ")
                .next()
                .unwrap_or_default()
                .starts_with('Z')
        })
}

/// The processes that a process, by any of its threads, has started, but for those that
/// remove folders when it is gone.
fn children_of(pid: i32) -> Vec<i32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task"));
    let threads = threads.into_iter().flatten().flatten();
    threads
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|text| {
            let pids = text.split_whitespace().filter_map(|pid| pid.parse().ok());
            pids.collect::<Vec<i32>>()
        })
        .filter(|pid| !tine_controller::Pid::new(*pid).is_some_and(is_folder_guard))
        .collect()
}
