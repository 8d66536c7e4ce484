//! `tine fuzz` from its start to its end: what it finds, what it leaves on disk,
//! how it goes on, and how it is stopped.

mod support;

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use support::{Compiler, Runner, Running, Stats, Workbench, testcases};

/// A target that this test file compiles for itself.
fn compile(bench: &Workbench, name: &str, source: &str) -> PathBuf {
    let file = bench.write(format!("{name}.c"), source);
    let program = bench.path(name);
    bench
        .tine_cc()
        .args(["-O1", "-g", "-o"])
        .arg(&program)
        .arg(file)
        .run()
        .assert_code(0);
    program
}

/// Aborts on input that begins with "ab!", hangs on input that begins with "h".
const STEPS: &str = r#"
#include <stdlib.h>
#include <unistd.h>
int main(void) {
    char b[16] = {0};
    if (read(0, b, sizeof b) < 1) return 0;
    if (b[0] == 'h') for (;;) pause();
    if (b[0] != 'a') return 1;
    if (b[1] != 'b') return 2;
    if (b[2] != '!') return 3;
    abort();
}
"#;

/// Options with which havoc finds the way to the end of [`STEPS`] in some hundred runs,
/// also on a machine that has little time.
fn until_crash(bench: &Workbench) -> [&'static str; 8] {
    bench.write("steps.dict", "\"ab\"\n\"!\"\n");
    [
        "--until-crash",
        "-V",
        "100",
        "-t",
        "100",
        "-z",
        "-x",
        "steps.dict",
    ]
}

/// Takes many branches, and never crashes.
const BUSY: &str = r#"
#include <unistd.h>
volatile int sink;
int main(void) {
    unsigned char b[64];
    long n = read(0, b, sizeof b);
    for (long i = 0; i < n; i++) switch (b[i] & 15) {
        case 0: sink += 1; break;  case 1: sink += 2; break;
        case 2: sink ^= 3; break;  case 3: sink -= 4; break;
        case 4: sink *= 5; break;  case 5: sink |= 6; break;
        case 6: sink ^= 7; break;  case 7: sink -= 8; break;
        default: if (b[i] == 'z' && i > 2) sink++;
    }
    return 0;
}
"#;

fn fuzz<'b>(bench: &'b Workbench, seeds: &str, options: &[&str], target: &Path) -> Runner<'b> {
    bench
        .tine()
        .args(["fuzz", "--no-ui", "-i", seeds, "-o", "out"])
        .args(options)
        .arg("--")
        .arg(target)
}

fn instance(bench: &Workbench) -> PathBuf {
    bench.path("out/default")
}

fn names(folder: &Path) -> Vec<String> {
    let paths = testcases(folder);
    paths
        .iter()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect()
}

/// Everything in a folder, whatever it is called.
fn entries(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect()
}

fn wait_for_runs(session: &Running<'_>, bench: &Workbench) {
    let stats = instance(bench).join("fuzzer_stats");
    session.wait_for("the first statistics", |_| stats.exists());
}

fn pid_of_server(session: &Running<'_>) -> i32 {
    let children = format!("/proc/{0}/task/{0}/children", session.pid());
    let text = fs::read_to_string(children).expect("the children of the fuzzer");
    text.split_whitespace()
        .next()
        .expect("a fork server")
        .parse()
        .unwrap()
}

