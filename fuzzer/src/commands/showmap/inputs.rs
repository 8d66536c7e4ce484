//! Where the inputs come from.

use super::error::ShowmapError;
use std::{
    fmt,
    fs::{self, File},
    io::{self, IsTerminal, Read},
    path::{Path, PathBuf},
};
use tine_protocol::layout::input::MAX_INPUT;

/// One input, or a folder of them.
///
/// A sequence is a folder whose inputs one child runs.
#[derive(Debug)]
pub(super) enum Inputs {
    One(Source),
    Many(Vec<PathBuf>),
    Sequence(Vec<PathBuf>),
}

/// Where one input is read from.
#[derive(Debug)]
pub(super) enum Source {
    Stdin,
    File(PathBuf),
}

impl Inputs {
    /// Looks at what `-i` names.
    pub(super) fn find(named: Option<&Path>) -> Result<Self, ShowmapError> {
        let Some(path) = named else {
            return Ok(Self::One(Source::Stdin));
        };
        if path.as_os_str() == "-" {
            return Ok(Self::One(Source::Stdin));
        }
        let metadata = fs::metadata(path).map_err(|source| unreadable(path, source))?;
        if !metadata.is_dir() {
            return Ok(Self::One(Source::File(path.to_owned())));
        }
        // What afl-fuzz and tine write has the inputs here.
        let queue = path.join("queue");
        let folder = if queue.is_dir() {
            queue.as_path()
        } else {
            path
        };
        let mut files = Vec::new();
        list(folder, &mut files)?;
        if files.is_empty() {
            return Err(ShowmapError::NoInputs(folder.to_owned()));
        }
        Ok(Self::Many(files))
    }
}

impl Inputs {
    /// The files that are read.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        let (one, many) = match self {
            Self::One(Source::Stdin) => (None, &[][..]),
            Self::One(Source::File(path)) => (Some(path), &[][..]),
            Self::Many(files) | Self::Sequence(files) => (None, files.as_slice()),
        };
        one.into_iter().chain(many).map(PathBuf::as_path)
    }
}

/// The files in `folder` that are to be run one after another, in the order of
/// their names.
pub(super) fn sequence(folder: &Path) -> Result<Vec<PathBuf>, ShowmapError> {
    let mut files = Vec::new();
    list(folder, &mut files)?;
    if files.is_empty() {
        return Err(ShowmapError::NothingToReplay(folder.to_owned()));
    }
    Ok(files)
}

/// All files below `folder`, in the order of their names; hidden folders, such
/// as afl-fuzz's `.state`, hold no inputs.
fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), ShowmapError> {
    let entries = fs::read_dir(folder)
        .and_then(Iterator::collect::<io::Result<Vec<_>>>)
        .map_err(|source| unreadable(folder, source))?;
    let mut entries: Vec<_> = entries.into_iter().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        let metadata = match fs::metadata(&path) {
            Ok(metadata) => metadata,
            // A link that leads nowhere; reading it will say so.
            Err(_) => {
                files.push(path);
                continue;
            }
        };
        let is_link = path.is_symlink();
        let hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if metadata.is_dir() {
            if !hidden && !is_link {
                list(&path, files)?;
            }
        } else if metadata.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

impl Source {
    /// The input, and by how many bytes it is over the limit.
    pub(super) fn read(&self) -> Result<(Vec<u8>, u64), ShowmapError> {
        let read = match self {
            Self::Stdin => {
                let stdin = io::stdin().lock();
                if stdin.is_terminal() {
                    // Nobody would guess that it waits for them to type.
                    return Ok((Vec::new(), 0));
                }
                read(stdin)
            }
            Self::File(path) => File::open(path).and_then(read),
        };
        read.map_err(|source| ShowmapError::Input {
            what: self.to_string(),
            source,
        })
    }
}

fn read(mut from: impl Read) -> io::Result<(Vec<u8>, u64)> {
    let mut input = Vec::new();
    from.by_ref()
        .take(MAX_INPUT as u64)
        .read_to_end(&mut input)?;
    let cut = io::copy(&mut from, &mut io::sink())?;
    Ok((input, cut))
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("standard input"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

fn unreadable(path: &Path, source: io::Error) -> ShowmapError {
    ShowmapError::Input {
        what: path.display().to_string(),
        source,
    }
}
