//! The seeds: the inputs that the user gives.

use crate::report::store;
use fast_rands::{Rand, StdRand};
use std::{
    fs,
    io::{self, Read},
    num::NonZeroUsize,
    path::{Path, PathBuf},
};
use tine_protocol::layout::input::MAX_INPUT;

/// One seed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seed {
    /// Where it comes from.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Why there is nothing to begin with.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The folder cannot be read.
    #[error("cannot read the seed folder {}: {source}", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is a file.
    #[error(
        "-i {} is a file: give the folder that holds the seeds, each in a file of its own",
        .0.display()
    )]
    NotAFolder(PathBuf),
    /// The folder is empty.
    #[error(
        "there is no seed in {}: put a small valid input of the target there, in a file of any \
         name",
        .0.display()
    )]
    None(PathBuf),
    /// No file in it is of use.
    #[error(
        "no file in {} can be a seed ({count} tried): {}; put a small valid input of the target \
         there",
        .folder.display(), .first
    )]
    NoneUsable {
        /// The folder.
        folder: PathBuf,
        /// How many files there are.
        count: usize,
        /// What is wrong with the first one.
        first: Flaw,
    },
}

/// What is wrong with a seed that is left out or shortened.
#[derive(Debug, thiserror::Error)]
pub enum Flaw {
    /// No bytes.
    #[error("the seed {} is empty", .0.display())]
    Empty(PathBuf),
    /// Not readable.
    #[error("the seed {} cannot be read: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Too long: its end is left out.
    #[error("the seed {} is longer than {MAX_INPUT} bytes: the rest of it is left out", .0.display())]
    TooLong(PathBuf),
}

/// Reads the seeds in `folder` and its folders, in the order of their names.
/// `complain` hears of each that is left out or shortened.
///
/// # Errors
/// When the folder cannot be read or no seed is left.
pub fn load(folder: &Path, mut complain: impl FnMut(&Flaw)) -> Result<Vec<Seed>, SeedError> {
    let failed = |source| SeedError::Folder {
        path: folder.into(),
        source,
    };
    if !fs::metadata(folder).map_err(failed)?.is_dir() {
        return Err(SeedError::NotAFolder(folder.into()));
    }
    let mut paths = Vec::new();
    collect(folder, &mut paths).map_err(failed)?;
    if paths.is_empty() {
        return Err(SeedError::None(folder.into()));
    }
    let count = paths.len();
    let mut seeds = Vec::with_capacity(count);
    let mut first = None;
    for path in paths {
        match read(&path) {
            Ok(bytes) if bytes.is_empty() => {
                let flaw = Flaw::Empty(path);
                complain(&flaw);
                first.get_or_insert(flaw);
            }
            Ok(mut bytes) => {
                if bytes.len() > MAX_INPUT {
                    bytes.truncate(MAX_INPUT);
                    complain(&Flaw::TooLong(path.clone()));
                }
                seeds.push(Seed { path, bytes });
            }
            Err(source) => {
                let flaw = Flaw::Unreadable { path, source };
                complain(&flaw);
                first.get_or_insert(flaw);
            }
        }
    }
    match first {
        Some(first) if seeds.is_empty() => Err(SeedError::NoneUsable {
            folder: folder.into(),
            count,
            first,
        }),
        _ => Ok(seeds),
    }
}

/// Puts them into an order that `seed` decides.
pub fn shuffle(seeds: &mut [Seed], seed: u64) {
    let mut rand = StdRand::with_seed(seed);
    for count in (2..=seeds.len()).rev() {
        let Some(bound) = NonZeroUsize::new(count) else {
            return;
        };
        seeds.swap(count - 1, rand.below(bound));
    }
}

/// One byte more than the limit, so that the caller sees what is too long.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    store::open(path)?
        .take(MAX_INPUT as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The files in `folder` and its folders. Names with a dot in front are not for
/// us: `afl-fuzz` keeps its state in such.
fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(b".") || name == "README.txt" {
            continue;
        }
        let path = entry.path();
        // A link may lead anywhere; only files are taken from there.
        if entry.file_type()?.is_dir() {
            if collect(&path, paths).is_err() {
                // Reading it as a seed will tell.
                paths.push(path);
            }
        } else if fs::metadata(&path).map_or(true, |target| target.is_file()) {
            paths.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{MAX_INPUT, Seed, SeedError, load, shuffle};
    use std::fs;

    #[test]
    fn seeds_come_in_order_and_flawed_ones_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("b/deep")).unwrap();
        fs::create_dir(path(".state")).unwrap();
        fs::write(path(".state/x"), "hidden").unwrap();
        fs::write(path("README.txt"), "about").unwrap();
        fs::write(path("c"), "3").unwrap();
        fs::write(path("a"), "1").unwrap();
        fs::write(path("b/deep/x"), "2").unwrap();
        fs::write(path("empty"), "").unwrap();
        fs::write(path("long"), vec![b'x'; MAX_INPUT + 1]).unwrap();
        let mut flaws = Vec::new();
        let seeds = load(folder.path(), |flaw| flaws.push(flaw.to_string())).unwrap();
        let found: Vec<&[u8]> = seeds.iter().map(|seed| seed.bytes.as_slice()).collect();
        assert_eq!(found[..3], [b"1", b"2", b"3"]);
        assert_eq!(found[3].len(), MAX_INPUT);
        assert_eq!(flaws.len(), 2);
        assert!(flaws[0].contains("empty is empty") && flaws[1].contains("long is longer"));
    }

    #[test]
    fn chance_decides_the_order_and_the_same_seed_decides_the_same() {
        let order = |seed| {
            let mut seeds: Vec<Seed> = (0..50)
                .map(|byte| Seed {
                    path: "x".into(),
                    bytes: vec![byte],
                })
                .collect();
            shuffle(&mut seeds, seed);
            let bytes: Vec<u8> = seeds.iter().map(|seed| seed.bytes[0]).collect();
            bytes
        };
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
        let mut sorted = order(3);
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..50), "none is lost");
        shuffle(&mut [], 1);
    }

    #[test]
    fn without_a_seed_the_error_says_why() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(
            load(folder.path(), |_| ()),
            Err(SeedError::None(_))
        ));
        let file = folder.path().join("empty");
        fs::write(&file, "").unwrap();
        let error = load(folder.path(), |_| ()).unwrap_err().to_string();
        assert!(
            error.contains("can be a seed (1 tried)") && error.contains("is empty"),
            "{error}"
        );
        assert!(matches!(load(&file, |_| ()), Err(SeedError::NotAFolder(_))));
        let missing = folder.path().join("missing");
        assert!(matches!(
            load(&missing, |_| ()),
            Err(SeedError::Folder { .. })
        ));
    }
}
