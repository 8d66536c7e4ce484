//! Pipes, segments and processes whose part becomes clear only when the target is
//! executed.

use crate::{PipeName, SegmentName, Step};
use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

/// Something that has to be known before an event can be reported.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// A pipe, as `/proc` names it.
    Pipe(PathBuf),
    /// A segment's id.
    Segment(i32),
    /// A process that the controller forked.
    Process(i32),
    /// A file, by its path.
    File(PathBuf),
}

/// Names that are known.
#[derive(Debug, Default)]
pub(super) struct Names {
    pipes: HashMap<PathBuf, PipeName>,
    segments: HashMap<i32, SegmentName>,
    processes: HashSet<i32>,
    files: HashSet<PathBuf>,
    waiting: HashSet<Key>,
}

impl Names {
    pub(super) fn add_pipe(&mut self, link: &Path, name: PipeName) {
        self.pipes.insert(link.to_owned(), name);
    }

    pub(super) fn add_segment(&mut self, id: i32, name: SegmentName) {
        self.segments.insert(id, name);
    }

    pub(super) fn add_process(&mut self, process: i32) {
        self.processes.insert(process);
    }

    pub(super) fn add_file(&mut self, path: PathBuf) {
        self.files.insert(path);
    }

    pub(super) fn segment(&self, id: i32) -> Option<SegmentName> {
        self.segments.get(&id).copied()
    }

    pub(super) fn knows(&self, key: &Key) -> bool {
        match key {
            Key::Pipe(link) => self.pipes.contains_key(link),
            Key::Segment(id) => self.segments.contains_key(id),
            Key::Process(process) => self.processes.contains(process),
            Key::File(path) => self.files.contains(path),
        }
    }

    /// An event waits for it.
    pub(super) fn wait_for(&mut self, key: Key) {
        self.waiting.insert(key);
    }

    /// Returns whether an event waits for it.
    pub(super) fn waits(&self, key: &Key) -> bool {
        self.waiting.contains(key)
    }

    pub(super) fn forget_waiting(&mut self) {
        self.waiting.clear();
    }

    /// Fills in what became clear. `false` for a pipe, process or file of no interest.
    pub(super) fn resolve(&self, key: &Key, step: &mut Step) -> bool {
        match (key, step) {
            (Key::Pipe(link), Step::PipeCreated { pipe, .. }) => {
                *pipe = self.pipes.get(link).copied();
                pipe.is_some()
            }
            (
                Key::Segment(id),
                Step::SegmentCreated { segment, .. }
                | Step::SegmentAttached { segment, .. }
                | Step::SegmentMarked { segment, .. },
            ) => {
                *segment = self.segment(*id).unwrap_or(SegmentName::Other);
                true
            }
            // Where nothing became a fork server, whatever was tried is of interest.
            (Key::Process(process), _) => {
                self.processes.is_empty() || self.processes.contains(process)
            }
            (Key::File(path), _) => self.files.contains(path),
            _ => true,
        }
    }
}
