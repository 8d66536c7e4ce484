//! The environment that a target gets beyond that of this process.

use super::{TargetError, variable};
use std::{
    env,
    ffi::{OsStr, OsString},
    fs::File,
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
        let read = File::open(path).and_then(|mut file| file.read_exact(&mut magic));
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

/// How sanitizers must behave for their reports to be seen: end by a signal, at
/// once, without looking up symbols, and leave signals to the kernel. What the
/// user set comes last, and so wins.
fn sanitizer_options(
    sanitizer: Option<Sanitizer>,
    report_exit_code: i32,
    user: impl Fn(&str) -> Option<OsString>,
) -> Vec<(OsString, OsString)> {
    const COMMON: &str = "abort_on_error=1:symbolize=0:handle_segv=0:handle_sigbus=0:\
                          handle_abort=0:handle_sigfpe=0:handle_sigill=0:handle_sigtrap=0:disable_coredump=0";
    // The large ones read the variables of these two as well, after their own:
    // nothing may stand there that would undo what the user set for them.
    let alone = !sanitizer.is_some_and(Sanitizer::reserves_address_space);
    let specific = [
        (
            "ASAN_OPTIONS",
            true,
            "detect_leaks=0:allocator_may_return_null=1:detect_odr_violation=0:\
             malloc_context_size=0:detect_stack_use_after_return=0"
                .to_owned()
                // For whoever wants no abort: the exit code then tells of the report.
                + &format!(":exitcode={report_exit_code}"),
        ),
        (
            "MSAN_OPTIONS",
            true,
            format!("exit_code={report_exit_code}:allocator_may_return_null=1"),
        ),
        (
            "TSAN_OPTIONS",
            true,
            format!("halt_on_error=1:exitcode={report_exit_code}"),
        ),
        (
            "UBSAN_OPTIONS",
            alone,
            "halt_on_error=1:print_stacktrace=0".to_owned(),
        ),
        (
            "LSAN_OPTIONS",
            alone,
            if alone {
                format!("exitcode={report_exit_code}")
            } else {
                String::new()
            },
        ),
    ];
    let mut variables = Vec::new();
    for (name, takes_common, options) in specific {
        let common = if takes_common {
            COMMON.to_owned()
        } else {
            String::new()
        };
        let own = user(name).unwrap_or_default();
        let parts = [common.into(), options.into(), own];
        let parts: Vec<OsString> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        if !parts.is_empty() {
            variables.push((name.into(), parts.join(OsStr::new(":"))));
        }
    }
    variables
}

#[cfg(test)]
mod tests {
    use super::{Sanitizer, sanitizer_options};
    use std::ffi::OsString;

    #[test]
    fn sanitizers_end_by_a_signal_unless_the_user_says_otherwise() {
        let user = |name: &str| (name == "ASAN_OPTIONS").then(|| "abort_on_error=0".into());
        let options = sanitizer_options(Some(Sanitizer::Address), 86, user);
        let of = |name: &str| -> OsString {
            options
                .iter()
                .find(|(key, _)| key == name)
                .expect("is set")
                .1
                .clone()
        };
        let address = of("ASAN_OPTIONS").into_string().unwrap();
        assert!(address.contains("abort_on_error=1") && address.ends_with(":abort_on_error=0"));
        let memory = of("MSAN_OPTIONS").into_string().unwrap();
        assert!(
            memory.contains("exit_code=86") && memory.contains("abort_on_error=1"),
            "{memory}"
        );
    }
}
