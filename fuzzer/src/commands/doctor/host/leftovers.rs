//! What other fuzzers left running.

use super::machine::Host;
use crate::commands::doctor::finding::{Finding, Id};
use tine_protocol::env;

/// How many processes are named in a command.
const NAMED: usize = 8;

/// Processes that a fuzzer started, and whose parent is no process of a fuzzer any
/// more: a fork server whose fuzzer is gone, or a child left stopped after Ctrl-C.
pub fn orphans(host: &impl Host) -> Option<Finding> {
    let mut pids = Vec::new();
    let mut stopped = 0;
    for pid in host.names("/proc") {
        if pid.parse::<u32>().is_err() || !is_target(host, &pid) {
            continue;
        }
        let Ok(status) = host.read(&format!("/proc/{pid}/status")) else {
            continue;
        };
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_default().trim().to_owned()
        };
        // A fuzzer's own parent is a shell; init adopts those whose parent died.
        if field("PPid:") != "1" {
            continue;
        }
        stopped += usize::from(field("State:").starts_with(['T', 't']));
        pids.push(pid);
    }
    if pids.is_empty() {
        return None;
    }
    let plural = if pids.len() == 1 { "" } else { "es" };
    let what = format!("{} process{plural} of a fuzzer that is gone", pids.len());
    let why = if stopped > 0 {
        format!("{stopped} of them stopped; they hold memory and shared segments")
    } else {
        "they may use a core, memory and shared segments".into()
    };
    let command = pids
        .iter()
        .take(NAMED)
        .fold(String::from("kill -9"), |command, pid| {
            format!("{command} {pid}")
        });
    Some(Finding::note(Id::Orphans, what).why(why).remedy(command))
}

/// Whether a fuzzer gave it a coverage segment.
fn is_target(host: &impl Host, pid: &str) -> bool {
    let Ok(variables) = host.read(&format!("/proc/{pid}/environ")) else {
        return false;
    };
    let name = env::name(env::COVERAGE_SHM_ID);
    variables
        .split('\0')
        .any(|variable| variable.split_once('=').is_some_and(|(n, _)| n == name))
}
