//! What a failed system call says.

use libc::c_long;

/// An error number of Linux.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Errno(pub i32);

impl Errno {
    /// The calling thread's error number.
    #[must_use]
    pub fn last() -> Self {
        // SAFETY: __errno_location always returns a valid pointer to the
        // calling thread's errno.
        Self(unsafe { *libc::__errno_location() })
    }
}

impl core::fmt::Display for Errno {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        #[cfg(feature = "std")]
        return core::fmt::Display::fmt(&std::io::Error::from_raw_os_error(self.0), f);
        #[cfg(not(feature = "std"))]
        write!(f, "os error {}", self.0)
    }
}

impl core::error::Error for Errno {}

#[cfg(feature = "std")]
impl From<Errno> for std::io::Error {
    fn from(errno: Errno) -> Self {
        Self::from_raw_os_error(errno.0)
    }
}

/// Turns what `syscall(2)` returned into a result.
pub(crate) fn check(returned: c_long) -> Result<c_long, Errno> {
    if returned == -1 {
        Err(Errno::last())
    } else {
        Ok(returned)
    }
}

/// Repeats a system call that a signal interrupted.
pub(crate) fn retry(mut call: impl FnMut() -> c_long) -> Result<c_long, Errno> {
    loop {
        match check(call()) {
            Err(Errno(libc::EINTR)) => {}
            result => return result,
        }
    }
}
