//! `fuzzer_stats` and `plot_data`, with AFL's keys and columns.

use super::{store, text::grouped};
use std::{collections::HashMap, fmt::Write, path::Path, time::Duration};

/// The first line of `plot_data`.
pub const PLOT_HEADER: &str = "# relative_time, cycles_done, cur_item, corpus_count, \
     pending_total, pending_favs, map_size, saved_crashes, saved_hangs, max_depth, \
     execs_per_sec, total_execs, edges_found, total_crashes, servers_count\n";

/// How much of the corpus is in memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cached {
    /// Bytes of inputs.
    pub bytes: usize,
    /// Testcases.
    pub count: usize,
    /// How often one gave way to another.
    pub evictions: u64,
}

/// Where a session stands.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Seconds since 1970 at the beginning of this part of the session.
    pub start_time: u64,
    /// Seconds since 1970 now.
    pub last_update: u64,
    /// How long it ran, earlier parts included.
    pub run_time: Duration,
    /// How much of it went into calibration.
    pub calibration_time: Duration,
    /// How much into trimming.
    pub trim_time: Duration,
    /// How much into the compare log.
    pub cmplog_time: Duration,
    /// How much into the exchange with other instances.
    pub sync_time: Duration,
    /// Finished cycles through the queue.
    pub cycles_done: u64,
    /// Cycles in a row that found nothing.
    pub cycles_without_finds: u64,
    /// Runs, earlier parts of the session included.
    pub runs: u64,
    /// Runs in the last minute, a second.
    pub runs_per_second_last_minute: f64,
    /// Runs now, a second.
    pub runs_per_second_now: f64,
    /// Testcases.
    pub corpus: u64,
    /// Testcases that were found here, not given.
    pub found: u64,
    /// Testcases that other instances found.
    pub imported: u64,
    /// Favored ones.
    pub favored: u64,
    /// Favored ones that were never fuzzed.
    pub pending_favored: u64,
    /// Testcases that were never fuzzed.
    pub pending: u64,
    /// Testcases with coverage that differs from run to run.
    pub variable: u64,
    /// The longest way from a seed.
    pub max_depth: u64,
    /// Number of the testcase that is fuzzed now.
    pub current: u64,
    /// How much of the corpus is in memory.
    pub cached: Cached,
    /// Edges found.
    pub edges: u64,
    /// Edges that there are; for other runtimes than tine's, counters.
    pub total_edges: u64,
    /// Edges whose counts differ between runs of one testcase.
    pub variable_edges: u64,
    /// Crashes on disk.
    pub saved_crashes: u64,
    /// All runs that crashed.
    pub total_crashes: u64,
    /// Hangs on disk.
    pub saved_hangs: u64,
    /// All runs over the limit.
    pub total_timeouts: u64,
    /// How often the fork server was lost and started again.
    pub restarts: u64,
    /// Inputs that took it along each time.
    pub lost_inputs: u64,
    /// Seconds since 1970 at the last find, 0 for none.
    pub last_find: u64,
    /// Time since then, by a clock that nobody sets; `None` if nothing was found.
    pub since_find: Option<Duration>,
    /// Most seconds that lie between two finds.
    pub longest_gap: u64,
    /// The same as [`Self::last_find`] for the last crash.
    pub last_crash: u64,
    /// The same for the last hang.
    pub last_hang: u64,
    /// Runs since the last crash.
    pub runs_since_crash: u64,
    /// Limit of a run.
    pub limit: Duration,
    /// The slowest testcase.
    pub slowest: Duration,
    /// Most memory that the target had, in megabytes.
    pub peak_megabytes: u64,
    /// The core, or none.
    pub core: Option<usize>,
    /// How far havoc was expanded, because nothing was found.
    pub havoc_expansion: u64,
    /// Tokens that came with the target.
    pub auto_tokens: u64,
    /// The binaries with sanitizers, and how many runs each made.
    pub sanitizers: Vec<(String, u64)>,
}

/// What stays the same in all statistics of a session.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// This process.
    pub pid: u32,
    /// Name of the target.
    pub banner: String,
    /// How it is run: `persistent shmem_testcase deferred`, or `default`.
    pub mode: String,
    /// How the fuzzer was started.
    pub command_line: String,
}

impl Snapshot {
    /// Runs a second, on the whole.
    #[must_use]
    pub fn runs_per_second(&self) -> f64 {
        let seconds = self.run_time.as_secs_f64();
        if seconds > 0.0 {
            self.runs as f64 / seconds
        } else {
            0.0
        }
    }

    /// How much of the coverage is the same in each run, in percent.
    #[must_use]
    pub fn stability(&self) -> f64 {
        if self.edges == 0 {
            return 100.0;
        }
        let variable = self.variable_edges.min(self.edges);
        100.0 - variable as f64 * 100.0 / self.edges as f64
    }

