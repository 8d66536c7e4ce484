//! The operating system's mechanisms, one a file. Knows no protocol.
//!
//! | file | mechanism | who uses it |
//! |---|---|---|
//! | [`pipe`] | anonymous pipe | both sides: control and status pipe |
//! | [`shm`] | System V shared memory | both sides: coverage, input, control page |
//! | [`signal`] | signals | both sides: what must end |
//! | [`inherited`] | signals and descriptors that exec keeps | controller: what a target must not get |
//! | [`process`] | clone, wait, process group, limits | both sides |
//! | `exec` (feature `std`) | a program executed without a copy of this process | controller: targets without a fork server |
//! | `folder_guard` (feature `std`) | a folder that is gone with the process that made it, killed or not | controller: the target's standard input |
//! | [`poll`] | readiness with a deadline | controller |
//! | [`own_memory`] | memory that may not be mapped | runtime: compare log |
//! | [`mod@file`] | files and folders | the driver of harnesses, outside a fuzzer |
//! | [`loaded`] | the objects that the dynamic linker loaded | runtime: modules, exit |
//! | [`offspring`] | who descends from whom, by `/proc` | runtime; the warden |
//! | `warden` (feature `std`) | a process that outlives this one | controller |
//! | [`shared_words`] | shared memory without a name | runtime: server and child |
//! | [`futex`] | waiting for a word in shared memory to change | the benchmark of channels |
//!
//! The feature `all` adds the mechanisms that tine has no use for, as far as no
//! well-kept crate has them: `sysv_queue`, `sysv_semaphore`, `semaphore` (POSIX),
//! `signal_value`, `mapping` (shared mappings), and `peer`, a second process for the
//! examples in `examples/`. They go through libc, as any program would.
//! | [`page_tracking`] | which pages were written | `tine doctor`: whether it works |
//!
//! The calls enter the kernel directly, not through libc: a fork server lives in
//! somebody else's program, which may define a `read` or `kill` of its own, or
//! have them intercepted by a sanitizer; and it must not touch that program's
//! `errno`. Nothing here allocates.
//!
//! Process ids are [`Pid`], descriptors [`Fd`] and [`Owned`] (with std `OwnedFd` and
//! `BorrowedFd`): a plain number is only what comes from a shared page or a message.

#![no_std]
// The home of unsafe: everything above this crate deals in safe types.
#![allow(unsafe_code)]

#[cfg(feature = "std")]
extern crate std;

mod descriptor;
mod errno;
#[cfg(feature = "std")]
pub mod exec;
pub mod file;
#[cfg(feature = "std")]
pub mod folder_guard;
pub mod futex;
pub mod inherited;
pub mod loaded;
#[cfg(feature = "all")]
pub mod mapping;
pub mod offspring;
pub mod own_memory;
pub mod page_tracking;
#[cfg(feature = "all")]
pub mod peer;
mod pid;
pub mod pipe;
pub mod poll;
pub mod process;
#[cfg(feature = "all")]
pub mod semaphore;
pub mod shared_words;
pub mod shm;
pub mod signal;
#[cfg(feature = "all")]
pub mod signal_value;
#[cfg(feature = "all")]
pub mod sysv_queue;
#[cfg(feature = "all")]
pub mod sysv_semaphore;
#[cfg(feature = "std")]
pub mod warden;

pub use descriptor::{Fd, Owned};
pub use errno::Errno;
pub use pid::Pid;
