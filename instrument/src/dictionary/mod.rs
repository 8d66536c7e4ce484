//! The constants that a linked program compares its input with, as a dictionary.
//!
//! They are taken from the machine code of the instrumented functions, so that it
//! does not matter which compiler made it, whether it was link-time optimised, or
//! out of which archive it came:
//!
//! | found | token |
//! |---|---|
//! | `cmp`, `sub`, `xor` with an immediate or a constant register | the number, in both byte orders |
//! | a comparison of 16 or 32 bytes with constant memory | these bytes |
//! | an argument of `strcmp`, `memcmp`, … that lies in constant memory | the string |
//! | a table of pointers to words | the words |
//!
//! | file | what |
//! |---|---|
//! | `image` | the program: sections, functions, what addresses stand for |
//! | `code` | from a function's code to tokens |
//! | `compared` | functions that compare, and which of their arguments |
//! | `tokens` | which tokens are worth it, and as bytes |

mod calls;
mod code;
mod compared;
mod image;
mod tokens;

use image::Image;
use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};
use tine_protocol::layout::dictionary::{LENGTH, MAGIC, SECTION, TOKENS};
use tokens::Collection;
pub use tokens::Token;

/// Why there is no dictionary.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DictionaryError {
    /// The program cannot be read or written.
    #[error("cannot gather a dictionary from {}: {source}", .path.display())]
    File {
        /// The program.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is no program that can be understood.
    #[error("cannot gather a dictionary from {}: {reason}", .path.display())]
    Malformed {
        /// The program.
        path: PathBuf,
        /// What is wrong.
        reason: object::Error,
    },
    /// The dictionary cannot be written.
    #[error("cannot write the dictionary {}: {source}; AFL_LLVM_DICT2FILE names it", .path.display())]
    Output {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Gathers the dictionary of a program, the most useful tokens first.
///
/// # Errors
/// When it is no 64-bit ELF file.
pub fn gather(program: &[u8]) -> Result<Vec<Token>, object::Error> {
    let image = Image::parse(program)?;
    let mut found = Collection::default();
    for function in image.functions() {
        code::scan(&image, &function, &mut found);
    }
    image.words(|word| found.word(word));
    Ok(found.into_tokens())
}

/// Gathers the dictionary of the program that was just linked, and puts it where the
/// runtime finds it. `text` is a file to write it to as well, in AFL's format.
///
/// A program without the runtime's section, or one that is no regular file, stays as
/// it is.
pub(crate) fn embed(program: &Path, text: Option<&Path>) -> Result<(), DictionaryError> {
    let failed = |source| DictionaryError::File {
        path: program.into(),
        source,
    };
    // `-o /dev/null` asks whether it links; a linker may also have been told to make
    // nothing.
    if !program.metadata().is_ok_and(|found| found.is_file()) {
        return Ok(());
    }
    let bytes = fs::read(program).map_err(failed)?;
    let malformed = |reason| DictionaryError::Malformed {
        path: program.into(),
        reason,
    };
    let Some(section) = image::section(&bytes, SECTION).map_err(malformed)? else {
        return Ok(());
    };
    if !section.bytes.starts_with(&MAGIC.to_ne_bytes()) {
        return Ok(());
    }
    let tokens = gather(&bytes).map_err(malformed)?;
    let sent = tokens::as_sent(&tokens, section.bytes.len() - TOKENS);
    if !sent.is_empty() {
        let file = File::options().write(true).open(program).map_err(failed)?;
        let length = (sent.len() as u32).to_ne_bytes();
        file.write_all_at(&sent, section.offset + TOKENS as u64)
            .and_then(|()| file.write_all_at(&length, section.offset + LENGTH as u64))
            .map_err(failed)?;
    }
    if let Some(path) = text {
        let written = File::options()
            .append(true)
            .create(true)
            .open(path)
            .and_then(|mut file| file.write_all(tokens::as_text(&tokens).as_bytes()));
        written.map_err(|source| DictionaryError::Output {
            path: path.into(),
            source,
        })?;
    }
    Ok(())
}
