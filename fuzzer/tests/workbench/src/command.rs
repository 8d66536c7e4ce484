//! Running a program with a deadline.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::built::shared_cache;
use crate::workbench::{MARKER, Workbench, wait_until};

/// How long a program may take unless the test says otherwise.
const DEADLINE: Duration = Duration::from_secs(120);

/// Variables of the caller that change what the programs do.
const FOREIGN: [&str; 4] = ["AFL_", "__AFL", "TINE_", "__TINE"];

/// Builds a command.
pub struct Runner<'b> {
    bench: &'b Workbench,
    command: Command,
    stdin: Option<Vec<u8>>,
    deadline: Duration,
    line: String,
}

impl<'b> Runner<'b> {
    pub(crate) fn new(bench: &'b Workbench, program: OsString) -> Self {
        let mut command = Command::new(&program);
        // However the tests were started: by nohup, or in the background of a script.
        tine_controller::start_clean(&mut command);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if FOREIGN.iter().any(|prefix| text.starts_with(prefix))
                || text.ends_with("SAN_OPTIONS")
            {
                command.env_remove(&name);
            }
        }
        command
            .current_dir(bench.dir())
            .env(MARKER, bench.marker())
            .env("TINE_CACHE_DIR", shared_cache())
            .env("TMPDIR", bench.tmp())
            .env("HOME", bench.home())
            .env_remove("XDG_CACHE_HOME")
            .env("LC_ALL", "C")
            // A group of its own: a deadline ends the whole of it.
            .process_group(0);
        Self {
            bench,
            line: program.to_string_lossy().into_owned(),
            command,
            stdin: None,
            deadline: DEADLINE,
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.line = format!("{} {}", self.line, arg.as_ref().to_string_lossy());
        self.command.arg(arg);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<T: AsRef<OsStr>>(self, args: impl IntoIterator<Item = T>) -> Self {
        args.into_iter().fold(self, |runner, arg| runner.arg(arg))
    }

    /// Sets a variable of the environment.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Removes a variable from the environment.
    #[must_use]
    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Runs in another folder.
    #[must_use]
    pub fn current_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.command.current_dir(dir.into());
        self
    }

    /// What the program reads on stdin; without this, nothing.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    /// How long the program may take. After that its process group is killed
    /// and the test fails.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Runs the program to its end.
    #[track_caller]
    pub fn run(self) -> Finished {
        self.start().wait()
    }

    /// Runs the program for at most `limit`; a program that is still there then
    /// is killed, which is no failure: `None`.
    #[track_caller]
    pub fn run_for(self, limit: Duration) -> Option<Finished> {
        self.deadline(limit).start().try_wait()
    }

    /// Starts the program.
    #[track_caller]
    pub fn start(mut self) -> Running<'b> {
        // A file rather than a pipe: a program that reads little and a program
        // that reads late both get what they would get from `< file`.
        match &self.stdin {
            None => self.command.stdin(Stdio::null()),
            Some(bytes) => self.command.stdin(file_with(bytes)),
        };
        let mut child = self
            .command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", self.line));
        self.bench.adopt(child.id().cast_signed());
        Running {
            bench: self.bench,
            stdout: Capture::of(child.stdout.take().expect("stdout is piped")),
            stderr: Capture::of(child.stderr.take().expect("stderr is piped")),
            pid: Pid::from_raw(child.id().cast_signed()),
            child: Some(child),
            end: Instant::now() + self.deadline,
            line: self.line,
        }
    }
}

/// A file without a name that holds these bytes, at its start.
fn file_with(bytes: &[u8]) -> File {
    use std::io::{Seek, SeekFrom};
    let mut file = tempfile::tempfile().expect("a temporary file");
    file.write_all(bytes).expect("the input's file");
    file.seek(SeekFrom::Start(0))
        .expect("the start of the input's file");
    file
}

/// Collects what a program writes while it runs.
struct Capture {
    bytes: Arc<Mutex<Vec<u8>>>,
    ended: mpsc::Receiver<()>,
    _thread: JoinHandle<()>,
}

