//! Writing files whole or not at all, and to no file that somebody else chose.
//!
//! What is not finished has a random name and is opened by nobody before it is made
//! (`O_EXCL`), so that a link, a pipe or a file that was put there is neither followed
//! nor waited for nor written to.
//!
//! | | what |
//! |---|---|
//! | [`write()`], [`write_synced`], [`write_folder`] | a file, a folder in a folder of ours |
//! | [`make_folder`] | an empty folder |
//! | [`append`] | more of a file of ours |
//! | [`Replacement`] | a file that the user names, which may be a device, a pipe or a link |
//! | [`read`], [`open`] | a file that may have been replaced by a pipe |

mod replacement;

pub use replacement::{Replacement, follow_own_links};

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;

/// How names begin until what has them is whole. The dot keeps other fuzzers that
/// read the folder from taking it for a testcase.
pub const UNFINISHED: &str = ".unfinished";

/// Why a result could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}{}", .path.display(), hint(.source))]
pub struct StoreError {
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

fn hint(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(libc::ENOSPC | libc::EDQUOT) => {
            ". Make room, then go on with `-i -`, or begin again: all that was found before is saved"
        }
        Some(libc::EFBIG) => ": the limit of file sizes (`ulimit -f`) is too low",
        Some(libc::EROFS | libc::EACCES | libc::EPERM) => {
            ": choose a folder that you may write to with -o"
        }
        Some(libc::ENOENT) => ": was the output folder removed?",
        _ => "",
    }
}

/// The content of a regular file. A pipe of that name, on which a reader would wait for
/// ever, is an error.
///
/// # Errors
/// What the system says, or that it is no regular file.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Opens a regular file to read it.
///
/// # Errors
/// As [`read`].
pub fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("it is no regular file"))
    }
}

/// As [`read`], for text; what is no text, or cannot be read, is empty.
#[must_use]
pub fn read_text(path: &Path) -> String {
    let bytes = read(path).unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

/// Opens a file of ours to add to it. One that is a link or a pipe, or has other names,
/// was put there by somebody else.
///
/// # Errors
/// What the system says, or that it is no file of ours.
pub fn append(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .append(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)?;
    let found = file.metadata()?;
    if found.is_file() && found.nlink() == 1 {
        Ok(file)
    } else {
        Err(io::Error::other(
            "it is no regular file that has this name alone",
        ))
    }
}

/// Writes `parts` one after another to the file `name` in `folder`: to a file of
/// another name first, so that nobody ever sees a part of it.
///
/// # Errors
/// What the system says; then there is no file.
pub fn write(folder: &Path, name: &str, parts: &[&[u8]]) -> Result<(), StoreError> {
    write_as(folder, name, parts, Safety::Whole)
}

/// As [`write()`], for what must not be lost or empty after a power cut: the file is on the
/// disk before it gets its name, and the name is when this returns.
///
/// # Errors
/// As [`write()`].
pub fn write_synced(folder: &Path, name: &str, parts: &[&[u8]]) -> Result<(), StoreError> {
    write_as(folder, name, parts, Safety::Synced)
}

/// What a file is safe from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Safety {
    /// The end of this process.
    Whole,
    /// The end of the machine, too.
    Synced,
}

fn write_as(folder: &Path, name: &str, parts: &[&[u8]], safety: Safety) -> Result<(), StoreError> {
    let path = folder.join(name);
    let written = (|| {
        let mut file = unfinished_file(folder)?;
        for part in parts {
            // Not by its wrapper, whose errors have no number of the system's.
            file.as_file_mut().write_all(part)?;
        }
        if safety == Safety::Synced {
            file.as_file().sync_data()?;
        }
        file.persist(&path).map_err(|error| error.error)?;
        if safety == Safety::Synced {
            sync_folder(folder)?;
        }
        Ok(())
    })();
    written.map_err(|source| StoreError { path, source })
}

/// Writes each of `files` to a file of its own in the folder `name` in `parent`:
/// `000000`, `000001` and so on. Nobody ever sees a part of the folder, which is on the
/// disk when this returns.
///
/// # Errors
/// What the system says; then there is no such folder.
pub fn write_folder(parent: &Path, name: &str, files: &[Vec<u8>]) -> Result<(), StoreError> {
    let path = parent.join(name);
    let written = (|| {
        make_folder(parent)?;
        let folder = unfinished().tempdir_in(parent)?;
        for (number, content) in files.iter().enumerate() {
            let file = folder.path().join(format!("{number:06}"));
            let mut file = File::create_new(file)?;
            file.write_all(content)?;
            file.sync_data()?;
        }
        sync_folder(folder.path())?;
        fs::rename(folder.path(), &path)?;
        // There is nothing under its first name to be removed.
        let _ = folder.keep();
        sync_folder(parent)
    })();
    written.map_err(|source| StoreError { path, source })
}

