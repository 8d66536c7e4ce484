//! `tine-cc` as a function, for build scripts and tests: nothing is printed, and this
//! process stays what it is.

use crate::{
    InstrumentError, Language, Sanitizer, execute, finish, plan,
    settings::{Settings, check_conflicts},
    unusable,
};
use std::ffi::OsString;

/// The result of a run of the compiler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// Whether the compiler succeeded.
    pub succeeded: bool,
    /// All that it said.
    pub output: String,
    /// Why a fuzzer gets no coverage from the result, if it gets none.
    pub unusable: Option<String>,
}

/// Runs the compiler as the wrapper of `language` would on `arguments`, with sanitizers
/// beside those that the environment asks for.
///
/// # Errors
/// When the compiler is not to be run, or cannot be.
pub fn build(
    language: Language,
    arguments: Vec<OsString>,
    sanitizers: &[Sanitizer],
) -> Result<Built, InstrumentError> {
    let mut settings = Settings::from_environment()?;
    for sanitizer in sanitizers {
        if !settings.sanitizers.contains(sanitizer) {
            settings.sanitizers.push(*sanitizer);
        }
    }
    check_conflicts(&settings.sanitizers)?;
    let plan = plan(language, arguments, &settings, &mut |_| {})?;
    let (succeeded, output) = execute::run_quietly(&plan)?;
    let mut built = Built {
        succeeded,
        output,
        unusable: None,
    };
    if let (true, Some(linked)) = (succeeded, &plan.links) {
        built.unusable = unusable(linked);
        // Without a dictionary, say, the program is as good as it gets.
        finish(linked, &settings, &mut |_| {});
    }
    Ok(built)
}
