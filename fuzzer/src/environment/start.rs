//! What the variables say about the start of a target.

use super::{VariableError, Variables};
use crate::{report::store, target::StartOptions};
use std::{
    ffi::{OsStr, OsString},
    io::Read,
    ops::RangeInclusive,
    os::unix::ffi::OsStrExt,
    path::Path,
};
use tine_controller::MAX_MAP_SIZE;

/// How the variables want a target to be started.
///
/// # Errors
/// When one means nothing.
pub fn start_options(variables: &Variables) -> Result<StartOptions, VariableError> {
    let kill_signal = variables.signal("AFL_KILL_SIGNAL")?;
    Ok(StartOptions {
        unchecked: variables.is_set("AFL_SKIP_BIN_CHECK"),
        persistent: variables.is_set("AFL_PERSISTENT"),
        deferred: variables.is_set("AFL_DEFER_FORKSRV"),
        shows_output: ["AFL_DEBUG", "AFL_DEBUG_CHILD", "AFL_DEBUG_CHILD_OUTPUT"]
            .into_iter()
            .any(|name| variables.is_set(name)),
        placeholder: variables.filled("AFL_INPUT_PLACEHOLDER").map(Into::into),
        crash_exit_code: crash_exit_code(variables)?,
        map_size: map_size(variables)?,
        startup_timeout: variables.milliseconds("AFL_FORKSRV_INIT_TMOUT")?,
        current_dir: None,
        kill_signal,
        server_kill_signal: variables
            .signal("AFL_FORK_SERVER_KILL_SIGNAL")?
            .or(kill_signal),
        variables: target_variables(variables)?,
        sanitizer_options: sanitizer_options(variables),
    })
}

/// Options of sanitizers that are set: names of variables, and their values.
#[must_use]
pub fn sanitizer_options(variables: &Variables) -> Vec<(OsString, OsString)> {
    variables
        .iter()
        .filter(|(name, _)| name.as_bytes().ends_with(b"SAN_OPTIONS"))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The exit code that counts as a crash, as `exit` makes it of the number given.
fn crash_exit_code(variables: &Variables) -> Result<Option<i32>, VariableError> {
    const NAME: &str = "AFL_CRASH_EXITCODE";
    let Some(value) = variables.text(NAME) else {
        return Ok(None);
    };
    match value.parse::<i32>() {
        Ok(code @ -127..=255) => Ok(Some(code & 0xff)),
        _ => Err(VariableError {
            name: NAME,
            value,
            expected: "give an exit code, -127 to 255",
        }),
    }
}

/// The size of the coverage map that the user chose.
fn map_size(variables: &Variables) -> Result<Option<usize>, VariableError> {
    const RANGE: RangeInclusive<u64> = 1..=MAX_MAP_SIZE as u64;
    let mut chosen = None;
    for name in ["AFL_MAP_SIZE", "AFL_MAPSIZE"] {
        let expected = "give a number of bytes, such as 2000000";
        chosen = chosen.or(variables.number(name, RANGE, expected)?);
    }
    Ok(chosen.map(|size| size as usize))
}

/// What only the target gets: `AFL_PRELOAD`, and the words of `AFL_TARGET_ENV`.
fn target_variables(variables: &Variables) -> Result<Vec<(OsString, OsString)>, VariableError> {
    let mut given = Vec::new();
    if let Some(preload) = variables.filled("AFL_PRELOAD") {
        check_preload(preload)?;
        given.push(("LD_PRELOAD".into(), preload.into()));
    }
    if let Some(text) = variables.text("AFL_TARGET_ENV") {
        given.extend(words(text)?);
    }
    Ok(given)
}

/// The variables of `AFL_TARGET_ENV`: words with `=`, quoted as for a shell.
fn words(text: String) -> Result<Vec<(OsString, OsString)>, VariableError> {
    let words = shlex::split(&text).unwrap_or_default();
    let pairs: Vec<_> = words.iter().filter_map(|it| it.split_once('=')).collect();
    let is_sound = !words.is_empty() || text.trim().is_empty();
    if !is_sound || pairs.len() < words.len() || pairs.iter().any(|(name, _)| name.is_empty()) {
        return Err(VariableError {
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

/// The loader skips what it cannot load, with a word that nobody sees. A name without a
/// slash is one that it searches for.
fn check_preload(preload: &OsStr) -> Result<(), VariableError> {
    let names = preload.as_bytes().split(|byte| matches!(byte, b':' | b' '));
    let paths = names.filter(|name| name.contains(&b'/'));
    for path in paths.map(|name| Path::new(OsStr::from_bytes(name))) {
        let mut magic = [0; 4];
        let read = store::open(path).and_then(|mut file| file.read_exact(&mut magic));
        if read.is_err() || magic != *b"\x7fELF" {
            return Err(VariableError {
                name: "AFL_PRELOAD",
                value: path.display().to_string(),
                expected: "give shared objects that are there, separated by `:`",
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Variables, start_options};
    use crate::target::StartOptions;
    use std::time::Duration;

    #[test]
    fn variables_become_options() {
        let none = start_options(&Variables::default());
        assert_eq!(none, Ok(StartOptions::default()));
        let variables = Variables::from_iter([
            ("AFL_SKIP_BIN_CHECK", "1"),
            ("AFL_PERSISTENT", "1"),
            ("AFL_DEFER_FORKSRV", "0"),
            ("AFL_DEBUG_CHILD", "1"),
            ("AFL_INPUT_PLACEHOLDER", "FILE"),
            ("AFL_CRASH_EXITCODE", "-1"),
            ("AFL_MAPSIZE", "4096"),
            ("AFL_FORKSRV_INIT_TMOUT", "1500"),
            ("AFL_KILL_SIGNAL", "15"),
            ("AFL_TARGET_ENV", "A=1 B='x y'"),
            ("ASAN_OPTIONS", "detect_leaks=1"),
            ("HOME", "/"),
        ]);
        let expected = StartOptions {
            unchecked: true,
            persistent: true,
            deferred: false,
            shows_output: true,
            placeholder: Some("FILE".into()),
            crash_exit_code: Some(255),
            map_size: Some(4096),
            startup_timeout: Some(Duration::from_millis(1500)),
            current_dir: None,
            kill_signal: Some(15),
            server_kill_signal: Some(15),
            variables: vec![("A".into(), "1".into()), ("B".into(), "x y".into())],
            sanitizer_options: vec![("ASAN_OPTIONS".into(), "detect_leaks=1".into())],
        };
        assert_eq!(start_options(&variables), Ok(expected));
    }

    #[test]
    fn values_that_mean_nothing_are_refused() {
        for (name, value, expected) in [
            (
                "AFL_CRASH_EXITCODE",
                "256",
                "give an exit code, -127 to 255",
            ),
            (
                "AFL_MAP_SIZE",
                "0",
                "give a number of bytes, such as 2000000",
            ),
            (
                "AFL_KILL_SIGNAL",
                "x",
                "give the number of a signal, such as 9",
            ),
            ("AFL_TARGET_ENV", "A", "give variables as `A=1 B='x y'`"),
            (
                "AFL_PRELOAD",
                "/dev/null",
                "give shared objects that are there, separated by `:`",
            ),
        ] {
            let error = start_options(&Variables::from_iter([(name, value)])).unwrap_err();
            assert_eq!(error.to_string(), format!("{name}={value}: {expected}"));
        }
    }
}