#[test]
fn a_crash_is_found_named_saved_and_replayed_by_the_command_that_is_printed() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["xello"]);
    let target = compile(&bench, "steps", STEPS);
    let options = until_crash(&bench);
    let done = fuzz(&bench, "seeds", &options, &target).run();
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
    let target = compile(
        &bench,
        "slow",
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
    let done = fuzz(&bench, "seeds", &["-t", "50", "-V", "8"], &target).run();
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
    let target = compile(&bench, "busy", BUSY);
    let done = fuzz(&bench, "seeds", &["-E", "5000"], &target).run();
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

#[test]
fn a_session_goes_on_where_it_stopped() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["xello", "ab"]);
    let target = compile(&bench, "steps", STEPS);
    let options = until_crash(&bench);
    fuzz(&bench, "seeds", &options, &target)
        .run()
        .assert_code(0);
    let instance = instance(&bench);
    let before = Stats::read(&instance);
    let queue_before = names(&instance.join("queue"));
    let crashes_before = names(&instance.join("crashes"));

    // Not by accident over what was found.
    let refused = fuzz(&bench, "seeds", &["-V", "1"], &target).run();
    refused
        .assert_code(1)
        .assert_stderr("`-i -`")
        .assert_stderr("1 crash");
    assert_eq!(names(&instance.join("queue")), queue_before);

    let done = fuzz(&bench, "-", &["-E", "4000", "-t", "100"], &target).run();
    done.assert_code(0);
    let after = Stats::read(&instance);
    let queue = names(&instance.join("queue"));
    assert_eq!(
        queue[..queue_before.len()],
        queue_before,
        "old testcases keep their names"
    );
    assert_eq!(after.number("corpus_count"), queue.len() as f64);
    let more = after.number("execs_done") - before.number("execs_done");
    assert!((4000.0..4100.0).contains(&more), "{more}");
    // The same crash is not new, though it is found again and again.
    assert_eq!(names(&instance.join("crashes")), crashes_before);
    assert_eq!(after.number("saved_crashes"), 1.0);
    assert_eq!(after.number("edges_found"), before.number("edges_found"));
    let plot = fs::read_to_string(instance.join("plot_data")).unwrap();
    assert_eq!(plot.matches('#').count(), 1, "one header:\n{plot}");

    // The same by the environment, as scripts for AFL do it.
    let done = fuzz(&bench, "seeds", &["-E", "100", "-t", "100"], &target)
        .env("AFL_AUTORESUME", "1")
        .run();
    done.assert_code(0);
    assert!(Stats::read(&instance).number("execs_done") > after.number("execs_done"));
}

#[test]
fn a_session_without_finds_can_be_begun_anew() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["x"]);
    let target = compile(&bench, "ok", "int main(void) { return 0; }");
    for seeds in [1, 2] {
        bench.seeds("seeds", vec!["x"; seeds]);
        fuzz(&bench, "seeds", &["-E", "200"], &target)
            .run()
            .assert_code(0);
        assert_eq!(names(&instance(&bench).join("queue")).len(), seeds);
    }
}

/// Sends a signal in the midst of it; nothing may stay behind, and everything
/// must be saved.
fn stop_by(signals: &[Signal], words: &str) {
    let bench = Workbench::new();
    bench.seeds("seeds", ["hello"]);
    let target = compile(&bench, "busy", BUSY);
    let session = fuzz(&bench, "seeds", &[], &target).start();
    wait_for_runs(&session, &bench);
    let server = pid_of_server(&session);
    std::thread::sleep(Duration::from_millis(300));
    let began = Instant::now();
    // As a terminal does it: to the whole group.
    for signal in signals {
        session.signal_group(*signal);
        std::thread::sleep(Duration::from_millis(1));
    }
    let done = session.wait();
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    done.assert_code(0)
        .assert_stderr(words)
        .assert_stderr("no crash so far");
    assert!(
        !Path::new(&format!("/proc/{server}")).exists(),
        "the fork server is still there"
    );
    let stats = Stats::read(&instance(&bench));
    let queue = names(&instance(&bench).join("queue"));
    assert_eq!(stats.number("corpus_count"), queue.len() as f64, "{done}");
    let leftovers = bench.leftovers();
    assert!(leftovers.is_empty(), "{leftovers:?}");
}

#[test]
fn ctrl_c_ends_it_cleanly() {
    stop_by(&[Signal::SIGINT], "stopped by Ctrl-C");
}

#[test]
fn sigterm_ends_it_cleanly() {
    stop_by(&[Signal::SIGTERM], "stopped by a signal");
}

#[test]
fn a_closed_terminal_ends_it_cleanly() {
    stop_by(&[Signal::SIGHUP], "stopped by a signal");
}

#[test]
fn a_signal_that_comes_twice_at_once_ends_it_cleanly() {
    // `timeout` sends to the process and to its group; of a closed terminal both the
    // system and the shell tell.
    stop_by(&[Signal::SIGTERM; 2], "stopped by a signal");
    stop_by(&[Signal::SIGHUP; 3], "stopped by a signal");
}

