//! Whatever tine is started with (ignored and blocked signals, open and closed
//! descriptors, limits, variables, a mask of modes), it works, and its targets start as
//! from a login shell.

use std::{
    fs,
    path::{Path, PathBuf},
};

use nix::sys::signal::Signal;

use tine_workbench::{Finished, Runner, Workbench, testcases};

/// Ends by SIGABRT if it has inherited what it should not have; sends itself the signal
/// that its input names.
const TARGET: &str = r#"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
static const char *const controllers[] = {"__AFL_CMPLOG_SHM_ID", "__AFL_SHM_FUZZ_MAP_SIZE",
                                          "__AFL_PERSISTENT", "__AFL_DEFER_FORKSRV"};
static void must(int condition, const char *what) {
    if (!condition) { fprintf(stderr, "inherited: %s\n", what); abort(); }
}
int main(int argc, char **argv) {
    char line[256], input[64] = {0};
    FILE *status = fopen("/proc/self/status", "r");
    while (fgets(line, sizeof line, status))
        if (!strncmp(line, "SigBlk", 6) || !strncmp(line, "SigIgn", 6))
            must(strtoull(line + 7, 0, 16) == 0, line);
    fclose(status);
    for (int fd = 0; fd < 3; fd++) must(fcntl(fd, F_GETFD) != -1, "closed standard descriptor");
    for (int fd = 3; fd < 1000; fd++) must(fcntl(fd, F_GETFD) == -1, "extra descriptor");
    for (int i = 0; i < 4; i++) must(getenv(controllers[i]) == 0, controllers[i]);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    const char *expected = getenv("EXPECTED_FILES");
    if (expected) must(files.rlim_cur == (rlim_t)atoi(expected), "limit of descriptors");
    int from = argc > 1 ? open(argv[1], O_RDONLY) : 0;
    if (read(from, input, sizeof input - 1) < 1) return 0;
    unsigned sum = 0; /* of "signal ", which the fuzzer is not to find */
    for (int i = 0; i < 7; i++) sum = sum * 31 + (unsigned char)input[i];
    if (sum == 2088265336u) raise(atoi(input + 7));
    for (int i = 0; input[i] >= 'a'; i++) if (input[i] == 'm') return 1;
    return 0;
}
"#;

/// What tine may be started with, as words in front of its command line.
const STATES: [(&str, &[&str]); 14] = [
    ("nothing special", &["env"]),
    ("SIGCHLD ignored", &["env", "--ignore-signal=CHLD"]),
    ("as by nohup", &["env", "--ignore-signal=HUP"]),
    ("as by & in a script", &["env", "--ignore-signal=INT,QUIT"]),
    ("all signals ignored", &["env", "--ignore-signal"]),
    ("all signals blocked", &["env", "--block-signal"]),
    ("umask 077", &["sh", "-c", "umask 077; exec \"$@\"", "sh"]),
    ("no standard input", &["sh", "-c", "exec \"$@\" <&-", "sh"]),
    ("no standard output", &["sh", "-c", "exec \"$@\" >&-", "sh"]),
    ("no standard error", &["sh", "-c", "exec \"$@\" 2>&-", "sh"]),
    (
        "none of the three",
        &["sh", "-c", "exec \"$@\" <&- >&- 2>&-", "sh"],
    ),
    (
        "more descriptors",
        &["sh", "-c", "exec \"$@\" 3</dev/null 7>>/dev/null 9<.", "sh"],
    ),
    (
        "few descriptors",
        &[
            "sh",
            "-c",
            "ulimit -Sn 64; EXPECTED_FILES=64 exec \"$@\"",
            "sh",
        ],
    ),
    (
        "the variables of another controller",
        &[
            "env",
            "__AFL_SHM_ID=1",
            "__AFL_SHM_FUZZ_ID=2",
            "__AFL_SHM_FUZZ_MAP_SIZE=4096",
            "__AFL_CMPLOG_SHM_ID=3",
            "__AFL_PERSISTENT=1",
            "__AFL_DEFER_FORKSRV=1",
            "__TINE_CONTROL_SHM_ID=4",
            "__TINE_SERVER_TOKEN=5",
        ],
    ),
];

/// A workbench with the target, some inputs for it, and a crash.
fn bench() -> (Workbench, PathBuf) {
    let bench = Workbench::new();
    let program = bench.compile("target", &[], TARGET);
    bench.seeds("in", ["a", "am"]);
    bench.write("crash", "signal 11 and more");
    (bench, program)
}

fn started<'b>(bench: &'b Workbench, state: &[&str]) -> Runner<'b> {
    bench
        .program(state[0])
        .args(&state[1..])
        .arg(env!("CARGO_BIN_EXE_tine"))
}

