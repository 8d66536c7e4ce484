//! Writing files whole or not at all.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
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

#[cfg(test)]
mod tests {
    use super::write;
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
