//! Programs that tine can drive, out of C and C++ sources.

use super::Error;
use std::{
    ffi::{OsStr, OsString},
    fs, io,
    path::{Path, PathBuf},
};
use tine_instrument::{InstrumentError, Language};

/// Endings of C++ sources. `.C` is one, `.c` is not.
const CXX: [&str; 8] = ["cc", "cpp", "cxx", "c++", "C", "CPP", "cp", "ii"];

/// Compiles and links a program with coverage and a fork server, as `tine-cc` and
/// `tine-c++` do. They need not be installed, but clang (14 to 22) or gcc has to be.
///
/// A source with `LLVMFuzzerTestOneInput` needs no `main`. C++ is known by the file's
/// ending (`cc`, `cpp`, `cxx`, `C`). `TINE_CC` and `TINE_CXX` choose the compiler.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let folder = tempfile::tempdir()?;
/// let source = folder.path().join("upper.c");
/// std::fs::write(&source, "int main(void) { return 3; }")?;
///
/// let program = tine::compile(&source).output(folder.path().join("upper"))?;
///
/// let outcome = tine::Program::new(&program).start()?.run("hello")?;
/// assert_eq!(outcome.exit_code(), Some(3));
/// # Ok(())
/// # }
/// ```
pub fn compile(source: impl AsRef<Path>) -> Compile {
    Compile {
        sources: vec![source.as_ref().to_owned()],
        args: Vec::new(),
        libraries: Vec::new(),
        sanitizers: Vec::new(),
    }
}

/// A compiler run that is being put together: see [`compile`].
#[derive(Debug, Clone)]
#[must_use = "nothing is compiled before `output`"]
pub struct Compile {
    sources: Vec<PathBuf>,
    args: Vec<OsString>,
    libraries: Vec<OsString>,
    sanitizers: Vec<Sanitizer>,
}

/// A sanitizer: it turns a mistake that goes unnoticed into a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sanitizer {
    /// `AddressSanitizer`: accesses out of bounds, after free.
    Address,
    /// `UndefinedBehaviorSanitizer`: overflow of signed numbers, shifts, null pointers.
    Undefined,
    /// `MemorySanitizer`: use of memory that nothing was written to. With clang only.
    Memory,
    /// `ThreadSanitizer`: races between threads.
    Thread,
    /// `LeakSanitizer`: memory that is lost.
    Leak,
}

impl Compile {
    /// Adds a source, an object file or a static library.
    pub fn source(mut self, source: impl AsRef<Path>) -> Self {
        self.sources.push(source.as_ref().to_owned());
        self
    }

    /// Adds sources, object files or static libraries.
    pub fn sources<P: AsRef<Path>>(mut self, sources: impl IntoIterator<Item = P>) -> Self {
        self.sources
            .extend(sources.into_iter().map(|source| source.as_ref().to_owned()));
        self
    }

    /// Adds a folder for `#include`.
    pub fn include(self, folder: impl AsRef<Path>) -> Self {
        self.arg("-I").arg(folder.as_ref())
    }

    /// Defines a macro; `define("DEBUG", "1")` is `-DDEBUG=1`.
    pub fn define(self, name: &str, value: &str) -> Self {
        self.arg(format!("-D{name}={value}"))
    }

    /// Adds an argument for the compiler, such as `-std=c11`. They stand before the
    /// sources.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Links a library of the system: `z` is `-lz`.
    pub fn library(mut self, name: &str) -> Self {
        self.libraries.push(format!("-l{name}").into());
        self
    }

    /// Adds a sanitizer.
    pub fn sanitizer(mut self, sanitizer: Sanitizer) -> Self {
        self.sanitizers.push(sanitizer);
        self
    }

    /// Compiles and links, and returns the path of the program, which is absolute.
    ///
    /// Folders on the way to `program` are made. It appears whole or not at all, so that
    /// several tests may compile to the same file at once.
    ///
    /// # Errors
    /// When there is no compiler, a source does not compile, or the program cannot be
    /// written.
    pub fn output(&self, program: impl AsRef<Path>) -> Result<PathBuf, Error> {
        let program = std::path::absolute(program.as_ref()).map_err(|source| Error::File {
            action: "find",
            path: program.as_ref().to_owned(),
            source,
        })?;
        let cannot = |action, path: &Path| {
            let path = path.to_owned();
            move |source: io::Error| Error::File {
                action,
                path,
                source,
            }
        };
        let parent = program.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(parent).map_err(cannot("make the folder", parent))?;
        // In the same folder, so that it can be renamed; gone whatever happens.
        let folder = tempfile::Builder::new()
            .prefix(".tine-")
            .tempdir_in(parent)
            .map_err(cannot("write to", parent))?;
        let unfinished = folder.path().join(program.file_name().unwrap_or_default());
        let built = tine_instrument::build(
            self.language(),
            self.arguments(&unfinished),
            &self
                .sanitizers
                .iter()
                .map(|it| it.wanted())
                .collect::<Vec<_>>(),
        )
        .map_err(|error| self.refused(&error))?;
        if !built.succeeded {
            return Err(Error::Compile {
                source_file: self.first().to_owned(),
                output: built.output,
            });
        }
        if let Some(reason) = built.unusable {
            return Err(Error::Compiler {
                source_file: self.first().to_owned(),
                reason,
            });
        }
        fs::rename(&unfinished, &program).map_err(cannot("write", &program))?;
        Ok(program)
    }

    fn first(&self) -> &Path {
        self.sources.first().map_or(Path::new(""), PathBuf::as_path)
    }

    fn language(&self) -> Language {
        let is_cxx = |source: &PathBuf| {
            let ending = source.extension().and_then(OsStr::to_str);
            ending.is_some_and(|ending| CXX.contains(&ending))
        };
        if self.sources.iter().any(is_cxx) {
            Language::Cxx
        } else {
            Language::C
        }
    }

    fn arguments(&self, output: &Path) -> Vec<OsString> {
        let mut arguments = self.args.clone();
        arguments.push("-o".into());
        arguments.push(output.into());
        // A name that begins with a dash would be an option.
        arguments.extend(self.sources.iter().map(|source| {
            if source.as_os_str().as_encoded_bytes().starts_with(b"-") {
                Path::new(".").join(source).into_os_string()
            } else {
                source.clone().into_os_string()
            }
        }));
        arguments.extend(self.libraries.iter().cloned());
        arguments
    }

    fn refused(&self, error: &InstrumentError) -> Error {
        Error::Compiler {
            source_file: self.first().to_owned(),
            reason: error.to_string(),
        }
    }
}

impl Sanitizer {
    const fn wanted(self) -> tine_instrument::Sanitizer {
        match self {
            Self::Address => tine_instrument::Sanitizer::Address,
            Self::Undefined => tine_instrument::Sanitizer::Undefined,
            Self::Memory => tine_instrument::Sanitizer::Memory,
            Self::Thread => tine_instrument::Sanitizer::Thread,
            Self::Leak => tine_instrument::Sanitizer::Leak,
        }
    }
}
