//! What AFL's variables ask of a session.

use std::time::Duration;

/// What AFL's variables ask of a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wishes {
    /// `AFL_BENCH_JUST_ONE`: end behind the first testcase.
    pub just_one: bool,
    /// `AFL_EXIT_WHEN_DONE`: end when there seems to be nothing left to find.
    pub exit_when_done: bool,
    /// `AFL_EXIT_ON_TIME`: end when nothing was found for so long.
    pub exit_on_time: Option<Duration>,
    /// `AFL_EXIT_ON_SEED_ISSUES`: a seed that fails is an error.
    pub seeds_must_run: bool,
    /// `AFL_CRASHING_SEEDS_AS_NEW_CRASH`.
    pub crashing_seeds_are_crashes: bool,
    /// `AFL_FAST_CAL`: fewer runs for a new testcase.
    pub fast_calibration: bool,
    /// `AFL_NO_STARTUP_CALIBRATION`: one run for a seed.
    pub seeds_run_once: bool,
    /// `AFL_IGNORE_TIMEOUTS`.
    pub ignore_timeouts: bool,
    /// `AFL_KEEP_TIMEOUTS`.
    pub keep_timeouts: bool,
    /// `AFL_NO_CRASH_README`.
    pub no_readme: bool,
    /// `AFL_FUZZER_STATS_UPDATE_INTERVAL`: time between two writes of the figures.
    pub stats_interval: Option<Duration>,
}

impl Wishes {
    /// Whether a session that ran for `this_part`, and for `run_time` with its earlier
    /// parts, and found nothing for `since_find`, is to end; the variable that says so.
    #[must_use]
    pub fn end(
        &self,
        this_part: Duration,
        run_time: Duration,
        since_find: Duration,
    ) -> Option<&'static str> {
        if self.exit_on_time.is_some_and(|limit| since_find > limit) {
            return Some("AFL_EXIT_ON_TIME");
        }
        (self.exit_when_done && is_done(this_part, run_time, since_find))
            .then_some("AFL_EXIT_WHEN_DONE")
    }
}

/// What `afl-fuzz` calls finished: three quarters of the time, in this part and in
/// all, passed without a find.
fn is_done(this_part: Duration, run_time: Duration, since_find: Duration) -> bool {
    const LEAST_PART: Duration = Duration::from_secs(3 * 60);
    const LEAST_TIME: Duration = Duration::from_secs(5 * 60);
    this_part >= LEAST_PART
        && run_time >= LEAST_TIME
        && since_find * 4 >= this_part * 3
        && since_find * 4 >= run_time * 3
}

#[cfg(test)]
mod tests {
    use super::Wishes;
    use std::time::Duration;

    #[test]
    fn a_session_ends_when_it_finds_nothing_any_more() {
        let on_time = Wishes {
            exit_on_time: Some(Duration::from_secs(10)),
            ..Wishes::default()
        };
        let when_done = Wishes {
            exit_when_done: true,
            ..Wishes::default()
        };
        for (wishes, this_part, run_time, since_find, end) in [
            (Wishes::default(), 1000, 1000, 1000, None),
            (on_time, 1000, 1000, 10, None),
            (on_time, 1000, 1000, 11, Some("AFL_EXIT_ON_TIME")),
            (when_done, 400, 400, 300, Some("AFL_EXIT_WHEN_DONE")),
            (when_done, 400, 400, 299, None),
            (when_done, 299, 299, 299, None),
            (when_done, 400, 4000, 400, None),
            (when_done, 170, 400, 400, None),
        ] {
            let of = Duration::from_secs;
            assert_eq!(
                wishes.end(of(this_part), of(run_time), of(since_find)),
                end,
                "{this_part} {run_time} {since_find}"
            );
        }
    }
}
