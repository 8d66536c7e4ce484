//! The target's standard input: a regular file with a name, which the target may open
//! again, truncate, lock and map as it likes.
//!
//! It lies in a folder of its own that nobody else may enter, in memory where there is
//! such a place. A target that gave up its user still gets it by `/proc/self/fd/0`.

use super::InputFolder;
use nix::fcntl::{FcntlArg, Flock, FlockArg, OFlag, fcntl};
use std::{
    fs::{File, OpenOptions, Permissions},
    io::{self, Seek, SeekFrom},
    os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt},
};

const NAME: &str = "stdin";

/// The folder keeps others out, so that whoever has the descriptor may open it again.
const MODE: u32 = 0o666;

/// The file's attributes are looked at after each of the first runs, and then once in
/// so many.
const FIRST_RUNS: u32 = 16;
const INTERVAL: u32 = 1024;

/// The file, and its folder.
#[derive(Debug)]
pub(super) struct Stdin {
    /// Nobody else has this open file: whatever the target does to the flags and offset
    /// of its own does not change it.
    write: File,
    /// The very open file that the target has: its offset is the target's.
    target: File,
    /// Length of the file, unless the target changed it.
    len: u64,
    /// Inputs delivered so far.
    delivered: u32,
    /// The target changes what the file's length does not show: all of that is put back
    /// before each run.
    is_meddled_with: bool,
    _folder: InputFolder,
}

impl Stdin {
    pub(super) fn create() -> io::Result<Self> {
        let folder = InputFolder::create_in_memory(NAME.as_ref())?;
        let open = |options: &mut OpenOptions| {
            options.custom_flags(libc::O_NOFOLLOW);
            options.read(true).write(true).open(folder.file())
        };
        let write = open(OpenOptions::new().create_new(true).mode(0o600))?;
        write.set_permissions(Permissions::from_mode(MODE))?;
        let target = open(&mut OpenOptions::new())?;
        Ok(Self {
            write,
            target,
            len: 0,
            delivered: 0,
            is_meddled_with: false,
            _folder: folder,
        })
    }

    /// The target's descriptor 0.
    pub(super) fn for_target(&self) -> io::Result<File> {
        self.target.try_clone()
    }

    /// Makes `input` the content, and sets the target's offset to its beginning.
    pub(super) fn deliver(&mut self, input: &[u8]) -> io::Result<()> {
        let len = input.len() as u64;
        self.write.write_all_at(input, 0)?;
        if len < self.len {
            self.write.set_len(len)?;
        }
        self.len = len;
        if !self.rewind(len)? {
            // The target made it longer than it was.
            self.write.set_len(len)?;
            self.write.write_all_at(input, 0)?;
            self.rewind(len)?;
            self.put_back()?;
        }
        self.delivered = self.delivered.wrapping_add(1);
        if self.is_meddled_with
            || self.delivered <= FIRST_RUNS
            || self.delivered.is_multiple_of(INTERVAL)
        {
            self.is_meddled_with |= self.put_back()?;
        }
        Ok(())
    }

    /// Sets the offset to 0, counted from the end, so that the same call says whether
    /// the file is `len` bytes long.
    fn rewind(&self, len: u64) -> io::Result<bool> {
        match (&self.target).seek(SeekFrom::End(-(len as i64))) {
            Ok(offset) => Ok(offset == 0),
            // Before the beginning: it is shorter.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Puts flags, locks and permissions back to what they were. Returns whether any
    /// had been changed.
    fn put_back(&self) -> io::Result<bool> {
        const CHANGEABLE: OFlag = OFlag::O_APPEND
            .union(OFlag::O_NONBLOCK)
            .union(OFlag::O_ASYNC)
            .union(OFlag::O_DIRECT)
            .union(OFlag::O_NOATIME);
        let mut changed = false;
        let flags = OFlag::from_bits_retain(fcntl(&self.target, FcntlArg::F_GETFL)?);
        if flags.intersects(CHANGEABLE) {
            fcntl(&self.target, FcntlArg::F_SETFL(flags - CHANGEABLE))?;
            changed = true;
        }
        changed |= self.unlock()?;
        if self.write.metadata()?.mode() & 0o7777 != MODE {
            self.write.set_permissions(Permissions::from_mode(MODE))?;
            changed = true;
        }
        Ok(changed)
    }

    /// Gives up the locks that belong to the open file, which outlive the run that took
    /// them. Those of a process go with it.
    fn unlock(&self) -> io::Result<bool> {
        let mut whole = libc::flock {
            l_type: libc::F_WRLCK as i16,
            l_whence: libc::SEEK_SET as i16,
            l_start: 0,
            l_len: 0,
            l_pid: 0,
        };
        fcntl(&self.write, FcntlArg::F_OFD_GETLK(&mut whole))?;
        // By an open file, not by a process.
        let is_ranged = whole.l_type != libc::F_UNLCK as i16 && whole.l_pid == -1;
        if is_ranged {
            whole.l_type = libc::F_UNLCK as i16;
            (whole.l_start, whole.l_len, whole.l_pid) = (0, 0, 0);
            fcntl(&self.target, FcntlArg::F_OFD_SETLK(&whole))?;
        }
        let is_whole = match Flock::lock(self.write.try_clone()?, FlockArg::LockExclusiveNonblock) {
            // Dropped, and given up with it.
            Ok(_) => false,
            Err(_) => {
                let target = self.target.try_clone()?;
                // Taking it by the open file that has it changes nothing; giving it up does.
                drop(Flock::lock(target, FlockArg::LockExclusiveNonblock));
                true
            }
        };
        Ok(is_ranged || is_whole)
    }
}
