//! Who holds which folder: every fuzzer locks the folder of its instance as long as it
//! lives. Looking at the kernel's list, rather than trying to lock it too, cannot get
//! into the way of a fuzzer that is about to start.

use std::{
    collections::HashMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// The locks that the kernel lists.
#[derive(Debug)]
pub struct Locks {
    /// Inode to the processes that hold a lock on it, each with the device as the kernel
    /// writes it. `None`: there is no list.
    holders: Option<HashMap<u64, Vec<(u32, String)>>>,
}

impl Locks {
    /// The locks as they are now.
    pub fn now() -> Self {
        let text = fs::read_to_string("/proc/locks").ok();
        Self {
            holders: text.map(|text| parse(&text)),
        }
    }

    /// The process that holds `folder`; `written` is the one that its figures name.
    pub fn holder(&self, folder: &Path, written: Option<u32>) -> Option<u32> {
        let Some(holders) = &self.holders else {
            // The next best thing: a fuzzer has that number.
            return written.filter(|pid| is_fuzzer(*pid));
        };
        let metadata = fs::metadata(folder).ok()?;
        let holders = holders.get(&metadata.ino())?;
        let device = device(metadata.dev());
        let is_meant = |(pid, on): &&(u32, String)| {
            // Some file systems give another device to programs than to the kernel.
            Some(*pid) == written || *on == device
        };
        holders.iter().find(is_meant).map(|(pid, _)| *pid)
    }
}

/// `1: FLOCK  ADVISORY  WRITE 123 fe:00:4567 0 EOF`; lines with `->` only wait.
fn parse(text: &str) -> HashMap<u64, Vec<(u32, String)>> {
    let mut holders: HashMap<u64, Vec<(u32, String)>> = HashMap::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, "FLOCK", _, "WRITE", pid, place, ..] = words.as_slice() else {
            continue;
        };
        let Some((device, inode)) = place.rsplit_once(':') else {
            continue;
        };
        if let (Ok(pid), Ok(inode)) = (pid.parse(), inode.parse()) {
            holders.entry(inode).or_default().push((pid, device.into()));
        }
    }
    holders
}

/// A device as the list has it: major and minor number in hexadecimal digits.
fn device(number: u64) -> String {
    let (major, minor) = (libc::major(number), libc::minor(number));
    format!("{major:02x}:{minor:02x}")
}

fn is_fuzzer(pid: u32) -> bool {
    let program = fs::read_link(PathBuf::from(format!("/proc/{pid}/exe")));
    let name = program.ok().and_then(|path| {
        let name = path.file_name()?.to_string_lossy().into_owned();
        Some(name)
    });
    name.is_some_and(|name| name.starts_with("tine") || name.starts_with("afl-fuzz"))
}

#[cfg(test)]
mod tests {
    use super::{Locks, parse};
    use nix::fcntl::{Flock, FlockArg};
    use std::fs::File;

    #[test]
    fn only_holders_of_whole_file_locks_count() {
        let text = "1: FLOCK  ADVISORY  WRITE 77 fe:00:4567 0 EOF\n\
                    1: -> FLOCK  ADVISORY  WRITE 78 fe:00:4567 0 EOF\n\
                    2: POSIX  ADVISORY  WRITE 79 fe:00:4568 0 EOF\n\
                    3: FLOCK  ADVISORY  READ  80 fe:00:4569 0 EOF\n\
                    nonsense\n";
        let holders = parse(text);
        assert_eq!(holders.len(), 1);
        assert_eq!(holders[&4567], [(77, "fe:00".to_owned())]);
    }

    #[test]
    fn a_folder_that_this_process_locks_is_held_by_it() {
        let folder = tempfile::tempdir().unwrap();
        let me = std::process::id();
        assert_eq!(Locks::now().holder(folder.path(), Some(me)), None);
        let handle = File::open(folder.path()).unwrap();
        let _lock = Flock::lock(handle, FlockArg::LockExclusiveNonblock).unwrap();
        assert_eq!(Locks::now().holder(folder.path(), Some(me)), Some(me));
    }
}
