//! Process ids, as a type.

use core::{fmt, num::NonZeroI32};

/// Id of a process, or of a thread: a positive number. 0 and negative ones, which mean
/// process groups and everybody to `kill(2)` and `waitpid(2)`, cannot be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Pid(NonZeroI32);

impl Pid {
    /// The first process of a PID namespace.
    pub const INIT: Self = Self(NonZeroI32::new(1).unwrap());

    /// The process of this number; `None` if the number can be nobody's.
    #[must_use]
    pub const fn new(number: i32) -> Option<Self> {
        match NonZeroI32::new(number) {
            Some(number) if number.is_positive() => Some(Self(number)),
            _ => None,
        }
    }

    /// A process that std started.
    ///
    /// # Panics
    /// Never: the kernel's numbers are positive.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn of(child: &std::process::Child) -> Self {
        Self::new(child.id().cast_signed()).expect("the kernel's numbers are positive")
    }

    /// The id that a system call returned.
    ///
    /// # Safety
    /// The call must be one that returns a process id, and must have succeeded.
    pub(crate) const unsafe fn from_kernel(returned: usize) -> Self {
        // SAFETY: the caller vouches for it, and the kernel's ids are positive.
        Self(unsafe { NonZeroI32::new_unchecked(returned as i32) })
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> i32 {
        self.0.get()
    }
}

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::Pid;

    #[test]
    fn only_positive_numbers_are_processes() {
        for number in [0, -1, i32::MIN] {
            assert_eq!(Pid::new(number), None);
        }
        for number in [1, 4_194_304, i32::MAX] {
            assert_eq!(Pid::new(number).map(Pid::get), Some(number));
        }
        assert_eq!(Pid::new(1), Some(Pid::INIT));
    }
}
