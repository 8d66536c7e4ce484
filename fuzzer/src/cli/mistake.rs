//! What is said of a command line that cannot be read.

use super::afl_options;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::ffi::OsString;

/// What is wrong with the command line `words`, and where to read on.
pub fn sentence(error: &clap::Error, words: &[OsString]) -> String {
    if let Some(sentence) = afl_option(error, words) {
        return sentence;
    }
    let text = error.to_string();
    let mut paragraphs = text.split("\n\n");
    let what = paragraphs
        .next()
        .unwrap_or_default()
        .trim_start_matches("error: ");
    let mut sentence: String = what.split_whitespace().collect::<Vec<_>>().join(" ");
    // The tip about values that look like options only leads astray.
    let tips = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("tip: "));
    if let Some(tip) = tips.into_iter().find(|tip| tip.contains("similar")) {
        sentence.push_str(": ");
        sentence.push_str(tip);
    }
    if error.kind() == ErrorKind::MissingRequiredArgument && options_behind_target(error, words) {
        sentence.push_str(": options stand before TARGET, what follows it is passed on to it");
    }
    sentence.push_str(" (--help lists what there is)");
    sentence
}

/// The answer to an option that only AFL's tools have.
fn afl_option(error: &clap::Error, words: &[OsString]) -> Option<String> {
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let command = words.get(1)?.to_str()?;
    let what = match command {
        _ if error.kind() != ErrorKind::UnknownArgument => None,
        "fuzz" => afl_options::of_fuzz(option),
        "showmap" => afl_options::of_showmap(option),
        "cmin" => afl_options::of_cmin(option),
        "tmin" => afl_options::of_tmin(option),
        _ => None,
    }?;
    Some(format!(
        "{option} is an option of afl-{command} only; {what}"
    ))
}

/// Whether an option that `error` misses is there, but where the target's
/// arguments stand.
fn options_behind_target(error: &clap::Error, words: &[OsString]) -> bool {
    let Some(ContextValue::Strings(missing)) = error.get(ContextKind::InvalidArg) else {
        return false;
    };
    [("--input ", "-i"), ("--output ", "-o")]
        .iter()
        .any(|(long, short)| {
            missing.iter().any(|name| name.starts_with(long))
                && words
                    .iter()
                    .any(|word| word == short || word == long.trim_end())
        })
}
