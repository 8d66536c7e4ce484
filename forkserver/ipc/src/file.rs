//! Files and folders, as far as a program reads them.

use crate::{
    Errno, Fd, Owned,
    errno::{check, retry, system_call},
};
use core::{ffi::CStr, mem::MaybeUninit};

/// Kind of file behind a descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file of so many bytes.
    File(usize),
    /// A folder.
    Folder,
    /// A pipe, a terminal, a device.
    Other,
}

/// Way to open a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// Waits for whoever writes to it, if it is a FIFO.
    Waiting,
    /// Does not wait.
    AtOnce,
}

/// Opens a file or a folder for reading.
///
/// # Errors
/// Those of `open(2)`; an interrupted call is repeated.
pub fn open(path: &CStr, how: Open) -> Result<Owned, Errno> {
    const READ: i32 = libc::O_RDONLY | libc::O_CLOEXEC | libc::O_NOCTTY;
    let flags = match how {
        Open::Waiting => READ,
        Open::AtOnce => READ | libc::O_NONBLOCK,
    };
    // SAFETY: the kernel reads a C string that lives for the whole call.
    let opened = retry(|| unsafe { system_call!(open, path.as_ptr(), flags, 0) })?;
    // SAFETY: the call succeeded, and opened the descriptor for the caller.
    Ok(unsafe { Owned::from_kernel(opened) })
}

/// Returns what stands behind a descriptor.
///
/// # Errors
/// Those of `fstat(2)`.
pub fn kind(fd: Fd<'_>) -> Result<Kind, Errno> {
    let mut status = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: the kernel writes one `stat`, for which there is room.
    check(unsafe { system_call!(fstat, fd.number(), status.as_mut_ptr()) })?;
    // SAFETY: the call succeeded, so all of it was written.
    let status = unsafe { status.assume_init() };
    Ok(match status.st_mode & libc::S_IFMT {
        libc::S_IFREG => Kind::File(status.st_size as usize),
        libc::S_IFDIR => Kind::Folder,
        _ => Kind::Other,
    })
}

/// Kind of an entry, as its folder says. Not each file system says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A file, or something else that is neither of the two.
    Other,
    /// The file system does not say it.
    Unknown,
}

/// An entry of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'buffer> {
    /// Its name, without the folder's.
    pub name: &'buffer CStr,
    /// Its kind.
    pub kind: EntryKind,
}

/// Reads the next entries of an open folder; none are left when there are none in
/// `buffer`, which should have 4,096 bytes or more.
///
/// # Errors
/// Those of `getdents64(2)`.
pub fn entries<'buffer>(
    folder: Fd<'_>,
    buffer: &'buffer mut [u8],
) -> Result<Entries<'buffer>, Errno> {
    let folder = folder.number();
    // SAFETY: the kernel writes at most `buffer.len()` bytes to a buffer that is
    // borrowed mutably for the whole call.
    let filled =
        check(unsafe { system_call!(getdents64, folder, buffer.as_mut_ptr(), buffer.len()) })?;
    Ok(Entries(buffer.get(..filled).unwrap_or_default()))
}

/// Entries as the kernel wrote them, `.` and `..` among them.
#[derive(Debug, Clone)]
pub struct Entries<'buffer>(&'buffer [u8]);

impl<'buffer> Iterator for Entries<'buffer> {
    type Item = Entry<'buffer>;

    fn next(&mut self) -> Option<Entry<'buffer>> {
        // `struct linux_dirent64`: u64 inode, u64 offset, u16 length of the entry,
        // u8 type, name.
        const LENGTH: usize = 16;
        const TYPE: usize = 18;
        const NAME: usize = 19;
        let length = u16::from_ne_bytes([*self.0.get(LENGTH)?, *self.0.get(LENGTH + 1)?]);
        let (entry, rest) = self.0.split_at_checked(length.into())?;
        self.0 = rest;
        Some(Entry {
            name: CStr::from_bytes_until_nul(entry.get(NAME..)?).ok()?,
            kind: match *entry.get(TYPE)? {
                libc::DT_DIR => EntryKind::Folder,
                libc::DT_LNK => EntryKind::Link,
                libc::DT_UNKNOWN => EntryKind::Unknown,
                _ => EntryKind::Other,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{EntryKind, Kind, Open, entries, kind, open};
    use crate::Owned;
    use std::{
        ffi::CString, fs, os::unix::ffi::OsStrExt, path::Path, string::String, vec, vec::Vec,
    };

    fn opened(path: &Path) -> Owned {
        let path = CString::new(path.as_os_str().as_bytes()).unwrap();
        open(&path, Open::AtOnce).unwrap()
    }

    #[test]
    fn a_folder_tells_of_all_that_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut expected: Vec<String> = (0..300).map(|number| std::format!("f{number}")).collect();
        for name in &expected {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        fs::create_dir(folder.path().join("sub")).unwrap();
        let opened = opened(folder.path());
        assert_eq!(kind(opened.fd()), Ok(Kind::Folder));
        let mut found = Vec::new();
        let mut buffer = vec![0; 4096];
        loop {
            let before = found.len();
            for entry in entries(opened.fd(), &mut buffer).unwrap() {
                let name: String = entry.name.to_str().unwrap().into();
                assert_eq!(
                    entry.kind == EntryKind::Folder,
                    ["sub", ".", ".."].contains(&name.as_str()),
                    "{name}"
                );
                found.push(name);
            }
            if found.len() == before {
                break;
            }
        }
        expected.extend(["sub", ".", ".."].map(String::from));
        expected.sort();
        found.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn kinds_are_known() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "12345").unwrap();
        for (path, expected) in [
            (path.as_path(), Kind::File(5)),
            (Path::new("/dev/null"), Kind::Other),
        ] {
            assert_eq!(kind(opened(path).fd()), Ok(expected));
        }
        assert!(open(c"/nowhere/at-all", Open::Waiting).is_err());
    }
}
