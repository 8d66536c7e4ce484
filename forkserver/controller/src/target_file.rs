//! Inspection of the target's file, before the target is started: most mistakes
//! can be named here, and better than by a fork server that never answers.

mod architecture;
mod elf;
mod error;

use crate::signatures::{Signatures, marks_in};
pub use architecture::Architecture;
pub use error::TargetFileError;
use std::{
    ffi::OsStr,
    fmt,
    fs::{self, File},
    io,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::{Path, PathBuf},
};
use tine_protocol::{env, signature};

/// A program that the controller can start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetFile {
    /// Where it is: the argument, or where it was found on `PATH`.
    pub path: PathBuf,
    /// It looks up the coverage segment. Always true after
    /// [`TargetFile::inspect`].
    pub instrumented: bool,
    /// It has a persistent loop.
    pub persistent: bool,
    /// It starts the fork server itself, with `__AFL_INIT()`.
    pub deferred: bool,
    /// Its runtime is tine's, not AFL's or `AFL++`'s.
    pub tine_runtime: bool,
    /// It can log its comparisons. Of a program with AFL++'s runtime only its log
    /// tells.
    pub compare_log: bool,
    /// It defines a mutator for libFuzzer, if it was not stripped of its symbols.
    pub custom_mutator: bool,
    /// The sanitizer that it is built with, if any.
    pub sanitizer: Option<Sanitizer>,
}

/// A sanitizer that reserves a large part of the address space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sanitizer {
    /// `-fsanitize=address`
    Address,
    /// `-fsanitize=memory`
    Memory,
    /// `-fsanitize=thread`
    Thread,
    /// `-fsanitize=leak`
    Leak,
    /// `-fsanitize=undefined`
    Undefined,
}

/// A name in the table of symbols.
const CUSTOM_MUTATOR: &[u8] = b"LLVMFuzzerCustomMutator\0";

impl Sanitizer {
    /// The function that the compiler's output calls. A program with
    /// `AddressSanitizer` has the leak and the undefined-behaviour ones too.
    const MARKS: [(Self, &'static [u8]); 5] = [
        (Self::Address, b"__asan_init\0"),
        (Self::Memory, b"__msan_init\0"),
        (Self::Thread, b"__tsan_init\0"),
        (Self::Leak, b"__lsan_init\0"),
        (Self::Undefined, b"__ubsan_handle_"),
    ];

    /// Returns whether it maps more address space than any machine has memory.
    #[must_use]
    pub const fn reserves_address_space(self) -> bool {
        matches!(self, Self::Address | Self::Memory | Self::Thread)
    }
}

impl fmt::Display for Sanitizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Address => "AddressSanitizer",
            Self::Memory => "MemorySanitizer",
            Self::Thread => "ThreadSanitizer",
            Self::Leak => "LeakSanitizer",
            Self::Undefined => "UndefinedBehaviorSanitizer",
        })
    }
}

impl TargetFile {
    /// Looks at `program`: a path, or the name of a command on `PATH`.
    ///
    /// # Errors
    /// When it is missing, cannot be executed here, or is not instrumented.
    pub fn inspect(program: &OsStr) -> Result<Self, TargetFileError> {
        let path = find(program)?;
        let unreadable = |source| TargetFileError::Unreadable {
            path: path.clone(),
            source,
        };
        let file = File::open(&path).map_err(unreadable)?;
        elf::check_format(&file, &path)?;
        let target = Self::read(path)?;
        if target.instrumented {
            Ok(target)
        } else {
            Err(TargetFileError::NotInstrumented { path: target.path })
        }
    }

    /// As [`Self::inspect`], but asks only whether it can be executed: it may be
    /// a script, or have its runtime in a library.
    ///
    /// # Errors
    /// When it is missing or not executable.
    pub fn inspect_unchecked(program: &OsStr) -> Result<Self, TargetFileError> {
        find(program).and_then(Self::read)
    }

    fn read(path: PathBuf) -> Result<Self, TargetFileError> {
        let facts = Signatures::of_file(&path).and_then(|signatures| {
            let control_page = env::CONTROL_PAGE_SHM_ID.to_bytes_with_nul();
            let mut marks = vec![control_page, signature::CMPLOG, CUSTOM_MUTATOR];
            marks.extend(Sanitizer::MARKS.iter().map(|(_, mark)| mark));
            Ok((signatures, marks_in(&path, &marks)?))
        });
        let (signatures, found) = match facts {
            Ok(facts) => facts,
            Err(source) => return Err(TargetFileError::Unreadable { path, source }),
        };
        let sanitizer = Sanitizer::MARKS
            .iter()
            .zip(&found[3..])
            .find_map(|((sanitizer, _), found)| found.then_some(*sanitizer));
        Ok(Self {
            path,
            instrumented: signatures.instrumented,
            persistent: signatures.persistent,
            deferred: signatures.deferred,
            tine_runtime: found[0],
            compare_log: found[1],
            custom_mutator: found[2],
            sanitizer,
        })
    }
}

/// Finds the file as a shell would.
fn find(program: &OsStr) -> Result<PathBuf, TargetFileError> {
    let missing = |on_path| TargetFileError::NotFound {
        name: if program.is_empty() {
            "target".into()
        } else {
            program.display().to_string()
        },
        on_path,
    };
    if program.as_bytes().contains(&b'/') {
        let path = PathBuf::from(program);
        return match usable(&path) {
            Err(TargetFileError::Unreadable { source, .. })
                if matches!(
                    source.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                Err(missing(false))
            }
            other => other.map(|()| path),
        };
    }
    if program.is_empty() {
        return Err(missing(true));
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders)
        .map(|folder| folder.join(program))
        .find(|path| usable(path).is_ok())
        .ok_or_else(|| missing(true))
}

fn usable(path: &Path) -> Result<(), TargetFileError> {
    let metadata = fs::metadata(path).map_err(|source| TargetFileError::Unreadable {
        path: path.into(),
        source,
    })?;
    if metadata.is_dir() {
        return Err(TargetFileError::NotAFile {
            path: path.into(),
            what: "a folder",
        });
    }
    if !metadata.is_file() {
        return Err(TargetFileError::NotAFile {
            path: path.into(),
            what: "a device or a pipe",
        });
    }
    if metadata.permissions().mode() & 0o111 == 0 {
        return Err(TargetFileError::NotExecutable { path: path.into() });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
