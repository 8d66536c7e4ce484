//! Stops and resumes the traced, and tells the observer what each of them does.

use crate::{
    Event, Recording,
    call::Call,
    kernel::{self, Stop, SystemCall, Waited},
    memory,
    observer::Observer,
};
use std::{
    collections::{HashMap, HashSet},
    ffi::CStr,
    fs::{self, File},
    io::{self, BufRead, BufReader, Seek},
    thread,
    time::{Duration, Instant},
};
use tine_ipc::{Pid, signal};

/// Time that processes of the controller may outlive it before they count as left
/// behind. The kernel ends a fork server whose parent is gone, but not at once.
const GRACE: Duration = Duration::from_secs(1);

/// Why nothing could be recorded.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The controller could not be started.
    #[error("cannot start the process to trace: {0}")]
    Start(io::Error),
    /// The system does not allow tracing.
    #[error(
        "cannot trace a process of our own: {0}; `tine trace` needs ptrace(2): a container may \
         forbid it (run it with --cap-add=SYS_PTRACE), and so does \
         /proc/sys/kernel/yama/ptrace_scope if it is 3"
    )]
    NotPermitted(io::Error),
    /// `waitpid` failed.
    #[error("cannot wait for the traced processes: {0}")]
    Wait(io::Error),
    /// There is more than one thread, so it is not safe to fork.
    #[error("tracing has to be started by a process with one thread, not {0}")]
    Threads(usize),
}

/// A traced thread.
#[derive(Default)]
struct Task {
    /// The process that it belongs to.
    process: i32,
    /// The system call that it is in, and since when.
    inside: Option<(Call, Instant)>,
    stopped: bool,
}

/// The file in memory that takes what the controller reports.
pub(crate) const REPORT: &CStr = c"tine-report";

/// Runs `controller` in a process of its own, traced with everything that it starts,
/// until it ends. It may execute another program. The lines that it writes to the file
/// that it is given become the recording's report; a file takes any number of them
/// without a reader. `on_event` is called for each event, in order, as soon as it is
/// clear what it is.
///
/// Processes that it leaves running are noted in the recording, and killed. SIGINT, SIGTERM and
/// SIGHUP end the recording early, and not this process.
///
/// # Errors
/// When the system does not allow it; when this process has several threads.
pub fn record(
    command: Vec<String>,
    controller: impl FnOnce(File) -> i32,
    on_event: impl FnMut(&Recording, &Event),
) -> Result<Recording, TraceError> {
    let threads = threads();
    if threads != 1 {
        return Err(TraceError::Threads(threads));
    }
    let report = kernel::memory_file(REPORT).map_err(TraceError::Start)?;
    let its_report = report.try_clone().map_err(TraceError::Start)?;
    let forked = kernel::fork_and_run(|| controller(its_report));
    let (root, go) = forked.map_err(TraceError::Start)?;
    let before = kernel::kill_on_ending_signals(root);
    let begun = kernel::seize(root)
        .and_then(|()| kernel::interrupt(root))
        .and_then(|()| go.give());
    if let Err(error) = begun {
        kill(root);
        let _ = kernel::wait(false);
        kernel::stop_killing(before);
        return Err(TraceError::NotPermitted(error));
    }
    let mut tracer = Tracer {
        root,
        tasks: HashMap::from([(
            root,
            Task {
                process: root,
                ..Task::default()
            },
        )]),
        early: HashSet::new(),
        root_ended: None,
        observer: Observer::new(command, root, on_event),
    };
    let ran = tracer.run();
    if kernel::stop_killing(before) {
        tracer.observer.interrupted();
    }
    ran.map_err(TraceError::Wait)?;
    let mut recording = tracer.observer.finish();
    recording.report = lines(report);
    Ok(recording)
}

/// Kills a process. Returns whether there is one.
fn kill(process: i32) -> bool {
    Pid::new(process).is_some_and(|pid| signal::send(pid, signal::KILL).is_ok())
}

