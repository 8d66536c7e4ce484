//! From the command line and the environment to a session: the one place where both are
//! read.

use super::{FuzzArgs, InstanceError, values::MOST_REPLAY_INPUTS};
use crate::{
    campaign,
    engine::config::{
        Abstraction, Compare, Config, CoreChoice, CustomLibraries, ExchangeChoice, LONGEST_RUN,
        LengthError, Lengths, Mutation, SanitizedBinaries, Scheduling, SeedSource,
    },
    environment::{self, VariableError, Variables},
    report::{shell, summary::Replay},
    target,
};
use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::PathBuf,
    time::Duration,
};
use tine_protocol::layout::input::MAX_INPUT;

/// Why there is no session as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A variable means nothing.
    #[error(transparent)]
    Variable(#[from] VariableError),
    /// Options about the instance do not go together.
    #[error(transparent)]
    Instance(#[from] InstanceError),
    /// No input can be as long as it must be.
    #[error(transparent)]
    Lengths(#[from] LengthError),
}

/// The session that the options of `tine fuzz` and the variables ask for. `words` is the
/// whole command line.
///
/// # Errors
/// When a variable means nothing, or options do not go together.
pub fn of(
    args: &FuzzArgs,
    variables: &Variables,
    words: &[OsString],
) -> Result<Config, ConfigError> {
    let instance = args.instance()?;
    let given = Given {
        min_length: args.mutation.min_length,
        max_length: args.mutation.max_length,
        replay_inputs: args.replay_inputs,
        corpus_memory: args.corpus_memory,
    };
    let target = args.target.clone();
    let mut config = started(
        args.input.clone(),
        args.output.clone(),
        target,
        &given,
        variables,
        words,
    )?;
    config.program.file.clone_from(&args.file);
    config.program.extension.clone_from(&args.extension);
    config.program.timeout = args.timeout.map(|timeout| timeout.limit);
    config.program.memory = args.memory;
    config.program.non_instrumented = args.non_instrumented;
    config.program.input_folder = input_folder(args, variables)?;
    config.instance = instance;
    config.in_campaign = args.campaign.is_some();
    config.exchange.foreign.clone_from(&args.foreign);
    config.ends.runs = args.executions;
    config.ends.time = args.seconds.map(Duration::from_secs);
    config.ends.until_crash |= args.until_crash;
    config.explore_crashes = args.explore_crashes;
    config.seed = args.seed;
    config.scheduling.schedule = args.schedule.0;
    config.scheduling.sequential = args.sequential;
    config.mutation.input_type = args.mutation.input_type;
    config.mutation.aim = args.mutation.aim;
    config.mutation.splices = args.mutation.splice;
    config.mutation.deterministic = !args.mutation.no_deterministic;
    config.dictionaries.clone_from(&args.dictionary);
    config.compare.program.clone_from(&args.compare.program);
    config.compare.level = args.compare.level.unwrap_or_default();
    config.sanitized.paths.clone_from(&args.sanitized);
    config.core.wanted = args.bind;
    config.record.banner.clone_from(&args.banner);
    config.record.replay = replay(args, variables, words);
    Ok(config)
}

/// A session for which no options were given, only variables.
///
/// # Errors
/// When a variable means nothing.
pub fn plain(
    seeds: PathBuf,
    output: PathBuf,
    target: Vec<OsString>,
    variables: &Variables,
    words: &[OsString],
) -> Result<Config, ConfigError> {
    let seeds = SeedSource::Folder(seeds);
    started(seeds, output, target, &Given::default(), variables, words)
}

/// Options that stand above variables: where one is given, the variable is not looked at.
#[derive(Default)]
struct Given {
    min_length: Option<usize>,
    max_length: Option<usize>,
    replay_inputs: Option<usize>,
    corpus_memory: Option<u64>,
}

/// A session by its variables.
fn started(
    seeds: SeedSource,
    output: PathBuf,
    target: Vec<OsString>,
    given: &Given,
    variables: &Variables,
    words: &[OsString],
) -> Result<Config, ConfigError> {
    let is_set = |name| variables.is_set(name);
    let mut config = Config::new(seeds, output, target);
    config.program.start = environment::start_options(variables)?;
    config.shuffles_seeds = is_set("AFL_SHUFFLE_QUEUE");
    config.resumes = variables.has("AFL_AUTORESUME");
    config.heeds_signals = true;
    config.exchange = exchange(variables)?;
    config.ends.until_crash = is_set("AFL_BENCH_UNTIL_CRASH");
    config.hang = variables
        .milliseconds("AFL_HANG_TMOUT")?
        .unwrap_or(LONGEST_RUN);
    config.wishes = environment::wishes(variables)?;
    config.scheduling = Scheduling {
        cycles: variables.has("AFL_CYCLE_SCHEDULES"),
        ..Scheduling::default()
    };
    config.mutation = mutation(given, variables)?;
    config.uses_auto_tokens = !is_set("AFL_NO_AUTODICT");
    config.compare = Compare {
        only_new: is_set("AFL_CMPLOG_ONLY_NEW"),
        ..Compare::default()
    };
    config.custom = custom(variables);
    config.sanitized = SanitizedBinaries {
        abstraction: abstraction(variables)?,
        ..SanitizedBinaries::default()
    };
    config.core = CoreChoice {
        wanted: None,
        may_fail: is_set("AFL_TRY_AFFINITY"),
        off: is_set("AFL_NO_AFFINITY"),
    };
    config.replay_inputs = match given.replay_inputs {
        Some(chosen) => chosen,
        None => variables
            .count("AFL_PERSISTENT_RECORD", MOST_REPLAY_INPUTS)?
            .unwrap_or(config.replay_inputs),
    };
    config.corpus_megabytes = match given.corpus_memory {
        Some(chosen) => chosen,
        None => variables
            .megabytes("AFL_TESTCACHE_SIZE")?
            .unwrap_or(config.corpus_megabytes),
    };
    config.record.forgets = variables.has("AFL_NO_FASTRESUME");
    config.record.variables = recorded(variables);
    config.record.command_line = shell::line(campaign::shown(words.iter().cloned()));
    config
        .record
        .replay
        .placeholder
        .clone_from(&config.program.start.placeholder);
    if let Some(tine) = words.first() {
        config.record.replay.tine.clone_from(tine);
    }
    Ok(config)
}

/// How the target is run on what was found.
#[must_use]
pub fn replay(args: &FuzzArgs, variables: &Variables, words: &[OsString]) -> Replay {
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
    Replay {
        tine: words.first().cloned().unwrap_or_else(|| "tine".into()),
        options,
        target: args.target.clone(),
        placeholder: variables.filled("AFL_INPUT_PLACEHOLDER").map(Into::into),
        sanitized: args.sanitized.clone(),
        direct: args.non_instrumented,
    }
}

/// What is said about options that have no effect any more.
#[must_use]
pub fn remark(args: &FuzzArgs) -> Option<&'static str> {
    (args.mutation.old_skip || args.mutation.old_deterministic).then_some(
        "-d and -D have no effect any more, as in afl-fuzz: the deterministic stage is bounded \
         and on, and -z turns it off",
    )
}

/// `AFL_TMPDIR`, if the target needs a file of ours.
fn input_folder(args: &FuzzArgs, variables: &Variables) -> Result<Option<PathBuf>, VariableError> {
    const NAME: &str = "AFL_TMPDIR";
    let placeholder = variables.filled("AFL_INPUT_PLACEHOLDER");
    let placeholder = placeholder.unwrap_or(OsStr::new(target::PLACEHOLDER));
    let is_needed = args.file.is_none() && target::names_input(&args.target, placeholder);
    let Some(folder) = variables.filled(NAME).filter(|_| is_needed) else {
        return Ok(None);
    };
    let folder = PathBuf::from(folder);
    if folder.is_dir() {
        return Ok(Some(folder));
    }
    Err(VariableError {
        name: NAME,
        value: folder.display().to_string(),
        expected: "give a folder that exists",
    })
}

fn exchange(variables: &Variables) -> Result<ExchangeChoice, VariableError> {
    Ok(ExchangeChoice {
        off: variables.is_set("AFL_NO_SYNC"),
        foreign: Vec::new(),
        at_start: variables.is_set("AFL_IMPORT_FIRST"),
        at_end: variables.is_set("AFL_FINAL_SYNC"),
        longest_pause: longest_pause(variables)?,
    })
}

/// `AFL_SYNC_TIME`, in minutes.
fn longest_pause(variables: &Variables) -> Result<Option<Duration>, VariableError> {
    const MINUTE: Duration = Duration::from_secs(60);
    const MOST: u64 = 1_000_000;
    let expected = "give a number of minutes, such as 5";
    let minutes = variables.number("AFL_SYNC_TIME", 1..=MOST, expected)?;
    Ok(minutes.map(|minutes| MINUTE * minutes as u32))
}

fn mutation(given: &Given, variables: &Variables) -> Result<Mutation, ConfigError> {
    let is_set = |name| variables.is_set(name);
    let count = |name| -> Result<Option<usize>, VariableError> {
        let expected = "give a whole number from 1 to 1048576";
        let number = variables.number(name, 1..=MAX_INPUT as u64, expected)?;
        Ok(number.map(|number| number as usize))
    };
    let length = |chosen: Option<usize>, name, default| -> Result<usize, VariableError> {
        Ok(match chosen {
            Some(length) => length,
            None => count(name)?.unwrap_or(default),
        })
    };
    let default = Mutation::default();
    let (shortest, longest) = (default.lengths.shortest(), default.lengths.longest());
    let shortest = length(given.min_length, "AFL_INPUT_LEN_MIN", shortest)?;
    let longest = length(given.max_length, "AFL_INPUT_LEN_MAX", longest)?;
    Ok(Mutation {
        lengths: Lengths::new(shortest, longest)?,
        trims: !is_set("AFL_DISABLE_TRIM") && !is_set("AFL_NO_TRIM"),
        arithmetic: !is_set("AFL_NO_ARITH"),
        most_tokens: count("AFL_MAX_DET_EXTRAS")?.unwrap_or(default.most_tokens),
        expanded: is_set("AFL_EXPAND_HAVOC_NOW"),
        ..default
    })
}

fn custom(variables: &Variables) -> CustomLibraries {
    let list = variables
        .get("AFL_CUSTOM_MUTATOR_LIBRARY")
        .unwrap_or_default();
    let parts = list.as_bytes().split(|byte| b";:,".contains(byte));
    CustomLibraries {
        libraries: parts
            .filter(|part| !part.is_empty())
            .map(|part| OsString::from_vec(part.to_vec()))
            .collect(),
        only: variables.is_set("AFL_CUSTOM_MUTATOR_ONLY"),
        keeps_original: variables.is_set("AFL_POST_PROCESS_KEEP_ORIGINAL"),
        sends_late: variables.is_set("AFL_CUSTOM_MUTATOR_LATE_SEND"),
        trims: !variables.is_set("AFL_DISABLE_TRIM"),
    }
}

fn abstraction(variables: &Variables) -> Result<Abstraction, VariableError> {
    const NAME: &str = "AFL_SAN_ABSTRACTION";
    let Some(value) = variables.filled(NAME) else {
        return Ok(Abstraction::default());
    };
    let named = value.to_str().and_then(Abstraction::named);
    named.ok_or_else(|| VariableError {
        name: NAME,
        value: value.display().to_string(),
        expected: "give simplify_trace, unique_trace or coverage_increase",
    })
}

/// The variables that are written down: those of AFL, of tine and of sanitizers.
fn recorded(variables: &Variables) -> Vec<(OsString, OsString)> {
    let is_recorded = |name: &OsStr| {
        let name = name.to_string_lossy();
        name.starts_with("AFL_") || name.starts_with("TINE_") || name.ends_with("SAN_OPTIONS")
    };
    variables
        .iter()
        .filter(|(name, _)| is_recorded(name))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests;
