//! clang's configuration files: words that stand in front of the command line's.
//!
//! Which files are read depends on how clang was built, so clang is asked; but only if
//! the command line or a file beside clang says that there may be one.

use super::words::{Syntax, split};
use crate::{
    compiler::{Compiler, Family},
    error::InstrumentError,
};
use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// More files within files than anybody writes.
const MAX_DEPTH: usize = 16;

/// How clang's answer to `--version` names a file that it has read.
const ANSWER: &str = "Configuration file: ";

/// The words of the configuration files that `compiler` reads when it is given `words`.
pub(super) fn words(
    compiler: &Compiler,
    words: &[OsString],
) -> Result<Vec<OsString>, InstrumentError> {
    if compiler.family == Family::Gcc {
        return Ok(Vec::new());
    }
    let about_config = options(words);
    if about_config.is_empty() && !beside(&compiler.path) {
        return Ok(Vec::new());
    }
    let mut read = Vec::new();
    for file in asked(compiler, &about_config) {
        read_file(&file, 0, &mut read)?;
    }
    Ok(read)
}

/// The words among these that choose configuration files.
fn options(words: &[OsString]) -> Vec<OsString> {
    let mut chosen = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "--config" {
            chosen.push(word.clone());
            chosen.extend(words.next().cloned());
        } else if ["--config=", "--config-", "--no-default-config"]
            .iter()
            .any(|option| word.as_bytes().starts_with(option.as_bytes()))
        {
            chosen.push(word.clone());
        }
    }
    chosen
}

/// Whether a file that clang reads by itself may be beside it.
fn beside(clang: &Path) -> bool {
    let real = clang.canonicalize();
    let folder = |path: &Path| {
        let entries = path.parent().and_then(|folder| folder.read_dir().ok());
        let mut names = entries.into_iter().flatten().flatten();
        names.any(|entry| entry.file_name().as_bytes().ends_with(b".cfg"))
    };
    real.as_deref().is_ok_and(folder)
        || ["clang.cfg", "clang++.cfg"]
            .iter()
            .any(|name| clang.with_file_name(name).exists())
}

/// The files by clang's own answer; none if it refuses, which it then does again where
/// its user sees it.
fn asked(compiler: &Compiler, options: &[OsString]) -> Vec<PathBuf> {
    let answer = Command::new(&compiler.path)
        .args(options)
        .arg("--version")
        .stdin(Stdio::null())
        .output();
    let text = answer.map(|answer| answer.stdout).unwrap_or_default();
    text.split(|byte| *byte == b'\n')
        .filter_map(|line| line.strip_prefix(ANSWER.as_bytes()))
        .map(|path| PathBuf::from(OsStr::from_bytes(path)))
        .collect()
}

fn read_file(path: &Path, depth: usize, words: &mut Vec<OsString>) -> Result<(), InstrumentError> {
    if depth == MAX_DEPTH {
        return Err(InstrumentError::ResponseFileLoop { path: path.into() });
    }
    let text = std::fs::read(path).map_err(|source| InstrumentError::ResponseFile {
        path: path.into(),
        source,
    })?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut pending_config = false;
    for word in split(&without_comments(&text), Syntax::Clang) {
        let bytes = word.as_bytes();
        let file = bytes
            .strip_prefix(b"@")
            .or_else(|| bytes.strip_prefix(b"--config="));
        if let Some(file) = pending_config.then_some(bytes).or(file) {
            pending_config = false;
            read_file(&folder.join(OsStr::from_bytes(file)), depth + 1, words)?;
        } else if word == "--config" {
            pending_config = true;
        } else {
            // The dollar is in front of what is for the linker only.
            let plain = bytes.strip_prefix(b"$").unwrap_or(bytes);
            words.push(OsString::from_vec(with_folder(plain, folder)));
        }
    }
    Ok(())
}

/// The text without lines that begin with `#`, and with lines joined that end in a
/// backslash.
fn without_comments(text: &[u8]) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut joined = false;
    for line in text.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !joined && line.trim_ascii_start().starts_with(b"#") {
            continue;
        }
        joined = line.ends_with(b"\\");
        match line.strip_suffix(b"\\") {
            Some(line) => kept.extend(line),
            None => {
                kept.extend(line);
                kept.push(b'\n');
            }
        }
    }
    kept
}

/// The word with `<CFGDIR>` replaced by the file's folder.
fn with_folder(word: &[u8], folder: &Path) -> Vec<u8> {
    const MARK: &[u8] = b"<CFGDIR>";
    let mut whole = Vec::new();
    let mut rest = word;
    while let Some(at) = rest.windows(MARK.len()).position(|window| window == MARK) {
        whole.extend(&rest[..at]);
        whole.extend(folder.as_os_str().as_bytes());
        rest = &rest[at + MARK.len()..];
    }
    whole.extend(rest);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_as_clang_reads_them() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        write("inner.cfg", "$-Wl,-z,now");
        let outer = write(
            "outer.cfg",
            "# -DNO\n  #-DNEITHER\n-DA \\\n -DB 'c d'\n@inner.cfg -I<CFGDIR>/include # -DYES",
        );
        let mut words = Vec::new();
        read_file(&outer, 0, &mut words).unwrap();
        let include = format!("-I{}/include", folder.path().display());
        let expected = ["-DA", "-DB", "c d", "-Wl,-z,now", &include, "#", "-DYES"];
        assert_eq!(words, expected);

        let circle = write("circle.cfg", "@circle.cfg");
        assert!(read_file(&circle, 0, &mut words).is_err());
    }

    #[test]
    fn the_options_about_files_are_found() {
        let words = [
            "-c",
            "--config",
            "a.cfg",
            "--config=b",
            "a.c",
            "--no-default-config",
        ];
        let chosen = options(&words.map(OsString::from));
        assert_eq!(
            chosen,
            ["--config", "a.cfg", "--config=b", "--no-default-config"]
        );
    }
}
