//! The inputs of the testcases, as many in memory as an option allows. The others are
//! read from their files in `queue/` when they are asked for.
//!
//! The inputs that were not used for the longest time give way. A file that is gone
//! or was changed meanwhile is an [`InputProblem`], which the session asks for and tells
//! of: whoever asked for the input gets what there is, an empty one if there is nothing.

use super::id::CorpusId;
use crate::report::{stats::Cached, store};
use lru::LruCache;
use std::{
    io::{self, Read},
    path::{Path, PathBuf},
};
use tine_protocol::layout::input::MAX_INPUT;

/// The inputs, in the order in which they were added; none is ever removed.
#[derive(Debug)]
pub struct Inputs {
    slots: Vec<Slot>,
    folder: PathBuf,
    cache: Cache,
    problems: Vec<InputProblem>,
}

#[derive(Debug)]
struct Slot {
    /// Name of its file.
    name: String,
    /// The input, if it is in memory.
    bytes: Option<Vec<u8>>,
    /// Bytes of the file, as far as is known.
    len: usize,
}

/// The inputs that are in memory.
#[derive(Debug)]
struct Cache {
    /// With their lengths, the one that was used last in front.
    recent: LruCache<CorpusId, usize>,
    bytes: usize,
    budget: usize,
    evictions: u64,
}

/// What is wrong with the file of a testcase.
#[derive(Debug)]
pub struct InputProblem {
    /// The testcase.
    pub id: CorpusId,
    /// Its file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: Problem,
}

/// The ways in which a file can be wrong.
#[derive(Debug)]
pub enum Problem {
    /// It cannot be read, or is empty: there is no input any more.
    Gone(io::Error),
    /// It has another length now: so many bytes. They are the input from now on.
    Changed(usize),
}

impl Inputs {
    /// Without an input. Their files are in `folder`; no more than `budget` bytes of them
    /// are in memory, but the input that is worked on always is.
    #[must_use]
    pub fn new(folder: PathBuf, budget: usize) -> Self {
        Self {
            slots: Vec::new(),
            folder,
            cache: Cache {
                recent: LruCache::unbounded(),
                bytes: 0,
                budget,
                evictions: 0,
            },
            problems: Vec::new(),
        }
    }

    /// The next one that is added.
    const fn next_id(&self) -> CorpusId {
        CorpusId::new(self.slots.len())
    }

    /// How much of them is in memory.
    #[must_use]
    pub fn cached(&self) -> Cached {
        Cached {
            bytes: self.cache.bytes,
            count: self.cache.recent.len(),
            evictions: self.cache.evictions,
        }
    }

    /// Adds an input that is in the file of this name.
    pub fn add(&mut self, name: String, bytes: Vec<u8>) -> CorpusId {
        let id = self.next_id();
        self.slots.push(Slot {
            name,
            len: bytes.len(),
            bytes: None,
        });
        self.hold(id, bytes);
        id
    }

    /// Adds an input that is read from its file, of this name and length, when it is
    /// asked for.
    pub fn add_file(&mut self, name: String, len: usize) -> CorpusId {
        let id = self.next_id();
        self.slots.push(Slot {
            name,
            bytes: None,
            len,
        });
        id
    }

    /// Puts another input in the place of one. The file stays the one that it had.
    pub fn replace(&mut self, id: CorpusId, bytes: Vec<u8>) {
        self.hold(id, bytes);
    }

    /// The input of a testcase.
    pub fn get(&mut self, id: CorpusId) -> &[u8] {
        if self.cache.recent.get(&id).is_none() {
            let bytes = self.read(id);
            self.hold(id, bytes);
        }
        self.slots[id.index()].bytes.as_deref().unwrap_or_default()
    }

    /// The name of a testcase's file.
    #[must_use]
    pub fn name(&self, id: CorpusId) -> &str {
        &self.slots[id.index()].name
    }

    /// The file of a testcase.
    #[must_use]
    pub fn file(&self, id: CorpusId) -> PathBuf {
        self.folder.join(self.name(id))
    }

    /// The folder of the files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What was found to be wrong with files since this was asked the last time.
    pub fn take_problems(&mut self) -> Vec<InputProblem> {
        std::mem::take(&mut self.problems)
    }

    /// Takes an input into memory; others give way to it.
    fn hold(&mut self, id: CorpusId, bytes: Vec<u8>) {
        let cache = &mut self.cache;
        let slot = &mut self.slots[id.index()];
        slot.len = bytes.len();
        cache.bytes += bytes.len();
        if let Some(before) = cache.recent.put(id, bytes.len()) {
            cache.bytes -= before;
        }
        slot.bytes = Some(bytes);
        while cache.bytes > cache.budget && cache.recent.len() > 1 {
            let Some((oldest, len)) = cache.recent.pop_lru() else {
                return;
            };
            self.slots[oldest.index()].bytes = None;
            cache.bytes -= len;
            cache.evictions += 1;
        }
    }

    fn read(&mut self, id: CorpusId) -> Vec<u8> {
        let Slot { name, len, .. } = &self.slots[id.index()];
        let (path, expected) = (self.folder.join(name), *len);
        let mut bytes = Vec::with_capacity(expected);
        let read = store::open(&path)
            .and_then(|file| file.take(MAX_INPUT as u64).read_to_end(&mut bytes))
            .and_then(|len| match len {
                0 => Err(io::Error::other("it is empty")),
                len => Ok(len),
            });
        let problem = match read {
            Ok(len) if expected == len => return bytes,
            Ok(len) => Problem::Changed(len),
            Err(error) => Problem::Gone(error),
        };
        self.problems.push(InputProblem { id, path, problem });
        bytes
    }
}

#[cfg(test)]
mod tests;
