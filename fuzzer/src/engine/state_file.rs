//! The state file: what a session learned about its queue, so that the next one need
//! not run all of it again.
//!
//! It is written at the end of a session and, seldom, in between. What was found
//! after it was written is run and calibrated when the session goes on; so is
//! everything if the file is not whole, or is about another target.

use super::{
    corpus::Entry,
    counters::{Counters, NextNumbers},
    coverage::{FaultMap, Maps, VariableEdges},
};
use crate::{
    report::{
        folder::STATE_FILE,
        store::{self, StoreError},
    },
    target::Target,
};
use serde::{Deserialize, Serialize};
use std::{
    borrow::Cow,
    collections::HashMap,
    ffi::OsString,
    fs, io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// What the file begins with, then the version, the layout, the length and the checksum
/// of what follows, as little-endian numbers of 32, 32, 64 and 64 bits.
const MAGIC: [u8; 8] = *b"tine\x7fst\n";

/// Raised when what follows changes in a way that [`layout`] does not see.
const VERSION: u32 = 2;

const HEADER: usize = MAGIC.len() + 4 + 4 + 8 + 8;

/// Between two times that it is written.
const LEAST_GAP: Duration = Duration::from_secs(60);

/// And so many times as long as writing it took: half a percent of the time.
const GAP_FACTOR: u32 = 200;

/// Why a state file is of no use.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// There is none.
    #[error("it is not there")]
    Missing,
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(io::Error),
    /// It does not begin as it should.
    #[error("it is not a state file of tine")]
    Alien,
    /// Its format is another one.
    #[error("another version of tine wrote it")]
    Version,
    /// It is shorter than it should be, or its content is not what it was.
    #[error("it is damaged")]
    Damaged,
    /// The program's file, or one of its libraries, has changed.
    #[error("the target's file has changed")]
    OtherBinary,
    /// The target gets other arguments.
    #[error("the target had other arguments")]
    OtherArguments,
    /// The coverage map has another size.
    #[error("the target's coverage map had another size")]
    OtherMap,
}

/// What a state file is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    binary: u128,
    arguments: u64,
    map_size: usize,
}

impl Identity {
    /// Of a target with these arguments, the program included. `None` if its file
    /// cannot be read: then there is no state to go on with.
    #[must_use]
    pub fn of(target: &Target, arguments: &[OsString], map_size: usize) -> Option<Self> {
        let binary = hash_file(&target.file.path).ok()?;
        let mut hash = Xxh3::new();
        for argument in arguments.iter().skip(1) {
            hash.update(argument.as_bytes());
            hash.update(&[0]);
        }
        Some(Self {
            binary,
            arguments: hash.digest(),
            map_size,
        })
    }

    /// Of a target that is no file.
    #[cfg(test)]
    #[must_use]
    pub const fn fake(map_size: usize) -> Self {
        Self {
            binary: 0,
            arguments: 0,
            map_size,
        }
    }

    fn check(&self, saved: &Self) -> Result<(), Unusable> {
        if self.binary != saved.binary {
            Err(Unusable::OtherBinary)
        } else if self.arguments != saved.arguments {
            Err(Unusable::OtherArguments)
        } else if self.map_size != saved.map_size {
            Err(Unusable::OtherMap)
        } else {
            Ok(())
        }
    }
}

fn hash_file(path: &Path) -> io::Result<u128> {
    let mut hash = Xxh3::new();
    io::copy(&mut fs::File::open(path)?, &mut Sink(&mut hash))?;
    Ok(hash.digest128())
}

struct Sink<'a>(&'a mut Xxh3);

impl io::Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is kept of a session.
#[derive(Debug, Serialize, Deserialize)]
pub struct Saved<'a> {
    /// What it is about.
    pub identity: Identity,
    /// What runs have covered.
    pub maps: Maps<'a>,
    /// What was counted.
    pub counters: Counters,
    /// Numbers of the next finds.
    pub next: NextNumbers,
    /// Cycles in a row that found nothing.
    pub cycles_without_finds: u64,
    /// Whether the entries know where runs like theirs are counted.
    pub counts_traces: bool,
    /// The testcases.
    pub entries: Vec<SavedEntry<'a>>,
}

impl Saved<'static> {
    /// What was covered, and what was known of the testcases.
    #[must_use]
    pub fn into_parts(self) -> (Maps<'static>, Known) {
        let entries = self.entries.into_iter().map(|entry| (entry.name, entry));
        let known = Known {
            entries: entries.collect(),
            counts_traces: self.counts_traces,
            next: self.next,
            cycles_without_finds: self.cycles_without_finds,
        };
        (self.maps, known)
    }
}

/// What is kept of a testcase.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SavedEntry<'a> {
    /// Hash of the name of its file.
    pub name: u64,
    /// Number of runs that shared its path hash.
    pub common: u32,
    /// All else.
    pub entry: Cow<'a, Entry>,
}

/// What an earlier session knew of its testcases.
#[derive(Debug, Default)]
pub struct Known {
    entries: HashMap<u64, SavedEntry<'static>>,
    /// Whether the entries know where runs like theirs are counted.
    pub counts_traces: bool,
    /// The numbers of what it had not saved yet.
    pub next: NextNumbers,
    /// Cycles in a row that found nothing.
    pub cycles_without_finds: u64,
}

