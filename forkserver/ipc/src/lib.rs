//! The operating system's mechanisms, one a file. Knows no protocol.
//!
//! | file | mechanism | who uses it |
//! |---|---|---|
//! | [`pipe`] | anonymous pipe | both sides: control and status pipe |
//! | [`shm`] | System V shared memory | both sides: coverage, input, control page |
//! | [`signal`] | signals | both sides: what must end |
//! | [`process`] | clone, wait, process group, limits | both sides |
//! | [`poll`] | readiness with a deadline | controller |
//! | [`page_tracking`] | which pages were written | `tine doctor`: whether it works |
//!
//! The calls enter the kernel directly, not through libc: a fork server lives in
//! somebody else's program, which may define a `read` or `kill` of its own, or
//! have them intercepted by a sanitizer; and it must not touch that program's
//! `errno`. Nothing here allocates.

#![no_std]
// The home of unsafe: everything above this crate deals in safe types.
#![allow(unsafe_code)]

#[cfg(feature = "std")]
extern crate std;

mod errno;
pub mod page_tracking;
pub mod pipe;
pub mod poll;
pub mod process;
pub mod shm;
pub mod signal;

pub use errno::Errno;
