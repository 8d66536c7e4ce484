//! Processes: making them, waiting for them, limiting them.

use crate::{
    Errno, Fd, Owned, Pid,
    errno::{check, retry, system_call},
};
use core::sync::atomic::AtomicI32;

/// Which side of a fork this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forked {
    /// The new process.
    Child,
    /// The old one, with the child's pid.
    Parent(Pid),
}

/// Duplicates this process. `pid` receives the child's pid, within the kernel,
/// before either side goes on.
///
/// `thread_id` is where libc keeps the thread's id ([`thread_id_address`]): the
/// kernel puts the child's there, as libc's own `fork` would have it done.
///
/// # Errors
/// `EAGAIN` when there are too many processes, `ENOMEM`.
///
/// # Safety
/// Only the calling thread exists in the child. Whatever locks other threads
/// held there stay locked, and handlers registered by `pthread_atfork` do not
/// run: call it while the process has one thread. `thread_id`, if given, must be
/// what [`thread_id_address`] returned.
pub unsafe fn fork(pid: &AtomicI32, thread_id: Option<*mut i32>) -> Result<Forked, Errno> {
    let mut flags = libc::SIGCHLD | libc::CLONE_PARENT_SETTID;
    if thread_id.is_some() {
        flags |= libc::CLONE_CHILD_SETTID | libc::CLONE_CHILD_CLEARTID;
    }
    // SAFETY: without CLONE_VM and with a null stack this is fork: the child
    // gets a copy of the address space and goes on here. The kernel writes an
    // i32 to `pid`, which is one, and to `thread_id`, which the caller vouches
    // for.
    let returned = unsafe {
        system_call!(
            clone,
            flags as usize,
            core::ptr::null::<u8>(),
            pid.as_ptr(),
            thread_id.unwrap_or(core::ptr::null_mut()),
            0
        )
    };
    match check(returned)? {
        0 => Ok(Forked::Child),
        // SAFETY: clone succeeded, and this is its parent.
        child => Ok(Forked::Parent(unsafe { Pid::from_kernel(child) })),
    }
}

/// Where libc keeps the calling thread's id, if the kernel will say.
#[must_use]
pub fn thread_id_address() -> Option<*mut i32> {
    const PR_GET_TID_ADDRESS: i32 = 40;
    let mut address: *mut i32 = core::ptr::null_mut();
    // SAFETY: the kernel writes one pointer to `address`.
    check(unsafe { system_call!(prctl, PR_GET_TID_ADDRESS, &raw mut address, 0, 0, 0) }).ok()?;
    (!address.is_null()).then_some(address)
}

/// Waits until the child `pid` ends or, if `or_stops`, stops. Returns its wait
/// status.
///
/// # Errors
/// `ECHILD` when it is not a child of this process.
pub fn wait(pid: Pid, or_stops: bool) -> Result<i32, Errno> {
    let options = if or_stops { libc::WUNTRACED } else { 0 };
    let mut status = 0i32;
    // SAFETY: the kernel writes one i32 to `status`; no rusage is asked for.
    retry(|| unsafe {
        system_call!(
            wait4,
            pid.get(),
            &raw mut status,
            options,
            core::ptr::null_mut::<libc::rusage>()
        )
    })?;
    Ok(status)
}

/// Returns whether the child `pid` has ended. It stays to be waited for, so that its number
/// cannot become another process's meanwhile.
///
/// # Errors
/// `ECHILD` when it is not a child of this process.
pub fn has_ended(pid: Pid) -> Result<bool, Errno> {
    const OPTIONS: i32 = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    let mut information = core::mem::MaybeUninit::<libc::siginfo_t>::zeroed();
    // SAFETY: the kernel writes one siginfo_t to `information`; no rusage is asked for.
    retry(|| unsafe {
        system_call!(
            waitid,
            libc::P_PID,
            pid.get(),
            information.as_mut_ptr(),
            OPTIONS,
            core::ptr::null_mut::<libc::rusage>()
        )
    })?;
    // SAFETY: zeros are a siginfo_t, and the kernel wrote over them at most.
    let information = unsafe { information.assume_init() };
    // Zero where nothing happened.
    Ok(information.si_signo != 0)
}

/// Waits until the child `pid` ends or, if `or_stops`, stops, and reaps each other child
/// that has ended meanwhile. Returns the wait status of `pid`.
///
/// # Errors
/// `ECHILD` when this process has no child.
pub fn wait_among_others(pid: Pid, or_stops: bool) -> Result<i32, Errno> {
    const ANY: i32 = -1;
    let options = if or_stops { libc::WUNTRACED } else { 0 };
    loop {
        let mut status = 0i32;
        // SAFETY: the kernel writes one i32 to `status`; no rusage is asked for.
        let which = retry(|| unsafe {
            system_call!(
                wait4,
                ANY,
                &raw mut status,
                options,
                core::ptr::null_mut::<libc::rusage>()
            )
        })?;
        if which as i32 == pid.get() {
            return Ok(status);
        }
    }
}

