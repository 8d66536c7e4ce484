//! Which files are inputs.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// A file that holds an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Where it is.
    pub path: PathBuf,
    /// Its length in bytes.
    pub len: u64,
}

/// Which of the folders that a fuzzer keeps are looked into. All folders that do not
/// belong to a fuzzer are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kinds {
    /// `queue`
    pub queue: bool,
    /// `crashes`
    pub crashes: bool,
    /// `hangs`
    pub hangs: bool,
}

/// Why there are no inputs.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// A folder cannot be read.
    #[error("cannot read {}: {source}", .path.display())]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is a file.
    #[error("-i {} is a file: give the folder that the inputs are in", .0.display())]
    NotAFolder(PathBuf),
    /// There is no file with anything in it.
    #[error("there is no input in {}", named(.0))]
    Nothing(Vec<PathBuf>),
}

fn named(folders: &[PathBuf]) -> String {
    let names: Vec<String> = folders
        .iter()
        .map(|folder| folder.display().to_string())
        .collect();
    names.join(" and ")
}

/// What was found.
#[derive(Debug, Default)]
pub struct Listing {
    /// The inputs, the shortest first.
    pub inputs: Vec<Input>,
    /// How many files are empty: the target is not run on those.
    pub empty: u64,
}

/// Finds the inputs in `folders` and their folders. Hidden names and `README.txt` are
/// none.
///
/// # Errors
/// When a folder of `folders` is not there or cannot be read, or no input is found.
pub fn list(folders: &[PathBuf], kinds: Kinds) -> Result<Listing, ListError> {
    let mut listing = Listing::default();
    for folder in folders {
        let unreadable = |source| ListError::Unreadable {
            path: folder.clone(),
            source,
        };
        if !fs::metadata(folder).map_err(unreadable)?.is_dir() {
            return Err(ListError::NotAFolder(folder.clone()));
        }
        walk(folder, kinds, &mut listing).map_err(unreadable)?;
    }
    if listing.inputs.is_empty() {
        return Err(ListError::Nothing(folders.to_vec()));
    }
    listing
        .inputs
        .sort_by(|one, other| (one.len, &one.path).cmp(&(other.len, &other.path)));
    listing.inputs.dedup_by(|one, other| one.path == other.path);
    Ok(listing)
}

fn walk(folder: &Path, kinds: Kinds, listing: &mut Listing) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    // What afl-fuzz and tine write has this folder; beside it lie statistics and states.
    let of_fuzzer = folder.join("queue").is_dir();
    for entry in entries {
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(b".") || name == "README.txt" {
            continue;
        }
        let path = entry.path();
        // A link may lead anywhere; only files are taken from there.
        if entry.file_type()?.is_dir() {
            let wanted = !of_fuzzer
                || match name.to_str() {
                    Some("queue") => kinds.queue,
                    Some("crashes") => kinds.crashes,
                    Some("hangs") => kinds.hangs,
                    _ => false,
                };
            if wanted {
                walk(&path, kinds, listing)?;
            }
            continue;
        }
        let Ok(metadata) = fs::metadata(&path) else {
            continue;
        };
        if !metadata.is_file() || of_fuzzer {
            continue;
        }
        match metadata.len() {
            0 => listing.empty += 1,
            len => listing.inputs.push(Input { path, len }),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Kinds, ListError, list};
    use std::fs;

    const QUEUE: Kinds = Kinds {
        queue: true,
        crashes: false,
        hangs: false,
    };

    #[test]
    fn of_what_a_fuzzer_writes_only_what_is_asked_for_is_an_input() {
        let place = tempfile::tempdir().unwrap();
        for (name, content) in [
            ("out/a/queue/id:000000", "long one"),
            ("out/a/queue/.state/x", "hidden"),
            ("out/a/crashes/README.txt", "about"),
            ("out/a/crashes/id:000000", "crash"),
            ("out/a/hangs/id:000000", "hang"),
            ("out/a/fuzzer_stats", "numbers"),
            ("seeds/deep/one", "1"),
            ("seeds/nothing", ""),
        ] {
            let path = place.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let folders = ["out", "seeds", "seeds"].map(|name| place.path().join(name));
        let names = |kinds| -> Vec<String> {
            let listing = list(&folders, kinds).unwrap();
            assert_eq!(listing.empty, 2, "counted each time that it is named");
            let relative = |path: &std::path::Path| {
                let path = path.strip_prefix(place.path()).unwrap();
                path.display().to_string()
            };
            listing.inputs.iter().map(|it| relative(&it.path)).collect()
        };
        assert_eq!(names(QUEUE), ["seeds/deep/one", "out/a/queue/id:000000"]);
        let crashes = Kinds {
            queue: false,
            crashes: true,
            hangs: true,
        };
        assert_eq!(
            names(crashes),
            [
                "seeds/deep/one",
                "out/a/hangs/id:000000",
                "out/a/crashes/id:000000"
            ]
        );
    }

    #[test]
    fn without_an_input_it_says_why() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().to_owned();
        assert!(matches!(
            list(std::slice::from_ref(&folder), QUEUE),
            Err(ListError::Nothing(_))
        ));
        let file = folder.join("x");
        fs::write(&file, "x").unwrap();
        assert!(matches!(
            list(&[file], QUEUE),
            Err(ListError::NotAFolder(_))
        ));
        assert!(matches!(
            list(&[folder.join("gone")], QUEUE),
            Err(ListError::Unreadable { .. })
        ));
    }
}
