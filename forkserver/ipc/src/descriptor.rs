//! File descriptors, as types: `std::os::fd` for code without std.

use crate::errno::system_call;
use core::marker::PhantomData;

/// A descriptor that is open for `'a`, and that somebody else closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fd<'a>(i32, PhantomData<&'a ()>);

impl Fd<'static> {
    /// Standard input.
    pub const STDIN: Self = Self::fixed(0);
    /// Standard output.
    pub const STDOUT: Self = Self::fixed(1);
    /// Standard error.
    pub const STDERR: Self = Self::fixed(2);

    /// A descriptor that has a fixed number, and stays open for good.
    #[must_use]
    pub const fn fixed(number: i32) -> Self {
        Self(number, PhantomData)
    }
}

impl Fd<'_> {
    /// The number.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0
    }
}

#[cfg(feature = "std")]
impl<'a> From<std::os::fd::BorrowedFd<'a>> for Fd<'a> {
    fn from(fd: std::os::fd::BorrowedFd<'a>) -> Self {
        Self(std::os::fd::AsRawFd::as_raw_fd(&fd), PhantomData)
    }
}

#[cfg(feature = "std")]
impl<'a, T: std::os::fd::AsFd> From<&'a T> for Fd<'a> {
    fn from(owner: &'a T) -> Self {
        owner.as_fd().into()
    }
}

/// A descriptor that is closed when it is dropped.
#[derive(Debug)]
pub struct Owned(i32);

impl Owned {
    /// The descriptor that a system call returned.
    ///
    /// # Safety
    /// The call must be one that opened a descriptor, and must have succeeded; nobody else
    /// may close it.
    pub(crate) const unsafe fn from_kernel(returned: usize) -> Self {
        Self(returned as i32)
    }

    /// The descriptor, for as long as it stays open.
    #[must_use]
    pub const fn fd(&self) -> Fd<'_> {
        Fd(self.0, PhantomData)
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: the descriptor is ours alone, and nobody can borrow it any more.
        unsafe { system_call!(close, self.0) };
    }
}

#[cfg(test)]
mod tests {
    use crate::file::{self, Open};
    use std::{format, fs};

    #[test]
    fn what_is_dropped_is_closed() {
        let null = file::open(c"/dev/null", Open::Waiting).unwrap();
        let link = format!("/proc/self/fd/{}", null.fd().number());
        let is_null = |link| fs::read_link(link).is_ok_and(|it| it.ends_with("null"));
        assert!(is_null(&link));
        drop(null);
        // Another test may have the number by now, for something else.
        assert!(!is_null(&link));
    }
}