    /// How many of all edges were found, in percent.
    #[must_use]
    pub fn coverage(&self) -> f64 {
        self.edges as f64 * 100.0 / self.total_edges.max(1) as f64
    }

    /// The most seconds without a find, those since the last one included; 0 before
    /// the first.
    #[must_use]
    pub fn longest_without_finds(&self) -> u64 {
        let since_last = self.since_find.unwrap_or_default();
        self.longest_gap.max(since_last.as_secs())
    }

    /// The coverage in words; there is none of a target that is not instrumented.
    #[must_use]
    pub fn coverage_words(&self) -> String {
        if self.total_edges == 0 {
            return "no coverage (-n)".into();
        }
        let (edges, total) = (grouped(self.edges), grouped(self.total_edges));
        format!("{edges} of {total} edges")
    }

    /// The text of `fuzzer_stats`.
    #[must_use]
    pub fn fuzzer_stats(&self, facts: &Facts) -> String {
        let mut text = String::with_capacity(2048);
        let mut put = |key: &str, value: &dyn std::fmt::Display| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{key:<18}: {value}");
        };
        let other_time = self.calibration_time + self.cmplog_time + self.sync_time + self.trim_time;
        let fuzz_time = self.run_time.saturating_sub(other_time);
        put("start_time", &self.start_time);
        put("last_update", &self.last_update);
        put("run_time", &self.run_time.as_secs());
        put("fuzzer_pid", &facts.pid);
        put("cycles_done", &self.cycles_done);
        put("cycles_wo_finds", &self.cycles_without_finds);
        put("time_wo_finds", &self.longest_without_finds());
        put("fuzz_time", &fuzz_time.as_secs());
        put("calibration_time", &self.calibration_time.as_secs());
        put("cmplog_time", &self.cmplog_time.as_secs());
        put("sync_time", &self.sync_time.as_secs());
        put("trim_time", &self.trim_time.as_secs());
        put("execs_done", &self.runs);
        put(
            "execs_per_sec",
            &format_args!("{:.2}", self.runs_per_second()),
        );
        put(
            "execs_ps_last_min",
            &format_args!("{:.2}", self.runs_per_second_last_minute),
        );
        put("corpus_count", &self.corpus);
        put("corpus_favored", &self.favored);
        put("corpus_found", &self.found);
        put("corpus_imported", &self.imported);
        put("corpus_variable", &self.variable);
        put("max_depth", &self.max_depth);
        put("cur_item", &self.current);
        put("pending_favs", &self.pending_favored);
        put("pending_total", &self.pending);
        put("stability", &format_args!("{:.2}%", self.stability()));
        put("bitmap_cvg", &format_args!("{:.2}%", self.coverage()));
        put("saved_crashes", &self.saved_crashes);
        put("saved_hangs", &self.saved_hangs);
        put("total_tmout", &self.total_timeouts);
        put("last_find", &self.last_find);
        put("last_crash", &self.last_crash);
        put("last_hang", &self.last_hang);
        put("execs_since_crash", &self.runs_since_crash);
        put("exec_timeout", &self.limit.as_millis());
        put("slowest_exec_ms", &self.slowest.as_millis());
        put("peak_rss_mb", &self.peak_megabytes);
        put("cpu_affinity", &self.core.map_or(-1, |core| core as i64));
        put("edges_found", &self.edges);
        put("total_edges", &self.total_edges);
        put("var_byte_count", &self.variable_edges);
        put("havoc_expansion", &self.havoc_expansion);
        put("auto_dict_entries", &self.auto_tokens);
        put("testcache_size", &self.cached.bytes);
        put("testcache_count", &self.cached.count);
        put("testcache_evict", &self.cached.evictions);
        put("afl_banner", &facts.banner);
        put("afl_version", &concat!("tine-", env!("CARGO_PKG_VERSION")));
        put("target_mode", &facts.mode);
        put("command_line", &facts.command_line);
        // AFL has no such keys: behind all of its own.
        put("total_crashes", &self.total_crashes);
        put("server_restarts", &self.restarts);
        put("lost_inputs", &self.lost_inputs);
        for (binary, runs) in &self.sanitizers {
            put("extra_binary", binary);
            put("total_execs", runs);
        }
        text
    }

    /// A line of `plot_data`. Its last column counts the sanitizer-built binaries that
    /// run beside the target.
    #[must_use]
    pub fn plot_line(&self) -> String {
        format!(
            "{}, {}, {}, {}, {}, {}, {:.2}%, {}, {}, {}, {:.2}, {}, {}, {}, 0\n",
            self.run_time.as_secs(),
            self.cycles_done,
            self.current,
            self.corpus,
            self.pending,
            self.pending_favored,
            self.coverage(),
            self.saved_crashes,
            self.saved_hangs,
            self.max_depth,
            self.runs_per_second_now,
            self.runs,
            self.edges,
            self.total_crashes,
        )
    }
}

