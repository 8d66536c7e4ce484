//! Anonymous pipes: a byte stream between two processes that share an ancestor.
//!
//! Writes of up to 4,096 bytes are atomic, so a word never arrives mixed with
//! another; it can still arrive alone, so reads ask for an exact length.

use crate::{
    Errno, Fd,
    errno::{check, retry, system_call},
};

/// Result of reading a fixed number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// All of them.
    All,
    /// Every write end was closed after this many bytes (0: between messages).
    End(usize),
}

/// Creates a pipe that is closed on exec: the ends to read from and to write to.
///
/// # Errors
/// When the process or the system has no descriptors left.
#[cfg(feature = "std")]
pub fn create() -> Result<(std::os::fd::OwnedFd, std::os::fd::OwnedFd), Errno> {
    use std::os::fd::{FromRawFd, OwnedFd};
    let mut ends = [0i32; 2];
    // SAFETY: `ends` has room for the two descriptors that the call writes.
    check(unsafe { system_call!(pipe2, ends.as_mut_ptr(), libc::O_CLOEXEC) })?;
    // SAFETY: the call succeeded, so this descriptor is open and ours alone.
    let read = unsafe { OwnedFd::from_raw_fd(ends[0]) };
    // SAFETY: as above, for the other end.
    let write = unsafe { OwnedFd::from_raw_fd(ends[1]) };
    Ok((read, write))
}

/// Reads until `buffer` is full or the last write end is closed.
///
/// # Errors
/// Those of `read(2)`; an interrupted call is repeated.
pub fn receive<'a>(fd: impl Into<Fd<'a>>, buffer: &mut [u8]) -> Result<Received, Errno> {
    let fd = fd.into();
    let mut filled = 0;
    while filled < buffer.len() {
        let count = receive_some(fd, &mut buffer[filled..])?;
        if count == 0 {
            return Ok(Received::End(filled));
        }
        filled += count;
    }
    Ok(Received::All)
}

/// Reads once; 0 means that the last write end is closed.
///
/// # Errors
/// Those of `read(2)`; an interrupted call is repeated.
pub fn receive_some<'a>(fd: impl Into<Fd<'a>>, buffer: &mut [u8]) -> Result<usize, Errno> {
    let fd = fd.into().number();
    // SAFETY: the kernel writes at most `buffer.len()` bytes to a buffer that
    // is borrowed mutably for the whole call.
    let count = retry(|| unsafe { system_call!(read, fd, buffer.as_mut_ptr(), buffer.len()) })?;
    Ok(count)
}

/// Writes a message of at most 4,096 bytes, whole.
///
/// # Errors
/// `EPIPE` when the last read end is closed (and the process ignores
/// `SIGPIPE`), or what `write(2)` says.
pub fn send<'a>(fd: impl Into<Fd<'a>>, message: &[u8]) -> Result<(), Errno> {
    let fd = fd.into().number();
    let mut sent = 0;
    while sent < message.len() {
        let rest = &message[sent..];
        // SAFETY: the kernel reads at most `rest.len()` bytes of a live buffer.
        let count = retry(|| unsafe { system_call!(write, fd, rest.as_ptr(), rest.len()) })?;
        sent += count;
    }
    Ok(())
}

/// Sets a file that stands behind `fd` to its beginning; a pipe has none.
pub fn rewind<'a>(fd: impl Into<Fd<'a>>) {
    let fd = fd.into().number();
    // SAFETY: lseek takes plain numbers.
    unsafe { system_call!(lseek, fd, 0, libc::SEEK_SET) };
}

/// Closes every descriptor from `first` to `last`. Ones that are not open do
/// not matter.
pub fn close_range(first: i32, last: i32) {
    // SAFETY: no Rust object owns these descriptors; the caller says so by
    // naming fixed numbers.
    let done = check(unsafe { system_call!(close_range, first, last, 0) });
    if done.is_err() {
        // Before Linux 5.9.
        for fd in first..=last {
            // SAFETY: as above.
            unsafe { system_call!(close, fd) };
        }
    }
}
