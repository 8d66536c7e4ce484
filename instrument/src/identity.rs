//! All that an object depends on besides the command line and its sources: for caches
//! of objects, which know nothing of the compiler behind `tine-cc` and of its variables.

use crate::{
    compiler::Compiler,
    error::InstrumentError,
    files,
    settings::{OVERRIDES, Settings},
    variables,
};
use std::{ffi::OsString, os::unix::fs::MetadataExt};

/// Variables of tine's own that change an object, and others that no table has.
const OTHERS: [&str; 5] = [
    "TINE_CC",
    "TINE_CXX",
    "TINE_NO_INSTRUMENT",
    "AFL_SAN_NO_INST",
    OVERRIDES,
];

/// A text that is another one if an object may come out otherwise.
pub(crate) fn of(compiler: &Compiler, settings: &Settings) -> Result<OsString, InstrumentError> {
    let mut text = OsString::from(format!(
        "tine-cc {} {}\ncompiler ",
        env!("CARGO_PKG_VERSION"),
        files::version()
    ));
    text.push(&compiler.path);
    if let Ok(data) = compiler.path.metadata() {
        text.push(format!(
            " {} {}.{}",
            data.len(),
            data.mtime(),
            data.mtime_nsec()
        ));
    }
    let mut names: Vec<&str> = variables::names().chain(OTHERS).collect();
    names.sort_unstable();
    for name in names {
        if let Some(value) = std::env::var_os(name) {
            text.push(format!("\n{name}="));
            text.push(value);
        }
    }
    for (variable, path) in [&settings.allow, &settings.deny].into_iter().flatten() {
        let list = std::fs::read_to_string(path).unwrap_or_default();
        text.push(format!("\n{variable}:\n{list}"));
    }
    Ok(text)
}
