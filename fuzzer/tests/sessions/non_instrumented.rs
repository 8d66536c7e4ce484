//! `tine fuzz -n`: programs that nobody instrumented, executed anew for each input.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};
use tine_workbench::{Runner, Stats, Workbench, testcases};

/// Reads standard input, or the file that it is given: crashes, hangs, leaves a process
/// behind, or just ends, as the first byte says.
const SOURCE: &str = r#"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv) {
    char b[16] = {0};
    int from = argc > 1 ? open(argv[1], O_RDONLY) : 0;
    if (read(from, b, sizeof b) < 1) return 0;
    if (b[0] == 'c') abort();
    if (b[0] == 'e') return 77;
    if (b[0] == 'h') for (;;) pause();
    if (b[0] == 'l' && fork() == 0) for (;;) pause();
    if (b[0] == 'd' && fork() == 0) { setsid(); for (;;) pause(); }
    return b[0] & 63;
}
"#;

/// Compiled by a compiler that knows nothing of fuzzing.
fn compile(bench: &Workbench) -> PathBuf {
    let file = bench.write("plain.c", SOURCE);
    let program = bench.path("plain");
    let compiled = bench
        .program("gcc")
        .args(["-O1", "-o"])
        .arg(&program)
        .arg(file);
    compiled.run().assert_code(0);
    program
}

fn fuzz<'b>(bench: &'b Workbench, seeds: &[&str], options: &[&str]) -> Runner<'b> {
    bench.seeds("seeds", seeds);
    bench
        .tine()
        .args(["fuzz", "-n", "-i", "seeds", "-o", "out"])
        .args(options)
        .arg("--")
}

fn contents(folder: &Path) -> Vec<Vec<u8>> {
    let files = testcases(folder);
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

#[test]
fn a_crash_is_found_and_the_printed_command_replays_it() {
    let bench = Workbench::new();
    let program = compile(&bench);
    for (out, argument) in [("stdin", None), ("file", Some("@@"))] {
        bench.seeds("seeds", ["b", "xyz"]);
        let done = bench
            .tine()
            .args(["fuzz", "-n", "-i", "seeds", "-o", out, "-t", "1000"])
            .args(["--until-crash", "-V", "100", "--"])
            .arg(&program)
            .args(argument)
            .run();
        let said = done
            .assert_code(0)
            .assert_stderr("no coverage (-n)")
            .stderr();
        let instance = bench.path(out).join("default");
        let crashes = contents(&instance.join("crashes"));
        assert_eq!(crashes.len(), 1, "{said}");
        assert!(crashes[0].starts_with(b"c"), "{crashes:?}");
        let stats = Stats::read(&instance);
        assert_eq!(stats.text("target_mode"), "non_instrumented");
        assert_eq!(
            (stats.number("edges_found"), stats.number("corpus_count")),
            (0.0, 2.0)
        );
        let command = said.lines().find_map(|line| line.strip_prefix("  "));
        let replayed = bench
            .program("sh")
            .arg("-c")
            .arg(command.expect("a command"))
            .run();
        // What a shell makes of SIGABRT.
        replayed.assert_code(128 + 6);
    }
}

#[test]
fn hangs_are_saved_and_exit_codes_can_be_crashes() {
    let bench = Workbench::new();
    let program = compile(&bench);
    let done = fuzz(&bench, &["b"], &["-t", "200", "-V", "12", "-s", "1"])
        .arg(&program)
        .env("AFL_CRASH_EXITCODE", "77")
        .env("AFL_HANG_TMOUT", "400")
        .run();
    done.assert_code(0);
    let instance = bench.path("out/default");
    let hangs = contents(&instance.join("hangs"));
    assert!(
        !hangs.is_empty() && hangs.iter().all(|it| it.starts_with(b"h")),
        "{done}"
    );
    let crashes = contents(&instance.join("crashes"));
    for byte in [b'c', b'e'] {
        assert!(crashes.iter().any(|it| it[0] == byte), "{crashes:?}");
    }
    let mut distinct = crashes.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), crashes.len(), "none is saved twice");
    let stats = Stats::read(&instance);
    assert!(crashes.len() <= 128 && stats.number("total_crashes") >= crashes.len() as f64);
}

