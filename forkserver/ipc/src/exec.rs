//! Executing a program again and again without copying this process: clone with its
//! memory shared, this thread waiting until the program is executed. `fork` copies the
//! page tables each time, which costs more the more memory this process has.

use crate::{
    Errno, Pid,
    errno::{check, system_call},
    inherited, process,
    signal::{self, Mask},
    warden::Watched,
};
use core::{
    ffi::{CStr, c_char, c_void},
    sync::atomic::{AtomicI32, Ordering},
};
use std::{
    boxed::Box,
    ffi::CString,
    os::fd::{BorrowedFd, FromRawFd, OwnedFd},
    vec,
    vec::Vec,
};

/// Bytes of stack for the steps between clone and exec.
const STACK: usize = 64 * 1024;

/// A program, its arguments and its environment, as the kernel wants them.
#[derive(Debug)]
pub struct Program {
    path: CString,
    arguments: Strings,
    environment: Strings,
    /// Signals that this process ignores.
    ignored: Vec<i32>,
    stack: Box<[u8]>,
}

/// Steps of the new process before it executes the program.
#[derive(Debug, Clone, Copy)]
pub struct Setup<'a> {
    /// Becomes its standard input.
    pub stdin: BorrowedFd<'a>,
    /// Becomes its standard output and error; `None`: those of this process.
    pub output: Option<BorrowedFd<'a>>,
    /// Limit of its address space in bytes.
    pub memory_limit: Option<u64>,
    /// Its working directory; `None`: that of this process.
    pub directory: Option<&'a CStr>,
    /// The warden's note in which it enters itself, if there is a warden.
    pub watched: Option<Watched>,
}

/// A process that executes the program. It leads a session and a group of its own, and
/// is killed when the thread that started it ends.
#[derive(Debug)]
pub struct Started {
    /// Its number.
    pub pid: Pid,
    /// Can be read when it has ended.
    pub pidfd: OwnedFd,
}

impl Program {
    /// A program at `path`. `arguments` begin with its name; `environment` has
    /// `NAME=VALUE`. What this process ignores of signals now, the program will not.
    #[must_use]
    pub fn new(path: CString, arguments: Vec<CString>, environment: Vec<CString>) -> Self {
        Self {
            path,
            arguments: Strings::new(arguments),
            environment: Strings::new(environment),
            ignored: signal::all().filter(|it| signal::is_ignored(*it)).collect(),
            stack: vec![0; STACK].into(),
        }
    }

    /// Executes it in a new process. Allocates nothing.
    ///
    /// # Errors
    /// `EAGAIN` or `ENOMEM` when no process is to be had; otherwise what one of the
    /// steps said, such as `ENOENT` when there is no such program.
    pub fn start(&mut self, setup: Setup<'_>) -> Result<Started, Errno> {
        let end = self.stack.as_mut_ptr().wrapping_add(STACK);
        let top = end.map_addr(|address| address & !15);
        // A signal must not be handled by the new process while it shares this memory.
        let mask = Mask::ALL.apply()?;
        let order = Order {
            program: self,
            setup,
            controller: process::id(),
            error: AtomicI32::new(0),
        };
        let mut pidfd = -1i32;
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD;
        // SAFETY: the stack is `STACK` bytes that nobody else uses while `self` is
        // borrowed, and its top is aligned to 16 of them. `order` and `pidfd` outlive the new process's use of this
        // memory: CLONE_VFORK keeps this thread here until it executes or exits.
        // `follow` makes system calls only, none through libc.
        let pid = unsafe {
            libc::clone(
                follow,
                top.cast::<c_void>(),
                flags,
                (&raw const order).cast_mut().cast::<c_void>(),
                &raw mut pidfd,
            )
        };
        let started = Pid::new(pid).ok_or_else(|| {
            let error = std::io::Error::last_os_error();
            Errno(error.raw_os_error().unwrap_or(libc::EAGAIN))
        });
        let error = order.error.load(Ordering::Relaxed);
        let restored = mask.apply();
        let pid = started?;
        // SAFETY: clone succeeded, so the descriptor is open and ours alone.
        let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
        if error != 0 {
            let _ = process::wait(pid, false);
            return Err(Errno(error));
        }
        restored?;
        Ok(Started { pid, pidfd })
    }
}

/// Instructions for the new process, in the shared memory.
struct Order<'a> {
    program: &'a Program,
    setup: Setup<'a>,
    controller: Pid,
    /// Error before the program was executed; 0 if there was none.
    error: AtomicI32,
}

