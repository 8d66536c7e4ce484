//! What AFL's variables ask of a session.

use super::{VariableError, Variables};
use crate::engine::config::Wishes;

/// What AFL's variables ask of a session.
///
/// # Errors
/// When a value means nothing.
pub fn wishes(variables: &Variables) -> Result<Wishes, VariableError> {
    let is_set = |name| variables.is_set(name);
    Ok(Wishes {
        just_one: is_set("AFL_BENCH_JUST_ONE"),
        exit_when_done: is_set("AFL_EXIT_WHEN_DONE"),
        exit_on_time: variables.seconds("AFL_EXIT_ON_TIME")?,
        seeds_must_run: is_set("AFL_EXIT_ON_SEED_ISSUES"),
        crashing_seeds_are_crashes: is_set("AFL_CRASHING_SEEDS_AS_NEW_CRASH"),
        fast_calibration: is_set("AFL_FAST_CAL") || is_set("AFL_CAL_FAST"),
        seeds_run_once: is_set("AFL_NO_STARTUP_CALIBRATION"),
        ignore_timeouts: is_set("AFL_IGNORE_TIMEOUTS"),
        keep_timeouts: is_set("AFL_KEEP_TIMEOUTS"),
        no_readme: is_set("AFL_NO_CRASH_README"),
        stats_interval: variables.seconds("AFL_FUZZER_STATS_UPDATE_INTERVAL")?,
    })
}
