//! From the words after `--` to a target that the controller can start.

// As in the engine: what it is told is in its arguments.
#![deny(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods)]

pub mod libraries;
mod memory;
mod options;
mod sanitizer_options;

pub use memory::MemoryLimit;
pub use options::StartOptions;
pub use tine_output::placeholder::{PLACEHOLDER, substitute};

use crate::report::store;
use libraries::{Libraries, Runtime};
use sanitizer_options::sanitizer_options;
use std::{
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
    time::Duration,
};
use tine_controller::{
    InputFile, InputRoute, TargetConfig, TargetFile, TargetFileError, TargetOutput,
    target_file::Sanitizer,
};

/// Name of the input file in a folder of ours, as `afl-fuzz` has it.
pub const INPUT_FILE: &str = ".cur_input";

/// Exit code by which sanitizers that cannot abort are told to report; the code
/// that `AFL++` chose for `MemorySanitizer`.
const REPORT_EXIT_CODE: i32 = 86;

/// The exit code by which a target reports what a signal does not tell.
fn report_exit_code(sanitizer: Option<Sanitizer>) -> i32 {
    match sanitizer {
        // Leaks are reported by the sanitizer and by `__AFL_LEAK_CHECK()`, which
        // has a code of its own.
        Some(Sanitizer::Leak) => tine_instrument::LEAK_EXIT_CODE,
        _ => REPORT_EXIT_CODE,
    }
}

/// The variables by which a sanitizer ends the target at once and in a way that is noticed,
/// and the exit code that means a crash: `chosen`, or the sanitizer's. `users` are the
/// options of sanitizers that the user has set.
fn sanitizer_environment(
    file: &TargetFile,
    chosen: Option<i32>,
    users: &[(OsString, OsString)],
) -> (Vec<(OsString, OsString)>, Option<i32>) {
    let code = chosen.unwrap_or_else(|| report_exit_code(file.sanitizer));
    let of_user = |name: &str| {
        let mut users = users.iter();
        users
            .find(|(user, _)| user == name)
            .map(|(_, it)| it.clone())
    };
    let variables = sanitizer_options(file.sanitizer, code, of_user);
    (variables, chosen.or(file.sanitizer.map(|_| code)))
}

/// A target and how it will be started.
#[derive(Debug, Clone)]
pub struct Target {
    /// What its file says about it.
    pub file: TargetFile,
    /// How to start it.
    pub config: TargetConfig,
}

/// Why the target cannot be started as it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// Its file is not a target.
    #[error(transparent)]
    File(#[from] TargetFileError),
    /// A library of it is instrumented, and nobody counts.
    #[error(
        "{} is not instrumented, but its library {library} is, which is not counted without a \
         fork server in the program: link the program with tine-cc or tine-c++ too (as rustc \
         does with -C linker=tine-cc, and go with -ldflags '-linkmode external -extld tine-cc')",
        .path.display()
    )]
    LibraryOnly {
        /// The program.
        path: PathBuf,
        /// The library.
        library: String,
    },
    /// The file that stands for `@@` cannot be written.
    #[error(
        "cannot write {}, the file that the target reads its input from: {source}; choose \
         another with -f FILE",
        .path.display()
    )]
    InputFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The input file is one of the inputs.
    #[error(
        "-f {} is the input {}, which each run would write over: give another file, or leave -f \
         out",
        .file.display(), .input.display()
    )]
    FileIsInput {
        /// The file.
        file: PathBuf,
        /// The input.
        input: PathBuf,
    },
    /// The input file is the target itself.
    #[error(
        "-f {} is the target itself, which every input would overwrite: give the name of a \
         file that may be replaced",
        .path.display()
    )]
    InputIsTarget {
        /// The file.
        path: PathBuf,
    },
    /// A memory limit that a sanitizer cannot keep.
    #[error(
        "{} is built with {sanitizer}, which reserves terabytes of address space: it cannot \
         start with -m {limit}; use -m none (and ASAN_OPTIONS=hard_rss_limit_mb=… to limit it)",
        .path.display()
    )]
    MemoryAndSanitizer {
        /// The target.
        path: PathBuf,
        /// What it is built with.
        sanitizer: Sanitizer,
        /// The limit that was asked for.
        limit: MemoryLimit,
    },
}

/// Looks at the target and says how to start it.
///
/// `command` is the target and its arguments. Each `@@` in them becomes the path
/// of the input file: `input_file`, which is the user's, or else `own_file`, which lies
/// in a folder of ours. With an `input_file` and no `@@` the target is taken to know the
/// name.
///
/// # Errors
/// When the target is not there or not fit, its input file cannot be written, or
/// the limits cannot work.
pub fn prepare(
    command: &[OsString],
    input_file: Option<&Path>,
    own_file: &Path,
    timeout: Duration,
    memory: MemoryLimit,
    options: &StartOptions,
) -> Result<Target, TargetError> {
    let (program, args) = split(command);
    let file = if options.unchecked {
        TargetFile::inspect_unchecked(program)?
    } else {
        TargetFile::inspect(program).map_err(library_only)?
    };
    prepare_file(file, args, input_file, own_file, timeout, memory, options)
}

/// As [`prepare`], for a target whose file is what one wants to find out about: it
/// only has to be executable.
///
/// # Errors
/// As [`prepare`].
pub fn prepare_unchecked(
    command: &[OsString],
    input_file: Option<&Path>,
    own_file: &Path,
    timeout: Duration,
    memory: MemoryLimit,
    options: &StartOptions,
) -> Result<Target, TargetError> {
    let (program, args) = split(command);
    let file = TargetFile::inspect_unchecked(program)?;
    prepare_file(file, args, input_file, own_file, timeout, memory, options)
}