#[test]
fn ctrl_c_does_not_wait_for_a_target_that_hangs() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["x"]);
    // Every run but that of the seed takes half a second.
    let target = compile(
        &bench,
        "slow",
        r#"
#include <unistd.h>
int main(void) {
    char b[2];
    long n = read(0, b, 2);
    if (n != 1 || b[0] != 'x') usleep(500000);
    return 0;
}
"#,
    );
    let session = fuzz(&bench, "seeds", &["-t", "2000"], &target).start();
    wait_for_runs(&session, &bench);
    let began = Instant::now();
    session.signal(Signal::SIGINT);
    session.wait().assert_code(0);
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn a_killed_fuzzer_leaves_no_process_and_no_segment() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["hello"]);
    let target = compile(&bench, "busy", BUSY);
    let session = fuzz(&bench, "seeds", &[], &target).start();
    wait_for_runs(&session, &bench);
    session.signal(Signal::SIGKILL);
    assert_eq!(session.wait().signal(), Some(9));
    let gone = support::wait_until(Duration::from_secs(5), || bench.leftovers().is_empty());
    assert!(gone, "{:?}", bench.leftovers());
    // What it found until then is there, and it can be gone on with.
    fuzz(&bench, "-", &["-E", "500"], &target)
        .run()
        .assert_code(0);
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
    let target = compile(&bench, "busy", BUSY);
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
    let target = compile(
        &bench,
        "keyword",
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
    let done = fuzz(&bench, "seeds", &options, &target).run();
    done.assert_code(0).assert_stderr("1 crash");

    bench.write("bad.dict", "fine=\"x\"\nbroken=x\n");
    let done = fuzz(&bench, "seeds", &["-x", "bad.dict"], &target).run();
    done.assert_code(1).assert_stderr("bad.dict, line 2");
}

#[test]
fn a_result_that_cannot_be_written_ends_it_with_a_reason_and_no_half_file() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["hello"]);
    let target = compile(&bench, "busy", BUSY);
    // Files may have a block of 1024 bytes: the statistics need more.
    let script = format!(
        "ulimit -f 1; exec {} fuzz --no-ui -i seeds -o out -V 60 -- {}",
        env!("CARGO_BIN_EXE_tine"),
        target.display()
    );
    let done = bench.program("bash").args(["-c", &script]).run();
    done.assert_code(1)
        .assert_stderr("fuzzer_stats")
        .assert_stderr("ulimit -f");
    let files = entries(&instance(&bench));
    assert!(
        !files.contains("fuzzer_stats") && !files.contains(".unfinished"),
        "{files:?}"
    );
    assert!(
        files.contains("queue") && files.contains("cmdline"),
        "{files:?}"
    );
}

#[test]
fn an_output_folder_that_disappears_ends_it_with_a_reason() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["hello"]);
    let target = compile(&bench, "busy", BUSY);
    let session = fuzz(&bench, "seeds", &["-V", "60"], &target).start();
    wait_for_runs(&session, &bench);
    fs::rename(bench.path("out"), bench.path("moved")).unwrap();
    let done = session.wait();
    done.assert_code(1)
        .assert_stderr("was the output folder removed?");
}

#[test]
fn a_lost_fork_server_comes_back() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["hello"]);
    let target = compile(&bench, "busy", BUSY);
    let session = fuzz(&bench, "seeds", &[], &target).start();
    wait_for_runs(&session, &bench);
    let server = pid_of_server(&session);
    kill(Pid::from_raw(server), Signal::SIGKILL).unwrap();
    session.wait_for("the note", |session| {
        session.stderr().contains("started again, 1 time")
    });
    assert_ne!(pid_of_server(&session), server);
    session.signal(Signal::SIGINT);
    session.wait().assert_code(0);
}

#[test]
fn an_input_that_kills_the_fork_server_is_passed_over() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["x"]);
    let target = compile(
        &bench,
        "killer",
        r#"
#include <signal.h>
#include <unistd.h>
int main(void) {
    char b = 0;
    if (read(0, &b, 1) == 1 && (b & 0xf0) == 0x20) kill(getppid(), SIGKILL);
    return 0;
}
"#,
    );
    let done = fuzz(&bench, "seeds", &["-V", "5"], &target).run();
    done.assert_code(0)
        .assert_stderr("1 input passed over so far")
        .assert_stderr("took the fork server along")
        .assert_stderr("(-V)");
    let instance = bench.path("out/default");
    let kept = testcases(&instance.join("lost"));
    assert!(!kept.is_empty() && kept.len() <= 64, "{}", kept.len());
    for path in &kept {
        let bytes = fs::read(path).unwrap();
        assert_eq!(bytes[0] & 0xf0, 0x20, "{} is not to blame", path.display());
    }
    let stats = Stats::read(&instance);
    let lost = stats.number("lost_inputs");
    assert!(lost >= kept.len() as f64);
    assert!(stats.number("server_restarts") >= 3.0 * lost);

    // A resumed session goes on counting, and writes over nothing.
    let done = bench
        .tine()
        .args(["fuzz", "--no-ui", "-i", "-", "-o", "out", "-V", "2", "--"])
        .arg(&target)
        .run();
    done.assert_code(0);
    assert!(Stats::read(&instance).number("lost_inputs") >= lost);
    assert!(testcases(&instance.join("lost")).starts_with(&kept));
}

