//! What the target's file says about it, before it is started: most mistakes
//! can be named here, and better than by a fork server that never answers.

use crate::Signatures;
use memchr::memmem;
use std::{
    ffi::OsStr,
    fmt,
    fs::{self, File},
    io::{self, Read},
    os::unix::{
        ffi::OsStrExt,
        fs::{FileExt, PermissionsExt},
    },
    path::{Path, PathBuf},
};
use tine_protocol::env;

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

    /// Whether it maps more address space than any machine has memory.
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

/// Why a file cannot be a target.
#[derive(Debug, thiserror::Error)]
pub enum TargetFileError {
    /// No such file, and no such command.
    #[error("there is no {name}{}", if *.on_path {
        " on PATH; a program in this folder needs `./` before its name"
    } else {
        ": is the path right?"
    })]
    NotFound {
        /// What was asked for.
        name: String,
        /// Whether it was looked for on `PATH`.
        on_path: bool,
    },
    /// A folder, a device or a pipe.
    #[error("{} is {what}, not a program", .path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// The permission to execute it is missing.
    #[error("{path} is not executable: `chmod +x {path}` makes it so, if it is a program",
        path = .path.display())]
    NotExecutable {
        /// The path.
        path: PathBuf,
    },
    /// It could not be looked at.
    #[error("cannot read {}: {source}", .path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A script, which an interpreter runs.
    #[error(
        "{} is a script for {interpreter}, not a compiled program: give the program that it \
         starts (libtool keeps it in .libs/; `./configure --disable-shared` avoids the script)",
        .path.display()
    )]
    Script {
        /// The path.
        path: PathBuf,
        /// What its first line names.
        interpreter: String,
    },
    /// Not an ELF file.
    #[error("{} is not a program that Linux can execute (it is not an ELF file)", .path.display())]
    NotElf {
        /// The path.
        path: PathBuf,
    },
    /// An ELF file of another kind.
    #[error("{} is {what}, not a program: link it first", .path.display())]
    NotAProgram {
        /// The path.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// Built for another processor.
    #[error(
        "{} is built for {found}, tine runs {} programs: build it for this machine{}",
        .path.display(), Architecture::HOST,
        if .found.bits == 32 { ", without -m32" } else { "" }
    )]
    WrongArchitecture {
        /// The path.
        path: PathBuf,
        /// What it is built for.
        found: Architecture,
    },
    /// The loader that it names is missing.
    #[error(
        "{} needs the loader {interpreter}, which is not there: it was built for another \
         system; build it here, or link it with -static",
        .path.display()
    )]
    NoLoader {
        /// The path.
        path: PathBuf,
        /// The loader.
        interpreter: String,
    },
    /// It has no runtime.
    #[error(
        "{} is not instrumented: compile and link it with tine-cc or tine-c++ in place of the \
         compiler (CC=tine-cc CXX=tine-c++). If only a library that it loads is instrumented, \
         set AFL_SKIP_BIN_CHECK=1",
        .path.display()
    )]
    NotInstrumented {
        /// The path.
        path: PathBuf,
    },
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
        check_format(&file, &path)?;
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
            let mut marks = vec![env::CONTROL_PAGE_SHM_ID.to_bytes_with_nul()];
            marks.extend(Sanitizer::MARKS.iter().map(|(_, mark)| mark));
            Ok((signatures, contains(&path, &marks)?))
        });
        let (signatures, found) = match facts {
            Ok(facts) => facts,
            Err(source) => return Err(TargetFileError::Unreadable { path, source }),
        };
        let sanitizer = Sanitizer::MARKS
            .iter()
            .zip(&found[1..])
            .find_map(|((sanitizer, _), found)| found.then_some(*sanitizer));
        Ok(Self {
            path,
            instrumented: signatures.instrumented,
            persistent: signatures.persistent,
            deferred: signatures.deferred,
            tine_runtime: found[0],
            sanitizer,
        })
    }
}

/// Which of `marks`, none longer than `OVERLAP`, occur in the file.
fn contains(path: &Path, marks: &[&[u8]]) -> io::Result<Vec<bool>> {
    const PIECE: usize = 1 << 20;
    const OVERLAP: usize = 64;
    let finders: Vec<_> = marks.iter().map(|mark| memmem::Finder::new(mark)).collect();
    let mut found = vec![false; marks.len()];
    let mut file = File::open(path)?;
    let mut buffer = vec![0; OVERLAP + PIECE];
    let mut kept = 0;
    loop {
        let count = file.read(&mut buffer[kept..])?;
        if count == 0 {
            return Ok(found);
        }
        let filled = kept + count;
        for (finder, found) in finders.iter().zip(&mut found) {
            *found = *found || finder.find(&buffer[..filled]).is_some();
        }
        // A mark may lie across two pieces.
        kept = filled.min(OVERLAP);
        buffer.copy_within(filled - kept..filled, 0);
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

/// What an ELF file is built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Architecture {
    /// `e_machine`.
    pub machine: u16,
    /// 32 or 64.
    pub bits: u8,
    /// Whether its numbers have the low byte first.
    pub little_endian: bool,
}

impl Architecture {
    const X86_64: u16 = 62;
    const AARCH64: u16 = 183;
    const RISCV: u16 = 243;

    /// Of the machine that this is built for.
    pub const HOST: Self = Self {
        machine: if cfg!(target_arch = "x86_64") {
            Self::X86_64
        } else if cfg!(target_arch = "aarch64") {
            Self::AARCH64
        } else if cfg!(target_arch = "riscv64") {
            Self::RISCV
        } else {
            0
        },
        bits: usize::BITS as u8,
        little_endian: cfg!(target_endian = "little"),
    };
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.machine {
            3 => "x86",
            8 => "MIPS",
            20 | 21 => "PowerPC",
            22 => "s390x",
            40 => "ARM",
            Self::X86_64 => "x86-64",
            Self::AARCH64 => "AArch64",
            Self::RISCV => "RISC-V",
            other => return write!(f, "{}-bit machine number {other}", self.bits),
        };
        write!(f, "{}-bit {name}", self.bits)
    }
}