impl Known {
    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What is known of the testcase in this file, if it still has its length.
    pub fn take(&mut self, name: &str, len: u64) -> Option<SavedEntry<'static>> {
        let hash = xxh3_64(name.as_bytes());
        let saved = self.entries.get(&hash)?;
        (saved.entry.len as u64 == len && !saved.entry.dropped)
            .then(|| self.entries.remove(&hash))?
    }
}

/// What the state file is about, and when it is written the next time.
#[derive(Debug)]
pub struct StateFile {
    /// Without it there is none.
    pub identity: Option<Identity>,
    next: Instant,
    /// Writes the queue to the disk.
    syncing: Option<JoinHandle<()>>,
}

impl StateFile {
    /// That will be written later.
    #[must_use]
    pub fn new(identity: Option<Identity>) -> Self {
        Self {
            identity,
            next: Instant::now() + LEAST_GAP,
            syncing: None,
        }
    }

    /// Whether it is time to write it.
    #[must_use]
    pub fn is_due(&self) -> bool {
        Instant::now() >= self.next
    }

    /// Notes that it was written, which took this long.
    pub fn written(&mut self, took: Duration) {
        let gap = LEAST_GAP.max(took * GAP_FACTOR);
        self.next = Instant::now() + gap;
    }

    /// Has the finds since the last time written to the disk, while the session goes on:
    /// a testcase that a power cut takes costs some work, not a result.
    pub fn sync(&mut self, folder: PathBuf) {
        let is_going_on = |thread: &JoinHandle<()>| !thread.is_finished();
        if self.syncing.as_ref().is_some_and(is_going_on) {
            return;
        }
        let thread = thread::Builder::new().name("tine-sync".into());
        let thread = thread.spawn(move || {
            // One call for all of them; what it says, the kernel says to writers, too.
            if let Ok(folder) = fs::File::open(folder) {
                let _ = nix::unistd::syncfs(folder);
            }
        });
        self.syncing = thread.ok();
    }

    /// Has the last finds written to the disk, too: nothing else does when the process has
    /// ended. A disk that takes long is not waited for for ever.
    pub fn finish(&mut self, folder: &Path) {
        const PATIENCE: Duration = Duration::from_secs(5);
        const PAUSE: Duration = Duration::from_millis(1);
        let end = Instant::now() + PATIENCE;
        // One that began earlier may have come before the last finds.
        for is_last in [false, true] {
            if is_last {
                self.sync(folder.to_owned());
            }
            let is_going_on = |thread: &JoinHandle<()>| !thread.is_finished();
            while self.syncing.as_ref().is_some_and(is_going_on) && Instant::now() < end {
                thread::sleep(PAUSE);
            }
        }
    }
}

/// The format does not describe itself: this is another number when there are other
/// fields.
fn layout() -> u32 {
    let empty = (
        Entry::default(),
        Counters::default(),
        NextNumbers::default(),
        FaultMap::default(),
        VariableEdges::default(),
    );
    // Numbers and empty lists can be written.
    let bytes = postcard::to_stdvec(&empty).unwrap_or_default();
    (bytes.len() as u32) << 16 | u32::from(xxh3_64(&bytes) as u16)
}

/// Writes the file.
///
/// # Errors
/// When it cannot be written.
pub fn write(folder: &Path, saved: &Saved<'_>) -> Result<(), StoreError> {
    let content = postcard::to_stdvec(saved).map_err(|error| StoreError {
        path: folder.join(STATE_FILE),
        source: io::Error::other(error),
    })?;
    let version = VERSION.to_le_bytes();
    let layout = layout().to_le_bytes();
    let len = (content.len() as u64).to_le_bytes();
    let checksum = xxh3_64(&content).to_le_bytes();
    let parts = [&MAGIC, &version[..], &layout, &len, &checksum, &content];
    store::write_synced(folder, STATE_FILE, &parts)
}

/// Reads the file, which must be about this target.
///
/// # Errors
/// When it is of no use.
pub fn read(path: &Path, identity: &Identity) -> Result<Saved<'static>, Unusable> {
    let bytes = store::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Unusable::Missing,
        _ => Unusable::Unreadable(error),
    })?;
    let saved = parse(&bytes)?;
    identity.check(&saved.identity)?;
    let words = identity.map_size.div_ceil(8);
    let fits = |entry: &SavedEntry<'_>| {
        let last = entry.entry.footprint.words().last();
        last.is_none_or(|(word, _)| word < words)
    };
    if saved.maps.virgin.len() != words || !saved.entries.iter().all(fits) {
        return Err(Unusable::Damaged);
    }
    Ok(saved)
}

fn parse(bytes: &[u8]) -> Result<Saved<'static>, Unusable> {
    let begin = bytes.len().min(MAGIC.len());
    if bytes[..begin] != MAGIC[..begin] {
        return Err(Unusable::Alien);
    }
    let (header, content) = bytes.split_at_checked(HEADER).ok_or(Unusable::Damaged)?;
    let numbers = &header[MAGIC.len()..];
    let number = |range: std::ops::Range<usize>| {
        let bytes = numbers[range].iter().rev();
        bytes.fold(0u64, |number, byte| number << 8 | u64::from(*byte))
    };
    if number(0..4) != u64::from(VERSION) || number(4..8) != u64::from(layout()) {
        return Err(Unusable::Version);
    }
    if number(8..16) != content.len() as u64 || number(16..24) != xxh3_64(content) {
        return Err(Unusable::Damaged);
    }
    postcard::from_bytes(content).map_err(|_| Unusable::Damaged)
}

#[cfg(test)]
mod tests;
