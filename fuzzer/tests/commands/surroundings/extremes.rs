//! The largest numbers on the command line, in variables and in files of others, and a
//! clock that somebody sets.

use std::{fs, path::PathBuf};

use nix::sys::signal::Signal;

use tine_workbench::{Finished, Stats, Workbench};

const TARGET: &str = r"
#include <unistd.h>
int main(void) { char b[8]; return read(0, b, 8) > 1 && b[0] == 'x'; }
";

/// The largest number that is read.
const MOST: &str = "18446744073709551615";

fn bench() -> (Workbench, PathBuf) {
    let bench = Workbench::new();
    let program = bench.compile("target", &[], TARGET);
    bench.seeds("in", ["a"]);
    (bench, program)
}

/// It may refuse what it is given, in a sentence.
fn assert_no_panic(done: &Finished) {
    assert!(matches!(done.code(), Some(0 | 1)), "{done}");
    assert!(!done.stderr().contains("bug in tine"), "{done}");
}

#[test]
fn the_largest_numbers_are_taken_or_refused_in_a_sentence() {
    let (bench, program) = bench();
    let options: [&[&str]; 11] = [
        &["-V", MOST],
        &["-j", "1", "-V", MOST],
        &["-j", "2", "-V", MOST],
        &["-P", MOST],
        &["-t", MOST],
        &["-m", MOST],
        &["-s", MOST],
        &["-g", MOST],
        &["-G", MOST],
        &["--corpus-memory", MOST],
        &["--replay-inputs", MOST],
    ];
    for options in options {
        let _ = fs::remove_dir_all(bench.path("out"));
        let options = [options, &["-E", "60"]].concat();
        assert_no_panic(&bench.fuzz("in", &options, &program).run());
    }
    for name in [
        "AFL_EXIT_ON_TIME",
        "AFL_HANG_TMOUT",
        "AFL_FORKSRV_INIT_TMOUT",
        "AFL_SYNC_TIME",
        "AFL_TESTCACHE_SIZE",
        "AFL_PERSISTENT_RECORD",
        "AFL_INPUT_LEN_MIN",
        "AFL_INPUT_LEN_MAX",
        "AFL_CRASH_EXITCODE",
        "AFL_KILL_SIGNAL",
        "AFL_STATSD_PORT",
    ] {
        for options in [&["-E", "60"][..], &["-E", "60", "-j", "2"]] {
            let _ = fs::remove_dir_all(bench.path("out"));
            let session = bench.fuzz("in", options, &program);
            assert_no_panic(&session.env(name, MOST).run());
        }
    }
}

#[test]
fn the_largest_figures_of_others_are_read() {
    let (bench, program) = bench();
    let options = ["-E", "60", "-j", "2"];
    bench.fuzz("in", &options, &program).run().assert_code(0);
    // Whatever is a number there is the largest one.
    for name in ["main", "secondary-01"] {
        let path = bench.path(format!("out/{name}/fuzzer_stats"));
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().map(|line| match line.split_once(':') {
            Some((key, value)) if value.trim().parse::<u64>().is_ok() => {
                format!("{key}: {MOST}\n")
            }
            _ => format!("{line}\n"),
        });
        fs::write(&path, lines.collect::<String>()).unwrap();
    }
    for format in ["--json", "--watch"] {
        let status = bench.tine().args(["status", format, "out"]).run();
        assert!(!status.stderr().contains("bug in tine"), "{status}");
    }
    let session = bench.fuzz("-", &options, &program).run();
    session.assert_code(0);
    assert!(!session.stderr().contains("bug in tine"), "{session}");
}

/// `CLOCK_REALTIME` is a day ahead once a file is there.
const CLOCK: &str = r#"
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = syscall(SYS_clock_gettime, clock, now);
    if (clock == CLOCK_REALTIME && access(SET, F_OK) == 0) now->tv_sec += 86400;
    return result;
}
"#;

#[test]
fn a_clock_that_is_set_does_not_count_as_time_without_finds() {
    let (bench, program) = bench();
    let source = bench.write("clock.c", CLOCK);
    let set = bench.path("set");
    let library = bench.path("clock.so");
    let compiler = bench.program("cc").args(["-shared", "-fPIC", "-o"]);
    compiler
        .arg(&library)
        .arg(format!("-DSET=\"{}\"", set.display()))
        .arg(source)
        .run()
        .assert_code(0);
    let session = bench
        .fuzz("in", &["-V", "300"], &program)
        .env("LD_PRELOAD", &library)
        .env("AFL_EXIT_ON_TIME", "7200")
        .start();
    let stats = || Stats::read(&bench.path("out/default"));
    session.wait_for("figures", |_| {
        bench.path("out/default/fuzzer_stats").exists()
    });
    let began = stats().number("last_update");
    fs::write(&set, "").unwrap();
    session.wait_for("figures of the day after", |_| {
        stats().number("last_update") > began + 80_000.0
    });
    assert!(stats().number("time_wo_finds") < 7200.0);
    session.signal(Signal::SIGTERM);
    let done = session.wait();
    done.assert_code(0).assert_stderr("stopped by a signal");
}
