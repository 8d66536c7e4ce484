//! What a session finds, and what it says and leaves of that.

use super::{STEPS, entries, instance, names, until_crash};
use std::fs;
use tine_workbench::{BUSY, Compiler, Stats, Workbench, testcases};

#[test]
fn a_crash_is_found_named_saved_and_replayed_by_the_command_that_is_printed() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["xello"]);
    let target = bench.compile("steps", &["-O1", "-g"], STEPS);
    let options = until_crash(&bench);
    let done = bench.fuzz("seeds", &options, &target).run();
    done.assert_code(0)
        .assert_stderr("stopped at the first crash")
        .assert_stderr("1 crash in");
    let instance = instance(&bench);

    let crashes = names(&instance.join("crashes"));
    assert_eq!(crashes.len(), 1, "{done}");
    let fields: Vec<&str> = crashes[0].split([':', ',']).collect();
    let keys: Vec<&str> = fields.iter().copied().step_by(2).collect();
    assert_eq!(keys, ["id", "sig", "src", "time", "execs", "op", "rep"]);
    assert_eq!((fields[1], fields[3]), ("000000", "06"));
    let crash = fs::read(instance.join("crashes").join(&crashes[0])).unwrap();
    assert!(crash.starts_with(b"ab!"), "{crash:?}");
    let readme = fs::read_to_string(instance.join("crashes/README.txt")).unwrap();
    assert!(
        readme.contains("--until-crash") && readme.contains("showmap"),
        "{readme}"
    );

    let queue = names(&instance.join("queue"));
    assert_eq!(queue[0], "id:000000,time:0,execs:0,orig:seed-0");
    assert!(queue[1].starts_with("id:000001,src:000000,time:") && queue[1].ends_with(",+cov"));
    let seed = fs::read(instance.join("queue").join(&queue[0])).unwrap();
    assert_eq!(
        seed, b"xell",
        "the last byte is trimmed: nothing depends on it"
    );

    // A shell runs what the summary says.
    let text = done.stderr();
    let command = text
        .lines()
        .find(|line| line.contains(" showmap -o "))
        .expect(&text);
    let replayed = bench.program("sh").args(["-c", command]).run();
    replayed.assert_code(2).assert_stderr("SIGABRT");
}

#[test]
fn a_timeout_is_a_hang_only_if_it_stays_one_with_more_time() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["x"]);
    let target = bench.compile(
        "slow",
        &["-O1", "-g"],
        r#"
#include <unistd.h>
int main(void) {
    char b = 0;
    if (read(0, &b, 1) < 1) return 0;
    if (b & 64) usleep(150000);
    else if (b & 32) for (;;) pause();
    return 0;
}
"#,
    );
    bench.write("seeds/seed-0", [1, 2, 3]);
    let done = bench.fuzz("seeds", &["-t", "50", "-V", "8"], &target).run();
    done.assert_code(0).assert_stderr("1 hang in");
    let instance = instance(&bench);
    let hangs = testcases(&instance.join("hangs"));
    assert_eq!(hangs.len(), 1, "{done}");
    let hang = fs::read(&hangs[0]).unwrap();
    assert_eq!(hang[0] & 96, 32, "{hang:?} does not hang, it takes 150 ms");
    let stats = Stats::read(&instance);
    assert_eq!(stats.number("saved_hangs"), 1.0);
    assert!(stats.number("total_tmout") > 1.0, "{stats:?}");
    assert_eq!(stats.number("exec_timeout"), 50.0);
    assert!(names(&instance.join("crashes")).is_empty());
}

