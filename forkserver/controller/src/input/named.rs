//! The file that a target opens by its name (`@@`), a fresh one whenever the target has
//! done anything to it but read it.

use std::{
    fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions},
    io::{self, ErrorKind},
    os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// Number of attempts to free a name that is taken again meanwhile.
const MOST_ATTEMPTS: u32 = 5;

const MODE: u32 = 0o600;

/// Device and inode: which file this is, whatever its name.
type Identity = (u64, u64);

/// The file.
#[derive(Debug)]
pub(super) struct NamedFile {
    path: PathBuf,
    /// Its folder is the fuzzer's own: what the target put in the file's place may go.
    in_own_folder: bool,
    file: File,
    identity: Identity,
    mode: u32,
}

impl NamedFile {
    /// Opens the file, or makes it. What has its name and is not such a file goes, if it
    /// is in the fuzzer's own folder.
    pub(super) fn open(path: &Path, in_own_folder: bool) -> io::Result<Self> {
        let file = match existing(path)? {
            Some(file) => file,
            None if in_own_folder => replace(path, true)?,
            None => create(path).map_err(taken)?,
        };
        let metadata = file.metadata()?;
        Ok(Self {
            path: path.to_owned(),
            in_own_folder,
            file,
            identity: identity(&metadata),
            mode: metadata.mode(),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes `input` its content.
    pub(super) fn deliver(&mut self, input: &[u8]) -> io::Result<()> {
        let found = fs::symlink_metadata(&self.path);
        let mut size = match found {
            Ok(found) if self.is_untouched(&found) => found.size(),
            _ => self.renew()?,
        };
        if let Err(error) = self.file.write_all_at(input, 0) {
            if !is_refusal(&error) {
                return Err(error);
            }
            // Attributes that no metadata show, such as `chattr +i`.
            size = self.renew()?;
            self.file.write_all_at(input, 0)?;
        }
        let len = input.len() as u64;
        if len < size {
            self.file.set_len(len)?;
        }
        Ok(())
    }

    /// Returns whether the name still refers to the file, and no other name does.
    fn is_untouched(&self, found: &Metadata) -> bool {
        identity(found) == self.identity && found.mode() == self.mode && found.nlink() == 1
    }

    /// Replaces what has the name by a new file; returns its size.
    #[cold]
    fn renew(&mut self) -> io::Result<u64> {
        self.file = replace(&self.path, self.in_own_folder)?;
        let metadata = self.file.metadata()?;
        self.identity = identity(&metadata);
        self.mode = metadata.mode();
        Ok(metadata.size())
    }
}

fn identity(metadata: &Metadata) -> Identity {
    (metadata.dev(), metadata.ino())
}

fn is_refusal(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
    )
}

/// The file of this name, if it is a regular one of this user with no other name.
fn existing(path: &Path) -> io::Result<Option<File>> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => {}
        Ok(_) => return Ok(None),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
    let opened = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path);
    let Ok(file) = opened else {
        return Ok(None);
    };
    let found = file.metadata()?;
    let is_ours =
        found.is_file() && found.nlink() == 1 && found.uid() == nix::unistd::geteuid().as_raw();
    Ok(is_ours.then_some(file))
}

/// A new file of this name. Nothing is followed and nothing is opened that was there.
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(MODE)
        .custom_flags(libc::O_NOFOLLOW)
        .open(path)
}

fn taken(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::AlreadyExists => io::Error::new(
            ErrorKind::AlreadyExists,
            "it is no regular file of yours that has this name alone",
        ),
        _ => error,
    }
}

/// Removes what has the name, and makes a new file.
fn replace(path: &Path, in_own_folder: bool) -> io::Result<File> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let made = remove(path, in_own_folder).and_then(|()| create(path));
        match made {
            Err(error) if attempts < MOST_ATTEMPTS => match (error.kind(), path.parent()) {
                (ErrorKind::AlreadyExists, _) => {}
                (ErrorKind::NotFound, Some(folder)) if in_own_folder => {
                    DirBuilder::new().mode(0o700).create(folder)?;
                }
                (ErrorKind::PermissionDenied, Some(folder)) if in_own_folder => {
                    // The target may have taken the folder's permissions away.
                    fs::set_permissions(folder, Permissions::from_mode(0o700))
                        .map_err(|_| error)?;
                }
                _ => return Err(error),
            },
            made => return made,
        }
    }
}

fn remove(path: &Path, in_own_folder: bool) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => remove_folder(path, in_own_folder),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Removes a folder that has the file's name. Outside of the fuzzer's own folder it
/// goes only if it is empty: it may be one of the user's that was moved there.
fn remove_folder(path: &Path, in_own_folder: bool) -> io::Result<()> {
    match fs::remove_dir(path) {
        Err(_) if in_own_folder => {}
        removed => return removed,
    }
    // It may be closed to its owner.
    let _ = fs::set_permissions(path, Permissions::from_mode(0o700));
    fs::remove_dir_all(path)
}

#[cfg(test)]
mod tests;
