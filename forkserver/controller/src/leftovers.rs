//! Leftover processes of the target, in none of the groups that are killed: daemons.
//!
//! A process that a child forks stays in its group and is killed with it. One that
//! leaves the group (`setsid`) and whose parent ends belongs to nobody the controller
//! knows. It keeps its environment, though, and the target's has a word in it that no
//! other fork server has. So such processes are found by searching `/proc`:
//! whenever a fork server ends, and now and then between runs, or a target that
//! becomes a daemon in each run would fill the machine.

use crate::procfs::{self, Stat};
use std::{
    fs,
    hash::{BuildHasher, Hasher, RandomState},
    thread,
    time::{Duration, Instant},
};
use tine_ipc::{
    Pid, signal,
    warden::{Warden, Watched},
};
use tine_protocol::env;

/// Longest interval between two sweeps, in runs. A sweep takes milliseconds, this many runs
/// take seconds.
const MOST_RUNS: u32 = 1 << 15;

/// Runs before the first sweep, and shortest interval between two.
const FEWEST_RUNS: u32 = 16;

/// A process that was killed is gone after this time, or it hangs in the kernel.
const GONE: Duration = Duration::from_secs(1);

/// Finds the processes of one target.
#[derive(Debug)]
pub(crate) struct Leftovers {
    token: String,
    /// Ends what is there if this process dies; `None` if the system gives no process.
    warden: Option<Warden>,
    /// When this was made, in clock ticks since the machine started: no process of the
    /// target is older.
    created: u64,
    /// When the server had shaken hands, in the same unit.
    ready: u64,
    /// Runs until the next sweep.
    runs_left: u32,
    /// Runs from one sweep to the next.
    interval: u32,
    /// Number of sweeps so far.
    sweeps: u64,
}

impl Leftovers {
    /// For a target that is not started yet.
    pub(crate) fn new() -> Self {
        let random = || RandomState::new().build_hasher().finish();
        Self {
            token: format!("{:016x}{:016x}", random(), random()),
            warden: Warden::start(),
            created: ticks(),
            ready: 0,
            runs_left: FEWEST_RUNS,
            interval: FEWEST_RUNS,
            sweeps: 0,
        }
    }

    /// The variable that the target's environment has to have.
    pub(crate) fn variable(&self) -> (&'static str, String) {
        (env::name(env::SERVER_TOKEN), self.token.clone())
    }

    /// Returns whether a warden ends the target if this process dies.
    pub(crate) const fn is_guarded(&self) -> bool {
        self.warden.is_some()
    }

    /// The warden's note, in which the new process enters itself before it executes the target.
    pub(crate) fn watched(&self) -> Option<Watched> {
        self.warden.as_ref().map(Warden::watched)
    }

    /// The target's process is about to be reaped.
    pub(crate) fn release(&self) {
        if let Some(warden) = &self.warden {
            warden.release();
        }
    }

    /// The fork server has shaken hands: what is made from now on is made by runs.
    pub(crate) fn server_is_up(&mut self) {
        self.ready = ticks();
        self.interval = FEWEST_RUNS;
        self.runs_left = FEWEST_RUNS;
    }

    /// Counts a run. `true` when a [`Self::sweep`] is due: now and then, with exponential
    /// back-off as long as nothing is found.
    #[inline]
    pub(crate) const fn is_due(&mut self) -> bool {
        self.runs_left -= 1;
        self.runs_left == 0
    }

    /// Number of sweeps so far.
    pub(crate) const fn sweeps(&self) -> u64 {
        self.sweeps
    }

    /// Kills what runs have left behind.
    #[cold]
    pub(crate) fn sweep(&mut self, server: Option<Pid>, child: Option<Pid>) {
        self.sweeps += 1;
        let found = self.kill_until_gone(|leftovers| leftovers.orphans(server, child));
        self.interval = if found {
            (self.interval / 4).max(FEWEST_RUNS)
        } else {
            (self.interval * 2).min(MOST_RUNS)
        };
        self.runs_left = self.interval;
    }

    /// Kills all processes of the target; the fork server has ended.
    pub(crate) fn kill_all(&self) {
        self.kill_until_gone(Self::marked);
    }

