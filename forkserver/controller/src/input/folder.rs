//! A folder for the file that a target reads, in which nobody else can plant anything.

use std::{
    ffi::{CString, OsStr},
    fs::{self, Permissions},
    io,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::{Path, PathBuf},
};
use tempfile::TempDir;
use tine_ipc::folder_guard::FolderGuard;

/// Where files lie in memory.
const IN_MEMORY: &str = "/dev/shm";

/// A new folder with a random name that only this user may enter. It is removed with
/// this value, whatever lies in it then.
///
/// If the process is killed, the folder goes too, unless the target made folders in it
/// that are not empty.
#[derive(Debug)]
pub struct InputFolder {
    file: PathBuf,
    // In this order: the folder goes with all that is in it, then its guard.
    _folder: TempDir,
    /// `None` where there was no process for it.
    _guard: Option<FolderGuard>,
}

impl InputFolder {
    /// Makes a folder in `parent` for a file of this name, which is not made.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(parent: &Path, name: &OsStr) -> io::Result<Self> {
        // A target may change its folder.
        let parent = fs::canonicalize(parent)?;
        let folder = tempfile::Builder::new()
            .prefix("tine-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(parent)?;
        let file = folder.path().join(name);
        let guard = FolderGuard::start(c_string(folder.path())?);
        Ok(Self {
            file,
            _folder: folder,
            _guard: guard.ok(),
        })
    }

    /// As [`Self::create`], in memory if there is such a place, else where temporary
    /// files are.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create_in_memory(name: &OsStr) -> io::Result<Self> {
        Self::create(Path::new(IN_MEMORY), name)
            .or_else(|_| Self::create(&std::env::temp_dir(), name))
    }

    /// Path of the file.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }
}

fn c_string(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(|_| io::ErrorKind::InvalidInput.into())
}
