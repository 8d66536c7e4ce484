//! The environment that a target gets beyond that of this process.

use super::{TargetError, sanitizer_options::sanitizer_options, variable};
use crate::report::store;
use std::{
    env,
    ffi::{OsStr, OsString},
    io::Read,
    os::unix::ffi::OsStrExt,
    path::Path,
};
use tine_controller::target_file::Sanitizer;

/// What the target gets on top of the environment of this process.
pub(super) fn environment(
    sanitizer: Option<Sanitizer>,
    report_exit_code: i32,
) -> Result<Vec<(OsString, OsString)>, TargetError> {
    let mut variables = sanitizer_options(sanitizer, report_exit_code, |name| env::var_os(name));
    if let Some(preload) = env::var_os("AFL_PRELOAD").filter(|value| !value.is_empty()) {
        check_preload(&preload)?;
        variables.push(("LD_PRELOAD".into(), preload));
    }
    if let Some(text) = variable("AFL_TARGET_ENV") {
        variables.extend(target_variables(text)?);
    }
    Ok(variables)
}

/// The variables of `AFL_TARGET_ENV`: words with `=`, quoted as for a shell.
fn target_variables(text: String) -> Result<Vec<(OsString, OsString)>, TargetError> {
    let words = shlex::split(&text).unwrap_or_default();
    let pairs: Vec<_> = words.iter().filter_map(|it| it.split_once('=')).collect();
    let is_sound = !words.is_empty() || text.trim().is_empty();
    if !is_sound || pairs.len() < words.len() || pairs.iter().any(|(name, _)| name.is_empty()) {
        return Err(TargetError::Variable {
            name: "AFL_TARGET_ENV",
            value: text,
            expected: "give variables as `A=1 B='x y'`",
        });
    }
    Ok(pairs
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect())
}

/// The loader passes over what it cannot load, with a word that nobody sees. A name
/// without a slash is one that it searches for.
fn check_preload(preload: &OsStr) -> Result<(), TargetError> {
    let names = preload.as_bytes().split(|byte| matches!(byte, b':' | b' '));
    let paths = names.filter(|name| name.contains(&b'/'));
    for path in paths.map(|name| Path::new(OsStr::from_bytes(name))) {
        let mut magic = [0; 4];
        let read = store::open(path).and_then(|mut file| file.read_exact(&mut magic));
        if read.is_err() || magic != *b"\x7fELF" {
            return Err(TargetError::Variable {
                name: "AFL_PRELOAD",
                value: path.display().to_string(),
                expected: "give shared objects that are there, separated by `:`",
            });
        }
    }
    Ok(())
}
