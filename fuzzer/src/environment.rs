//! AFL's environment variables: each one that is set is honoured, has no effect and is
//! named, or is refused with what to do instead. None is passed over in silence, apart
//! from those that ask for what tine does anyway and those that other programs read.

mod announce;
mod entry;
mod start;
mod statsd;
mod table;
mod variables;
mod wishes;

pub use announce::announce;
use entry::Answer;
pub use entry::Scope;
pub use start::{sanitizer_options, start_options};
pub use statsd::statsd;
use std::{ffi::OsStr, fmt::Write};
use table::TABLE;
pub use variables::{VariableError, Variables};
pub use wishes::wishes;

/// A variable that asks for something that cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} is set, but tine does not have it: {way_out}")]
pub struct EnvironmentError {
    name: &'static str,
    way_out: &'static str,
}

/// Looks at the variables for a command of `scope`; tells of those that have no effect or
/// are not known.
///
/// # Errors
/// When one asks for something that cannot be had.
pub fn check(scope: Scope, variables: &Variables) -> Result<(), EnvironmentError> {
    for sentence in answers(variables.iter(), scope)? {
        say!("{sentence}");
    }
    Ok(())
}

/// What there is to be said of a variable that is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// It does nothing here: its name, and a sentence.
    Note(String, String),
    /// `tine fuzz` refuses it: its name, and what to do.
    Refusal(String, &'static str),
}

/// What there is to be said of variables with these names, each by itself.
#[must_use]
pub fn remarks(names: Vec<String>) -> Vec<Remark> {
    let mut names = names;
    names.sort_unstable();
    let remark = |name: String| {
        let found = answers([(name.as_ref(), "1".as_ref())].into_iter(), Scope::Fuzz);
        match found {
            Ok(sentences) => Some(Remark::Note(name, sentences.into_iter().next()?)),
            Err(refusal) => Some(Remark::Refusal(name, refusal.way_out)),
        }
    };
    names.into_iter().filter_map(remark).collect()
}

/// What is to be said of these variables.
fn answers<'a>(
    variables: impl Iterator<Item = (&'a OsStr, &'a OsStr)>,
    scope: Scope,
) -> Result<Vec<String>, EnvironmentError> {
    // A name that is not UTF-8 is none of AFL's.
    let set: Vec<(&str, bool)> = variables
        .filter_map(|(name, value)| Some((name.to_str()?, value.is_empty())))
        .collect();
    let mut sentences = Vec::new();
    for entry in TABLE {
        if scope != Scope::Fuzz && entry.scope != scope {
            continue;
        }
        let mut without_effect = Vec::new();
        for &name in entry.names {
            let Some((_, is_empty)) = set.iter().find(|(found, _)| *found == name) else {
                continue;
            };
            match entry.answer {
                Answer::Default(_) | Answer::Elsewhere(_) => {}
                _ if *is_empty => {
                    sentences.push(format!("{name} is set to nothing, which counts as not set"))
                }
                Answer::Honoured(_) => {}
                Answer::NoEffect(_) => without_effect.push(name),
                Answer::Refused(way_out) => return Err(EnvironmentError { name, way_out }),
            }
        }
        if let (Answer::NoEffect(reason), [_, ..]) = (entry.answer, without_effect.as_slice()) {
            let verb = if without_effect.len() == 1 {
                "has"
            } else {
                "have"
            };
            let names = without_effect.join(", ");
            sentences.push(format!("{names} {verb} no effect: {reason}"));
        }
    }
    let is_set = |name: &str| set.iter().any(|(found, _)| *found == name);
    if !is_set("AFL_IGNORE_UNKNOWN_ENVS") {
        let mut unknown: Vec<&str> = set
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| is_unknown(name))
            .collect();
        unknown.sort_unstable();
        sentences.extend(unknown.into_iter().map(mistyped));
    }
    Ok(sentences)
}

/// Whether a name looks like one of AFL's and is none.
fn is_unknown(name: &str) -> bool {
    /// What fingers make of it.
    const SLIPS: [&str; 4] = ["ALF_", "_ALF_", "__ALF_", "_AFL_"];
    SLIPS.iter().any(|slip| name.starts_with(slip))
        || (name.starts_with("AFL_") && !names().any(|known| known == name))
}

fn names() -> impl Iterator<Item = &'static str> {
    let own = TABLE.iter().flat_map(|entry| entry.names).copied();
    own.chain(tine_instrument::variables::names())
}