impl Capture {
    fn of(mut stream: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&bytes);
        let (sender, ended) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let mut block = [0; 4096];
            while let Ok(length @ 1..) = stream.read(&mut block) {
                sink.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .extend(&block[..length]);
            }
            // Nobody may be waiting.
            let _ = sender.send(());
        });
        Self {
            bytes,
            ended,
            _thread: thread,
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap_or_else(PoisonError::into_inner))
            .into_owned()
    }

    /// What was written until the stream ended. A process that was left behind
    /// may hold the stream open: the workbench reports it, this does not wait.
    fn finish(&self) -> Vec<u8> {
        let _ = self.ended.recv_timeout(Duration::from_millis(500));
        self.bytes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// A program that runs. Dropped while it runs, it is killed.
pub struct Running<'b> {
    bench: &'b Workbench,
    stdout: Capture,
    stderr: Capture,
    pid: Pid,
    /// Taken by the thread that waits for it.
    child: Option<Child>,
    end: Instant,
    line: String,
}

impl Running<'_> {
    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.pid.as_raw()
    }

    /// Sends a signal to the program alone.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        kill(self.pid, signal).unwrap_or_else(|e| panic!("{signal} to {}: {e}", self.line));
    }

    /// Sends a signal to the program's process group, as a terminal does.
    #[track_caller]
    pub fn signal_group(&self, signal: Signal) {
        killpg(self.pid, signal).unwrap_or_else(|e| panic!("{signal} to {}: {e}", self.line));
    }

    /// What the program has written to stdout so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// What the program has written to stderr so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Waits until `condition` holds, at most to the program's deadline.
    #[track_caller]
    pub fn wait_for(&self, what: &str, mut condition: impl FnMut(&Self) -> bool) {
        let limit = self.end.saturating_duration_since(Instant::now());
        let held = wait_until(limit, || condition(self));
        assert!(
            held,
            "{}: {what} did not happen\nstderr:\n{}",
            self.line,
            self.stderr()
        );
    }

    /// Waits for the program's end; past the deadline the test fails.
    #[track_caller]
    pub fn wait(mut self) -> Finished {
        match self.end_by_deadline() {
            Some(finished) => finished,
            None => panic!(
                "{} was still there at its deadline\nstdout:\n{}\nstderr:\n{}",
                self.line,
                self.stdout(),
                self.stderr()
            ),
        }
    }

    /// Waits for the program's end; past the deadline it is killed: `None`.
    pub fn try_wait(mut self) -> Option<Finished> {
        self.end_by_deadline()
    }

    fn end_by_deadline(&mut self) -> Option<Finished> {
        let mut child = self.child.take().expect("it is waited for once");
        let (sender, receiver) = mpsc::channel();
        let waiter = std::thread::spawn(move || {
            let status = child.wait();
            // Nobody listens any more past the deadline.
            let _ = sender.send(());
            status
        });
        let limit = self.end.saturating_duration_since(Instant::now());
        let in_time = receiver.recv_timeout(limit).is_ok();
        if !in_time {
            self.kill();
        }
        let status = waiter
            .join()
            .expect("the waiting thread")
            .expect("wait for the program");
        in_time.then(|| Finished {
            status,
            stdout: self.stdout.finish(),
            stderr: self.stderr.finish(),
            line: self.line.clone(),
        })
    }

    /// Ends the program, its group, and what it started in other groups.
    fn kill(&self) {
        let _ = killpg(self.pid, Signal::SIGKILL);
        self.bench.kill_marked();
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            self.kill();
            // Reap it; whether it can be waited for no longer matters.
            let _ = child.wait();
        }
    }
}

/// A program that has ended.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// Everything that it wrote to stdout.
    pub stdout: Vec<u8>,
    /// Everything that it wrote to stderr.
    pub stderr: Vec<u8>,
    /// Its command line, for messages.
    pub line: String,
}

impl Finished {
    /// Its exit code; `None` if a signal ended it.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The signal that ended it.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        self.status.signal()
    }

    /// Its stdout as text.
    #[must_use]
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Its stderr as text.
    #[must_use]
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Fails the test unless the program exited with this code.
    #[track_caller]
    pub fn assert_code(&self, code: i32) -> &Self {
        assert_eq!(self.code(), Some(code), "{self}");
        self
    }

    /// Fails the test unless stderr contains `text`.
    #[track_caller]
    pub fn assert_stderr(&self, text: &str) -> &Self {
        assert!(
            self.stderr().contains(text),
            "stderr lacks {text:?}\n{self}"
        );
        self
    }
}

impl std::fmt::Display for Finished {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}\n{}\nstdout:\n{}\nstderr:\n{}",
            self.line,
            self.status,
            self.stdout(),
            self.stderr()
        )
    }
}