/// What an input starts must not stay: the workbench looks.
#[test]
fn processes_of_a_run_end_with_it() {
    let bench = Workbench::new();
    let program = compile(&bench);
    let done = fuzz(
        &bench,
        &["l", "d"],
        &["-t", "1000", "-E", "200", "-V", "60"],
    )
    .arg(&program)
    .run();
    done.assert_code(0);
    assert!(Stats::read(&bench.path("out/default")).number("execs_done") >= 200.0);
}

#[test]
fn a_script_is_a_target_too() {
    let bench = Workbench::new();
    let script = bench.write(
        "script.sh",
        "#!/bin/sh\nread -r line\ncase \"$line\" in c*) kill -SEGV $$;; esac\nexit 0\n",
    );
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let done = fuzz(
        &bench,
        &["b"],
        &["-t", "2000", "--until-crash", "-V", "100"],
    )
    .arg(&script)
    .run();
    done.assert_code(0)
        .assert_stderr("stopped at the first crash");
    let crashes = testcases(&bench.path("out/default/crashes"));
    let name = crashes[0]
        .file_name()
        .unwrap()
        .to_string_lossy()
        .into_owned();
    assert!(name.contains("sig:11"), "{name}");
    // It goes on, and knows the crash.
    let resumed = bench
        .tine()
        .args([
            "fuzz", "-n", "-i", "-", "-o", "out", "-t", "2000", "-E", "20", "--",
        ])
        .arg(&script)
        .run();
    resumed.assert_code(0);
    let again = contents(&bench.path("out/default/crashes"));
    let mut distinct = again.clone();
    distinct.dedup();
    assert_eq!(distinct.len(), again.len());
}

#[test]
fn a_signal_ends_a_run_however_long_it_may_take() {
    let bench = Workbench::new();
    let program = compile(&bench);
    // The first run, on the seed, would take a minute.
    let session = fuzz(&bench, &["h"], &["-t", "60000", "-V", "100"])
        .arg(&program)
        .start();
    let children = format!("/proc/{0}/task/{0}/children", session.pid());
    session.wait_for("a run", |_| {
        // Others are there for a moment before: they guard segments.
        let pids = fs::read_to_string(&children).unwrap_or_default();
        pids.split_whitespace().any(|pid| {
            fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|it| it.trim() == "plain")
        })
    });
    session.signal(nix::sys::signal::Signal::SIGINT);
    let start = std::time::Instant::now();
    session.wait().assert_code(0);
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_target_that_goes_away_is_told_of() {
    let bench = Workbench::new();
    let program = compile(&bench);
    let session = fuzz(&bench, &["b"], &["-t", "1000", "-V", "100"])
        .arg(&program)
        .start();
    let stats = bench.path("out/default/fuzzer_stats");
    session.wait_for("the first figures", |_| stats.exists());
    fs::remove_file(&program).unwrap();
    let done = session.wait();
    done.assert_code(1)
        .assert_stderr("cannot execute")
        .assert_stderr("was it changed or removed?");
}

#[test]
fn an_instrumented_target_runs_and_the_better_way_is_named() {
    let bench = Workbench::new();
    let file = bench.write("plain.c", SOURCE);
    let program = bench.path("built");
    bench
        .tine_cc()
        .args(["-O1", "-o"])
        .arg(&program)
        .arg(file)
        .run()
        .assert_code(0);
    let done = fuzz(&bench, &["b"], &["-t", "1000", "-E", "20"])
        .arg(&program)
        .run();
    done.assert_code(0)
        .assert_stderr("without -n its coverage leads to more");
}