/// From now on the orphans among this process's descendants are its children, instead of
/// those of the first process of the system.
///
/// # Errors
/// Those of `prctl(2)`, such as `EPERM` by a filter of system calls.
pub fn adopt_orphans() -> Result<(), Errno> {
    // SAFETY: this prctl takes plain numbers.
    check(unsafe { system_call!(prctl, libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }).map(drop)
}

/// Names the calling thread; at most 15 bytes count.
pub fn set_name(name: &core::ffi::CStr) {
    // SAFETY: the kernel reads a C string. It cannot fail otherwise.
    unsafe { system_call!(prctl, libc::PR_SET_NAME, name.as_ptr(), 0, 0, 0) };
}

/// This process's id, asked of the kernel.
#[must_use]
pub fn id() -> Pid {
    // SAFETY: getpid takes nothing, cannot fail and returns a process id.
    unsafe { Pid::from_kernel(system_call!(getpid)) }
}

/// The calling thread's id, asked of the kernel. That of a process's first thread is the
/// process's.
#[must_use]
pub fn thread_id() -> Pid {
    // SAFETY: gettid takes nothing, cannot fail and returns an id of the same kind.
    unsafe { Pid::from_kernel(system_call!(gettid)) }
}

/// The id of this process's parent; `None` if it is outside of this PID namespace.
#[must_use]
pub fn parent_id() -> Option<Pid> {
    // SAFETY: getppid takes nothing and cannot fail.
    Pid::new(unsafe { system_call!(getppid) } as i32)
}

/// The session of the process `pid`: the id of its leader, if there is such a process and
/// the leader is in this PID namespace.
#[must_use]
pub fn session_of(pid: Pid) -> Option<Pid> {
    // SAFETY: getsid takes a plain number.
    let session = check(unsafe { system_call!(getsid, pid.get()) }).ok()?;
    Pid::new(session as i32)
}

/// Returns whether the process `pid` leads a process group.
#[must_use]
pub fn leads_group(pid: Pid) -> bool {
    // SAFETY: getpgid takes a plain number.
    check(unsafe { system_call!(getpgid, pid.get()) }) == Ok(pid.get() as usize)
}

/// Makes this process the leader of a process group of its own.
pub fn lead_group() {
    // SAFETY: setpgid takes plain numbers. It fails only for a session leader,
    // which leads a group already.
    unsafe { system_call!(setpgid, 0, 0) };
}

/// Makes this process the leader of a session and a group of its own: no
/// terminal can signal it.
pub fn lead_session() {
    // SAFETY: setsid takes nothing; it fails only for a group leader, which a
    // freshly forked child is not.
    unsafe { system_call!(setsid) };
}

/// Ends this process at once: no handlers, no flushing.
pub fn exit_now(code: i32) -> ! {
    loop {
        // SAFETY: exit_group does not return.
        unsafe { system_call!(exit_group, code) };
    }
}

/// Returns the time of a clock that only goes forward, in milliseconds.
#[must_use]
pub fn milliseconds() -> u64 {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the kernel writes one `timespec`, which is borrowed for the call.
    unsafe { system_call!(clock_gettime, libc::CLOCK_MONOTONIC, &raw mut now) };
    now.tv_sec as u64 * 1000 + now.tv_nsec as u64 / 1_000_000
}

/// Limits this process's address space to `bytes`.
///
/// # Errors
/// Those of `setrlimit(2)`.
pub fn limit_address_space(bytes: u64) -> Result<(), Errno> {
    set_limit(libc::RLIMIT_AS as i32, bytes)
}

/// Keeps this process from core dumps, which take time and disk.
///
/// # Errors
/// Those of `setrlimit(2)`.
pub fn limit_core_files() -> Result<(), Errno> {
    // Linux takes no notice of the limit where dumps are piped to a helper, but for
    // this value. It is too small for a file too.
    const NEITHER_FILE_NOR_PIPE: u64 = 1;
    let limit = libc::RLIMIT_CORE as i32;
    // Where 0 is the most that is allowed, 0 it stays.
    set_limit(limit, NEITHER_FILE_NOR_PIPE).or_else(|_| set_limit(limit, 0))
}

fn set_limit(resource: i32, bytes: u64) -> Result<(), Errno> {
    let limit = libc::rlimit64 {
        rlim_cur: bytes,
        rlim_max: bytes,
    };
    limit_call(resource, &raw const limit, core::ptr::null_mut())
}

/// Switches address-space randomisation off for programs that this process
/// executes from now on: edges keep their numbers across starts.
///
/// # Errors
/// `EPERM` in some containers.
pub fn fix_addresses() -> Result<(), Errno> {
    const ASK: libc::c_ulong = 0xffff_ffff;
    // SAFETY: personality takes a plain number.
    let now = check(unsafe { system_call!(personality, ASK) })?;
    let fixed = now as libc::c_ulong | libc::ADDR_NO_RANDOMIZE as libc::c_ulong;
    // SAFETY: as above.
    check(unsafe { system_call!(personality, fixed) }).map(drop)
}

/// Limits of this process's descriptors: every number is below the first of them, which
/// the process may raise up to the second one.
///
/// # Errors
/// Those of `prlimit(2)`.
pub fn descriptor_limits() -> Result<(u64, u64), Errno> {
    let mut limit = libc::rlimit64 {
        rlim_cur: 0,
        rlim_max: 0,
    };
    limit_call(
        libc::RLIMIT_NOFILE as i32,
        core::ptr::null(),
        &raw mut limit,
    )?;
    Ok((limit.rlim_cur, limit.rlim_max))
}

/// Changes the first of [`descriptor_limits`]. Descriptors beyond it stay open.
///
/// # Errors
/// Those of `prlimit(2)`.
pub fn limit_descriptors(soft: u64) -> Result<(), Errno> {
    let (_, hard) = descriptor_limits()?;
    let limit = libc::rlimit64 {
        rlim_cur: soft.min(hard),
        rlim_max: hard,
    };
    limit_call(
        libc::RLIMIT_NOFILE as i32,
        &raw const limit,
        core::ptr::null_mut(),
    )
}

fn limit_call(
    resource: i32,
    new: *const libc::rlimit64,
    old: *mut libc::rlimit64,
) -> Result<(), Errno> {
    // SAFETY: each pointer is null or points to a live rlimit64 of the caller.
    check(unsafe { system_call!(prlimit64, 0, resource, new, old) }).map(drop)
}

/// Duplicates `fd` to a free number of at least `lowest`, which is closed on exec.
///
/// # Errors
/// `EINVAL` or `EMFILE` when the descriptor limit is too low.
pub fn duplicate_above<'a>(fd: impl Into<Fd<'a>>, lowest: i32) -> Result<Owned, Errno> {
    let fd = fd.into().number();
    // SAFETY: fcntl with F_DUPFD_CLOEXEC takes plain numbers.
    let made = check(unsafe { system_call!(fcntl, fd, libc::F_DUPFD_CLOEXEC, lowest) })?;
    // SAFETY: the call succeeded, and made the descriptor for the caller.
    Ok(unsafe { Owned::from_kernel(made) })
}

