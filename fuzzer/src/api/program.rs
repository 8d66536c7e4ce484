//! A program, and how to run it.

use super::{
    Error, Target,
    busy::{is_busy_start, with_patience},
};
use crate::{
    environment::{self, Variables},
    target::{self, MemoryLimit, StartOptions, TargetError},
};
use std::{
    ffi::{OsStr, OsString},
    fmt::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};
use tine_controller::{ForkServer, InputFolder, Launch, StartError, TargetConfig, TargetFileError};

/// Limit of a run where none was given. A machine that runs other tests may be slow.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A program and how to run it.
///
/// The input comes on its standard input, or through shared memory if its harness takes
/// it from there. Where an argument has `@@`, that becomes the path of a file with the
/// input.
///
/// ```no_run
/// # fn main() -> Result<(), tine::Error> {
/// let program = tine::Program::new("target/fuzz/parser").start()?;
/// let outcome = program.run(b"[1, 2")?;
/// assert!(outcome.is_ok(), "{outcome}");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing runs before `start`"]
pub struct Program {
    pub(super) path: PathBuf,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    current_dir: Option<PathBuf>,
    pub(super) timeout: Option<Duration>,
    startup_timeout: Option<Duration>,
    pub(super) memory_limit: Option<u64>,
    crash_exit_code: Option<i32>,
    pub(super) extension: Option<String>,
    pub(super) non_instrumented: bool,
    shows_output: bool,
}

