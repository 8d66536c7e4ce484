//! Targets for the tests, built with what tine-cc is made of.

// Each test program uses a part of it.
#![allow(dead_code)]

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tine_instrument::Language;

/// A sample target, built by tine-cc in `folder`.
pub fn sample(folder: &TempDir, name: &str) -> PathBuf {
    let targets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../targets");
    let source = targets.join(format!("{name}.c"));
    build(folder, name, &[], &source)
}

/// A program in C, built by tine-cc with these arguments in `folder`.
pub fn program(folder: &TempDir, name: &str, arguments: &[&str], source: &str) -> PathBuf {
    let file = folder.path().join(format!("{name}.c"));
    fs::write(&file, source).expect("a file for the source");
    build(folder, name, arguments, &file)
}

fn build(folder: &TempDir, name: &str, arguments: &[&str], source: &Path) -> PathBuf {
    let output = folder.path().join(name);
    let mut line: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    line.extend([
        "-g".into(),
        "-o".into(),
        output.clone().into(),
        source.into(),
    ]);
    // It returns when the program is linked; it says itself what fails.
    let _ = tine_instrument::run(Language::C, line);
    assert!(output.is_file(), "tine-cc did not build {name}, see above");
    output
}

/// A fresh folder.
pub fn folder() -> TempDir {
    tempfile::Builder::new()
        .prefix("tine-libafl-")
        .tempdir()
        .expect("a folder for the test")
}

/// The files of a folder that LibAFL keeps testcases in, without what it notes beside them.
pub fn testcases(folder: &Path) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let is_hidden = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default();
        name.to_string_lossy().starts_with('.')
    };
    let mut paths: Vec<PathBuf> = paths.filter(|path| !is_hidden(path)).collect();
    paths.sort();
    let read = |path: PathBuf| fs::read(path).expect("a testcase");
    paths.into_iter().map(read).collect()
}
