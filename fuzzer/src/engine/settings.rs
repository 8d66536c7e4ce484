//! What follows from a session's configuration, and how it is written down.

use super::{config::Config, error::FuzzError};
use crate::{
    report::{folder::OutputFolder, shell},
    target::Target,
};
use std::hash::{BuildHasher, Hasher, RandomState};
use tine_controller::TargetInfo;

/// Bytes of the corpus that are kept in memory.
pub fn corpus_memory(config: &Config) -> usize {
    usize::try_from(config.corpus_megabytes.saturating_mul(1 << 20)).unwrap_or(usize::MAX)
}

/// Different in each process.
pub fn random_seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// The name that the figures have for the session: one line.
pub fn banner(config: &Config, target: &Target) -> String {
    let name = || {
        let name = target.file.path.file_name();
        name.unwrap_or_default().to_string_lossy().into_owned()
    };
    let chosen = config.record.banner.clone().unwrap_or_else(name);
    chosen.replace(char::is_control, " ")
}

/// AFL's words for how the target is run.
pub fn mode(config: &Config, info: &TargetInfo) -> String {
    let words: Vec<&str> = [
        (!info.instrumented, "non_instrumented"),
        (config.explore_crashes, "crash"),
        (info.persistent, "persistent"),
        (info.shm_input, "shmem_testcase"),
        (info.deferred, "deferred"),
    ]
    .into_iter()
    .filter_map(|(applies, word)| applies.then_some(word))
    .collect();
    if words.is_empty() {
        "default".into()
    } else {
        words.join(" ")
    }
}

/// Notes how the target and the fuzzer were run.
pub fn write_setup(config: &Config, folder: &OutputFolder) -> Result<(), FuzzError> {
    let words: Vec<_> = config
        .program
        .command
        .iter()
        .map(|word| word.to_string_lossy())
        .collect();
    folder.write("cmdline", &format!("{}\n", words.join("\n")))?;
    let mut variables: Vec<String> = config
        .record
        .variables
        .iter()
        .map(|(name, value)| format!("{}={}\n", name.to_string_lossy(), shell::quoted(value)))
        .collect();
    variables.sort();
    let setup = format!(
        "# environment variables:\n{}# command line:\n{}\n",
        variables.concat(),
        config.record.command_line
    );
    folder.write("fuzzer_setup", &setup)?;
    Ok(())
}