#[test]
fn unstable_coverage_is_measured() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["hello"]);
    let target = compile(
        &bench,
        "unstable",
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
    fuzz(&bench, "seeds", &["-E", "3000"], &target)
        .run()
        .assert_code(0);
    let stats = Stats::read(&instance(&bench));
    assert!(stats.number("stability") < 100.0, "{stats:?}");
    assert!(stats.number("var_byte_count") >= 1.0 && stats.number("corpus_variable") >= 1.0);
}

#[test]
fn a_session_runs_on_one_core_and_says_which() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["hello"]);
    let target = compile(&bench, "busy", BUSY);
    let refused = fuzz(&bench, "seeds", &["-b", "9999"], &target).run();
    refused.assert_code(1).assert_stderr("core 9999");
    let session = fuzz(&bench, "seeds", &["-b", "0", "-V", "60"], &target).start();
    wait_for_runs(&session, &bench);
    for pid in [session.pid(), pid_of_server(&session)] {
        assert_eq!(allowed_cores(pid), "0", "process {pid}");
    }
    session.signal(Signal::SIGINT);
    session.wait().assert_code(0).assert_stderr("on core 0");
    assert_eq!(Stats::read(&instance(&bench)).number("cpu_affinity"), 0.0);
}

/// The cores that a process may run on, as the system lists them.
fn allowed_cores(pid: i32) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let cores = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    cores.expect("every process has cores").trim().to_owned()
}

/// The last core that this process may use.
fn last_core() -> String {
    let own = allowed_cores(std::process::id() as i32);
    own.rsplit([',', '-']).next().unwrap().to_owned()
}

#[test]
fn a_session_keeps_to_the_core_that_it_was_given() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["hello"]);
    let target = compile(&bench, "busy", BUSY);
    let core = last_core();
    let line = [
        "-c",
        &core,
        env!("CARGO_BIN_EXE_tine"),
        "fuzz",
        "-i",
        "seeds",
        "-o",
        "out",
    ];
    let taskset = bench
        .program("taskset")
        .args(line)
        .args(["-V", "60", "--"])
        .arg(&target);
    let session = taskset.start();
    wait_for_runs(&session, &bench);
    for pid in [session.pid(), pid_of_server(&session)] {
        assert_eq!(allowed_cores(pid), core, "process {pid}");
    }
    session.signal(Signal::SIGINT);
    session.wait().assert_code(0);
    let stats = Stats::read(&instance(&bench));
    assert_eq!(stats.number("cpu_affinity").to_string(), core);
}

#[test]
fn a_session_leaves_cores_alone_that_others_are_bound_to() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["hello"]);
    let target = compile(&bench, "busy", BUSY);
    // The first that it would take.
    let taken = "0";
    let other = bench
        .program("taskset")
        .args(["-c", taken, "sleep", "600"])
        .start();
    other.wait_for("its core", |other| allowed_cores(other.pid()) == taken);
    let session = fuzz(&bench, "seeds", &["-V", "60"], &target).start();
    wait_for_runs(&session, &bench);
    // Tests beside this one may have taken all the others: then it is not bound.
    // Where there is one core only, there is nothing to choose.
    let only_one = allowed_cores(std::process::id() as i32) == taken;
    assert_eq!(allowed_cores(session.pid()) == taken, only_one);
    session.signal(Signal::SIGINT);
    session.wait().assert_code(0);
    other.signal(Signal::SIGKILL);
    other.wait();
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
    let done = fuzz(&bench, "seeds", &options, &target).run();
    done.assert_code(0).assert_stderr("1 crash in");
}