/// What an earlier part of a session counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Earlier {
    /// How long it ran.
    pub run_time: Duration,
    /// Runs.
    pub runs: u64,
    /// All runs over the limit.
    pub total_timeouts: u64,
    /// How often the fork server was started again.
    pub restarts: u64,
    /// Inputs that took it along each time.
    pub lost_inputs: u64,
    /// All runs that crashed.
    pub total_crashes: u64,
    /// Finished cycles through the queue.
    pub cycles_done: u64,
    /// How much of it went into the exchange with other fuzzers.
    pub sync_time: Duration,
    /// Limit of a run.
    pub limit: Duration,
    /// How long nothing had been found when it was written; `None` if nothing was found.
    pub since_find: Option<Duration>,
    /// Seconds since 1970 at the last find.
    pub last_find: u64,
    /// The same for the last crash.
    pub last_crash: u64,
    /// The same for the last hang.
    pub last_hang: u64,
}

impl Earlier {
    /// From a `fuzzer_stats`; whatever is missing there is 0.
    #[must_use]
    pub fn read(path: &Path) -> Self {
        Self::parse(&store::read_text(path))
    }

    fn parse(text: &str) -> Self {
        let fields: HashMap<&str, &str> = text
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(key, value)| (key.trim(), value.trim()))
            .collect();
        // What another session counts on from these must not overflow.
        const MOST: u64 = i64::MAX as u64;
        let number = |key: &str| {
            fields
                .get(key)
                .and_then(|value| value.parse::<u64>().ok())
                .unwrap_or_default()
                .min(MOST)
        };
        let last_find = number("last_find");
        let idle = number("last_update").saturating_sub(last_find);
        Self {
            since_find: (last_find > 0).then(|| Duration::from_secs(idle)),
            run_time: Duration::from_secs(number("run_time")),
            runs: number("execs_done"),
            total_timeouts: number("total_tmout"),
            restarts: number("server_restarts"),
            lost_inputs: number("lost_inputs"),
            total_crashes: number("total_crashes"),
            cycles_done: number("cycles_done"),
            sync_time: Duration::from_secs(number("sync_time")),
            limit: Duration::from_millis(number("exec_timeout")),
            last_find,
            last_crash: number("last_crash"),
            last_hang: number("last_hang"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Earlier, Facts, PLOT_HEADER, Snapshot};
    use std::time::Duration;

    fn snapshot() -> Snapshot {
        Snapshot {
            run_time: Duration::from_secs(10),
            runs: 12_345,
            corpus: 7,
            edges: 40,
            total_edges: 160,
            variable_edges: 4,
            total_timeouts: 3,
            restarts: 6,
            lost_inputs: 2,
            total_crashes: 9,
            cycles_done: 2,
            sync_time: Duration::from_millis(4500),
            limit: Duration::from_millis(20),
            last_find: 1000,
            since_find: Some(Duration::from_secs(5)),
            last_update: 1005,
            ..Snapshot::default()
        }
    }

    #[test]
    fn statistics_have_afls_shape_and_the_right_values() {
        let text = snapshot().fuzzer_stats(&Facts {
            pid: 5,
            ..Facts::default()
        });
        for line in [
            "execs_per_sec     : 1234.50",
            "stability         : 90.00%",
            "bitmap_cvg        : 25.00%",
            "time_wo_finds     : 5",
            "cpu_affinity      : -1",
            "fuzzer_pid        : 5",
            "exec_timeout      : 20",
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "{line} in:\n{text}"
            );
        }
        assert!(
            text.lines().all(|line| line.as_bytes()[18] == b':'),
            "{text}"
        );
    }

    #[test]
    fn counters_survive_a_resume() {
        let text = snapshot().fuzzer_stats(&Facts::default());
        let expected = Earlier {
            run_time: Duration::from_secs(10),
            runs: 12_345,
            total_timeouts: 3,
            restarts: 6,
            lost_inputs: 2,
            total_crashes: 9,
            cycles_done: 2,
            sync_time: Duration::from_secs(4),
            limit: Duration::from_millis(20),
            since_find: Some(Duration::from_secs(5)),
            last_find: 1000,
            last_crash: 0,
            last_hang: 0,
        };
        assert_eq!(Earlier::parse(&text), expected);
        assert_eq!(Earlier::parse("nonsense"), Earlier::default());
        let most = Earlier::parse("execs_done : 18446744073709551615\n");
        assert_eq!(
            most.runs.checked_add(1 << 40),
            Some(i64::MAX as u64 + (1 << 40))
        );
    }

    #[test]
    fn a_plot_line_has_a_value_for_each_column() {
        let columns = PLOT_HEADER.split(',').count();
        assert_eq!(snapshot().plot_line().split(',').count(), columns);
    }

    #[test]
    fn nothing_found_yet_divides_by_nothing() {
        let empty = Snapshot::default();
        assert_eq!((empty.runs_per_second(), empty.coverage()), (0.0, 0.0));
        assert!((empty.stability() - 100.0).abs() < f64::EPSILON);
    }
}
