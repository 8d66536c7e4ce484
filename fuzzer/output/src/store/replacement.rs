//! A file that the user names for a result.

use std::{
    fs::{self, File, Metadata, OpenOptions, Permissions},
    io::{self, ErrorKind, Write},
    os::{
        fd::{AsFd, OwnedFd},
        unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    },
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;

/// As many links as the kernel follows.
const MOST_LINKS: u32 = 40;

/// Permissions of a new file, but for the user's `umask`.
const MODE: u32 = 0o666;

/// The new content of a file: there whole with [`Self::finish`], or not at all.
///
/// A device or a pipe (`/dev/null`, `/dev/stdout`, a FIFO) is written to as it is. A
/// link that is the user's own leads to the file that is replaced.
#[derive(Debug)]
pub struct Replacement(Kind);

#[derive(Debug)]
enum Kind {
    File {
        new: NamedTempFile<File>,
        path: PathBuf,
    },
    Direct(File),
}

impl Replacement {
    /// Begins to replace the file `path`.
    ///
    /// # Errors
    /// What the system says, or that a link or pipe of that name is another user's.
    pub fn begin(path: &Path) -> io::Result<Self> {
        let path = follow_own_links(path)?;
        if let Some(stream) = standard_stream(&path) {
            return Ok(Self(Kind::Direct(File::from(stream?))));
        }
        let there = if is_descriptor(&path) {
            fs::metadata(&path).map(|found| (found, 0))
        } else {
            fs::symlink_metadata(&path).map(|found| (found, libc::O_NOFOLLOW))
        };
        let mode = match there {
            Ok((found, flags)) if flags == 0 || !found.is_file() => {
                let is_pipe = found.file_type().is_fifo() || found.file_type().is_socket();
                if flags != 0 && is_pipe && !is_trusted(&found) {
                    return Err(not_ours("pipe"));
                }
                let file = OpenOptions::new()
                    .write(true)
                    // Of a descriptor: what others wrote before stays.
                    .append(found.is_file())
                    .custom_flags(flags | libc::O_NOCTTY)
                    .open(&path)?;
                return Ok(Self(Kind::Direct(file)));
            }
            Ok((found, _)) => Some(found.mode() & 0o777),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let new = tempfile::Builder::new()
            .prefix(".tine-")
            .make_in(folder, |path| {
                OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(MODE)
                    .open(path)
            })?;
        if let Some(mode) = mode {
            new.as_file()
                .set_permissions(Permissions::from_mode(mode))?;
        }
        Ok(Self(Kind::File { new, path }))
    }

    /// The file is what was written.
    ///
    /// # Errors
    /// What the system says; then it is what it was before.
    pub fn finish(self) -> io::Result<()> {
        match self.0 {
            Kind::File { new, path } => {
                new.persist(path).map_err(|error| error.error)?;
                Ok(())
            }
            Kind::Direct(mut file) => file.flush(),
        }
    }

    /// Replaces a file by one with this content.
    ///
    /// # Errors
    /// As [`Self::begin`] and [`Self::finish`].
    pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
        let mut replacement = Self::begin(path)?;
        replacement.write_all(content)?;
        replacement.finish()
    }
}

impl Write for Replacement {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Kind::File { new, .. } => new.as_file_mut().write(bytes),
            Kind::Direct(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Where `path` leads by links that this user or the system's made. One that somebody
/// else made could lead to any file of this user's. The path may be free.
///
/// Only what `path` itself is counts: folders on the way to it are not looked at.
///
/// # Errors
/// When a link is another user's, or there are too many; what the system says.
pub fn follow_own_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let found = match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(path),
            found => found?,
        };
        // A descriptor's link is the kernel's and leads to what has no name.
        if !found.is_symlink() || is_descriptor(&path) {
            return Ok(path);
        }
        if !is_trusted(&found) {
            return Err(not_ours("link"));
        }
        let target = fs::read_link(&path)?;
        // From the folder that it lies in.
        path.pop();
        path.push(target);
    }
    Err(io::Error::from_raw_os_error(libc::ELOOP))
}

fn is_trusted(found: &Metadata) -> bool {
    const ROOT: u32 = 0;
    found.uid() == nix::unistd::geteuid().as_raw() || found.uid() == ROOT
}

/// Whether a path is one of a process's descriptors, as `/dev/stdout` leads to.
fn is_descriptor(path: &Path) -> bool {
    let folder = path.parent().unwrap_or(Path::new(""));
    folder == Path::new("/dev/fd") || folder.starts_with("/proc") && folder.ends_with("fd")
}

/// Standard output or error, if that is what the path names: not to be opened anew, which
/// would begin at the start of the file that it may lead to.
fn standard_stream(path: &Path) -> Option<io::Result<OwnedFd>> {
    let folder = path.parent()?;
    let is_own = [Path::new("/proc/self/fd"), Path::new("/dev/fd")].contains(&folder)
        || folder == Path::new(&format!("/proc/{}/fd", std::process::id()));
    match path.file_name()?.to_str()? {
        "1" if is_own => Some(io::stdout().as_fd().try_clone_to_owned()),
        "2" if is_own => Some(io::stderr().as_fd().try_clone_to_owned()),
        _ => None,
    }
}

fn not_ours(what: &str) -> io::Error {
    io::Error::new(
        ErrorKind::PermissionDenied,
        format!("a {what} of another user has this name"),
    )
}

#[cfg(test)]
mod tests {
    use super::{Replacement, follow_own_links};
    use std::{
        fs::{self, Permissions},
        io::Write,
        os::unix::fs::{PermissionsExt, symlink},
        path::Path,
    };

    #[test]
    fn a_file_is_what_it_was_until_its_replacement_is_finished() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let mut replacement = Replacement::begin(&path).unwrap();
        replacement.write_all(b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        replacement.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        drop(Replacement::begin(&path).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn links_of_ones_own_lead_to_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("in")).unwrap();
        symlink("in/second", path("first")).unwrap();
        symlink("../file", path("in/second")).unwrap();
        let leads_to = follow_own_links(&path("first")).unwrap();
        assert_eq!(leads_to, folder.path().join("in/../file"), "which is free");
        Replacement::write(&path("first"), b"x").unwrap();
        assert_eq!(fs::read(path("file")).unwrap(), b"x");
        assert!(path("first").is_symlink() && path("in/second").is_symlink());
        symlink("loop", path("loop")).unwrap();
        assert!(follow_own_links(&path("loop")).is_err());
    }

    #[test]
    fn what_is_no_file_stays_what_it_is() {
        for path in ["/dev/null", "/dev/stderr", "/proc/self/fd/2"] {
            Replacement::write(Path::new(path), b"").unwrap();
        }
        assert!(Path::new("/dev/stderr").is_symlink());
    }
}