/// Refuses what the kernel, or the loader, would refuse with less to say.
fn check_format(file: &File, path: &Path) -> Result<(), TargetFileError> {
    const RELOCATABLE: u16 = 1;
    const CORE: u16 = 4;
    let mut head = [0u8; 256];
    let length = read_at_most(file, &mut head).map_err(|source| TargetFileError::Unreadable {
        path: path.into(),
        source,
    })?;
    let head = &head[..length];
    if let Some(line) = head.strip_prefix(b"#!") {
        let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let interpreter = String::from_utf8_lossy(line).trim().to_owned();
        return Err(TargetFileError::Script {
            path: path.into(),
            interpreter,
        });
    }
    let Some(header) = ElfHeader::parse(head) else {
        return Err(TargetFileError::NotElf { path: path.into() });
    };
    if header.architecture != Architecture::HOST && Architecture::HOST.machine != 0 {
        let found = header.architecture;
        return Err(TargetFileError::WrongArchitecture {
            path: path.into(),
            found,
        });
    }
    let what = match header.kind {
        RELOCATABLE => "an object file",
        CORE => "a core dump",
        _ => return check_loader(file, path, &header),
    };
    Err(TargetFileError::NotAProgram {
        path: path.into(),
        what,
    })
}

/// A dynamic program whose loader is missing fails with a bewildering "no such
/// file". A position-independent file without a loader and without an entry
/// point is a shared library.
fn check_loader(file: &File, path: &Path, header: &ElfHeader) -> Result<(), TargetFileError> {
    const SHARED: u16 = 3;
    let interpreter = header
        .interpreter(file)
        .map_err(|source| TargetFileError::Unreadable {
            path: path.into(),
            source,
        })?;
    match interpreter {
        Some(loader) if !Path::new(OsStr::from_bytes(&loader)).exists() => {
            let interpreter = String::from_utf8_lossy(&loader).into_owned();
            Err(TargetFileError::NoLoader {
                path: path.into(),
                interpreter,
            })
        }
        None if header.kind == SHARED && header.entry == 0 => Err(TargetFileError::NotAProgram {
            path: path.into(),
            what: "a shared library",
        }),
        _ => Ok(()),
    }
}

fn read_at_most(file: &File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], filled as u64)? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

/// The fields of an ELF header that matter here.
struct ElfHeader {
    architecture: Architecture,
    kind: u16,
    /// 0 if there is no entry point, or the file is not of the host's format.
    entry: u64,
    program_headers: u64,
    program_header_size: u64,
    program_header_count: u16,
}

impl ElfHeader {
    /// Reads the beginning of a file; `None` if it is not ELF. Offsets are read
    /// for 64-bit little-endian files only.
    fn parse(head: &[u8]) -> Option<Self> {
        if head.get(..4)? != b"\x7fELF" {
            return None;
        }
        let bits = match head.get(4)? {
            1 => 32,
            2 => 64,
            _ => return None,
        };
        let little_endian = *head.get(5)? == 1;
        let half = |at: usize| {
            let bytes = [*head.get(at)?, *head.get(at + 1)?];
            Some(if little_endian {
                u16::from_le_bytes(bytes)
            } else {
                u16::from_be_bytes(bytes)
            })
        };
        let long = |at: usize| {
            head.get(at..at + 8)?
                .try_into()
                .ok()
                .map(u64::from_le_bytes)
        };
        let architecture = Architecture {
            machine: half(18)?,
            bits,
            little_endian,
        };
        let kind = half(16)?;
        if bits != 64 || !little_endian {
            return Some(Self {
                architecture,
                kind,
                entry: 0,
                program_headers: 0,
                program_header_size: 0,
                program_header_count: 0,
            });
        }
        Some(Self {
            architecture,
            kind,
            entry: long(24)?,
            program_headers: long(32)?,
            program_header_size: half(54)?.into(),
            program_header_count: half(56)?,
        })
    }

    /// The loader that the file names, without its NUL.
    fn interpreter(&self, file: &File) -> io::Result<Option<Vec<u8>>> {
        const INTERPRETER: u32 = 3;
        const LONGEST_PATH: u64 = 4096;
        for index in 0..u64::from(self.program_header_count) {
            let mut entry = [0u8; 56];
            let Some(at) = self
                .program_headers
                .checked_add(index * self.program_header_size)
            else {
                return Ok(None);
            };
            file.read_exact_at(&mut entry, at)?;
            let long = |at: usize| {
                let mut bytes = [0; 8];
                bytes.copy_from_slice(&entry[at..at + 8]);
                u64::from_le_bytes(bytes)
            };
            let kind = u32::from_le_bytes([entry[0], entry[1], entry[2], entry[3]]);
            if kind == INTERPRETER {
                let mut name = vec![0; long(32).min(LONGEST_PATH) as usize];
                file.read_exact_at(&mut name, long(8))?;
                let end = name
                    .iter()
                    .position(|byte| *byte == 0)
                    .unwrap_or(name.len());
                name.truncate(end);
                return Ok(Some(name));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