fn mistyped(name: &str) -> String {
    /// Less alike than this is another word.
    const ALIKE: f64 = 0.8;
    let best = names()
        .map(|known| (strsim::normalized_damerau_levenshtein(name, known), known))
        .max_by(|one, other| one.0.total_cmp(&other.0));
    match best {
        Some((likeness, known)) if likeness >= ALIKE => {
            format!("{name} is no variable of AFL's, did you mean {known}?")
        }
        _ => format!(
            "{name} is no variable of AFL's and has no effect (AFL_IGNORE_UNKNOWN_ENVS=1 for no \
             such notes)"
        ),
    }
}

/// All variables as a Markdown table.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::from("| variable | tine | |\n|---|---|---|\n");
    for entry in TABLE {
        let names: Vec<String> = entry.names.iter().map(|name| format!("`{name}`")).collect();
        let (word, what) = match entry.answer {
            Answer::Honoured(what) => ("honoured", what.to_owned()),
            Answer::Default(what) => ("as it is", what.to_owned()),
            Answer::NoEffect(what) => ("no effect, said so", what.to_owned()),
            Answer::Refused(what) => ("refused", what.to_owned()),
            Answer::Elsewhere(who) => ("not for tine", format!("read by {who}")),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {} | {word} | {what} |", names.join(", "));
    }
    let compilers = tine_instrument::variables::markdown();
    let _ = write!(
        text,
        "\nVariables for compilers, which `tine fuzz` leaves to `tine-cc`:\n\n{compilers}"
    );
    text
}

#[cfg(test)]
mod tests {
    use super::{Scope, TABLE, answers, names};
    use std::{collections::HashSet, ffi::OsStr};

    fn said(variables: &[(&str, &str)], scope: Scope) -> Result<Vec<String>, String> {
        let variables = variables
            .iter()
            .map(|(name, value)| (OsStr::new(*name), OsStr::new(*value)));
        answers(variables, scope).map_err(|error| error.to_string())
    }

    #[test]
    fn no_variable_has_two_answers() {
        let distinct: HashSet<&str> = names().collect();
        assert_eq!(distinct.len(), names().count());
        assert!(TABLE.iter().all(|entry| !entry.names.is_empty()));
    }

    #[test]
    fn a_variable_is_honoured_named_or_refused() {
        let fuzz = |name| said(&[(name, "1")], Scope::Fuzz);
        assert_eq!(fuzz("AFL_HANG_TMOUT"), Ok(vec![]));
        assert_eq!(fuzz("AFL_SKIP_CPUFREQ"), Ok(vec![]));
        assert_eq!(fuzz("AFL_LLVM_CMPLOG"), Ok(vec![]));
        assert_eq!(fuzz("PATH"), Ok(vec![]));
        let refused = fuzz("AFL_PYTHON_MODULE").unwrap_err();
        assert!(
            refused.starts_with("AFL_PYTHON_MODULE is set") && refused.contains("shared object"),
            "{refused}"
        );
        assert_eq!(said(&[("AFL_PYTHON_MODULE", "1")], Scope::All), Ok(vec![]));
        let both = [("AFL_QEMU_SNAPSHOT", "1"), ("AFL_FRIDA_VERBOSE", "1")];
        let noted = said(&both, Scope::Fuzz).unwrap();
        assert_eq!(noted.len(), 1);
        assert!(noted[0].starts_with("AFL_QEMU_SNAPSHOT, AFL_FRIDA_VERBOSE have no effect:"));
        let empty = said(&[("AFL_PYTHON_MODULE", "")], Scope::Fuzz).unwrap();
        assert_eq!(
            empty,
            ["AFL_PYTHON_MODULE is set to nothing, which counts as not set"]
        );
    }

    #[test]
    fn a_slip_is_noticed() {
        for (name, sentence) in [
            (
                "AFL_HANG_TIMEOUT",
                "AFL_HANG_TIMEOUT is no variable of AFL's, did you mean AFL_HANG_TMOUT?",
            ),
            (
                "ALF_NO_UI",
                "ALF_NO_UI is no variable of AFL's, did you mean AFL_NO_UI?",
            ),
            (
                "AFL_SOMETHING_ELSE",
                "AFL_SOMETHING_ELSE is no variable of AFL's and has no effect \
                 (AFL_IGNORE_UNKNOWN_ENVS=1 for no such notes)",
            ),
        ] {
            assert_eq!(said(&[(name, "1")], Scope::All).unwrap(), [sentence]);
            let ignored = [(name, "1"), ("AFL_IGNORE_UNKNOWN_ENVS", "1")];
            assert_eq!(said(&ignored, Scope::All), Ok(vec![]));
        }
    }
}
