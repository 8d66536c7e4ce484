//! What `/proc` tells of a process. Asked for where something is wrong, not in an
//! ordinary run.

use std::fs;

/// A line of `/proc/PID/stat`, as far as it is of use here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stat {
    /// A letter; see proc(5).
    state: u8,
    pub(crate) parent: i32,
    /// When it was made, in clock ticks since the machine started.
    pub(crate) started: u64,
}

impl Stat {
    /// Of a process that is there, or waits to be reaped.
    pub(crate) fn of(pid: i32) -> Option<Self> {
        is_ours().then(|| Self::read(pid))?
    }

    fn read(pid: i32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// Whether a signal stopped it.
    pub(crate) const fn is_stopped(&self) -> bool {
        matches!(self.state, b'T')
    }

    /// Whether it has ended, and waits to be reaped.
    pub(crate) const fn is_zombie(&self) -> bool {
        matches!(self.state, b'Z' | b'X')
    }

    /// Whether `ancestor` made the process `pid`, or made one that did; `None` if `pid`
    /// cannot be looked at.
    pub(crate) fn descends(pid: i32, ancestor: i32) -> Option<bool> {
        /// A wrapper or two may stand between the controller and the fork server.
        const GENERATIONS: usize = 8;
        let mut parent = Self::of(pid)?.parent;
        for _ in 0..GENERATIONS {
            if parent == ancestor {
                return Some(true);
            }
            match Self::of(parent) {
                Some(stat) if stat.parent > 1 => parent = stat.parent,
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
            parent: fields.get(1)?.parse().ok()?,
            started: fields.get(19)?.parse().ok()?,
        })
    }
}

/// Whether `/proc` has the numbers of our PID namespace. In a new namespace that got
/// no `/proc` of its own the numbers there mean other processes.
fn is_ours() -> bool {
    fs::read_link("/proc/self")
        .is_ok_and(|link| link.to_str() == Some(&std::process::id().to_string()))
}

/// All processes.
fn processes() -> impl Iterator<Item = i32> {
    is_ours()
        .then(|| fs::read_dir("/proc"))
        .into_iter()
        .flatten()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// All processes, each with its line.
pub(crate) fn stats() -> impl Iterator<Item = (i32, Stat)> {
    processes().filter_map(|pid| Some((pid, Stat::read(pid)?)))
}

/// The processes that `parent` made and that have not lost it.
pub(crate) fn children(parent: i32) -> impl Iterator<Item = i32> {
    stats()
        .filter(move |(_, stat)| stat.parent == parent)
        .map(|(pid, _)| pid)
}

#[cfg(test)]
mod tests {
    use super::{Stat, children, processes};

    #[test]
    fn a_name_with_parentheses_does_not_mislead() {
        let line = "71 (a) R (b)) T 12 71 71 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 9876 1 2";
        let stat = Stat::parse(line).unwrap();
        assert_eq!((stat.parent, stat.started), (12, 9876));
        assert!(stat.is_stopped());
        assert_eq!(Stat::parse("71 (a"), None);
        assert_eq!(Stat::parse("71 (a) T"), None);
    }

    #[test]
    fn this_process_is_there_and_runs() {
        let own = std::process::id() as i32;
        assert!(processes().any(|pid| pid == own));
        let stat = Stat::of(own).unwrap();
        assert!(!stat.is_stopped() && stat.started > 0);
        assert_eq!(stat.parent, std::os::unix::process::parent_id() as i32);
        assert_eq!(Stat::descends(own, stat.parent), Some(true));
        assert!(children(stat.parent).any(|pid| pid == own));
        assert_eq!(Stat::descends(stat.parent, own), Some(false));
    }
}