/// Names the library, where only a library of the program is instrumented.
fn library_only(error: TargetFileError) -> TargetError {
    let TargetFileError::NotInstrumented { path } = &error else {
        return error.into();
    };
    let libraries = std::fs::read(path).map(|content| Libraries::of(path, &content));
    match libraries.as_ref().map(Libraries::instrumented) {
        Ok(Some((library, Runtime::OfProgram))) => TargetError::LibraryOnly {
            path: path.clone(),
            library: library.to_owned(),
        },
        _ => error.into(),
    }
}

/// The program and its arguments.
fn split(command: &[OsString]) -> (&OsStr, &[OsString]) {
    command
        .split_first()
        .map_or((OsStr::new(""), &[][..]), |(first, rest)| {
            (first.as_os_str(), rest)
        })
}

fn prepare_file(
    file: TargetFile,
    args: &[OsString],
    input_file: Option<&Path>,
    own_file: &Path,
    timeout: Duration,
    memory: MemoryLimit,
    options: &StartOptions,
) -> Result<Target, TargetError> {
    check_memory(&file, memory)?;

    let path = absolute(match input_file {
        Some(path) => file_of_user(path)?,
        None => own_file.to_owned(),
    });
    let mut named = false;
    let args = args
        .iter()
        .map(|arg| substitute(arg, &path, options.placeholder(), &mut named))
        .collect();
    let input = if input_file.is_some() {
        check_input_file(&path, &file.path)?;
        InputRoute::File(path)
    } else if named {
        InputRoute::OwnFile(path)
    } else {
        InputRoute::Stdin
    };

    let (variables, crash_exit_code) =
        sanitizer_environment(&file, options.crash_exit_code, &options.sanitizer_options);
    let mut config = TargetConfig::new(&file.path);
    config.args = args;
    config.input = input;
    config.timeout = timeout;
    config.startup_timeout = options.startup_timeout.unwrap_or(config.startup_timeout);
    config.memory_limit = memory.0;
    config.map_size = options.map_size;
    config.env = variables;
    config.env.extend(options.variables.iter().cloned());
    config.enforce.persistent = options.persistent;
    config.enforce.deferred = options.deferred;
    config.kill_signal = options.kill_signal.unwrap_or(config.kill_signal);
    config.server_kill_signal = options.server_kill_signal;
    config.crash_exit_code = crash_exit_code;
    config.current_dir.clone_from(&options.current_dir);
    if options.shows_output {
        // What the runtime explains comes by the target's standard error.
        config.output = TargetOutput::Inherit;
    }
    Ok(Target { file, config })
}

/// Refuses a file for the target that is one of `inputs`, by whatever name.
///
/// # Errors
/// When it is.
pub fn check_no_input<'a>(
    file: Option<&Path>,
    inputs: impl IntoIterator<Item = &'a Path>,
) -> Result<(), TargetError> {
    use std::os::unix::fs::MetadataExt;
    let identity = |path: &Path| {
        let metadata = std::fs::metadata(path).ok()?;
        Some((metadata.dev(), metadata.ino()))
    };
    let Some((file, known)) = file.and_then(|file| Some((file, identity(file)?))) else {
        return Ok(());
    };
    match inputs
        .into_iter()
        .find(|input| identity(input) == Some(known))
    {
        None => Ok(()),
        Some(input) => Err(TargetError::FileIsInput {
            file: file.to_owned(),
            input: input.to_owned(),
        }),
    }
}

/// Whether an argument of the target stands for the input file.
pub fn names_input(command: &[OsString], placeholder: &OsStr) -> bool {
    let mut named = false;
    for argument in command.iter().skip(1) {
        substitute(argument, Path::new(""), placeholder, &mut named);
    }
    named
}

/// The target may change its folder.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

/// Where a file that the user names is: a link of the user's own leads to it, one that
/// somebody else may have planted does not.
fn file_of_user(path: &Path) -> Result<PathBuf, TargetError> {
    store::follow_own_links(path).map_err(|source| TargetError::InputFile {
        path: path.into(),
        source,
    })
}

/// Refuses the target itself, and what no input can be written to. Makes the file.
fn check_input_file(path: &Path, target: &Path) -> Result<(), TargetError> {
    use std::os::unix::fs::MetadataExt;
    let identity = |path: &Path| {
        let found = std::fs::metadata(path).ok()?;
        Some((found.dev(), found.ino()))
    };
    if let Some(found) = identity(path)
        && identity(target) == Some(found)
    {
        return Err(TargetError::InputIsTarget { path: path.into() });
    }
    InputFile::open(&InputRoute::File(path.to_owned()))
        .map(drop)
        .map_err(|source| TargetError::InputFile {
            path: path.into(),
            source,
        })
}

fn check_memory(file: &TargetFile, memory: MemoryLimit) -> Result<(), TargetError> {
    /// `AddressSanitizer`'s shadow on x86-64.
    const RESERVED: u64 = 20 << 40;
    match (file.sanitizer, memory.0) {
        (Some(sanitizer), Some(bytes))
            if sanitizer.reserves_address_space() && bytes < RESERVED =>
        {
            let path = file.path.clone();
            Err(TargetError::MemoryAndSanitizer {
                path,
                sanitizer,
                limit: memory,
            })
        }
        _ => Ok(()),
    }
}
