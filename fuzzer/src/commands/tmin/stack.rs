//! Where a crash is: the functions on the stack when the signal came.
//!
//! The fork server tells the signal only. So an input whose signal is the right one is
//! run once more, by hand and traced (`ptrace(2)`): before the signal is delivered, the
//! registers are read and the stack is walked by the call-frame information that every
//! program has for exceptions. Debug information is not needed.

use super::modules::{Modules, is_of_system};
use framehop::{
    FrameAddress, Unwinder,
    x86_64::{CacheX86_64, UnwindRegsX86_64},
};
use nix::{
    errno::Errno,
    sys::{
        ptrace,
        signal::{Signal, killpg},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::Pid,
};
use std::{
    fs::{self, File},
    io,
    os::unix::{fs::FileExt, process::CommandExt},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use tine_controller::{InputFile, TargetConfig, start_clean};

/// So many functions of the target's own code tell a crash from others.
const TOP: usize = 3;

/// The stack is walked down so far. Whoever is deeper than that has called himself too
/// often.
const DEEPEST: usize = 256;

/// How often it is looked whether a run is over, at first.
const LOOK: Duration = Duration::from_micros(100);

/// Where a crash is. The same for crashes that are taken for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Where the target's own code was, as offsets into its files: the innermost call
    /// first. Of an endless recursion, the functions that take part in it, in order
    /// of their addresses.
    frames: Vec<(String, u64)>,
    /// The name of the innermost function, if it has one.
    pub function: Option<String>,
    /// The stack was full.
    pub recursion: bool,
}

/// Runs inputs by hand, and looks where they crash.
#[derive(Debug)]
pub struct Tracer {
    config: TargetConfig,
    limit: Duration,
    modules: Modules,
    /// What it reads: made for the first run.
    file: Option<InputFile>,
}

impl Tracer {
    /// For a target.
    pub fn new(config: &TargetConfig) -> Self {
        Self {
            config: config.clone(),
            // It has to start anew, and is traced.
            limit: config.timeout.saturating_add(config.startup_timeout),
            modules: Modules::default(),
            file: None,
        }
    }

    /// Where the target crashes on `input`, if it does by `signal` and the stack can
    /// be read.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub fn place(&mut self, input: &[u8], signal: i32) -> io::Result<Option<Place>> {
        let pid = self.spawn(input)?;
        let place = self.follow(pid, signal);
        // It may have ended by itself.
        let _ = killpg(pid, Signal::SIGKILL);
        if !matches!(place, Ok((_, true))) {
            let _ = waitpid(pid, Some(WaitPidFlag::__WALL));
        }
        place.map(|(place, _)| place)
    }

    fn spawn(&mut self, input: &[u8]) -> io::Result<Pid> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(InputFile::open(&self.config.input)?),
        };
        file.deliver(input)?;
        let stdin = file.stdin()?.map_or_else(Stdio::null, Stdio::from);
        let mut command = Command::new(&self.config.program);
        start_clean(&mut command);
        command
            .args(&self.config.args)
            .envs(self.config.env.iter().map(|(name, value)| (name, value)))
            .stdin(stdin)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        be_traced(&mut command, self.config.memory_limit);
        // The process is waited for by its id; `Child` does nothing when it is dropped.
        let child = command.spawn()?;
        Ok(Pid::from_raw(child.id().cast_signed()))
    }

    /// Lets the process run. Returns where it crashed, and whether it is gone.
    fn follow(&mut self, pid: Pid, signal: i32) -> io::Result<(Option<Place>, bool)> {
        let end = Instant::now() + self.limit;
        let mut pause = LOOK;
        let mut place = None;
        let mut started = false;
        loop {
            match waitpid(pid, Some(WaitPidFlag::__WALL | WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) => {
                    if Instant::now() >= end {
                        return Ok((None, false));
                    }
                    thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_millis(5));
                }
                // The program is there; what comes later is its own doing.
                Ok(WaitStatus::Stopped(..)) if !started => {
                    started = true;
                    ptrace::cont(pid, None)?;
                }
                Ok(WaitStatus::Stopped(_, came)) => {
                    if came as i32 == signal {
                        place = self.look(pid);
                    }
                    // A handler of the target may take it.
                    ptrace::cont(pid, came)?;
                }
                Ok(WaitStatus::Signaled(_, came, _)) => {
                    return Ok((place.filter(|_| came as i32 == signal), true));
                }
                Ok(WaitStatus::Exited(..)) => return Ok((None, true)),
                Ok(_) => ptrace::cont(pid, None)?,
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// Walks the stack of a process that is stopped.
    fn look(&mut self, pid: Pid) -> Option<Place> {
        let registers = ptrace::getregs(pid).ok()?;
        let memory = File::open(format!("/proc/{pid}/mem")).ok()?;
        let maps = fs::read_to_string(format!("/proc/{pid}/maps")).ok()?;
        let loaded = self.modules.loaded(&maps);
        let mut read = |address: u64| {
            let mut word = [0; 8];
            memory
                .read_exact_at(&mut word, address)
                .map(|()| u64::from_ne_bytes(word))
                .map_err(drop)
        };
        let mut cache = CacheX86_64::new();
        let start = UnwindRegsX86_64::new(registers.rip, registers.rsp, registers.rbp);
        let mut walk = loaded
            .unwinder
            .iter_frames(registers.rip, start, &mut cache, &mut read);
        let mut own = Vec::new();
        let mut depth = 0;
        // An end that is not the real one still tells where it began.
        while let Ok(Some(frame)) = walk.next() {
            depth += 1;
            let address = frame.address_for_lookup();
            if let Some(found) = loaded.find(address)
                && !is_of_system(found.path, found.function)
            {
                let exact = match frame {
                    FrameAddress::InstructionPointer(at) => at,
                    FrameAddress::ReturnAddress(at) => at.get(),
                };
                own.push((found, exact));
            }
            if depth == DEEPEST {
                break;
            }
        }
        let (first, _) = own.first()?;
        let function = first.function.map(str::to_owned);
        let recursion = depth == DEEPEST;
        let name = |path: &std::path::Path| path.display().to_string();
        let frames = if recursion {
            // Which of them finds the stack full is a matter of its size.
            let mut functions: Vec<(String, u64)> = own
                .iter()
                .map(|(found, _)| (name(found.path), found.start))
                .collect();
            functions.sort_unstable();
            functions.dedup();
            functions
        } else {
            own.iter()
                .take(TOP)
                .map(|(found, exact)| (name(found.path), exact - found.bias))
                .collect()
        };
        Some(Place {
            frames,
            function: function.filter(|_| !recursion),
            recursion,
        })
    }
}

#[allow(unsafe_code)]
fn be_traced(command: &mut Command, memory_limit: Option<u64>) {
    use nix::sys::{
        prctl::set_pdeathsig,
        resource::{Resource, setrlimit},
    };
    let prepare = move || {
        set_pdeathsig(Signal::SIGKILL)?;
        setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
        if let Some(bytes) = memory_limit {
            setrlimit(Resource::RLIMIT_AS, bytes, bytes)?;
        }
        ptrace::traceme()?;
        Ok(())
    };
    // SAFETY: the closure makes system calls only: it neither allocates nor takes a
    // lock, so it is safe in the child of a process with threads.
    unsafe { command.pre_exec(prepare) };
}
