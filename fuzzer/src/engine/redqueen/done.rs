//! Which testcases are done, kept on disk for a session that goes on with them.

use super::start::Logger;
use crate::{
    engine::config::CompareLevel,
    report::{folder::COMPARED_FILE, store},
};
use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::MetadataExt,
    path::Path,
};

/// The numbers of the testcases whose comparisons were tried.
#[derive(Debug, Default)]
pub struct Done {
    numbers: HashSet<u32>,
    file: Option<File>,
}

impl Done {
    /// What an earlier part of the session left, if it had the same program and level;
    /// nothing otherwise, and for a `fresh` one.
    #[must_use]
    pub fn open(folder: &Path, logger: &Logger, fresh: bool) -> Self {
        if fresh {
            let _ = fs::remove_file(folder.join(COMPARED_FILE));
        }
        Self::open_file(
            &folder.join(COMPARED_FILE),
            &identity(&logger.program, logger.level),
        )
    }

    fn open_file(path: &Path, identity: &str) -> Self {
        let earlier = store::read_text(path);
        let mut lines = earlier.split_inclusive('\n');
        let is_same = lines.next().and_then(|line| line.strip_suffix('\n')) == Some(identity);
        let numbers = if is_same {
            // The last line may not be whole.
            let whole = lines.filter_map(|line| line.strip_suffix('\n'));
            whole.filter_map(|line| line.parse().ok()).collect()
        } else {
            HashSet::new()
        };
        Self {
            file: open(path, is_same, identity, &earlier).ok(),
            numbers,
        }
    }

    /// Whether the testcase of this number is done.
    #[must_use]
    pub fn has(&self, number: u32) -> bool {
        self.numbers.contains(&number)
    }

    /// The testcase of this number is done. What cannot be written is done again in a
    /// session that goes on: nothing is lost by it.
    pub fn add(&mut self, number: u32) {
        if self.numbers.insert(number)
            && let Some(file) = &mut self.file
            && file.write_all(format!("{number}\n").as_bytes()).is_err()
        {
            self.file = None;
        }
    }
}

/// Goes on with the file, or begins it anew.
fn open(path: &Path, goes_on: bool, identity: &str, earlier: &str) -> io::Result<File> {
    if !goes_on {
        let folder = path.parent().unwrap_or(Path::new("."));
        let text = format!("{identity}\n");
        let written = store::write(folder, COMPARED_FILE, &[text.as_bytes()]);
        written.map_err(|error| error.source)?;
    }
    let file = store::append(path)?;
    if goes_on && !earlier.ends_with('\n') {
        let whole = earlier.rfind('\n').map_or(0, |end| end + 1);
        file.set_len(whole as u64)?;
    }
    Ok(file)
}

/// The program as it is now, and what is tried.
fn identity(program: &Path, level: CompareLevel) -> String {
    let found = fs::metadata(program);
    let (size, time) = found.map_or((0, 0), |it| (it.len(), it.mtime()));
    format!("{level:?} {size} {time}")
}

#[cfg(test)]
mod tests {
    use super::{COMPARED_FILE, Done};
    use std::{fs, io::Write};

    #[test]
    fn what_was_done_is_known_again_unless_something_else_is_to_be_tried() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(COMPARED_FILE);
        let mut done = Done::open_file(&path, "2 program");
        for number in [3, 4, 3, 70] {
            done.add(number);
        }
        assert!(done.has(3) && !done.has(5));
        // A session that was killed while it wrote.
        let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"12").unwrap();
        let mut done = Done::open_file(&path, "2 program");
        assert!(done.has(3) && done.has(4) && done.has(70) && !done.has(12));
        done.add(5);
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "2 program\n3\n4\n70\n5\n"
        );
        let done = Done::open_file(&path, "3 program");
        assert!(!done.has(3));
        assert_eq!(fs::read_to_string(&path).unwrap(), "3 program\n");
        fs::write(&path, b"\xff\xfe garbage").unwrap();
        assert!(!Done::open_file(&path, "3 program").has(3));
    }
}
