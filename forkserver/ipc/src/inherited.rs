//! Signals and descriptors that a process inherits from the one that started it.
//!
//! `execve(2)` keeps ignored signals, the mask of blocked signals, and every descriptor
//! that is not closed on exec. `nohup` ignores `SIGHUP`; a shell without job control
//! ignores `SIGINT` and `SIGQUIT` of what it starts by `&`; some supervisors ignore
//! `SIGCHLD`, and then nobody can wait for a child.

use crate::{
    Errno,
    errno::{check, system_call},
    signal::{self, Mask},
};

/// Signals that whoever starts a program may have it ignore: the end of a terminal, and
/// the keys of one.
const WISHES: [i32; 3] = [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT];

/// The first descriptor behind standard input, output and error.
const FIRST_EXTRA: i32 = 3;

/// Puts this process's signals into a known state, whatever it was started with:
/// nothing is blocked, and nothing is ignored but what [`is_unwanted`] says. Call it
/// first thing in `main`.
///
/// `SIGPIPE` stays as Rust's runtime has it.
pub fn settle_signals() {
    for signal in signal::all() {
        let is_kept = signal == libc::SIGPIPE || WISHES.contains(&signal);
        if !is_kept && signal::is_ignored(signal) {
            // Which signals can be treated is fixed: this one was.
            let _ = signal::restore_default(signal);
        }
    }
    let _ = Mask::NONE.apply();
}

/// Returns whether this process was started with `signal` ignored, because it should outlive
/// its terminal or ignore its keys. Such a signal is not to be handled either.
#[must_use]
pub fn is_unwanted(signal: i32) -> bool {
    WISHES.contains(&signal) && signal::is_ignored(signal)
}

/// Takes from this process, which is about to execute a program, what the program should
/// not inherit: ignored and blocked signals, and open descriptors beyond standard error.
///
/// Makes system calls only: it may be called between fork and exec.
///
/// # Errors
/// Those of `sigaction(2)`, `sigprocmask(2)` and `close_range(2)`.
pub fn shed() -> Result<(), Errno> {
    // Before signals are let in: no handler of the parent's may run here.
    for signal in signal::all() {
        signal::restore_default(signal)?;
    }
    close_extra_on_exec()?;
    Mask::NONE.apply().map(drop)
}

/// Has every descriptor of this process beyond standard error closed when it executes a
/// program.
///
/// # Errors
/// Those of `close_range(2)`.
pub fn close_extra_on_exec() -> Result<(), Errno> {
    const CLOEXEC: u32 = 1 << 2;
    // SAFETY: close_range takes plain numbers, and closes nothing with this flag.
    let done = check(unsafe { system_call!(close_range, FIRST_EXTRA, u32::MAX, CLOEXEC) });
    match done {
        // Before Linux 5.11.
        Err(Errno(libc::EINVAL | libc::ENOSYS)) => {
            mark_one_by_one();
            Ok(())
        }
        done => done.map(drop),
    }
}

#[cold]
fn mark_one_by_one() {
    // A shell gives its own numbers below 256 to what it opens.
    for fd in FIRST_EXTRA..256 {
        // SAFETY: this fcntl takes plain numbers; most of them are open nowhere.
        unsafe { system_call!(fcntl, fd, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
}
