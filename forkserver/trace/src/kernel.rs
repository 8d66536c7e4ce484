//! ptrace and waitpid, as safe functions.

#![allow(unsafe_code)]

use std::{
    ffi::CStr,
    fs::File,
    io, mem,
    os::fd::FromRawFd,
    ptr,
    sync::atomic::{AtomicBool, AtomicI32, Ordering},
};
use tine_ipc::{Pid, inherited, signal};

/// Stop of a traced thread, as `waitpid` reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It is gone, with this wait status.
    Ended(i32),
    /// It entered or left a system call.
    SystemCall,
    /// A signal is about to be delivered.
    Signal(i32),
    /// A signal has stopped all of its process.
    Group(i32),
    /// It was continued after a stop, or is new.
    Trap,
    /// It forked, or made a thread; the new one's id.
    Forked(i32),
    /// It executed another program.
    Executed,
}

/// Result of waiting for the traced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waited {
    /// This thread stopped or ended.
    For(i32, Stop),
    /// Nothing happened, and it was not to be waited for.
    Nothing,
    /// Nobody is traced any longer.
    NobodyLeft,
}

/// Waits for any traced thread, or only looks.
pub(crate) fn wait(only_look: bool) -> io::Result<Waited> {
    let flags = libc::__WALL | if only_look { libc::WNOHANG } else { 0 };
    let mut status = 0;
    loop {
        // SAFETY: the status is a place for an int that lives across the call.
        let tid = unsafe { libc::waitpid(-1, &raw mut status, flags) };
        match tid {
            0 => return Ok(Waited::Nothing),
            1.. => return Ok(Waited::For(tid, decode(tid, status))),
            _ => {}
        }
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            Some(libc::ECHILD) => return Ok(Waited::NobodyLeft),
            Some(libc::EINTR) => {}
            _ => return Err(error),
        }
    }
}

/// One of [`ENDING`] arrived.
static ASKED_TO_END: AtomicBool = AtomicBool::new(false);

/// The process that is killed then.
static KILLED_THEN: AtomicI32 = AtomicI32::new(0);

