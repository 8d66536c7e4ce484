//! Response files: `@file` stands for the arguments that the file holds.
//!
//! clang reads whatever can be opened, so also `@/dev/fd/63`, which is a pipe and can
//! be read once. gcc wants a file with an end, and takes the word as it stands if there
//! is none.

use super::words::{Syntax, split};
use crate::{compiler::Family, error::InstrumentError};
use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    os::unix::ffi::OsStrExt,
    path::Path,
};

/// gcc gives up at 2000 nested files, of which nobody has ever had more than a
/// few.
const MAX_DEPTH: usize = 16;

/// What an argument stands for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Expansion {
    /// The argument, or the words of the file that it names.
    pub(super) words: Vec<OsString>,
    /// A file was a pipe or the like: it is empty now.
    pub(super) is_used_up: bool,
}

/// What a compiler of `family` makes of one argument.
pub(super) fn expand(argument: &OsStr, family: Family) -> Result<Expansion, InstrumentError> {
    let mut expansion = Expansion::default();
    expand_into(argument, family, 0, &mut expansion)?;
    Ok(expansion)
}

fn expand_into(
    argument: &OsStr,
    family: Family,
    depth: usize,
    expansion: &mut Expansion,
) -> Result<(), InstrumentError> {
    let file = argument
        .as_bytes()
        .strip_prefix(b"@")
        .map(OsStr::from_bytes);
    let Some((path, mut file)) = file.and_then(|name| open(Path::new(name), family)) else {
        // Compilers take it literally then.
        expansion.words.push(argument.to_owned());
        return Ok(());
    };
    if depth == MAX_DEPTH {
        return Err(InstrumentError::ResponseFileLoop {
            path: path.to_owned(),
        });
    }
    let mut text = Vec::new();
    expansion.is_used_up |= !has_end(&mut file);
    file.read_to_end(&mut text)
        .map_err(|source| InstrumentError::ResponseFile {
            path: path.to_owned(),
            source,
        })?;
    for word in split(&text, Syntax::of(family)) {
        expand_into(&word, family, depth + 1, expansion)?;
    }
    Ok(())
}

/// The file, if the compiler would read it.
fn open(path: &Path, family: Family) -> Option<(&Path, File)> {
    // Without waiting for a FIFO's writer there would be nothing to read.
    let mut file = File::open(path).ok()?;
    let is_folder = file.metadata().is_ok_and(|data| data.is_dir());
    let reads = !is_folder && (family == Family::Clang || has_end(&mut file));
    reads.then_some((path, file))
}

fn has_end(file: &mut File) -> bool {
    let length = file.seek(SeekFrom::End(0));
    length.is_ok() && file.seek(SeekFrom::Start(0)).is_ok()
}

/// The text of a response file that holds `words`.
pub(crate) fn text(words: &[OsString]) -> Vec<u8> {
    let mut text = Vec::new();
    for word in words {
        if word.is_empty() {
            text.extend(b"\"\"");
        }
        for &byte in word.as_bytes() {
            // A backslash takes any byte as it is, for either compiler.
            if byte.is_ascii_whitespace() || b"\\\"'\x0b".contains(&byte) {
                text.push(b'\\');
            }
            text.push(byte);
        }
        text.push(b'\n');
    }
    text
}

/// A file without a name that holds `words`: its descriptor is open in whatever this
/// process starts or becomes.
pub(crate) fn unnamed(words: &[OsString]) -> io::Result<File> {
    use nix::sys::memfd::{MFdFlags, memfd_create};
    let file = File::from(memfd_create(c"arguments", MFdFlags::empty())?);
    io::Write::write_all(&mut &file, &text(words))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;

    fn words(argument: &str, family: Family) -> Vec<OsString> {
        expand(OsStr::new(argument), family).unwrap().words
    }

    #[test]
    fn files_are_expanded_within_files() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        let outer = folder.path().join("outer");
        std::fs::write(&inner, "-O1 b.c").unwrap();
        std::fs::write(&outer, format!("-c @{} @missing", inner.display())).unwrap();
        let argument = format!("@{}", outer.display());
        for family in [Family::Clang, Family::Gcc] {
            assert_eq!(words(&argument, family), ["-c", "-O1", "b.c", "@missing"]);
        }
        let folder = format!("@{}", folder.path().display());
        assert_eq!(words(&folder, Family::Clang), [folder.as_str()]);
    }

    #[test]
    fn a_pipe_is_read_once_and_by_clang_only() {
        let argument = |pipe: &File| format!("@/proc/self/fd/{}", pipe.as_raw_fd());
        let pipe = || {
            let (reader, writer) = nix::unistd::pipe().unwrap();
            io::Write::write_all(&mut File::from(writer), b"-c 'a b.c'").unwrap();
            File::from(reader)
        };
        let (clangs, gccs) = (pipe(), pipe());
        let expansion = expand(OsStr::new(&argument(&clangs)), Family::Clang).unwrap();
        assert_eq!(expansion.words, ["-c", "a b.c"]);
        assert!(expansion.is_used_up);
        let literal = argument(&gccs);
        assert_eq!(words(&literal, Family::Gcc), [literal.as_str()]);
    }

    #[test]
    fn a_file_that_names_itself_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("loop");
        let argument = format!("@{}", file.display());
        std::fs::write(&file, &argument).unwrap();
        let error = expand(OsStr::new(&argument), Family::Gcc).unwrap_err();
        assert!(
            matches!(error, InstrumentError::ResponseFileLoop { .. }),
            "{error}"
        );
    }

    #[test]
    fn what_is_written_is_read_again() {
        let words = ["-DX=\"a b\"", "it's", "back\\slash", "tab\tand\nline", "-c"];
        let words = words.map(OsString::from);
        for syntax in [Syntax::Gnu, Syntax::Clang] {
            assert_eq!(split(&text(&words), syntax), words);
        }
        let mut read = String::new();
        let file = unnamed(&words).unwrap();
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        File::open(path).unwrap().read_to_string(&mut read).unwrap();
        assert_eq!(read.as_bytes(), text(&words));
    }
}
