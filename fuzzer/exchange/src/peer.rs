//! Another instance in the output folder: what of its queue is new.
//!
//! How far it was read stands in `.synced/PEER` of our own folder, as afl-fuzz writes
//! it: the number of the next testcase, 32 bits in the machine's order. `.synced/PEER.last`
//! holds the name of the one before that. afl-fuzz keeps an empty file of that name,
//! for its time. When the testcase of that number has another name now, the other
//! instance has begun anew, and is read from its start.

use super::{
    Flaw,
    read::{Content, is_young, read},
};
use std::{
    collections::{BTreeSet, VecDeque},
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};
use tine_output::{name, store};

/// One other instance.
#[derive(Debug)]
pub(super) struct Peer {
    queue: PathBuf,
    /// All testcases with lower numbers were handled, but those of `again`.
    next: u32,
    /// Numbers of testcases that were being written when they were looked at.
    again: BTreeSet<u32>,
    /// Name of the testcase before `next`, if it is known.
    last: Option<String>,
    /// What is new, in order.
    pending: VecDeque<(u32, String)>,
    /// The one that was handed out and counts as handled with the next call.
    current: Option<(u32, String)>,
    /// When its queue changed, if all that it held then was looked at.
    seen: Option<SystemTime>,
    /// What stands in `.synced`.
    written: (u32, Option<String>),
    /// It was told that the queue cannot be read.
    is_named: bool,
}

impl Peer {
    /// The instance `name` in the folder `out`; what was read of it stands in `synced`.
    pub(super) fn new(out: &Path, name: &str, synced: &Path) -> Self {
        let next = store::read(&synced.join(name)).ok();
        let next = next.and_then(|bytes| bytes.get(..4)?.try_into().ok());
        let next = next.map_or(0, u32::from_ne_bytes);
        let last = Some(store::read_text(&synced.join(format!("{name}.last"))))
            .filter(|last| !last.is_empty());
        let last = last.filter(|last| !last.is_empty());
        Self {
            queue: out.join(name).join("queue"),
            next,
            again: BTreeSet::new(),
            last: last.clone(),
            pending: VecDeque::new(),
            current: None,
            seen: None,
            written: (next, last),
            is_named: false,
        }
    }

    /// Looks what is new. Reads names only, and those only if the queue has changed.
    pub(super) fn look(&mut self, complain: &mut dyn FnMut(&Flaw)) {
        self.pending.clear();
        let changed = fs::metadata(&self.queue).and_then(|queue| queue.modified());
        let Ok(changed) = changed else {
            // It is no instance, or is being begun anew.
            return;
        };
        if self.seen == Some(changed) && self.again.is_empty() {
            return;
        }
        let names = match names(&self.queue) {
            Ok(names) => names,
            Err(source) => {
                if !std::mem::replace(&mut self.is_named, true) {
                    complain(&Flaw::Folder {
                        path: self.queue.clone(),
                        source,
                    });
                }
                return;
            }
        };
        if names.is_empty() {
            return;
        }
        if self.has_begun_anew(&names) {
            self.next = 0;
            self.last = None;
            self.again.clear();
        }
        let mut new: Vec<(u32, String)> = names
            .into_iter()
            .filter(|(number, _)| *number >= self.next || self.again.contains(number))
            .collect();
        new.sort();
        // What is gone does not come back under its number.
        self.again = new.iter().map(|(number, _)| *number).collect();
        self.again.retain(|number| *number < self.next);
        self.pending = new.into();
        // The time of a folder is not exact: what comes right after this may not show.
        self.seen = Some(changed).filter(|changed| !is_young(*changed));
    }

    fn has_begun_anew(&self, names: &[(u32, String)]) -> bool {
        let Some(before) = self.next.checked_sub(1) else {
            return false;
        };
        let mut same_number = names.iter().filter(|(number, _)| *number == before);
        match &self.last {
            Some(last) => !same_number.any(|(_, name)| name == last),
            None => same_number.next().is_none(),
        }
    }

    /// The next testcase that is new: its number and its bytes.
    pub(super) fn receive(&mut self, complain: &mut dyn FnMut(&Flaw)) -> Option<(u32, Vec<u8>)> {
        self.settle();
        while let Some((number, name)) = self.pending.pop_front() {
            let content = read(&self.queue.join(&name));
            self.current = Some((number, name));
            match content {
                Ok(Content::Whole(bytes)) => return Some((number, bytes)),
                Ok(Content::Unfinished) => {
                    self.settle();
                    self.again.insert(number);
                }
                Err(flaw) => {
                    complain(&flaw);
                    self.settle();
                }
            }
        }
        None
    }

    /// What was handed out is handled.
    fn settle(&mut self) {
        let Some((number, name)) = self.current.take() else {
            return;
        };
        self.again.remove(&number);
        if number >= self.next {
            self.next = number.saturating_add(1);
            self.last = Some(name);
        }
    }

    /// Writes down how far it was read, if that has changed. What was handed out last
    /// is not taken for handled; nor is what is left of the round.
    pub(super) fn commit(&mut self, name: &str, synced: &Path) -> io::Result<()> {
        let is_cut_short = !self.pending.is_empty() || self.current.is_some();
        self.pending.clear();
        self.current = None;
        if is_cut_short {
            self.seen = None;
        }
        let (next, last) = match self.again.first() {
            Some(&first) => (first, None),
            None => (self.next, self.last.clone()),
        };
        let state = (next, last);
        if state == self.written {
            return Ok(());
        }
        let write = |name: &str, content: &[u8]| {
            store::write(synced, name, &[content]).map_err(|error| error.source)
        };
        // First, so that it never names a testcase that is not the one before the number.
        write(&format!("{name}.last"), b"")?;
        write(name, &state.0.to_ne_bytes())?;
        if let Some(last) = &state.1 {
            write(&format!("{name}.last"), last.as_bytes())?;
        }
        self.written = state;
        Ok(())
    }
}

/// The testcases in a queue, with their numbers.
fn names(queue: &Path) -> io::Result<Vec<(u32, String)>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(queue)? {
        if let Ok(name) = entry?.file_name().into_string()
            && let Some(number) = name::number(&name)
        {
            names.push((number, name));
        }
    }
    Ok(names)
}
