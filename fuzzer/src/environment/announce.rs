//! What user-supplied mutators are told, by the environment of this process.

#![allow(unsafe_code)]

use super::Variables;
use crate::engine::config::Config;
use std::{
    env,
    ffi::{OsStr, OsString},
};

/// Tells the libraries that a session will load about its target, by the environment of
/// this process, as `AFL++` does; variables that are set already stay. To be called before
/// the process has a second thread: one that reads the environment meanwhile would read
/// freed memory. If there is one, nothing is told.
pub fn announce(config: &Config, variables: &Variables) {
    if config.custom.libraries.is_empty() {
        return;
    }
    let threads = std::fs::read_dir("/proc/self/task").map(Iterator::count);
    if !threads.is_ok_and(|count| count == 1) {
        return;
    }
    let told = announced(config).into_iter();
    for (name, value) in told.filter(|(name, _)| !variables.has(name)) {
        // SAFETY: there is no other thread that could read the environment.
        unsafe { env::set_var(name, value) };
    }
}

/// The variables, with the names that `AFL++` gives them.
fn announced(config: &Config) -> Vec<(&'static str, OsString)> {
    let command = &config.program.command;
    let (program, arguments) = command.split_first().map_or_else(
        || (OsString::new(), OsString::new()),
        |(program, arguments)| (program.clone(), arguments.join(OsStr::new(" "))),
    );
    let output = std::path::absolute(&config.output);
    let output = output.unwrap_or_else(|_| config.output.clone());
    let mut told = vec![
        ("AFL_CUSTOM_INFO_PROGRAM", program),
        ("AFL_CUSTOM_INFO_PROGRAM_ARGV", arguments),
        (
            "AFL_CUSTOM_INFO_OUT",
            output.join(config.instance.name.as_str()).into(),
        ),
    ];
    if let Some(file) = &config.program.file {
        told.push(("AFL_CUSTOM_INFO_PROGRAM_INPUT", file.into()));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::announced;
    use crate::engine::config::{Config, SeedSource};

    #[test]
    fn libraries_hear_of_the_target_and_the_folder() {
        let command = ["./t", "-x", "@@"].map(Into::into).to_vec();
        let mut config = Config::new(SeedSource::Resume, "/out".into(), command);
        config.program.file = Some("in".into());
        let expected = [
            ("AFL_CUSTOM_INFO_PROGRAM", "./t".into()),
            ("AFL_CUSTOM_INFO_PROGRAM_ARGV", "-x @@".into()),
            ("AFL_CUSTOM_INFO_OUT", "/out/default".into()),
            ("AFL_CUSTOM_INFO_PROGRAM_INPUT", "in".into()),
        ];
        assert_eq!(announced(&config), expected);
    }
}
