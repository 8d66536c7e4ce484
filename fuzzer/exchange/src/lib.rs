//! The exchange of testcases with other fuzzers.
//!
//! | file | what |
//! |---|---|
//! | `directory` | AFL's way: all instances have their folders in one output folder, and read each other's queues |
//! | `peer` | one other instance there: what of its queue is new |
//! | `foreign` | a folder of any other fuzzer |
//! | `read` | a file that somebody else may be writing |
//! | `role` | with whom an instance exchanges testcases |

pub mod directory;
mod foreign;
mod peer;
mod read;
mod role;

pub use role::Role;

use std::{fmt::Debug, hash::BuildHasher, io, path::PathBuf};
use tine_output::MAX_INPUT;

/// Where testcases of other fuzzers come from, and where one's own go.
///
/// What was published or received once is not received again: contents are told apart
/// by their hash, whatever they are called and wherever they lie.
pub trait Exchange: Debug {
    /// Hands a testcase of ours, which is in the queue now, to the others.
    fn publish(&mut self, input: &[u8]);

    /// The next testcase of somebody else; `None` when there is no more for now. What
    /// cannot be had is told to `complain` and passed over. The one that was received
    /// before counts as handled.
    fn receive(&mut self, complain: &mut dyn FnMut(&Flaw)) -> Option<Received>;

    /// Remembers, for the next session too, what was handled. Ends a round that was
    /// not received to its end: the rest comes with the next one.
    fn commit(&mut self, complain: &mut dyn FnMut(&Flaw));
}

/// A testcase of another fuzzer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Name of that fuzzer.
    pub from: String,
    /// What it calls the testcase there: a number of six digits, or the start of the
    /// name of a file.
    pub source: String,
    /// The number, or 0.
    pub number: u32,
    /// Its bytes.
    pub input: Vec<u8>,
}

/// What is wrong with a testcase of another fuzzer, or with the way to it.
#[derive(Debug, thiserror::Error)]
pub enum Flaw {
    /// A folder cannot be read.
    #[error("cannot read {} for testcases of another fuzzer: {source}", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file cannot be read.
    #[error("{} of another fuzzer cannot be read and is passed over: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A pipe, a device, a folder.
    #[error("{} of another fuzzer is no file and is passed over", .0.display())]
    NotAFile(PathBuf),
    /// No bytes, though nobody writes it any more.
    #[error("{} of another fuzzer is empty and is passed over", .0.display())]
    Empty(PathBuf),
    /// Too long.
    #[error(
        "{} of another fuzzer is longer than {MAX_INPUT} bytes and is passed over", .0.display()
    )]
    TooLong(PathBuf),
    /// How far testcases were received cannot be written down.
    #[error("cannot remember what was received from {from}: {source}")]
    Mark {
        /// Whose testcases.
        from: String,
        /// What the system said.
        source: io::Error,
    },
    /// There are two.
    #[error(
        "{0} is a main instance too: one is enough, start the others with -S (both go on, and \
         take each other's testcases)"
    )]
    TwoMains(String),
}

/// Tells contents apart, within one process.
#[derive(Debug, Default, Clone)]
struct Hashes {
    keys: std::hash::RandomState,
    known: std::collections::HashSet<u64>,
}

impl Hashes {
    /// Returns whether it is new.
    fn insert(&mut self, content: &[u8]) -> bool {
        self.known.insert(self.keys.hash_one(content))
    }
}
