//! A folder of any other fuzzer (`-F`): whatever files come into it are testcases.

use super::{
    Flaw,
    read::{Content, is_young, read},
};
use std::{
    collections::{HashSet, VecDeque},
    ffi::OsString,
    fs, io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// The longest name of a folder that appears in names of testcases, and the longest
/// start of the name of a file; as in afl-fuzz.
const LONGEST_LABEL: usize = 15;
const LONGEST_SOURCE: usize = 20;

/// One such folder.
#[derive(Debug)]
pub(super) struct Foreign {
    /// What it is called in the names of testcases.
    pub(super) label: String,
    folder: PathBuf,
    /// Names of files that were handled.
    handled: HashSet<OsString>,
    pending: VecDeque<OsString>,
    current: Option<OsString>,
    /// When the folder changed, if all that it held then was handled.
    seen: Option<SystemTime>,
    is_named: bool,
}

impl Foreign {
    /// The folder `folder`, the one of this `index` on the command line. If it is an
    /// instance's folder, the queue in it is meant.
    pub(super) fn new(folder: &Path, index: usize) -> Self {
        let queue = folder.join("queue");
        Self {
            label: label(folder, index),
            folder: if queue.is_dir() { queue } else { folder.into() },
            handled: HashSet::new(),
            pending: VecDeque::new(),
            current: None,
            seen: None,
            is_named: false,
        }
    }

    /// Looks what is new. Reads names only, and those only if the folder has changed.
    pub(super) fn look(&mut self, complain: &mut dyn FnMut(&Flaw)) {
        self.pending.clear();
        match self.new_names() {
            Ok(mut names) => {
                names.sort();
                self.pending = names.into();
            }
            Err(source) => {
                if !std::mem::replace(&mut self.is_named, true) {
                    complain(&Flaw::Folder {
                        path: self.folder.clone(),
                        source,
                    });
                }
            }
        }
    }

    fn new_names(&mut self) -> io::Result<Vec<OsString>> {
        let changed = fs::metadata(&self.folder)?.modified()?;
        if self.seen == Some(changed) {
            return Ok(Vec::new());
        }
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            // Other fuzzers keep their notes in such; and there is no way into folders.
            let is_note = name.as_bytes().starts_with(b".") || name == "README.txt";
            if is_note || entry.file_type()?.is_dir() || self.handled.contains(&name) {
                continue;
            }
            names.push(name);
        }
        self.seen = Some(changed).filter(|changed| !is_young(*changed));
        Ok(names)
    }

    /// The next file that is new: the start of its name, and its bytes.
    pub(super) fn receive(&mut self, complain: &mut dyn FnMut(&Flaw)) -> Option<(String, Vec<u8>)> {
        self.settle();
        while let Some(name) = self.pending.pop_front() {
            match read(&self.folder.join(&name)) {
                Ok(Content::Whole(bytes)) => {
                    let source = cut(&name.to_string_lossy(), LONGEST_SOURCE);
                    self.current = Some(name);
                    return Some((source, bytes));
                }
                // It is still new the next time.
                Ok(Content::Unfinished) => self.seen = None,
                Err(flaw) => {
                    complain(&flaw);
                    self.handled.insert(name);
                }
            }
        }
        None
    }

    fn settle(&mut self) {
        self.handled.extend(self.current.take());
    }

    /// Ends a round.
    pub(super) fn commit(&mut self) {
        if !self.pending.is_empty() || self.current.is_some() {
            self.seen = None;
        }
        self.pending.clear();
        self.current = None;
    }
}

/// As afl-fuzz calls it: the folder's last name and its place on the command line.
fn label(folder: &Path, index: usize) -> String {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let name = match &*name {
        "" | "queue" | "out" | "default" => "foreign",
        other => other,
    };
    let is_fit = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let name: String = name
        .chars()
        .map(|c| if is_fit(c) { c } else { '_' })
        .collect();
    let ending = format!("_{index}");
    cut(&name, LONGEST_LABEL - ending.len()) + &ending
}

/// The first bytes of `text`, no part of a character.
fn cut(text: &str, most: usize) -> String {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::{cut, label};
    use std::path::Path;

    #[test]
    fn labels_are_those_of_afl_fuzz() {
        for (folder, index, expected) in [
            ("/x/honggfuzz", 0, "honggfuzz_0"),
            ("/x/honggfuzz/", 1, "honggfuzz_1"),
            ("out", 2, "foreign_2"),
            ("a/queue", 0, "foreign_0"),
            ("/", 3, "foreign_3"),
            ("a rather long name", 12, "a_rather_lon_12"),
            ("x,y", 0, "x_y_0"),
        ] {
            assert_eq!(label(Path::new(folder), index), expected, "{folder}");
        }
    }

    #[test]
    fn names_are_cut_between_characters() {
        assert_eq!(cut("0123456789", 4), "0123");
        assert_eq!(cut("012\u{e9}", 4), "012");
        assert_eq!(cut("x", 4), "x");
    }
}
