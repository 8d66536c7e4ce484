//! What a test can leave behind, as the kernel tells it.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};

use crate::workbench::MARKER;

/// Folders of kernel objects with names.
const SHARED_FOLDERS: [&str; 2] = ["/dev/shm", "/dev/mqueue"];

/// Living processes that carry the marker, other than this one. A zombie has no
/// environment any more and is its parent's business.
pub fn marked(marker: &str) -> Vec<i32> {
    let wanted = format!("{MARKER}={marker}");
    let own = std::process::id().cast_signed();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").expect("/proc is mounted").flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<i32>().ok())
        else {
            continue;
        };
        // A process that ends meanwhile, or belongs to somebody else, can't be read.
        let Ok(environment) = fs::read(entry.path().join("environ")) else {
            continue;
        };
        let is_marked = environment
            .split(|&byte| byte == 0)
            .any(|it| it == wanted.as_bytes());
        if is_marked && pid != own {
            found.push(pid);
        }
    }
    found
}

/// The same as lines for a report.
pub fn processes(marker: &str) -> Vec<String> {
    marked(marker)
        .into_iter()
        .map(|pid| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            let state = status
                .lines()
                .find_map(|line| line.strip_prefix("State:"))
                .unwrap_or("?");
            format!("process {pid} ({}): {}", state.trim(), line.trim())
        })
        .collect()
}

/// Kills every process that carries the marker, and those that they start
/// meanwhile.
pub fn kill_marked(marker: &str) {
    for _ in 0..100 {
        let pids = marked(marker);
        if pids.is_empty() {
            return;
        }
        for pid in pids {
            // It may be gone already.
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}

/// System V segments that one of these processes created, `since` a time in seconds
/// since 1970.
pub fn segments(creators: &[i32], since: u64) -> Vec<String> {
    let table = fs::read_to_string("/proc/sysvipc/shm").expect("/proc/sysvipc/shm");
    let mut lines = table.lines();
    let heading: Vec<&str> = lines
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let column = |name: &str| {
        heading
            .iter()
            .position(|it| *it == name)
            .unwrap_or_else(|| panic!("no column {name}"))
    };
    let (id, creator, size, attached, changed) = (
        column("shmid"),
        column("cpid"),
        column("size"),
        column("nattch"),
        column("ctime"),
    );
    lines
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|row| {
            row[creator]
                .parse()
                .is_ok_and(|pid| creators.contains(&pid))
        })
        .filter(|row| row[changed].parse().is_ok_and(|at: u64| at >= since))
        .map(|row| {
            format!(
                "System V segment {} of {} bytes, created by process {}, attached by {}",
                row[id], row[size], row[creator], row[attached]
            )
        })
        .collect()
}

/// Everything in a folder, as lines for a report.
pub fn entries_of(folder: &Path) -> Vec<String> {
    list(folder)
        .into_iter()
        .map(|path| format!("file {}", path.display()))
        .collect()
}

fn list(folder: &Path) -> Vec<PathBuf> {
    // The folder may not exist on this machine, or be gone with its content.
    fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default()
}

/// Named kernel objects of this user: those of others have nothing to do with a test.
fn named_objects() -> Vec<PathBuf> {
    let own = geteuid().as_raw();
    let is_own = |path: &PathBuf| fs::symlink_metadata(path).is_ok_and(|it| it.uid() == own);
    SHARED_FOLDERS
        .iter()
        .flat_map(|folder| list(Path::new(folder)))
        .filter(is_own)
        .collect()
}

/// Whether a process has it open, or something in it.
fn is_in_use(path: &Path) -> bool {
    let processes = fs::read_dir("/proc").expect("/proc is mounted").flatten();
    processes
        .filter_map(|process| fs::read_dir(process.path().join("fd")).ok())
        .flat_map(Iterator::flatten)
        .filter_map(|descriptor| fs::read_link(descriptor.path()).ok())
        .any(|open| open.starts_with(path))
}

/// The named kernel objects that were there before the test.
pub struct Baseline(HashSet<PathBuf>);

impl Baseline {
    /// Looks now.
    pub fn take() -> Self {
        Self(named_objects().into_iter().collect())
    }

    /// What has come since then, bears a name that fuzzers give, and belongs to no
    /// living process: other programs of the machine, and other tests, use the same
    /// folders.
    pub fn new_entries(&self) -> Vec<String> {
        named_objects()
            .into_iter()
            .filter(|path| !self.0.contains(path))
            .filter(|path| {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                name.contains("tine") || name.contains("afl")
            })
            .filter(|path| !is_in_use(path))
            .map(|path| format!("file {}", path.display()))
            .collect()
    }
}
