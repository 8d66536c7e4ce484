//! Dictionaries in AFL's format.
//!
//! ```text
//! # a comment
//! keyword="GIF89a"
//! "no name \x00\xff \\ \""
//! rare@2="only for -x FILE@2 and above"
//! ```
//!
//! A folder is taken for one token a file. What cannot be taken is left out and said;
//! the rest is taken, as `afl-fuzz` does.

mod line;

pub use line::LONGEST;

use std::{
    fmt,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

/// The longest file, in bytes: of millions of tokens hardly one is ever tried.
const LONGEST_FILE: u64 = 64 << 20;

/// Number of lines or files of an argument that are named one by one; of the others only
/// their number is said.
const MOST_NAMED: usize = 5;

/// Why a dictionary cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DictionaryError {
    /// It could not be read.
    #[error("cannot read the dictionary {}: {source}", .path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It does not come to an end, or not soon.
    #[error(
        "the dictionary {} has more than {} MiB, the limit; is it the right file?",
        .0.display(),
        LONGEST_FILE >> 20
    )]
    TooLong(PathBuf),
}

/// Tokens, and what was not taken as it stands.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Dictionary {
    /// In the order of the file, or of the names in a folder.
    pub tokens: Vec<Vec<u8>>,
    /// What is to be said: a sentence each.
    pub remarks: Vec<String>,
}

/// The tokens of one `-x` argument: a file, a folder, or a file with `@LEVEL`.
///
/// # Errors
/// When it cannot be read.
pub fn load(argument: &Path) -> Result<Dictionary, DictionaryError> {
    let (path, level) = split_level(argument);
    let unreadable = |source| DictionaryError::Read {
        path: path.clone(),
        source,
    };
    let mut dictionary = if fs::metadata(&path).map_err(unreadable)?.is_dir() {
        load_folder(&path).map_err(unreadable)?
    } else {
        let mut text = Vec::new();
        let file = File::open(&path).map_err(unreadable)?;
        let read = file.take(LONGEST_FILE + 1).read_to_end(&mut text);
        if read.map_err(unreadable)? as u64 > LONGEST_FILE {
            return Err(DictionaryError::TooLong(path));
        }
        parse(&path, &text, level)
    };
    if dictionary.tokens.is_empty() {
        let remark = format!("the dictionary {} has no token to use", path.display());
        dictionary.remarks.push(remark);
    }
    Ok(dictionary)
}

/// `FILE@2` is the file with its tokens up to level 2, unless there is a file of
/// that very name.
fn split_level(argument: &Path) -> (PathBuf, u32) {
    let whole = (argument.to_owned(), 0);
    if argument.exists() {
        return whole;
    }
    match argument.to_str().and_then(|text| text.rsplit_once('@')) {
        Some((path, level)) if level.bytes().all(|byte| byte.is_ascii_digit()) => {
            (path.into(), line::level(level.as_bytes()))
        }
        _ => whole,
    }
}

fn load_folder(folder: &Path) -> io::Result<Dictionary> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        paths.push(entry?.path());
    }
    paths.sort();
    let mut tokens = Vec::new();
    let mut remarks = Remarks::new("of the files of", folder);
    for path in paths {
        let left_out = |why: &dyn fmt::Display| {
            format!("{} is left out of the dictionary: {why}", path.display())
        };
        // A token has a byte less than is read, so that a longer file is known.
        let mut token = Vec::new();
        let read = fs::metadata(&path).and_then(|metadata| {
            if !metadata.is_file() {
                return Ok(());
            }
            let file = File::open(&path)?;
            file.take(LONGEST as u64 + 1)
                .read_to_end(&mut token)
                .map(drop)
        });
        match read {
            Err(error) => remarks.add(left_out(&error)),
            Ok(()) if token.is_empty() => {}
            Ok(()) if token.len() > LONGEST => remarks.add(left_out(&format_args!(
                "it has more than {LONGEST} bytes, the limit of a token; is it a seed, for -i?"
            ))),
            Ok(()) => tokens.push(token),
        }
    }
    Ok(Dictionary {
        tokens,
        remarks: remarks.finish(),
    })
}

/// The tokens of a dictionary up to `level`.
fn parse(path: &Path, text: &[u8], level: u32) -> Dictionary {
    let mut tokens = Vec::new();
    let mut remarks = Remarks::new("of the lines of", path);
    for (index, text) in text.split(|&byte| byte == b'\n').enumerate() {
        let number = index + 1;
        match line::parse(text, level) {
            Ok(None) => {}
            Ok(Some(line)) => {
                if let Some(remark) = line.remark {
                    remarks.add(format!("{}, line {number}: {remark}", path.display()));
                }
                tokens.push(line.token);
            }
            Err(problem) => remarks.add(format!(
                "{}, line {number} is left out: {problem}",
                path.display()
            )),
        }
    }
    Dictionary {
        tokens,
        remarks: remarks.finish(),
    }
}

/// Sentences, of which the first few are kept.
struct Remarks<'a> {
    what: &'static str,
    path: &'a Path,
    sentences: Vec<String>,
    more: usize,
}

impl<'a> Remarks<'a> {
    const fn new(what: &'static str, path: &'a Path) -> Self {
        Self {
            what,
            path,
            sentences: Vec::new(),
            more: 0,
        }
    }

    fn add(&mut self, sentence: String) {
        if self.sentences.len() < MOST_NAMED {
            self.sentences.push(sentence);
        } else {
            self.more += 1;
        }
    }

    fn finish(mut self) -> Vec<String> {
        if self.more > 0 {
            let (more, what, path) = (self.more, self.what, self.path.display());
            self.sentences
                .push(format!("the same goes for {more} more {what} {path}"));
        }
        self.sentences
    }
}

#[cfg(test)]
mod tests;