/// Makes a folder, and those that it lies in, unless they are there. Their names are on the
/// disk when this returns: without them, a power cut takes what was synced in them. A name
/// in a folder that may be written to, not read, is as safe as the file system makes it.
///
/// # Errors
/// What the system says.
pub fn make_folder(path: &Path) -> io::Result<()> {
    let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let missing: Vec<&Path> = path.ancestors().take_while(is_missing).collect();
    fs::create_dir_all(path)?;
    let parents = missing.iter().filter_map(|folder| folder.parent());
    parents
        .map(|parent| match parent.as_os_str().is_empty() {
            true => Path::new("."),
            false => parent,
        })
        .try_for_each(|parent| match sync_folder(parent) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
            synced => synced,
        })
}

/// Names for what is not finished.
pub fn unfinished() -> tempfile::Builder<'static, 'static> {
    let mut names = tempfile::Builder::new();
    names.prefix(UNFINISHED);
    names
}

/// A new file in `folder` that goes unless it gets another name.
///
/// # Errors
/// What the system says.
fn unfinished_file(folder: &Path) -> io::Result<NamedTempFile> {
    unfinished().make_in(folder, |path| {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
    })
}

/// The names in a folder are on the disk when this returns. Where the file system knows
/// nothing of it (`EINVAL`), names are as safe as it makes them.
fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        synced => synced,
    }
}

/// Removes what a process that was killed had not finished in `folder`.
///
/// # Errors
/// What the system says, and of which file.
pub fn remove_unfinished(folder: &Path) -> Result<(), (PathBuf, io::Error)> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other.map_err(|error| (folder.to_owned(), error))?,
    };
    for entry in entries {
        let entry = entry.map_err(|error| (folder.to_owned(), error))?;
        if !entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(UNFINISHED.as_bytes())
        {
            continue;
        }
        let path = entry.path();
        let removed = match entry.file_type() {
            Ok(kind) if kind.is_dir() => fs::remove_dir_all(&path),
            _ => fs::remove_file(&path),
        };
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err((path, error)),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{append, remove_unfinished, write, write_folder};
    use std::fs;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "x", &[b"one", b" two"]).unwrap();
        write(folder.path(), "x", &[b"three"]).unwrap();
        assert_eq!(fs::read(folder.path().join("x")).unwrap(), b"three");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_is_there_whole_or_not_at_all() {
        let parent = tempfile::tempdir().unwrap();
        let files: Vec<Vec<u8>> = (0..12).map(|number| vec![number; 3]).collect();
        write_folder(parent.path(), "x", &files).unwrap();
        let folder = parent.path().join("x");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 12);
        assert_eq!(fs::read(folder.join("000011")).unwrap(), [11; 3]);
        // A name that is taken.
        let error = write_folder(parent.path(), "x", &files).unwrap_err();
        assert_eq!(error.path, folder);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_was_put_in_the_way_is_neither_followed_nor_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("victim"), "precious").unwrap();
        fs::write(path("other"), "precious").unwrap();
        std::os::unix::fs::symlink(path("victim"), path("link")).unwrap();
        fs::hard_link(path("other"), path("hard")).unwrap();
        nix::unistd::mkfifo(&path(".unfinished"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        for name in ["link", "hard", ".unfinished"] {
            assert!(append(&path(name)).is_err(), "{name}");
            write(folder.path(), name, &[b"mine"]).unwrap();
            assert_eq!(fs::read(path(name)).unwrap(), b"mine");
        }
        assert_eq!(fs::read(path("victim")).unwrap(), b"precious");
        assert_eq!(fs::read(path("other")).unwrap(), b"precious");
    }

    #[test]
    fn what_a_killed_process_had_not_finished_goes() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join(".unfinished-a/b")).unwrap();
        for name in [".unfinished", ".unfinished-x", "id:000000"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        remove_unfinished(folder.path()).unwrap();
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().flatten().collect();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].file_name(), "id:000000");
        remove_unfinished(&folder.path().join("gone")).unwrap();
    }

    #[test]
    fn an_error_names_the_file_and_leaves_none() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("x")).unwrap();
        let error = write(folder.path(), "x", &[b"one"])
            .unwrap_err()
            .to_string();
        assert!(error.contains("/x: "), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let gone = write(&folder.path().join("gone"), "x", &[])
            .unwrap_err()
            .to_string();
        assert!(gone.contains("was the output folder removed?"), "{gone}");
    }
}