/// Runs `words` in each of the states; `@T` among them is the target.
fn in_each_state(words: &[&str], is_right: impl Fn(&Workbench, &Finished) -> bool) {
    let (bench, program) = bench();
    let mut wrong = Vec::new();
    for (name, state) in STATES {
        let _ = fs::remove_dir_all(bench.path("out"));
        let words = words.iter().map(|word| match *word {
            "@T" => program.as_os_str(),
            word => word.as_ref(),
        });
        let done = started(&bench, state).args(words).run();
        if !is_right(&bench, &done) {
            wrong.push(format!("{name}: {done}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn ends_well(_: &Workbench, done: &Finished) -> bool {
    done.code() == Some(0)
}

/// The session ends as it should, and no run was a crash.
fn finds_nothing(instances: &[&str]) -> impl Fn(&Workbench, &Finished) -> bool {
    move |bench, done| {
        let clean = |instance: &&str| {
            let folder = bench.path("out").join(instance);
            !testcases(&folder.join("queue")).is_empty()
                && testcases(&folder.join("crashes")).is_empty()
        };
        done.code() == Some(0) && instances.iter().all(clean)
    }
}

const SESSION: [&str; 7] = ["fuzz", "-i", "in", "-o", "out", "-E", "150"];

fn session<'a>(options: &[&'a str]) -> Vec<&'a str> {
    [&SESSION, options, &["--", "@T"]].concat()
}

#[test]
fn showmap_works_however_it_is_started() {
    let words = ["showmap", "-o", "out-map", "--", "@T"];
    in_each_state(&words, ends_well);
}

#[test]
fn showmap_with_a_file_works_however_it_is_started() {
    let words = ["showmap", "-i", "in", "-o", "out", "--", "@T", "@@"];
    in_each_state(&words, ends_well);
}

#[test]
fn fuzz_works_however_it_is_started() {
    in_each_state(&session(&[]), finds_nothing(&["default"]));
}

#[test]
fn fuzz_without_a_fork_server_works_however_it_is_started() {
    in_each_state(&session(&["-n"]), finds_nothing(&["default"]));
}

#[test]
fn a_campaign_works_however_it_is_started() {
    in_each_state(&session(&["-j", "2"]), finds_nothing(&["main"]));
}

#[test]
fn trace_works_however_it_is_started() {
    let words = ["trace", "-i", "in/seed-0", "-o", "out-trace", "--", "@T"];
    in_each_state(&words, |bench, done| {
        let text = fs::read_to_string(bench.path("out-trace")).unwrap_or_default();
        done.code() == Some(0) && text.contains("run 1: the target exited with code 0")
    });
}

#[test]
fn cmin_works_however_it_is_started() {
    let words = ["cmin", "-i", "in", "-o", "out", "--", "@T"];
    in_each_state(&words, |bench, done| {
        done.code() == Some(0) && bench.path("out").join("seed-1").is_file()
    });
}

#[test]
fn tmin_finds_the_place_of_a_crash_however_it_is_started() {
    let words = ["tmin", "-i", "crash", "-o", "small", "--", "@T"];
    in_each_state(&words, |bench, done| {
        let small = fs::read(bench.path("small")).unwrap_or_default();
        done.code() == Some(0) && small.starts_with(b"signal 11") && small.len() < 12
    });
}

#[test]
fn doctor_works_however_it_is_started() {
    let words = ["doctor", "--", "@T"];
    in_each_state(&words, |_, done| {
        let text = done.stdout() + &done.stderr();
        !text.contains("SIGABRT") && !text.contains("inherited:")
    });
}

#[test]
fn tine_cc_works_however_it_is_started() {
    let (bench, _) = bench();
    for (name, state) in STATES {
        let _ = fs::remove_file(bench.path("again"));
        let compiler = bench.program(state[0]).args(&state[1..]);
        let compiler = compiler.arg(env!("CARGO_BIN_EXE_tine-cc"));
        let done = compiler.args(["-o", "again", "target.c"]).run();
        assert_eq!(done.code(), Some(0), "{name}: {done}");
        assert!(bench.path("again").is_file(), "{name}");
    }
}

/// Signals that end a process by default; 32 and 33 belong to libc.
const ENDING: [i32; 29] = [
    1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 24, 25, 26, 27, 29, 30, 31, 34, 35, 40, 50,
    62, 63, 64,
];

#[test]
fn every_signal_that_ends_a_target_is_a_crash_though_tine_ignores_it() {
    let (bench, program) = bench();
    bench.seeds("signals", ENDING.map(|signal| format!("signal {signal}")));
    for state in [["env", "--ignore-signal"], ["env", "--block-signal"]] {
        for input in [None, Some("@@")] {
            let runner = started(&bench, &state)
                .args(["showmap", "-i", "signals", "-o", "maps", "--"])
                .arg(&program)
                .args(input);
            let done = runner.run();
            done.assert_code(2).assert_stderr("29 inputs: 29 crashed");
            for signal in ENDING {
                done.assert_stderr(&format!("crashed by signal {signal}"));
            }
        }
    }
}

/// A line of a process's status in `/proc`, as a set of signals.
fn signals_of(pid: i32, field: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let line = line.unwrap_or_default().trim_start_matches(':').trim();
    u64::from_str_radix(line, 16).unwrap_or_default()
}

fn has(set: u64, signal: Signal) -> bool {
    set >> (signal as i32 - 1) & 1 == 1
}

fn children(pid: i32) -> Vec<i32> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let text = text.unwrap_or_default();
    text.split_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .collect()
}