/// The signals by which a user or the system ends a program.
const ENDING: [i32; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

extern "C" fn end_the_traced(_signal: i32) {
    ASKED_TO_END.store(true, Ordering::Relaxed);
    if let Some(pid) = Pid::new(KILLED_THEN.load(Ordering::Relaxed)) {
        let _ = signal::send(pid, signal::KILL);
    }
}

/// Former dispositions of the signals that end a program; without those that this process
/// was started to ignore.
pub(crate) struct Before(Vec<(i32, libc::sigaction)>);

/// From here on the signals that end a program kill `pid` instead, whose end
/// [`wait`] tells of.
pub(crate) fn kill_on_ending_signals(pid: i32) -> Before {
    KILLED_THEN.store(pid, Ordering::Relaxed);
    let handler = end_the_traced as extern "C" fn(i32);
    let treated = ENDING.into_iter().filter(|it| !inherited::is_unwanted(*it));
    let before = treated.map(|signal| {
        // SAFETY: the structure is made of integers, for which zeros are values.
        let mut action: libc::sigaction = unsafe { mem::zeroed() };
        action.sa_sigaction = handler as libc::sighandler_t;
        (signal, treat(signal, &action))
    });
    Before(before.collect())
}

/// Restores the dispositions of these signals. Returns whether one arrived meanwhile.
pub(crate) fn stop_killing(before: Before) -> bool {
    for (signal, action) in before.0 {
        treat(signal, &action);
    }
    KILLED_THEN.store(0, Ordering::Relaxed);
    ASKED_TO_END.swap(false, Ordering::Relaxed)
}

/// Changes what a signal does to this process. Returns what it did before.
fn treat(signal: i32, action: &libc::sigaction) -> libc::sigaction {
    // SAFETY: the structure is made of integers, for which zeros are values.
    let mut before: libc::sigaction = unsafe { mem::zeroed() };
    // SAFETY: the handler is what this process had before, or one that uses atomics and
    // makes a system call that leaves errno alone: a signal handler may do both.
    unsafe { libc::sigaction(signal, action, &raw mut before) };
    before
}

fn decode(tid: i32, status: i32) -> Stop {
    /// Set by `PTRACE_O_TRACESYSGOOD`.
    const SYSTEM_CALL: i32 = libc::SIGTRAP | 0x80;
    if !libc::WIFSTOPPED(status) {
        return Stop::Ended(status);
    }
    let signal = libc::WSTOPSIG(status);
    match status >> 16 {
        libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK | libc::PTRACE_EVENT_CLONE => {
            Stop::Forked(event_message(tid).unwrap_or(0))
        }
        libc::PTRACE_EVENT_EXEC => Stop::Executed,
        libc::PTRACE_EVENT_STOP if signal == libc::SIGTRAP => Stop::Trap,
        libc::PTRACE_EVENT_STOP => Stop::Group(signal),
        0 if signal == SYSTEM_CALL => Stop::SystemCall,
        0 => Stop::Signal(signal),
        _ => Stop::Trap,
    }
}

/// `ptrace` where nothing is read back.
fn request(request: libc::c_uint, tid: i32, data: usize) -> io::Result<()> {
    // SAFETY: the requests of this file that come here take plain numbers.
    let result = unsafe { libc::ptrace(request, tid, ptr::null_mut::<u8>(), data) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Starts tracing `pid` and what it will fork. It dies when the tracer does.
pub(crate) fn seize(pid: i32) -> io::Result<()> {
    const OPTIONS: i32 = libc::PTRACE_O_TRACESYSGOOD
        | libc::PTRACE_O_TRACEFORK
        | libc::PTRACE_O_TRACEVFORK
        | libc::PTRACE_O_TRACECLONE
        | libc::PTRACE_O_TRACEEXEC
        | libc::PTRACE_O_EXITKILL;
    request(libc::PTRACE_SEIZE, pid, OPTIONS as usize)
}

/// Has it stop, once, as soon as it can.
pub(crate) fn interrupt(pid: i32) -> io::Result<()> {
    request(libc::PTRACE_INTERRUPT, pid, 0)
}

/// Lets it run to its next system call, with `signal` delivered unless that is 0.
/// It may have been killed meanwhile.
pub(crate) fn resume(tid: i32, signal: i32) {
    let _ = request(libc::PTRACE_SYSCALL, tid, signal as usize);
}

/// Leaves it stopped until something continues it.
pub(crate) fn listen(tid: i32) {
    let _ = request(libc::PTRACE_LISTEN, tid, 0);
}

fn event_message(tid: i32) -> io::Result<i32> {
    let mut message: libc::c_ulong = 0;
    // SAFETY: the kernel writes one unsigned long to the address given.
    let result = unsafe {
        libc::ptrace(
            libc::PTRACE_GETEVENTMSG,
            tid,
            ptr::null_mut::<u8>(),
            &raw mut message,
        )
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(message as i32)
}

/// A system call at which a thread is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SystemCall {
    /// About to be made.
    Entry {
        /// Its number.
        number: i64,
        /// Its arguments.
        arguments: [u64; 6],
    },
    /// Made; what it returned, or minus the error number.
    Exit(i64),
}

/// Which system call `tid` is stopped at.
pub(crate) fn system_call(tid: i32) -> Option<SystemCall> {
    // SAFETY: the structure is made of integers, for which zeros are values.
    let mut info: libc::ptrace_syscall_info = unsafe { mem::zeroed() };
    // SAFETY: the kernel writes at most the size that is passed.
    let result = unsafe {
        libc::ptrace(
            libc::PTRACE_GET_SYSCALL_INFO,
            tid,
            size_of_val(&info),
            &raw mut info,
        )
    };
    if result <= 0 {
        return None;
    }
    match info.op {
        libc::PTRACE_SYSCALL_INFO_ENTRY => {
            // SAFETY: the kernel says that it filled the part for an entry.
            let entry = unsafe { info.u.entry };
            Some(SystemCall::Entry {
                number: entry.nr as i64,
                arguments: entry.args,
            })
        }
        // SAFETY: the kernel says that it filled the part for an exit.
        libc::PTRACE_SYSCALL_INFO_EXIT => Some(SystemCall::Exit(unsafe { info.u.exit }.sval)),
        _ => None,
    }
}

/// Where a signal that is about to be delivered comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A process sent it.
    Process(i32),
    /// A memory access at this address.
    Fault(u64),
    /// The kernel, for another reason.
    Kernel,
}

/// Where the signal at which `tid` is stopped comes from.
pub(crate) fn signal_origin(tid: i32) -> Option<Origin> {
    // SAFETY: the structure is made of integers, for which zeros are values.
    let mut info: libc::siginfo_t = unsafe { mem::zeroed() };
    // SAFETY: the kernel writes one siginfo_t to the address given.
    let result = unsafe {
        libc::ptrace(
            libc::PTRACE_GETSIGINFO,
            tid,
            ptr::null_mut::<u8>(),
            &raw mut info,
        )
    };
    if result < 0 {
        return None;
    }
    Some(if info.si_code <= 0 {
        // SAFETY: for these codes (kill, tgkill, sigqueue) si_pid is filled in.
        Origin::Process(unsafe { info.si_pid() })
    } else if matches!(
        info.si_signo,
        libc::SIGSEGV | libc::SIGBUS | libc::SIGILL | libc::SIGFPE
    ) {
        // SAFETY: for these signals and a code of the kernel's si_addr is filled in.
        Origin::Fault(unsafe { info.si_addr() } as u64)
    } else {
        Origin::Kernel
    })
}

/// Copies `buffer.len()` bytes at `address` of `pid`'s memory, or fewer. Returns
/// how many.
pub(crate) fn read_memory(pid: i32, address: u64, buffer: &mut [u8]) -> usize {
    let local = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    let remote = libc::iovec {
        iov_base: address as *mut _,
        iov_len: buffer.len(),
    };
    // SAFETY: the local part is a buffer of ours; the remote address is checked by
    // the kernel.
    let count =
        unsafe { libc::process_vm_readv(pid, &raw const local, 1, &raw const remote, 1, 0) };
    count.max(0) as usize
}

/// Creates a file in memory, closed on exec. `/proc` calls it `/memfd:NAME (deleted)`.
pub(crate) fn memory_file(name: &CStr) -> io::Result<File> {
    // SAFETY: the name is a C string; the flags are plain numbers.
    let fd = unsafe { libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, so the descriptor is open and ours alone.
    Ok(unsafe { File::from_raw_fd(fd) })
}

/// Forks. The child waits until `go` can be read, runs `work`, and ends with the
/// code that it returns.
pub(crate) fn fork_and_run(work: impl FnOnce() -> i32) -> io::Result<(i32, GoAhead)> {
    let (wait_for, go) = io::pipe()?;
    // SAFETY: the caller has one thread (`record` checks it), so the child may go
    // on like any process.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            drop(go);
            let code = if io::Read::read_exact(&mut { wait_for }, &mut [0]).is_ok() {
                work()
            } else {
                1
            };
            // SAFETY: ends the process at once; buffers are the parent's to flush.
            unsafe { libc::_exit(code) }
        }
        pid => Ok((pid, GoAhead(go))),
    }
}

/// Lets the forked process begin.
#[derive(Debug)]
pub(crate) struct GoAhead(io::PipeWriter);

impl GoAhead {
    /// Begin.
    pub(crate) fn give(mut self) -> io::Result<()> {
        io::Write::write_all(&mut self.0, &[1])
    }
}