    /// Returns whether there were any.
    fn kill_until_gone(&self, find: impl Fn(&Self) -> Vec<Pid>) -> bool {
        let deadline = Instant::now() + GONE;
        let mut found = false;
        loop {
            let leftovers = find(self);
            if leftovers.is_empty() || Instant::now() > deadline {
                return found;
            }
            found = true;
            for pid in leftovers {
                let _ = signal::send(pid, signal::KILL);
            }
            // They may have forked meanwhile, and need a moment to go.
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Living processes with the token. One that waits to be reaped has no
    /// environment any more.
    fn marked(&self) -> Vec<Pid> {
        let recent = self.recent();
        self.with_token(&recent).map(|(pid, _)| *pid).collect()
    }

    /// Processes that are not older than the target. Most of a machine's are, and need no
    /// closer look.
    fn recent(&self) -> Vec<(Pid, Stat)> {
        procfs::stats()
            .filter(|(_, stat)| stat.started >= self.created)
            .collect()
    }

    fn with_token<'a>(
        &self,
        processes: &'a [(Pid, Stat)],
    ) -> impl Iterator<Item = &'a (Pid, Stat)> + use<'a> {
        let (name, token) = self.variable();
        let wanted = format!("{name}={token}");
        processes.iter().filter(move |(pid, _)| {
            // Of somebody else's process it cannot be read.
            fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environment| {
                environment
                    .split(|byte| *byte == 0)
                    .any(|variable| variable == wanted.as_bytes())
            })
        })
    }

    /// Those that were made by runs and were left behind: not the server, its child and
    /// what belongs to these, nor what a constructor made.
    ///
    /// tine's runtime adopts them. So they are known by their parent, whatever they did to
    /// their environment. Others' belong to the first process of the system.
    fn orphans(&self, server: Option<Pid>, child: Option<Pid>) -> Vec<Pid> {
        let is_new = |stat: &Stat| stat.started > self.ready;
        let recent = self.recent();
        let marked: Vec<&(Pid, Stat)> = self.with_token(&recent).collect();
        let is_marked = |pid: Pid| marked.iter().any(|(other, _)| *other == pid);
        let elders: Vec<Pid> = marked
            .iter()
            .filter(|(pid, stat)| Some(*pid) == server || !is_new(stat))
            .map(|(pid, _)| *pid)
            .chain(server)
            .collect();
        let is_orphan = |(pid, stat): &&(Pid, Stat)| {
            let is_adopted =
                stat.parent.is_some_and(|it| elders.contains(&it)) && Some(*pid) != child;
            let is_lost = is_marked(*pid) && !stat.parent.is_some_and(is_marked);
            is_new(stat) && Some(*pid) != server && !stat.is_zombie() && (is_adopted || is_lost)
        };
        recent
            .iter()
            .filter(is_orphan)
            .map(|(pid, _)| *pid)
            .collect()
    }
}

/// Clock ticks since the machine started.
#[allow(unsafe_code)]
fn ticks() -> u64 {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `now` is a timespec that is written; sysconf takes a plain number.
    let per_second = unsafe {
        libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut now);
        libc::sysconf(libc::_SC_CLK_TCK)
    };
    let per_second = u64::try_from(per_second).unwrap_or(100);
    now.tv_sec as u64 * per_second + now.tv_nsec as u64 * per_second / 1_000_000_000
}

#[cfg(test)]
mod tests {
    use super::{Leftovers, MOST_RUNS, ticks};
    use crate::procfs::Stat;
    use std::process::{Command, Stdio};
    use tine_ipc::process;

    #[test]
    fn a_process_is_found_by_its_environment_and_killed() {
        let leftovers = Leftovers::new();
        let (name, token) = leftovers.variable();
        let mut marked = Command::new("sleep")
            .arg("1000")
            .env(name, token)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut other = Command::new("sleep").arg("1000").spawn().unwrap();
        leftovers.kill_all();
        assert!(leftovers.marked().is_empty());
        assert!(!marked.wait().unwrap().success());
        assert!(
            other.try_wait().unwrap().is_none(),
            "it is not the target's"
        );
        other.kill().unwrap();
        other.wait().unwrap();
    }

    #[test]
    fn sweeps_back_off() {
        let mut leftovers = Leftovers::new();
        leftovers.server_is_up();
        let mut due = 0;
        for _ in 0..1000 {
            if leftovers.is_due() {
                leftovers.sweep(None, None);
                due += 1;
            }
        }
        assert_eq!(due, 5, "after 16, 48, 112 … runs");
        assert_eq!(leftovers.sweeps(), 5);
        assert!(leftovers.interval <= MOST_RUNS);
    }

    #[test]
    fn ticks_are_those_of_proc() {
        let before = Stat::of(process::id()).unwrap().started;
        assert!(before > 0 && before <= ticks());
    }
}