#[test]
fn who_wants_tine_to_ignore_the_keys_and_the_end_of_a_terminal_is_obeyed() {
    let (bench, program) = bench();
    let prefix = ["env", "--ignore-signal=INT,QUIT", "--ignore-signal=HUP"];
    let cases: [(&str, &[&str]); 3] = [("fuzz", &[]), ("fuzz", &["-n"]), ("fuzz", &["-j", "2"])];
    for (command, options) in cases {
        let _ = fs::remove_dir_all(bench.path("out"));
        let session = started(&bench, &prefix)
            .args([command, "-i", "in", "-o", "out"])
            .args(options)
            .arg("--")
            .arg(&program)
            .start();
        let pid = session.pid();
        let instances = if options.contains(&"-j") {
            &["main", "secondary-01"][..]
        } else {
            &["default"]
        };
        // Before that a signal ends the process, as there is no session.
        session.wait_for("its sessions", |_| {
            let stats = |name| bench.path(format!("out/{name}/fuzzer_stats"));
            instances.iter().all(|name| stats(name).exists())
        });
        assert!(has(signals_of(pid, "SigCgt"), Signal::SIGTERM));
        let tines = if options.contains(&"-j") {
            session.wait_for("two instances with handlers", |_| {
                let members = children(pid);
                members.len() == 2
                    && members
                        .iter()
                        .all(|it| has(signals_of(*it, "SigCgt"), Signal::SIGTERM))
            });
            [vec![pid], children(pid)].concat()
        } else {
            vec![pid]
        };
        for tine in &tines {
            for signal in [Signal::SIGINT, Signal::SIGHUP, Signal::SIGQUIT] {
                let ignored = signals_of(*tine, "SigIgn");
                assert!(has(ignored, signal), "{options:?}: {signal} of {tine}");
            }
        }
        session.signal_group(Signal::SIGINT);
        session.signal_group(Signal::SIGHUP);
        session.signal(Signal::SIGTERM);
        let done = session.wait();
        done.assert_code(0).assert_stderr("stopped by a signal");
    }
}

#[test]
fn a_map_of_a_run_that_takes_long_is_waited_for_after_a_hang_up_by_nohup() {
    // With a file, showmap waits for signals in a thread of its own.
    let (bench, _) = bench();
    let program = bench.compile("slow", &[], SLOW);
    for words in [
        &["showmap", "-o", "map", "-t", "60000"][..],
        &["trace", "-o", "trace", "-t", "60000"],
    ] {
        let _ = fs::remove_file(bench.path("go"));
        let _ = fs::remove_file(bench.path("there"));
        let running = started(&bench, &["env", "--ignore-signal=HUP"])
            .args(words)
            .args(["-i", "in/seed-0", "--"])
            .arg(&program)
            .arg("@@")
            .start();
        running.wait_for("the run", |_| bench.path("there").exists());
        running.signal(Signal::SIGHUP);
        bench.write("go", "");
        running.wait().assert_code(0);
    }
}

/// Says that it runs, and ends when it is told to.
const SLOW: &str = r#"
#include <fcntl.h>
#include <unistd.h>
int main(void) {
    close(open("there", O_CREAT | O_WRONLY, 0600));
    while (access("go", F_OK)) usleep(1000);
    return 0;
}
"#;

#[test]
fn a_hard_limit_below_the_pipes_is_an_error_with_the_way_out() {
    let (bench, program) = bench();
    let limit = ["sh", "-c", "ulimit -n 100; exec \"$@\"", "sh"];
    let done = started(&bench, &limit)
        .args(["showmap", "-o", "map", "--"])
        .arg(&program)
        .run();
    done.assert_code(1).assert_stderr("198 and 199");
    done.assert_stderr("ulimit -Hn");
    // What has no fork server needs none of them.
    let done = started(&bench, &limit).args(session_without_server(&program));
    done.run().assert_code(0);
    // Exactly as many as there must be.
    let limit = ["sh", "-c", "ulimit -n 200; exec \"$@\"", "sh"];
    let done = started(&bench, &limit)
        .args(["showmap", "-o", "map", "--"])
        .arg(&program)
        .run();
    done.assert_code(0);
}

fn session_without_server(program: &Path) -> Vec<&str> {
    let program = program.to_str().expect("a path of the test");
    [&SESSION[..], &["-n", "--", program]].concat()
}
