//! What the command line and the environment ask of a session, and how that is written
//! down.

use super::{
    corpus::DEFAULT_BUDGET, error::FuzzError, history::DEFAULT_INPUTS, import::LONGEST_RUN,
};
use crate::{
    cli::{FuzzArgs, MOST_REPLAY_INPUTS},
    environment::Wishes,
    report::{folder::OutputFolder, shell, stats::Earlier, summary::Replay},
    target::{self, Target, TargetError},
};
use std::{
    env,
    hash::{BuildHasher, Hasher, RandomState},
    time::Duration,
};
use tine_controller::TargetInfo;

/// When to end, and which runs are too long.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Limit of a run.
    pub run: Duration,
    /// A run over [`Self::run`] is a hang only if it is over this one too.
    pub hang: Duration,
    /// End at this many runs.
    pub runs: u64,
    /// End after this time.
    pub time: Option<Duration>,
    /// End at the first crash.
    pub until_crash: bool,
    /// Crashes are what is looked for and kept; runs without one are of no use.
    pub explore_crashes: bool,
    /// What AFL's variables ask for.
    pub wishes: Wishes,
}

/// Reads the limits.
pub fn limits(args: &FuzzArgs, earlier: &Earlier, run: Duration) -> Result<Limits, TargetError> {
    Ok(Limits {
        run,
        hang: hang_limit()?.max(run),
        runs: args
            .executions
            .map_or(u64::MAX, |runs| earlier.runs.saturating_add(runs)),
        time: args.seconds.map(Duration::from_secs),
        until_crash: args.until_crash || target::is_set("AFL_BENCH_UNTIL_CRASH"),
        explore_crashes: args.explore_crashes,
        wishes: Wishes::read()?,
    })
}

/// What the user chose, or else the default.
pub fn remembered_inputs(args: &FuzzArgs) -> Result<usize, TargetError> {
    if let Some(chosen) = args.replay_inputs {
        return Ok(chosen);
    }
    let chosen = target::count_variable("AFL_PERSISTENT_RECORD", MOST_REPLAY_INPUTS)?;
    Ok(chosen.unwrap_or(DEFAULT_INPUTS))
}

/// Bytes of the corpus that are kept in memory: what the user chose, or the default.
pub fn corpus_memory(args: &FuzzArgs) -> Result<usize, TargetError> {
    let chosen = match args.corpus_memory {
        Some(chosen) => Some(chosen),
        None => target::megabytes_variable("AFL_TESTCACHE_SIZE")?,
    };
    Ok(chosen.map_or(DEFAULT_BUDGET, |megabytes| {
        usize::try_from(megabytes.saturating_mul(1 << 20)).unwrap_or(usize::MAX)
    }))
}

/// A run that takes longer than this is a hang.
pub fn hang_limit() -> Result<Duration, TargetError> {
    target::duration_variable("AFL_HANG_TMOUT").map(|chosen| chosen.unwrap_or(LONGEST_RUN))
}

/// Different in each process.
pub fn random_seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// The name that the figures have for the session: one line.
pub fn banner(args: &FuzzArgs, target: &Target) -> String {
    let name = || {
        let name = target.file.path.file_name();
        name.unwrap_or_default().to_string_lossy().into_owned()
    };
    let chosen = args.banner.clone().unwrap_or_else(name);
    chosen.replace(char::is_control, " ")
}

/// AFL's words for how the target is run.
pub fn mode(args: &FuzzArgs, info: &TargetInfo) -> String {
    let words: Vec<&str> = [
        (!info.instrumented, "non_instrumented"),
        (args.explore_crashes, "crash"),
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

/// How the target is run on what was found.
pub fn replay(args: &FuzzArgs) -> Replay {
    let mut options = Vec::new();
    if let Some(file) = &args.file {
        options.extend(["-f".into(), file.clone().into_os_string()]);
    }
    if let Some(extension) = &args.extension {
        options.extend(["-f".into(), format!("input.{extension}").into()]);
    }
    if args.memory.0.is_some() {
        options.extend(["-m".into(), args.memory.to_string().into()]);
    }
    if let Some(timeout) = args.timeout.filter(|timeout| timeout.limit > LONGEST_RUN) {
        options.extend(["-t".into(), timeout.limit.as_millis().to_string().into()]);
    }
    let tine = env::args_os().next().unwrap_or_else(|| "tine".into());
    Replay {
        tine,
        options,
        target: args.target.clone(),
        sanitized: args.sanitized.clone(),
        direct: args.non_instrumented,
    }
}

/// Notes how the target and the fuzzer were run.
pub fn write_setup(
    args: &FuzzArgs,
    folder: &OutputFolder,
    command_line: &str,
) -> Result<(), FuzzError> {
    let words: Vec<_> = args
        .target
        .iter()
        .map(|word| word.to_string_lossy())
        .collect();
    folder.write("cmdline", &format!("{}\n", words.join("\n")))?;
    let mut variables: Vec<String> = env::vars_os()
        .filter(|(name, _)| {
            let name = name.to_string_lossy();
            name.starts_with("AFL_") || name.starts_with("TINE_") || name.ends_with("SAN_OPTIONS")
        })
        .map(|(name, value)| format!("{}={}\n", name.to_string_lossy(), shell::quoted(&value)))
        .collect();
    variables.sort();
    let setup = format!(
        "# environment variables:\n{}# command line:\n{command_line}\n",
        variables.concat()
    );
    folder.write("fuzzer_setup", &setup)?;
    Ok(())
}
