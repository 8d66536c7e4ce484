//! The fork server's process, as `/proc` shows it.

use crate::commands::doctor::{
    finding::{Finding, Id},
    host::shown_bytes,
};
use std::fs;
use tine_controller::Pid;

/// From here on the tables of the memory alone take longer to copy than a short run.
const LARGE: u64 = 256 << 20;

/// Looks at the process `pid`.
pub fn examine(pid: Pid) -> Vec<Finding> {
    let Ok(status) = fs::read_to_string(format!("/proc/{pid}/status")) else {
        return Vec::new();
    };
    let field = |name: &str| -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    let mut findings = Vec::new();
    if let Some(threads @ 2..) = field("Threads:") {
        let finding = Finding::note(
            Id::Threads,
            format!("{threads} before the fork server starts"),
        );
        findings.push(finding.why(
            "a fork takes the calling thread only: children are without the others, and \
                     wait for ever for a lock that one of those holds. If runs fail, start threads \
                     later, or call __AFL_INIT() before they start",
        ));
    }
    if let Some(resident) = field("VmRSS:").map(|kibibytes| kibibytes * 1024) {
        let what = shown_bytes(resident);
        findings.push(if resident >= LARGE {
            Finding::slower(Id::Resident, what)
                .why("each fork copies the tables of this memory")
                .remedy("while (__AFL_LOOP(1000)) { … }     # persistent mode forks rarely")
        } else {
            Finding::ok(Id::Resident, what)
        });
    }
    findings
}
