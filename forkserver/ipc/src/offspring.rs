//! Ending all that a process has started, in whatever groups and sessions it is, by what
//! `/proc` says of parents. Makes system calls only, and allocates nothing: for a fork
//! server, and for a process that was forked from one with threads.

use crate::{
    Errno, Fd, Owned, Pid,
    errno::{check, system_call},
    pipe, process, signal,
};
use core::ffi::CStr;

/// Rounds, each of which kills what is there: processes fork while they are looked for.
const MOST_ROUNDS: u32 = 200;

/// Pause between two rounds, in nanoseconds: what was killed is gone by then, as a rule.
const PAUSE: i64 = 2_000_000;

/// Processes that are remembered in a round. Beyond this many, the next round goes on.
const MOST: usize = 2048;

/// Kills each process that descends from `leader` or is in the session that it leads, and
/// `leader` too, but not the calling process. Returns when they are gone; what may not be
/// signalled, because it is another user's, is left.
///
/// A process that was orphaned descends from whoever adopted it
/// ([`adopt_orphans`](process::adopt_orphans)).
pub fn end(leader: Pid) {
    end_others(leader, &[]);
}

/// As [`end`], but spares the processes `spared`, and not what these have started.
pub fn end_others(leader: Pid, spared: &[Pid]) {
    if leader == Pid::INIT {
        return;
    }
    let Some(folder) = own_proc() else {
        // Nobody says who descends from whom.
        let is_spared = spared.contains(&leader) || leader == process::id();
        if !is_spared && process::session_of(leader) == Some(leader) {
            let _ = signal::send_group(leader, signal::KILL);
            let _ = signal::send(leader, signal::KILL);
        }
        return;
    };
    for _ in 0..MOST_ROUNDS {
        if !end_round(&folder, leader, spared) {
            return;
        }
        pause();
    }
}

/// Kills what there is. Returns whether there was anything to kill.
fn end_round(folder: &Folder, leader: Pid, spared: &[Pid]) -> bool {
    let own = process::id();
    let mut found = Found {
        pids: [None; MOST],
        count: 0,
    };
    let mut can_signal = false;
    // Until nothing new is found: a parent may be listed after its child.
    loop {
        let before = found.count;
        folder.each_process(|stat| {
            // Init is the parent of every orphan.
            let is_child = stat.parent.is_some_and(|parent| {
                parent != Pid::INIT
                    && (parent == leader || spared.contains(&parent) || found.has(parent))
            });
            let is_one = stat.pid != Pid::INIT
                && (stat.pid == leader || stat.session == Some(leader) || is_child);
            let is_spared = stat.pid == own || spared.contains(&stat.pid);
            if is_one && !is_spared && stat.is_alive && !found.has(stat.pid) {
                // It must not fork, nor lose its parent, before all of them are known.
                can_signal |= signal::send(stat.pid, signal::STOP).is_ok();
                found.add(stat.pid);
            }
        });
        if found.count == before {
            break;
        }
    }
    for pid in found.pids[..found.count].iter().flatten() {
        let _ = signal::send(*pid, signal::KILL);
    }
    can_signal
}

struct Found {
    pids: [Option<Pid>; MOST],
    count: usize,
}

impl Found {
    fn has(&self, pid: Pid) -> bool {
        self.pids[..self.count].contains(&Some(pid))
    }

    fn add(&mut self, pid: Pid) {
        if let Some(place) = self.pids.get_mut(self.count) {
            *place = Some(pid);
            self.count += 1;
        }
    }
}

/// Fields of `/proc/PID/stat` that are of use here.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    pid: Pid,
    /// `None` for the first process, and where it is outside of this PID namespace.
    parent: Option<Pid>,
    session: Option<Pid>,
    is_alive: bool,
}

impl Stat {
    fn parse(pid: Pid, line: &[u8]) -> Option<Self> {
        // The name, in parentheses, may hold anything.
        let end = line.iter().rposition(|byte| *byte == b')')?;
        let mut fields = line[end + 1..]
            .split(|byte| *byte == b' ')
            .filter(|field| !field.is_empty());
        let state = fields.next()?;
        let parent = Pid::new(number(fields.next()?)?);
        let _group = fields.next()?;
        Some(Self {
            pid,
            parent,
            session: Pid::new(number(fields.next()?)?),
            is_alive: !matches!(state, b"Z" | b"X"),
        })
    }
}

fn number(digits: &[u8]) -> Option<i32> {
    core::str::from_utf8(digits).ok()?.parse().ok()
}

/// An open folder.
struct Folder(Owned);

/// `/proc`, if it has the numbers of this process's PID namespace.
fn own_proc() -> Option<Folder> {
    const FLAGS: i32 = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC;
    let folder = Folder(open_at(Fd::fixed(libc::AT_FDCWD), c"/proc", FLAGS).ok()?);
    let mut target = [0u8; 16];
    // SAFETY: the kernel reads a C string and writes at most 16 bytes to `target`.
    let length = check(unsafe {
        system_call!(
            readlinkat,
            folder.fd(),
            c"self".as_ptr(),
            target.as_mut_ptr(),
            target.len()
        )
    })
    .ok()?;
    (number(&target[..length]) == Some(process::id().get())).then_some(folder)
}

