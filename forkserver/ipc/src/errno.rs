//! Error numbers of failed system calls.

/// An error number of Linux.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Errno(pub i32);

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

/// The highest error number of Linux: the kernel returns it negated.
const MAX_ERRNO: usize = 4095;

/// Enters the kernel, not libc: `system_call!(read, fd, address, length)`.
/// Yields what the kernel returned, for [`check`].
macro_rules! system_call {
    ($name:ident $(, $argument:expr)* $(,)?) => {
        ::syscalls::raw_syscall!(::syscalls::Sysno::$name $(, $argument as usize)*)
    };
}
pub(crate) use system_call;

/// Turns what the kernel returned into a result.
pub(crate) const fn check(returned: usize) -> Result<usize, Errno> {
    if returned > usize::MAX - MAX_ERRNO {
        Err(Errno(returned.wrapping_neg() as i32))
    } else {
        Ok(returned)
    }
}

/// Repeats a system call that a signal interrupted.
pub(crate) fn retry(mut call: impl FnMut() -> usize) -> Result<usize, Errno> {
    loop {
        match check(call()) {
            Err(Errno(libc::EINTR)) => {}
            result => return result,
        }
    }
}