impl Program {
    /// The program at `path`, without arguments: 5 seconds a run, no limit of memory, its
    /// output thrown away. A name without `/` is looked up on `PATH`.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            args: Vec::new(),
            env: Vec::new(),
            current_dir: None,
            timeout: None,
            startup_timeout: None,
            memory_limit: None,
            crash_exit_code: None,
            extension: None,
            non_instrumented: false,
            shows_output: false,
        }
    }

    /// Adds an argument. `@@` in it becomes the path of the input file.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args
            .extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Sets a variable in its environment, on top of this process's.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        let pair = (name.as_ref().to_owned(), value.as_ref().to_owned());
        self.env.push(pair);
        self
    }

    /// Its working directory; otherwise this process's.
    pub fn current_dir(mut self, folder: impl AsRef<Path>) -> Self {
        self.current_dir = Some(folder.as_ref().to_owned());
        self
    }

    /// Limit of one run, by the clock.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Limit of everything before the first run: loading, constructors, and what comes
    /// before `__AFL_INIT()`. 10 seconds otherwise.
    pub fn startup_timeout(mut self, limit: Duration) -> Self {
        self.startup_timeout = Some(limit);
        self
    }

    /// Limit of its address space in bytes. Not with sanitizers that reserve terabytes of
    /// it.
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.memory_limit = Some(bytes);
        self
    }

    /// Takes an exit with this code for a crash. A Rust program that panics exits with
    /// 101.
    pub fn crash_exit_code(mut self, code: i32) -> Self {
        self.crash_exit_code = Some(code & 0xff);
        self
    }

    /// Ending of the input file's name (`png`), for a program that looks at it.
    pub fn input_extension(mut self, extension: impl Into<String>) -> Self {
        self.extension = Some(extension.into());
        self
    }

    /// Takes any program: it is executed anew for each run, and has no coverage.
    pub fn non_instrumented(mut self) -> Self {
        self.non_instrumented = true;
        self
    }

    /// Lets its output through to this process's, to see for instance the report of a
    /// sanitizer.
    pub fn show_output(mut self) -> Self {
        self.shows_output = true;
        self
    }

    /// The calls that make this program, as code.
    pub(super) fn as_code(&self) -> String {
        let mut code = format!("tine::Program::new({:?})", self.path);
        if !self.args.is_empty() {
            // Writing to a string cannot fail.
            let _ = write!(code, ".args({:?})", self.args);
        }
        if self.non_instrumented {
            code.push_str(".non_instrumented()");
        }
        if let Some(exit_code) = self.crash_exit_code {
            let _ = write!(code, ".crash_exit_code({exit_code})");
        }
        code
    }

    /// Starts the program: it is loaded, and waits before `main` (or at `__AFL_INIT()`)
    /// for inputs. It ends when the [`Target`] is dropped, and also if this process is
    /// killed.
    ///
    /// # Errors
    /// When it is missing, not executable or not instrumented, or does not come up.
    pub fn start(&self) -> Result<Target, Error> {
        let folder = self.input_folder()?;
        let input = folder.as_ref().map_or(Path::new(""), InputFolder::file);
        let config = self.prepare(input)?;
        let started = with_patience(is_busy_start, || ForkServer::start(config.clone()));
        let server = started.map_err(|error| self.not_started(&error))?;
        Ok(Target::new(config.program, server, folder))
    }

    /// The program and its arguments.
    pub(super) fn command(&self) -> Vec<OsString> {
        let mut path = self.path.clone();
        // With a working directory of its own a relative path would lead elsewhere. A name
        // without a slash is looked up.
        if path.as_os_str().as_encoded_bytes().contains(&b'/') {
            path = std::path::absolute(&path).unwrap_or(path);
        }
        let program = std::iter::once(path.into_os_string());
        program.chain(self.args.iter().cloned()).collect()
    }

    /// Looks at the program's file. `input` is the file that stands for `@@`.
    pub(super) fn prepare(&self, input: &Path) -> Result<TargetConfig, Error> {
        let prepare = if self.non_instrumented {
            target::prepare_unchecked
        } else {
            target::prepare
        };
        let prepared = prepare(
            &self.command(),
            None,
            input,
            self.timeout.unwrap_or(TIMEOUT),
            MemoryLimit(self.memory_limit),
            &self.start_options(),
        );
        let mut config = prepared.map_err(|error| self.unfit(error))?.config;
        if self.non_instrumented {
            config.launch = Launch::Exec;
        }
        Ok(config)
    }

    /// How it is started, beyond its command line and its limits.
    pub(super) fn start_options(&self) -> StartOptions {
        StartOptions {
            shows_output: self.shows_output,
            crash_exit_code: self.crash_exit_code,
            startup_timeout: self.startup_timeout,
            current_dir: self.current_dir.clone(),
            variables: self.env.clone(),
            sanitizer_options: environment::sanitizer_options(&Variables::of_process()),
            ..StartOptions::default()
        }
    }

    /// Says in the words of this library why its file is no target.
    pub(super) fn unfit(&self, error: TargetError) -> Error {
        let program = self.path.clone();
        let error = match error {
            TargetError::File(error) => error,
            TargetError::MemoryAndSanitizer {
                path, sanitizer, ..
            } => {
                return Error::Start {
                    reason: format!(
                        "{} is built with {sanitizer}, which reserves terabytes of address space: \
                         leave `.memory_limit(..)` out",
                        path.display()
                    ),
                    program,
                };
            }
            other => {
                return Error::NotAProgram {
                    program,
                    reason: other.to_string(),
                };
            }
        };
        match error {
            TargetFileError::NotFound { .. } => Error::NotFound { program },
            TargetFileError::NotExecutable { path } => Error::NotExecutable { program: path },
            TargetFileError::NotInstrumented { path } => Error::NotInstrumented { program: path },
            TargetFileError::Script { path, interpreter } => Error::NotAProgram {
                reason: format!(
                    "{} is a script for {interpreter}, not a compiled program: give the program \
                     that it starts, or call `.non_instrumented()`, which runs the script, without \
                     coverage",
                    path.display()
                ),
                program: path,
            },
            other => Error::NotAProgram {
                program,
                reason: other.to_string(),
            },
        }
    }

    /// Whether an argument names the input file.
    fn names_input(&self) -> bool {
        target::names_input(&self.command(), OsStr::new(target::PLACEHOLDER))
    }

    /// A folder for the input file, if an argument names one.
    fn input_folder(&self) -> Result<Option<InputFolder>, Error> {
        if !self.names_input() {
            return Ok(None);
        }
        let name = match &self.extension {
            Some(extension) => format!("input.{}", extension.trim_start_matches('.')),
            None => "input".into(),
        };
        let folder = InputFolder::create_in_memory(OsStr::new(&name));
        folder.map(Some).map_err(|source| Error::File {
            action: "make a folder for the input in",
            path: std::env::temp_dir(),
            source,
        })
    }

    /// Says in the words of this library why it did not come up.
    pub(super) fn not_started(&self, error: &StartError) -> Error {
        let program = self.path.clone();
        let reason = match error {
            StartError::TimedOut {
                program,
                limit,
                stage,
            } => format!(
                "{} did not answer within {} s; tine was {stage}. Code before `main` may hang or \
                 wait for something: `tine doctor -- PROGRAM` looks for the cause; if it is only \
                 slow, give it `.startup_timeout(..)`",
                program.display(),
                limit.as_secs_f32()
            ),
            StartError::DescriptorLimit { limit } => format!(
                "a fork server has its pipes on the descriptors 198 and 199, and no more than \
                 {limit} descriptors are allowed here: raise the hard limit (`ulimit -Hn 1024` as \
                 root), or call `.non_instrumented()`"
            ),
            StartError::Died {
                memory_limit: Some(bytes),
                said_hello: false,
                ..
            } => format!(
                "{} ended before it said hello: its limit of {bytes} bytes of memory may be too \
                 low, try without `.memory_limit(..)`",
                program.display()
            ),
            other => other.to_string(),
        };
        Error::Start { program, reason }
    }
}

impl From<PathBuf> for Program {
    fn from(path: PathBuf) -> Self {
        Self::new(path)
    }
}

impl From<&PathBuf> for Program {
    fn from(path: &PathBuf) -> Self {
        Self::new(path)
    }
}

impl From<&Path> for Program {
    fn from(path: &Path) -> Self {
        Self::new(path)
    }
}

impl From<&str> for Program {
    fn from(path: &str) -> Self {
        Self::new(path)
    }
}

impl From<String> for Program {
    fn from(path: String) -> Self {
        Self::new(path)
    }
}