impl Folder {
    fn fd(&self) -> i32 {
        self.0.fd().number()
    }

    /// Reads the folder from its beginning.
    fn each_process(&self, mut found: impl FnMut(Stat)) {
        /// The offset of an entry's length in `struct linux_dirent64`, and of its name.
        const LENGTH: usize = 16;
        const NAME: usize = 19;
        let mut entries = [0u8; 4096];
        // SAFETY: lseek takes plain numbers.
        unsafe { system_call!(lseek, self.fd(), 0, libc::SEEK_SET) };
        loop {
            // SAFETY: the kernel writes at most `entries.len()` bytes to `entries`.
            let read = check(unsafe {
                system_call!(getdents64, self.fd(), entries.as_mut_ptr(), entries.len())
            });
            let Ok(filled @ 1..) = read else { return };
            let mut rest = &entries[..filled.min(entries.len())];
            while let Some([low, high]) = rest.get(LENGTH..LENGTH + 2) {
                let length = usize::from(u16::from_ne_bytes([*low, *high]));
                let Some(entry) = rest.get(..length).filter(|it| it.len() > NAME) else {
                    break;
                };
                if let Some(stat) = self.stat(&entry[NAME..]) {
                    found(stat);
                }
                rest = &rest[length..];
            }
        }
    }

    /// Of the entry `name`, which ends with a NUL, if it is a process that is there.
    fn stat(&self, name: &[u8]) -> Option<Stat> {
        const REST: &[u8] = b"/stat\0";
        let name = &name[..name.iter().position(|byte| *byte == 0)?];
        let pid = Pid::new(number(name)?)?;
        let mut path = [0u8; 32];
        path.get_mut(..name.len())?.copy_from_slice(name);
        let rest = path.get_mut(name.len()..name.len() + REST.len())?;
        rest.copy_from_slice(REST);
        let path = CStr::from_bytes_until_nul(&path).ok()?;
        let file = open_at(self.0.fd(), path, libc::O_RDONLY | libc::O_CLOEXEC).ok()?;
        // The fields that are wanted come early; the name has at most 64 bytes.
        let mut line = [0u8; 256];
        let length = pipe::receive_some(file.fd(), &mut line).ok()?;
        Stat::parse(pid, &line[..length])
    }
}

fn open_at(folder: Fd<'_>, path: &CStr, flags: i32) -> Result<Owned, Errno> {
    // SAFETY: openat reads a C string; its other arguments are plain numbers.
    let opened = check(unsafe { system_call!(openat, folder.number(), path.as_ptr(), flags, 0) })?;
    // SAFETY: the call succeeded, and opened the descriptor for the caller.
    Ok(unsafe { Owned::from_kernel(opened) })
}

fn pause() {
    let time = libc::timespec {
        tv_sec: 0,
        tv_nsec: PAUSE,
    };
    // SAFETY: the kernel reads one timespec; where the rest goes is null.
    unsafe { system_call!(nanosleep, &raw const time, 0) };
}

#[cfg(test)]
mod tests {
    use super::{Stat, end, end_others};
    use crate::Pid;
    use std::{
        io::Read,
        process::{Command, Stdio},
    };

    #[test]
    fn a_line_is_read_whatever_the_name() {
        let pid = Pid::new(7).unwrap();
        let parse = |line: &str| Stat::parse(pid, line.as_bytes());
        let stat = |is_alive| Stat {
            pid,
            parent: Pid::new(12),
            session: Pid::new(71),
            is_alive,
        };
        assert_eq!(parse("7 (a) R (b)) T 12 70 71 0 -1"), Some(stat(true)));
        assert_eq!(parse("7 (a) Z 12 70 71 0"), Some(stat(false)));
        assert_eq!(parse("7 (a) Z 12"), None);
        assert_eq!(parse("7 (a"), None);
    }

    #[test]
    fn what_a_process_has_started_ends_with_it_and_nothing_else() {
        // One in its session, one in a session of its own, and a child of that.
        let script = "sleep 1000 & setsid sh -c 'sleep 1000 & echo; sleep 1000' & wait";
        let mut command = Command::new("setsid");
        command.args(["sh", "-c", script]).stdout(Stdio::piped());
        let mut started = command.spawn().unwrap();
        let mut other = Command::new("sleep").arg("1000").spawn().unwrap();
        let leader = Pid::of(&started);
        let mut output = started.stdout.take().unwrap();
        output.read_exact(&mut [0]).unwrap();
        end(leader);
        // Each of them has the pipe open.
        assert_eq!(output.read(&mut [0]).unwrap(), 0);
        started.wait().unwrap();
        assert!(other.try_wait().unwrap().is_none(), "it is none of them");
        other.kill().unwrap();
        other.wait().unwrap();
        // Init, and a process that is not there: nobody's parents.
        end_others(Pid::INIT, &[Pid::INIT]);
        end_others(Pid::new(i32::MAX).unwrap(), &[Pid::INIT]);
    }
}
