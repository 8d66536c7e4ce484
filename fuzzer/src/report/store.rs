//! Writing files whole or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// What a file is called until it is whole. The dot keeps other fuzzers that
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
            ". Make room, then go on with `-i -`: all that was found before is saved"
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

/// Writes `parts` one after another to the file `name` in `folder`: to a file of
/// another name first, so that nobody ever sees a part of it.
///
/// # Errors
/// What the system says; then there is no file.
pub fn write(folder: &Path, name: &str, parts: &[&[u8]]) -> Result<(), StoreError> {
    let path = folder.join(name);
    let unfinished = folder.join(UNFINISHED);
    let written = (|| {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)?;
        for part in parts {
            file.write_all(part)?;
        }
        fs::rename(&unfinished, &path)
    })();
    written.map_err(|source| {
        // It may not exist at all.
        let _ = fs::remove_file(&unfinished);
        StoreError { path, source }
    })
}

/// Writes each of `files` to a file of its own in the folder `name` in `parent`:
/// `000000`, `000001` and so on. Nobody ever sees a part of the folder.
///
/// # Errors
/// What the system says; then there is no such folder.
pub fn write_folder(parent: &Path, name: &str, files: &[Vec<u8>]) -> Result<(), StoreError> {
    let path = parent.join(name);
    let unfinished = parent.join(UNFINISHED);
    let failed = |source| StoreError {
        path: path.clone(),
        source,
    };
    let written = fs::create_dir_all(&unfinished)
        .map_err(failed)
        .and_then(|()| {
            for (number, content) in files.iter().enumerate() {
                write(&unfinished, &format!("{number:06}"), &[content])?;
            }
            fs::rename(&unfinished, &path).map_err(failed)
        });
    if written.is_err() {
        // It may not exist at all.
        let _ = fs::remove_dir_all(&unfinished);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::{write, write_folder};
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