/// Puts `from` on the descriptor `to`, which stays open across exec.
///
/// # Errors
/// Those of `dup3(2)`.
pub fn place_descriptor<'a>(from: impl Into<Fd<'a>>, to: i32) -> Result<(), Errno> {
    let from = from.into().number();
    // SAFETY: dup3 takes plain numbers; what `to` was is gone after exec anyway.
    check(unsafe { system_call!(dup3, from, to, 0) }).map(drop)
}

/// Maps `length` bytes of private zero pages. They are never given back. Returns their
/// address.
///
/// # Errors
/// Those of `mmap(2)`.
pub fn map_private(length: usize) -> Result<usize, Errno> {
    map(length, libc::MAP_PRIVATE)
}

/// The same, of pages that this process shares with those that it forks.
///
/// # Errors
/// Those of `mmap(2)`.
pub fn map_shared(length: usize) -> Result<usize, Errno> {
    map(length, libc::MAP_SHARED)
}

fn map(length: usize, kind: i32) -> Result<usize, Errno> {
    const ACCESS: i32 = libc::PROT_READ | libc::PROT_WRITE;
    let kind = kind | libc::MAP_ANONYMOUS;
    // SAFETY: without MAP_FIXED the kernel takes a free range.
    check(unsafe { system_call!(mmap, 0, length, ACCESS, kind, -1i32, 0) })
}

/// Replaces `length` bytes of memory at `address` by private zero pages.
///
/// # Errors
/// Those of `mmap(2)`.
///
/// # Safety
/// The old content is lost: it must be whole pages that the caller owns and that no Rust
/// object lives in.
pub unsafe fn map_private_over(address: usize, length: usize) -> Result<(), Errno> {
    const ACCESS: i32 = libc::PROT_READ | libc::PROT_WRITE;
    const KIND: i32 = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
    // SAFETY: the caller owns the pages.
    check(unsafe { system_call!(mmap, address, length, ACCESS, KIND, -1i32, 0) }).map(drop)
}
