//! The libraries that a program is linked with, by what its loader says of them.

use object::{elf, read::elf::FileHeader};
use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt, path::Path, process::Command};
use tine_controller::Signatures;
use tine_protocol::signature;

/// The libraries that the loader finds for a program.
pub struct Libraries {
    /// It has a loader.
    pub is_dynamic: bool,
    /// Name and, where it is found, path.
    pub found: Vec<(String, Option<String>)>,
    /// What the loader said when it could not tell.
    pub error: Option<String>,
}

impl Libraries {
    /// Asks the program's own loader, which lists them and runs nothing.
    pub fn of(path: &Path, content: &[u8]) -> Self {
        let Some(loader) = loader(content) else {
            return Self {
                is_dynamic: false,
                found: Vec::new(),
                error: None,
            };
        };
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let mut command = Command::new(OsStr::from_bytes(loader));
        if memmem(loader, b"musl") {
            command.arg("--list");
        } else {
            // Unlike its `--list`, this goes on behind a library that is missing.
            command.env("LD_TRACE_LOADED_OBJECTS", "1");
        }
        let listed = command.arg(path).output();
        let mut libraries = Self {
            is_dynamic: true,
            found: Vec::new(),
            error: None,
        };
        match listed {
            Ok(output) => {
                let text = String::from_utf8_lossy(&output.stdout);
                libraries.found = text.lines().filter_map(library).collect();
                if !output.status.success() && libraries.found.is_empty() {
                    let said = String::from_utf8_lossy(&output.stderr);
                    libraries.error = Some(said.lines().next().unwrap_or_default().to_owned());
                }
            }
            Err(error) => libraries.error = Some(error.to_string()),
        }
        libraries
    }

    /// The first of them that is instrumented.
    pub fn instrumented(&self) -> Option<(&str, Runtime)> {
        self.found.iter().find_map(|(name, path)| {
            let path = Path::new(path.as_ref()?);
            if Signatures::of_file(path).ok()?.instrumented {
                return Some((name.as_str(), Runtime::Own));
            }
            let content = fs::read(path).ok()?;
            memmem(&content, signature::MODULE).then_some((name.as_str(), Runtime::OfProgram))
        })
    }
}

/// Where the runtime of an instrumented library is.
#[derive(Clone, Copy)]
pub enum Runtime {
    /// In the library, as AFL++ does it.
    Own,
    /// In the program that loads it, as tine does it.
    OfProgram,
}

fn memmem(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|part| part == needle)
}

/// The loader that a 64-bit ELF file names.
fn loader(content: &[u8]) -> Option<&[u8]> {
    let header = elf::FileHeader64::<object::Endianness>::parse(content).ok()?;
    let endian = header.endian().ok()?;
    header
        .program_headers(endian, content)
        .ok()?
        .iter()
        .find_map(|segment| {
            use object::read::elf::ProgramHeader;
            segment.interpreter(endian, content).ok().flatten()
        })
}

/// A line of the loader's list: `libx.so => /lib/libx.so (0x…)` or `… => not found`.
fn library(line: &str) -> Option<(String, Option<String>)> {
    let (name, place) = line.trim().split_once(" => ")?;
    let path = place.split(" (0x").next().unwrap_or_default().trim();
    let is_found = path.starts_with('/');
    Some((name.to_owned(), is_found.then(|| path.to_owned())))
}