/// Runs in the new process, on a stack of its own.
extern "C" fn follow(order: *mut c_void) -> i32 {
    // SAFETY: `start` passes a pointer to its order, which lives until this process
    // executes a program or exits. It is only read here, but for an atomic.
    let order = unsafe { &*order.cast::<Order<'_>>() };
    if let Err(Errno(errno)) = order.follow() {
        order.error.store(errno, Ordering::Relaxed);
    }
    process::exit_now(127)
}

impl Order<'_> {
    /// Returns only with an error.
    fn follow(&self) -> Result<(), Errno> {
        process::lead_session();
        signal::die_with_parent()?;
        if process::parent_id() != Some(self.controller) {
            process::exit_now(1);
        }
        if let Some(watched) = self.setup.watched {
            watched.watch_this_process();
        }
        for signal in &self.program.ignored {
            // Exec would keep it so.
            signal::restore_default(*signal)?;
        }
        inherited::close_extra_on_exec()?;
        process::limit_core_files()?;
        if let Some(bytes) = self.setup.memory_limit {
            process::limit_address_space(bytes)?;
        }
        // Containers may forbid it.
        let _ = process::fix_addresses();
        if let Some(directory) = self.setup.directory {
            // SAFETY: chdir reads a C string.
            check(unsafe { system_call!(chdir, directory.as_ptr()) })?;
        }
        if let Some(output) = self.setup.output {
            process::place_descriptor(output, 1)?;
            process::place_descriptor(output, 2)?;
        }
        process::place_descriptor(self.setup.stdin, 0)?;
        Mask::NONE.apply()?;
        // SAFETY: a C string and two arrays of such that end with null, all alive.
        check(unsafe {
            system_call!(
                execve,
                self.program.path.as_ptr(),
                self.program.arguments.pointers.as_ptr(),
                self.program.environment.pointers.as_ptr()
            )
        })
        .map(drop)
    }
}

/// C strings, and pointers to them that end with null.
struct Strings {
    pointers: Vec<*const c_char>,
    /// Targets of the pointers, which never change.
    strings: Vec<CString>,
}

// SAFETY: the pointers lead to heap memory that the same value owns and never changes.
unsafe impl Send for Strings {}

impl Strings {
    fn new(strings: Vec<CString>) -> Self {
        let mut pointers: Vec<_> = strings.iter().map(|string| string.as_ptr()).collect();
        pointers.push(core::ptr::null());
        Self { pointers, strings }
    }
}

impl core::fmt::Debug for Strings {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.strings.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::{CString, Errno, Program, Setup, Vec};
    use crate::{
        poll::{self, Ready},
        process,
        signal::{self, Mask},
    };
    use core::time::Duration;
    use std::{fs::File, os::fd::AsFd, vec};

    fn strings(texts: &[&str]) -> Vec<CString> {
        let strings = texts.iter().map(|text| CString::new(*text).unwrap());
        strings.collect()
    }

    fn shell(script: &str) -> Program {
        let path = CString::new("/bin/sh").unwrap();
        Program::new(path, strings(&["sh", "-c", script]), strings(&["WORD=a b"]))
    }

    /// Executes it and returns its wait status.
    fn run(program: &mut Program, directory: Option<&CString>) -> Result<i32, Errno> {
        let null = File::options().read(true).write(true).open("/dev/null");
        let null = null.unwrap();
        let started = program.start(Setup {
            stdin: null.as_fd(),
            output: Some(null.as_fd()),
            memory_limit: None,
            directory: directory.map(|it| it.as_c_str()),
            watched: None,
        })?;
        let ended = poll::readable(&started.pidfd, Duration::from_secs(60));
        assert_eq!(ended, Ok(Ready::Yes));
        process::wait(started.pid, false)
    }

    #[test]
    fn a_program_gets_its_arguments_environment_and_folder() {
        let root = CString::new("/").unwrap();
        let mut program = shell("test \"$WORD\" = 'a b' && test $(pwd) = / && exit 7");
        for _ in 0..3 {
            assert_eq!(run(&mut program, Some(&root)), Ok(7 << 8));
        }
    }

    #[test]
    fn signals_are_as_in_any_program() {
        // A blocked or ignored signal would not end it.
        for signal in [13, 15] {
            let script = std::format!("kill -{signal} $$; exit 0");
            assert_eq!(run(&mut shell(&script), None), Ok(signal));
        }
        let mask = Mask::NONE.apply();
        assert_eq!(mask, Ok(Mask::NONE), "this process has its signals again");
    }

    #[test]
    fn what_cannot_be_executed_leaves_no_process() {
        let missing = CString::new("/missing/program").unwrap();
        let mut program = Program::new(missing, vec![], vec![]);
        assert_eq!(run(&mut program, None), Err(Errno(libc::ENOENT)));
        let nowhere = CString::new("/missing").unwrap();
        assert_eq!(
            run(&mut shell("exit 0"), Some(&nowhere)),
            Err(Errno(libc::ENOENT))
        );
    }

    #[test]
    fn the_group_ends_by_one_signal() {
        let null = File::options().read(true).write(true).open("/dev/null");
        let null = null.unwrap();
        let mut program = shell("sleep 1000 & sleep 1000");
        let setup = Setup {
            stdin: null.as_fd(),
            output: Some(null.as_fd()),
            memory_limit: None,
            directory: None,
            watched: None,
        };
        let started = program.start(setup).unwrap();
        signal::send_group(started.pid, signal::KILL).unwrap();
        assert_eq!(process::wait(started.pid, false), Ok(signal::KILL));
    }
}
