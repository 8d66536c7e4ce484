//! What is asked of the machine.

use std::{io, path::PathBuf};

/// What is asked of the machine. The tests answer in its place.
pub trait Host {
    /// A file of `/proc` or `/sys`.
    fn read(&self, path: &str) -> io::Result<String>;
    /// The names in a folder of `/proc` or `/sys`.
    fn names(&self, folder: &str) -> Vec<String>;
    /// A limit of this process, soft and hard.
    fn limit(&self, limit: Limit) -> (u64, u64);
    /// The user that this process runs as.
    fn user(&self) -> u32;
    /// The cores that this process may run on.
    fn allowed_cores(&self) -> Vec<usize>;
    /// Whether targets can be started without address randomisation.
    fn fixes_addresses(&self) -> bool;
    /// Tries to track which pages are written: what fails, in words.
    fn tracks_pages(&self) -> Result<(), String>;
    /// A folder that files are written to, and what is free there.
    fn space(&self, place: Place) -> (PathBuf, io::Result<Space>);
    /// The compiler that tine-cc would run, or why there is none.
    fn compiler(&self) -> Result<PathBuf, String>;
    /// All compilers and linkers that are found by the names that tine-cc knows.
    fn tools(&self) -> Vec<String>;
    /// Names of the variables in the environment.
    fn variables(&self) -> Vec<String>;
}

/// A limit of processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Processes of this user.
    Processes,
    /// Descriptors of a process.
    OpenFiles,
    /// Bytes of a file.
    FileSize,
}

/// A folder that tine or its targets write to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// The current folder.
    Work,
    /// The one for temporary files.
    Temporary,
}

/// What is free in a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Bytes.
    pub bytes: u64,
    /// Files; `None` if the file system does not count them.
    pub files: Option<u64>,
}

/// The number that a file of `/proc` or `/sys` holds.
pub(super) fn number(host: &impl Host, path: &str) -> Option<u64> {
    host.read(path).ok()?.trim().parse().ok()
}

/// Bytes in the unit that suits them.
pub fn shown_bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    let mut rest = bytes;
    while rest >= 10 * 1024 && unit + 1 < UNITS.len() {
        rest /= 1024;
        unit += 1;
    }
    format!("{rest} {}", UNITS[unit])
}