/// Number of threads that this process has. One that was joined a moment ago may not be
/// gone yet.
fn threads() -> usize {
    let deadline = Instant::now() + GRACE;
    loop {
        let count = fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
        if count == 1 || Instant::now() >= deadline {
            return count;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// The lines of a file, whatever was written last.
fn lines(mut file: File) -> Vec<String> {
    // A file in memory can be read.
    let _ = file.rewind();
    let lines = BufReader::new(file).split(b'\n').map_while(Result::ok);
    lines
        .map(|line| String::from_utf8_lossy(&line).into_owned())
        .collect()
}

struct Tracer<F> {
    root: i32,
    tasks: HashMap<i32, Task>,
    /// New threads that stopped before their parent told of them.
    early: HashSet<i32>,
    root_ended: Option<Instant>,
    observer: Observer<F>,
}

impl<F: FnMut(&Recording, &Event)> Tracer<F> {
    fn run(&mut self) -> io::Result<()> {
        loop {
            match kernel::wait(self.root_ended.is_some())? {
                Waited::NobodyLeft => return Ok(()),
                Waited::For(tid, stop) => self.handle(tid, stop),
                Waited::Nothing if self.root_ended.is_some() && !self.early.is_empty() => {
                    self.adopt_early();
                }
                // This process may have children of its own that are not traced.
                Waited::Nothing if self.tasks.is_empty() => return Ok(()),
                Waited::Nothing => {
                    if self.root_ended.is_some_and(|ended| ended.elapsed() > GRACE) {
                        self.end_the_rest();
                    }
                    thread::sleep(Duration::from_millis(1));
                }
            }
        }
    }

    /// Lets new processes run whose parent was killed before it could tell of them. One
    /// may be what cleans up after the controller.
    fn adopt_early(&mut self) {
        for tid in std::mem::take(&mut self.early) {
            let process = memory::process_of(tid).unwrap_or(tid);
            let task = Task {
                process,
                ..Task::default()
            };
            self.tasks.insert(tid, task);
            kernel::resume(tid, 0);
        }
    }

    /// Kills what outlives the controller.
    fn end_the_rest(&mut self) {
        let left: HashSet<i32> = self.tasks.values().map(|task| task.process).collect();
        for process in left {
            if kill(process) {
                self.observer.outlived(process);
            } else {
                // It ended before its parent told of it, and is not reported again.
                self.tasks.retain(|_, task| task.process != process);
            }
        }
        self.root_ended = Some(Instant::now());
    }

    fn handle(&mut self, tid: i32, stop: Stop) {
        if !self.tasks.contains_key(&tid) && !matches!(stop, Stop::Ended(_)) {
            // Its parent's stop is still to come: it tells who this is.
            self.early.insert(tid);
            return;
        }
        match stop {
            Stop::Ended(status) => self.ended(tid, status),
            Stop::SystemCall => {
                self.system_call(tid);
                kernel::resume(tid, 0);
            }
            Stop::Signal(signal) => {
                let origin = kernel::signal_origin(tid);
                self.observer.signal(self.process(tid), signal, origin);
                kernel::resume(tid, signal);
            }
            Stop::Group(signal) => {
                let task = self.tasks.entry(tid).or_default();
                if !task.stopped {
                    task.stopped = true;
                    let process = task.process;
                    self.observer.stopped(process, signal);
                }
                kernel::listen(tid);
            }
            Stop::Trap => {
                let task = self.tasks.entry(tid).or_default();
                if std::mem::take(&mut task.stopped) {
                    let process = task.process;
                    self.observer.continued(process);
                }
                kernel::resume(tid, 0);
            }
            Stop::Forked(new) => {
                self.forked(tid, new);
                kernel::resume(tid, 0);
            }
            Stop::Executed => {
                self.observer.executed(self.process(tid));
                kernel::resume(tid, 0);
            }
        }
    }

    fn process(&self, tid: i32) -> i32 {
        self.tasks.get(&tid).map_or(tid, |task| task.process)
    }

    fn forked(&mut self, tid: i32, new: i32) {
        let parent = self.process(tid);
        let process = memory::process_of(new).unwrap_or(new);
        self.tasks.insert(
            new,
            Task {
                process,
                ..Task::default()
            },
        );
        if process != parent {
            self.observer.forked(parent, process);
        }
        if self.early.remove(&new) {
            kernel::resume(new, 0);
        }
    }

    fn ended(&mut self, tid: i32, status: i32) {
        let Some(task) = self.tasks.remove(&tid) else {
            self.early.remove(&tid);
            return;
        };
        if task.process == tid {
            self.observer.ended(tid, status);
        }
        if tid == self.root {
            self.root_ended = Some(Instant::now());
        }
    }

    fn system_call(&mut self, tid: i32) {
        let Some(stop) = kernel::system_call(tid) else {
            return;
        };
        let Some(task) = self.tasks.get_mut(&tid) else {
            return;
        };
        let process = task.process;
        match stop {
            SystemCall::Entry { number, arguments } => {
                let call = Call::decode(number, arguments);
                task.inside = call.map(|call| (call, Instant::now()));
                if let Some(call) = call {
                    self.observer.enters(process, call);
                }
            }
            SystemCall::Exit(result) => {
                if let Some((call, since)) = task.inside.take() {
                    self.observer.leaves(process, call, result, since.elapsed());
                }
            }
        }
    }
}
