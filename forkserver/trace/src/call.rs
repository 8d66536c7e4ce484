//! The system calls that matter, with their arguments.

/// A system call of a traced process. What it returned is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// `pipe`, `pipe2`: the two descriptors lie at this address.
    Pipe { descriptors: u64 },
    /// `shmget`; returns the id.
    SegmentGet { bytes: u64 },
    /// `shmat`; returns the address.
    SegmentAttach { id: i32 },
    /// `shmctl` with `IPC_RMID`.
    SegmentRemove { id: i32 },
    /// `mremap` with an old size of 0, which duplicates a shared mapping; returns
    /// the address.
    Overlay { bytes: u64 },
    /// `openat` that may make a file; returns the descriptor.
    FileCreate,
    /// `dup2`, `dup3` and `fcntl`'s relatives: this descriptor is another one now.
    Duplicate { new: i32 },
    /// `close`, `close_range`.
    Close { first: u32, last: u32 },
    /// `read`: the bytes lie at this address.
    Read { fd: i32, address: u64 },
    /// `write`, `pwrite64`.
    Write { fd: i32, address: u64, count: u64 },
    /// `poll`, `ppoll`, `select`, `pselect6`, `epoll_wait`: returns 0 when the limit
    /// passed.
    WaitReady,
    /// `kill`, `tkill`, `tgkill`. A group's number is positive here.
    Kill { pid: i32, signal: i32, group: bool },
    /// `wait4`; returns a pid, its status lies at this address.
    Wait { status: u64 },
    /// `setsid`.
    LeadSession,
    /// `setpgid`.
    LeadGroup,
    /// `prctl(PR_SET_PDEATHSIG)`.
    DieWithParent { signal: i32 },
}

impl Call {
    /// The call of this number on this machine, if it matters.
    pub(crate) fn decode(number: i64, arguments: [u64; 6]) -> Option<Self> {
        let int = |index: usize| arguments[index] as i32;
        let [a0, a1, a2, ..] = arguments;
        Some(match number {
            libc::SYS_pipe2 => Self::Pipe { descriptors: a0 },
            libc::SYS_shmget => Self::SegmentGet { bytes: a1 },
            libc::SYS_shmat => Self::SegmentAttach { id: int(0) },
            libc::SYS_shmctl if int(1) & 0xff == libc::IPC_RMID => {
                Self::SegmentRemove { id: int(0) }
            }
            libc::SYS_mremap if a1 == 0 => Self::Overlay { bytes: a2 },
            libc::SYS_openat if int(2) & libc::O_CREAT != 0 => Self::FileCreate,
            libc::SYS_dup3 => Self::Duplicate { new: int(1) },
            libc::SYS_close => Self::Close {
                first: a0 as u32,
                last: a0 as u32,
            },
            libc::SYS_close_range => Self::Close {
                first: a0 as u32,
                last: a1 as u32,
            },
            libc::SYS_read => Self::Read {
                fd: int(0),
                address: a1,
            },
            libc::SYS_write | libc::SYS_pwrite64 => Self::Write {
                fd: int(0),
                address: a1,
                count: a2,
            },
            libc::SYS_ppoll | libc::SYS_pselect6 | libc::SYS_epoll_pwait => Self::WaitReady,
            libc::SYS_kill => Self::Kill {
                pid: int(0).wrapping_abs(),
                signal: int(1),
                group: int(0) < 0,
            },
            libc::SYS_tkill => Self::Kill {
                pid: int(0),
                signal: int(1),
                group: false,
            },
            libc::SYS_tgkill => Self::Kill {
                pid: int(0),
                signal: int(2),
                group: false,
            },
            libc::SYS_wait4 => Self::Wait { status: a1 },
            libc::SYS_setsid => Self::LeadSession,
            libc::SYS_setpgid => Self::LeadGroup,
            libc::SYS_prctl if int(0) == libc::PR_SET_PDEATHSIG => {
                Self::DieWithParent { signal: int(1) }
            }
            _ => return Self::decode_older(number, arguments),
        })
    }

    /// Calls that newer architectures leave out.
    #[cfg(target_arch = "x86_64")]
    fn decode_older(number: i64, arguments: [u64; 6]) -> Option<Self> {
        Some(match number {
            libc::SYS_pipe => Self::Pipe {
                descriptors: arguments[0],
            },
            libc::SYS_open if arguments[1] as i32 & libc::O_CREAT != 0 => Self::FileCreate,
            libc::SYS_dup2 => Self::Duplicate {
                new: arguments[1] as i32,
            },
            libc::SYS_poll | libc::SYS_select | libc::SYS_epoll_wait => Self::WaitReady,
            _ => return None,
        })
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn decode_older(_number: i64, _arguments: [u64; 6]) -> Option<Self> {
        None
    }
}
