//! What the kernel counts for a process: page faults, processor time, memory.

use std::fs;
use std::ops::Add;

use anyhow::{Context, Result};
use serde::Serialize;

/// One reading of /proc/PID/stat.
#[derive(Clone, Copy, Default, Debug, PartialEq, Serialize)]
pub struct Usage {
    /// Minor page faults of the process.
    pub faults: u64,
    /// Clock ticks in user mode.
    pub user_ticks: u64,
    /// Clock ticks in the kernel.
    pub system_ticks: u64,
}

impl Add for Usage {
    type Output = Usage;

    fn add(self, other: Usage) -> Usage {
        Usage {
            faults: self.faults + other.faults,
            user_ticks: self.user_ticks + other.user_ticks,
            system_ticks: self.system_ticks + other.system_ticks,
        }
    }
}

/// A process's own usage, and that of its children that it has waited for.
#[derive(Clone, Copy, Default, Debug, PartialEq)]
pub struct Stat {
    pub parent: u32,
    pub own: Usage,
    pub waited_for: Usage,
}

/// Reads a process's counters; None when it is gone.
pub fn stat(pid: u32) -> Option<Stat> {
    parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn parse(text: &str) -> Option<Stat> {
    // The name in parentheses may hold anything, spaces and parentheses too.
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    // proc(5) counts from 1, and the state behind the name is its field 3.
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    Some(Stat {
        parent: field(4)? as u32,
        own: Usage {
            faults: field(10)?,
            user_ticks: field(14)?,
            system_ticks: field(15)?,
        },
        waited_for: Usage {
            faults: field(11)?,
            user_ticks: field(16)?,
            system_ticks: field(17)?,
        },
    })
}

/// The children of a process that live at the moment.
pub fn children(parent: u32) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|&pid| stat(pid).is_some_and(|stat| stat.parent == parent))
        .collect()
}

/// Resident memory in KiB; None when the process is gone.
pub fn resident_kib(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

/// Clock ticks a second, the unit of processor time in /proc.
pub fn ticks_per_second() -> Result<f64> {
    let text = crate::shell::capture(std::process::Command::new("getconf").arg("CLK_TCK"))?;
    text.trim()
        .parse()
        .context("getconf CLK_TCK does not print a number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_is_no_trouble() {
        let line = "77 (a b) (c) S 12 77 77 0 -1 4194304 101 202 0 0 5 6 7 8 20 0 1 0 99 1 1";
        let expected = Stat {
            parent: 12,
            own: Usage {
                faults: 101,
                user_ticks: 5,
                system_ticks: 6,
            },
            waited_for: Usage {
                faults: 202,
                user_ticks: 7,
                system_ticks: 8,
            },
        };
        assert_eq!(parse(line), Some(expected));
    }

    #[test]
    fn our_own_process_has_memory_and_a_parent() {
        let pid = std::process::id();
        assert!(resident_kib(pid).is_some_and(|kib| kib > 100));
        assert!(stat(pid).is_some_and(|stat| stat.parent > 0));
    }
}
