//! How an input reaches the target: shared memory, standard input or a file.

use crate::{InputRoute, RunError, StartError};
use std::{
    fs::{self, File, Metadata, OpenOptions},
    io,
    os::{
        fd::{AsRawFd, FromRawFd, OwnedFd},
        unix::fs::{FileExt, MetadataExt, OpenOptionsExt},
    },
    path::{Path, PathBuf},
};
use tine_ipc::shm::Segment;
use tine_protocol::layout::input::{
    DATA_OFFSET, LENGTH_OFFSET, MAX_INPUT, REJECTIONS_OFFSET, SEGMENT_SIZE,
};

/// Everything that an input may be written to.
#[derive(Debug)]
pub(crate) struct InputPort {
    segment: Segment,
    route: Route,
    /// The target agreed to read the segment.
    pub(crate) shared: bool,
}

#[derive(Debug)]
enum Route {
    /// A file in memory. The target has the very open file that `read` is, so
    /// setting its offset rewinds the target's standard input.
    Stdin { write: File, read: File, len: u64 },
    /// A file that the target opens by its name.
    File {
        path: PathBuf,
        file: File,
        identity: Identity,
    },
}

impl InputPort {
    pub(crate) fn new(route: &InputRoute) -> Result<Self, StartError> {
        let segment = Segment::create(SEGMENT_SIZE).map_err(|source| StartError::Segment {
            size: SEGMENT_SIZE,
            source,
        })?;
        let route = match route {
            InputRoute::Stdin => memory_file().map_err(|source| StartError::Input {
                what: "for standard input".into(),
                source,
            })?,
            InputRoute::File(path) => {
                let opened =
                    open_file(path).and_then(|file| Ok((identity(&file.metadata()?), file)));
                let (identity, file) = opened.map_err(|source| StartError::Input {
                    what: format!("file {}", path.display()),
                    source,
                })?;
                Route::File {
                    path: path.clone(),
                    file,
                    identity,
                }
            }
        };
        Ok(Self {
            segment,
            route,
            shared: false,
        })
    }

    pub(crate) fn segment_id(&self) -> i32 {
        self.segment.id()
    }

    /// The number of inputs that the harness rejected since this was asked the last time.
    pub(crate) fn take_rejections(&self) -> u32 {
        let count = self.segment.load_u32(REJECTIONS_OFFSET);
        self.segment.store_u32(REJECTIONS_OFFSET, 0);
        count
    }

    /// What becomes the target's standard input; `None` for `/dev/null`.
    pub(crate) fn stdin(&self) -> io::Result<Option<File>> {
        match &self.route {
            Route::Stdin { read, .. } => read.try_clone().map(Some),
            Route::File { .. } => Ok(None),
        }
    }

    /// Puts the input where the next run finds it.
    pub(crate) fn deliver(&mut self, input: &[u8]) -> Result<(), RunError> {
        if input.len() > MAX_INPUT {
            return Err(RunError::TooLong {
                len: input.len(),
                max: MAX_INPUT,
            });
        }
        if self.shared {
            self.segment.write(DATA_OFFSET, input);
            self.segment.store_u32(LENGTH_OFFSET, input.len() as u32);
            return Ok(());
        }
        match &mut self.route {
            Route::Stdin { write, read, len } => {
                deliver_stdin(write, read, len, input).map_err(|source| RunError::Input {
                    what: "for standard input".into(),
                    source,
                })
            }
            Route::File {
                path,
                file,
                identity,
            } => deliver_file(path, file, identity, input).map_err(|source| RunError::Input {
                what: format!("file {}", path.display()),
                source,
            }),
        }
    }
}

fn deliver_stdin(write: &File, read: &File, len: &mut u64, input: &[u8]) -> io::Result<()> {
    write.write_all_at(input, 0)?;
    let new_len = input.len() as u64;
    if new_len < *len {
        write.set_len(new_len)?;
    }
    *len = new_len;
    rewind(read)
}

/// Device and inode: which file this is, whatever its name.
type Identity = (u64, u64);

fn identity(metadata: &Metadata) -> Identity {
    (metadata.dev(), metadata.ino())
}

/// The target may delete, rename, replace or truncate the file: look before each
/// run whether the name still means it.
fn deliver_file(
    path: &Path,
    file: &mut File,
    known: &mut Identity,
    input: &[u8],
) -> io::Result<()> {
    let there = fs::symlink_metadata(path).is_ok_and(|found| identity(&found) == *known);
    if !there {
        *file = open_file(path)?;
        *known = identity(&file.metadata()?);
    }
    file.write_all_at(input, 0)?;
    file.set_len(input.len() as u64)
}

fn rewind(mut file: &File) -> io::Result<()> {
    use io::Seek;
    file.seek(io::SeekFrom::Start(0)).map(drop)
}

fn open_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}

fn memory_file() -> io::Result<Route> {
    let write = File::from(memfd()?);
    // A second open file, read-only, so that the target cannot write its input.
    let read = File::open(format!("/proc/self/fd/{}", write.as_raw_fd()))?;
    Ok(Route::Stdin {
        write,
        read,
        len: 0,
    })
}

#[allow(unsafe_code)]
fn memfd() -> io::Result<OwnedFd> {
    // SAFETY: the name is a C string; the flags are plain numbers.
    let fd = unsafe { libc::memfd_create(c"tine-input".as_ptr(), libc::MFD_CLOEXEC) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, so the descriptor is open and ours alone.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
