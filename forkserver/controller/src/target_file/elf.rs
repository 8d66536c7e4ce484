//! The header of an ELF file, as far as it decides whether the file can run.

use super::{architecture::Architecture, error::TargetFileError};
use std::{
    ffi::OsStr,
    fs::File,
    io,
    os::unix::{ffi::OsStrExt, fs::FileExt},
    path::Path,
};

/// Refuses what the kernel, or the loader, would refuse with less to say.
pub(super) fn check_format(file: &File, path: &Path) -> Result<(), TargetFileError> {
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
