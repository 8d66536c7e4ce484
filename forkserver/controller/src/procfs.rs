//! Facts about processes from `/proc`. Read where something is wrong, off the hot path.

use std::fs;
use tine_ipc::{Pid, process};

/// A line of `/proc/PID/stat`, as far as it is of use here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stat {
    /// A letter; see proc(5).
    state: u8,
    /// `None` where it is outside of this PID namespace.
    pub(crate) parent: Option<Pid>,
    /// When it was made, in clock ticks since the machine started.
    pub(crate) started: u64,
}

impl Stat {
    /// Of a process that is there, or waits to be reaped.
    pub(crate) fn of(pid: Pid) -> Option<Self> {
        is_ours().then(|| Self::read(pid))?
    }

    fn read(pid: Pid) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// Returns whether a signal stopped it.
    pub(crate) const fn is_stopped(&self) -> bool {
        matches!(self.state, b'T')
    }

    /// Returns whether it has ended, and waits to be reaped.
    pub(crate) const fn is_zombie(&self) -> bool {
        matches!(self.state, b'Z' | b'X')
    }

    /// Returns whether the process `pid` descends from `ancestor`; `None` if `pid` cannot be
    /// inspected.
    pub(crate) fn descends(pid: Pid, ancestor: Pid) -> Option<bool> {
        /// A wrapper or two may stand between the controller and the fork server.
        const GENERATIONS: usize = 8;
        let mut parent = Self::of(pid)?.parent;
        for _ in 0..GENERATIONS {
            if parent == Some(ancestor) {
                return Some(true);
            }
            match parent.and_then(Self::of) {
                Some(stat) if stat.parent != Some(Pid::INIT) => parent = stat.parent,
                _ => break,
            }
        }
        Some(false)
    }

    fn parse(line: &str) -> Option<Self> {
        // The name may hold anything, parentheses too.
        let (_, rest) = line.rsplit_once(") ")?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        Some(Self {
            state: *fields.first()?.as_bytes().first()?,
            parent: Pid::new(fields.get(1)?.parse().ok()?),
            started: fields.get(19)?.parse().ok()?,
        })
    }
}

/// Returns whether `/proc` has the numbers of our PID namespace. In a new namespace that got
/// no `/proc` of its own the numbers there mean other processes.
fn is_ours() -> bool {
    fs::read_link("/proc/self").is_ok_and(|link| link.to_str() == Some(&process::id().to_string()))
}

/// All processes.
fn processes() -> impl Iterator<Item = Pid> {
    is_ours()
        .then(|| fs::read_dir("/proc"))
        .into_iter()
        .flatten()
        .flatten()
        .flatten()
        .filter_map(|entry| Pid::new(entry.file_name().to_str()?.parse().ok()?))
}

/// All processes, each with its line.
pub(crate) fn stats() -> impl Iterator<Item = (Pid, Stat)> {
    processes().filter_map(|pid| Some((pid, Stat::read(pid)?)))
}

/// The processes that `parent` made and that have not lost it.
pub(crate) fn children(parent: Pid) -> impl Iterator<Item = Pid> {
    stats()
        .filter(move |(_, stat)| stat.parent == Some(parent))
        .map(|(pid, _)| pid)
}

#[cfg(test)]
mod tests {
    use super::{Stat, children, processes};
    use tine_ipc::{Pid, process};

    #[test]
    fn a_name_with_parentheses_does_not_mislead() {
        let line = "71 (a) R (b)) T 12 71 71 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 9876 1 2";
        let stat = Stat::parse(line).unwrap();
        assert_eq!((stat.parent, stat.started), (Pid::new(12), 9876));
        assert!(stat.is_stopped());
        assert_eq!(Stat::parse("71 (a"), None);
        assert_eq!(Stat::parse("71 (a) T"), None);
    }

    #[test]
    fn this_process_is_there_and_runs() {
        let own = process::id();
        assert!(processes().any(|pid| pid == own));
        let stat = Stat::of(own).unwrap();
        assert!(!stat.is_stopped() && stat.started > 0);
        let parent = process::parent_id().unwrap();
        assert_eq!(stat.parent, Some(parent));
        assert_eq!(Stat::descends(own, parent), Some(true));
        assert!(children(parent).any(|pid| pid == own));
        assert_eq!(Stat::descends(parent, own), Some(false));
    }
}
