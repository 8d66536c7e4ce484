//! The text format of Prometheus, version 0.0.4.

use crate::campaign::{Campaign, Instance, State};
use std::fmt::Write;
use tine_output::text::Shown;

/// A figure: its key in `fuzzer_stats`, its name for Prometheus, whether it only grows,
/// and what it is.
struct Figure(&'static str, &'static str, Kind, &'static str);

#[derive(Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
}
use Kind::{Counter, Gauge};

#[rustfmt::skip]
const FIGURES: &[Figure] = &[
    Figure("start_time", "tine_start_time_seconds", Gauge, "When the instance began, in seconds since 1970"),
    Figure("last_update", "tine_last_update_seconds", Gauge, "When its figures were written, in seconds since 1970"),
    Figure("run_time", "tine_run_time_seconds_total", Counter, "How long it ran"),
    Figure("fuzz_time", "tine_fuzz_time_seconds_total", Counter, "How much of that went into fuzzing"),
    Figure("calibration_time", "tine_calibration_time_seconds_total", Counter, "How much went into calibration"),
    Figure("cmplog_time", "tine_cmplog_time_seconds_total", Counter, "How much went into the compare log"),
    Figure("sync_time", "tine_sync_time_seconds_total", Counter, "How much went into the exchange with other instances"),
    Figure("trim_time", "tine_trim_time_seconds_total", Counter, "How much went into trimming"),
    Figure("execs_done", "tine_execs_total", Counter, "Runs of the target"),
    Figure("execs_per_sec", "tine_execs_per_second", Gauge, "Runs a second, on the whole"),
    Figure("execs_ps_last_min", "tine_execs_per_second_last_minute", Gauge, "Runs a second in the last minute"),
    Figure("cycles_done", "tine_cycles_total", Counter, "Finished cycles through the queue"),
    Figure("cycles_wo_finds", "tine_cycles_without_finds", Gauge, "Cycles in a row without a find"),
    Figure("corpus_count", "tine_corpus", Gauge, "Testcases"),
    Figure("corpus_favored", "tine_corpus_favored", Gauge, "Favored testcases"),
    Figure("corpus_found", "tine_corpus_found_total", Counter, "Testcases that it found"),
    Figure("corpus_imported", "tine_corpus_imported_total", Counter, "Testcases of other instances"),
    Figure("corpus_variable", "tine_corpus_variable", Gauge, "Testcases whose coverage differs from run to run"),
    Figure("pending_favs", "tine_pending_favored", Gauge, "Favored testcases that were never fuzzed"),
    Figure("pending_total", "tine_pending", Gauge, "Testcases that were never fuzzed"),
    Figure("max_depth", "tine_max_depth", Gauge, "The longest way from a seed"),
    Figure("stability", "tine_stability_percent", Gauge, "How much of the coverage is the same in each run"),
    Figure("bitmap_cvg", "tine_coverage_percent", Gauge, "Edges found, of those that there are"),
    Figure("edges_found", "tine_edges", Gauge, "Edges found"),
    Figure("total_edges", "tine_edges_there_are", Gauge, "Edges that there are"),
    Figure("saved_crashes", "tine_saved_crashes_total", Counter, "Crashes saved"),
    Figure("total_crashes", "tine_crashes_total", Counter, "All runs that crashed (tine only)"),
    Figure("saved_hangs", "tine_saved_hangs_total", Counter, "Hangs saved"),
    Figure("total_tmout", "tine_timeouts_total", Counter, "All runs over the limit"),
    Figure("last_find", "tine_last_find_seconds", Gauge, "The last find, in seconds since 1970; 0 for none"),
    Figure("last_crash", "tine_last_crash_seconds", Gauge, "The same for the last crash"),
    Figure("last_hang", "tine_last_hang_seconds", Gauge, "The same for the last hang"),
    Figure("exec_timeout", "tine_exec_timeout_milliseconds", Gauge, "Limit of a run"),
    Figure("slowest_exec_ms", "tine_slowest_exec_milliseconds", Gauge, "The slowest testcase"),
    Figure("peak_rss_mb", "tine_target_peak_memory_megabytes", Gauge, "Most memory that the target had"),
    Figure("server_restarts", "tine_server_restarts_total", Counter, "How often the fork server was started again (tine only)"),
    Figure("lost_inputs", "tine_lost_inputs_total", Counter, "Inputs that took it along (tine only)"),
];

/// All figures of a campaign.
pub fn of(campaign: &Campaign) -> String {
    let mut text = String::with_capacity(4096 * (1 + campaign.instances.len()));
    head(
        &mut text,
        "tine_up",
        Gauge,
        "1 for an instance that runs on this machine, else 0",
    );
    for instance in &campaign.instances {
        let up = if instance.state == State::Running {
            1.0
        } else {
            0.0
        };
        sample(&mut text, "tine_up", instance, up);
    }
    for Figure(key, name, kind, help) in FIGURES {
        let mut is_first = true;
        for instance in &campaign.instances {
            let Some(number) = instance.numbers.get(*key) else {
                continue;
            };
            if std::mem::take(&mut is_first) {
                head(&mut text, name, *kind, help);
            }
            sample(&mut text, name, instance, *number);
        }
    }
    text
}

fn head(text: &mut String, name: &str, kind: Kind, help: &str) {
    let kind = match kind {
        Counter => "counter",
        Gauge => "gauge",
    };
    // Writing to a string cannot fail.
    let _ = writeln!(text, "# HELP {name} {help}.\n# TYPE {name} {kind}");
}

fn sample(text: &mut String, name: &str, instance: &Instance, value: f64) {
    let target = instance.target.as_deref().unwrap_or_default();
    let (instance, target) = (escaped(&instance.name), escaped(target));
    let _ = writeln!(
        text,
        "{name}{{instance=\"{instance}\",target=\"{target}\"}} {value}"
    );
}

fn escaped(label: &str) -> String {
    Shown(label)
        .to_string()
        .replace('\\', r"\\")
        .replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::{FIGURES, of};
    use crate::campaign::Campaign;
    use std::{collections::HashSet, fs};
    use tine_output::stats::{Facts, Snapshot};

    #[test]
    fn each_figure_has_one_name_and_each_instance_a_line() {
        let out = tempfile::tempdir().unwrap();
        for (name, runs) in [("a", 5), ("b", 123_456_789_012)] {
            let snapshot = Snapshot {
                runs,
                ..Snapshot::default()
            };
            let facts = Facts {
                banner: r#"x"\y"#.into(),
                ..Facts::default()
            };
            fs::create_dir(out.path().join(name)).unwrap();
            let file = out.path().join(name).join("fuzzer_stats");
            fs::write(file, snapshot.fuzzer_stats(&facts)).unwrap();
        }
        let text = of(&Campaign::read(out.path()).unwrap());
        for line in [
            "# TYPE tine_execs_total counter",
            r#"tine_execs_total{instance="a",target="x\"\\y"} 5"#,
            r#"tine_execs_total{instance="b",target="x\"\\y"} 123456789012"#,
            r#"tine_up{instance="a",target="x\"\\y"} 0"#,
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "{line} in:\n{text}"
            );
        }
        let names: HashSet<&str> = FIGURES.iter().map(|figure| figure.1).collect();
        assert_eq!(names.len(), FIGURES.len());
        let types = text.lines().filter(|line| line.starts_with("# TYPE "));
        assert_eq!(
            types.count(),
            FIGURES.len() + 1,
            "each key is one of fuzzer_stats"
        );
    }
}