#[test]
fn statistics_are_complete_and_agree_with_what_lies_on_disk() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["abc", "def"]);
    let target = bench.compile("busy", &["-O1", "-g"], BUSY);
    let done = bench.fuzz("seeds", &["-E", "5000"], &target).run();
    done.assert_code(0).assert_stderr("(-E)");
    let instance = instance(&bench);
    let stats = Stats::read(&instance);
    let queue = names(&instance.join("queue"));
    assert_eq!(stats.number("corpus_count"), queue.len() as f64);
    assert_eq!(stats.number("corpus_found"), (queue.len() - 2) as f64);
    assert!(stats.number("corpus_found") > 3.0, "{queue:?}");
    let runs = stats.number("execs_done");
    assert!((5000.0..5100.0).contains(&runs), "{runs}");
    assert_eq!(stats.number("stability"), 100.0);
    let (found, total) = (stats.number("edges_found"), stats.number("total_edges"));
    assert!(found > 5.0 && found <= total, "{found} of {total}");
    assert!((stats.number("bitmap_cvg") - 100.0 * found / total).abs() < 0.01);
    assert!(stats.number("corpus_favored") >= 1.0);
    assert!(stats.text("command_line").contains("-E 5000"));
    assert_eq!(stats.text("target_mode"), "default");
    assert_eq!(stats.text("afl_banner"), "busy");
    // What tools for AFL's files look for.
    for key in [
        "start_time",
        "last_update",
        "run_time",
        "fuzzer_pid",
        "cycles_done",
        "execs_per_sec",
        "execs_ps_last_min",
        "cur_item",
        "pending_favs",
        "pending_total",
        "corpus_variable",
        "max_depth",
        "saved_crashes",
        "last_find",
        "last_crash",
        "last_hang",
        "execs_since_crash",
        "slowest_exec_ms",
        "peak_rss_mb",
        "cpu_affinity",
        "var_byte_count",
        "havoc_expansion",
        "afl_version",
    ] {
        let _ = stats.text(key);
    }
    let plot = fs::read_to_string(instance.join("plot_data")).unwrap();
    let mut lines = plot.lines();
    let header = lines.next().unwrap();
    assert!(header.starts_with("# relative_time, cycles_done, cur_item, corpus_count"));
    let last = lines.next_back().unwrap();
    assert_eq!(last.split(',').count(), header.split(',').count(), "{last}");
    assert_eq!(
        fs::read_to_string(instance.join("cmdline")).unwrap().trim(),
        target.display().to_string()
    );
    assert_eq!(
        entries(&instance),
        [
            ".tine_state",
            "cmdline",
            "crashes",
            "fuzzer_setup",
            "fuzzer_stats",
            "hangs",
            "plot_data",
            "queue"
        ]
        .map(String::from)
        .into()
    );
}

/// Names without their times, and contents.
fn results(bench: &Workbench, out: &str) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for folder in ["queue", "crashes"] {
        for path in testcases(&bench.path(out).join("default").join(folder)) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let fields: Vec<&str> = name
                .split(',')
                .filter(|field| !field.starts_with("time:"))
                .collect();
            all.push((fields.join(","), fs::read(&path).unwrap()));
        }
    }
    all
}

#[test]
fn a_seed_of_the_random_numbers_repeats_a_session() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["hello", "abcdefgh"]);
    let target = bench.compile("busy", &["-O1", "-g"], BUSY);
    let run = |seed: &str, out: &str| {
        let done = bench
            .tine()
            .args([
                "fuzz", "--no-ui", "-i", "seeds", "-o", out, "-s", seed, "-E", "15000", "--",
            ])
            .arg(&target)
            .run();
        done.assert_code(0);
        results(&bench, out)
    };
    let first = run("11", "one");
    assert!(first.len() > 10, "{first:?}");
    assert_eq!(first, run("11", "two"));
    assert_ne!(first, run("12", "three"));
}

#[test]
fn a_dictionary_helps_over_a_long_compare() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["something quite different"]);
    let target = bench.compile(
        "keyword",
        &["-O1", "-g"],
        r#"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(void) {
    char b[64] = {0};
    long n = read(0, b, 63);
    if (n > 8 && memcmp(b, "KEYWORD\x01", 8) == 0) abort();
    return 0;
}
"#,
    );
    bench.write("words.dict", "# one token\nkey=\"KEYWORD\\x01\"\n");
    let options = ["-x", "words.dict", "--until-crash", "-V", "60"];
    let done = bench.fuzz("seeds", &options, &target).run();
    done.assert_code(0).assert_stderr("1 crash");

    bench.write("bad.dict", "fine=\"x\"\nbroken=x\n");
    let done = bench.fuzz("seeds", &["-x", "bad.dict"], &target).run();
    done.assert_code(1).assert_stderr("bad.dict, line 2");
}

#[test]
fn unstable_coverage_is_measured() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["hello"]);
    let target = bench.compile(
        "unstable",
        &["-O1", "-g"],
        r#"
#include <time.h>
#include <unistd.h>
volatile int sink;
int main(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    for (long i = now.tv_nsec % 64; i > 0; i--) sink++;
    char b = 0;
    if (read(0, &b, 1) == 1 && b == 'q') sink = 3;
    return 0;
}
"#,
    );
    bench
        .fuzz("seeds", &["-E", "3000"], &target)
        .run()
        .assert_code(0);
    let stats = Stats::read(&instance(&bench));
    assert!(stats.number("stability") < 100.0, "{stats:?}");
    assert!(stats.number("var_byte_count") >= 1.0 && stats.number("corpus_variable") >= 1.0);
}

#[test]
fn targets_of_aflplusplus_are_fuzzed_too() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["abxx"]);
    let source = bench.write("steps.c", STEPS);
    let target = bench.path("steps");
    bench
        .program(Compiler::aflplusplus().cc)
        .args(["-O1", "-o"])
        .arg(&target)
        .arg(source)
        .run()
        .assert_code(0);
    let options = until_crash(&bench);
    let done = bench.fuzz("seeds", &options, &target).run();
    done.assert_code(0).assert_stderr("1 crash in");
}
