//! AFL's environment variables, and the options that belong to afl-fuzz's habits.

use std::{collections::BTreeSet, fs, path::Path};
use tine_protocol::env::{self, SET_BY_CONTROLLERS};
use tine_workbench::{
    Finished, Runner, Stats, Workbench, peers::aflplusplus_440, targets_folder, testcases,
};

/// `a` crashes, `t` takes 300 ms, `h` does not end.
const SOURCE: &str = r#"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
volatile int sink;
int main(int argc, char **argv) {
    char b[16] = {0};
    int from = argc > 1 ? open(argv[1], O_RDONLY) : 0;
    if (read(from, b, sizeof b) < 1) return 0;
    const char *wanted = getenv("WANTED");
    if (wanted && strcmp(wanted, "a b")) return 3;
    if (argc > 1 && strstr(argv[1], ".wrong")) abort();
    if (b[0] == 'a') { if (b[1] == 'b') sink++; abort(); }
    if (b[0] == 't') { usleep(300000); sink += 2; }
    if (b[0] == 'h') for (;;) pause();
    return 0;
}
"#;

fn fuzz<'b>(bench: &'b Workbench, seeds: &[&str], options: &[&str], target: &[&str]) -> Runner<'b> {
    let _ = fs::remove_dir_all(bench.path("out"));
    let _ = fs::remove_dir_all(bench.path("seeds"));
    bench.seeds("seeds", seeds);
    bench
        .tine()
        .args(["fuzz", "-i", "seeds", "-o", "out"])
        .args(options)
        .arg("--")
        .args(target)
}

/// `AFL_IGNORE_TIMEOUTS` and so on, set to 1 unless there is a `=`.
fn with<'b>(runner: Runner<'b>, variables: &[&str]) -> Runner<'b> {
    variables.iter().fold(runner, |runner, variable| {
        let (name, value) = variable.split_once('=').unwrap_or((variable, "1"));
        runner.env(name, value)
    })
}

fn names(bench: &Workbench, folder: &str) -> Vec<String> {
    let files = testcases(&bench.path("out/default").join(folder));
    files
        .iter()
        .map(|file| file.file_name().unwrap().to_string_lossy().into_owned())
        .collect()
}

/// The names between quotes that begin with `AFL_`.
fn quoted(text: &str, quote: char) -> BTreeSet<String> {
    let parts = text.split(quote).filter(|part| part.starts_with("AFL_"));
    parts.map(str::to_owned).collect()
}

#[test]
fn every_variable_of_aflplusplus_has_an_answer() {
    let bench = Workbench::new();
    let header = aflplusplus_440("afl-fuzz")
        .with_file_name("include")
        .join("envs.h");
    let theirs = quoted(&fs::read_to_string(header).expect("its list of names"), '"');
    assert!(theirs.len() > 250, "{}", theirs.len());
    let list = targets_folder().join("conformance/variables-5.02c.txt");
    let list = fs::read_to_string(list).expect("the names that 5.02c looks up");
    let newer = list.lines().filter(|line| !line.starts_with('#'));
    let theirs: BTreeSet<String> = newer.map(str::to_owned).chain(theirs).collect();
    assert!(theirs.len() > 330, "{}", theirs.len());
    let table = bench.tine().args(["status", "--variables"]).run();
    let ours = quoted(&table.assert_code(0).stdout(), '`');
    let missing: Vec<_> = theirs.difference(&ours).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/environment.md");
    let page = quoted(&fs::read_to_string(page).unwrap(), '`');
    assert!(ours.is_subset(&page), "`cargo xtask docs` writes the table");
}

/// What is set, what the options are, the exit code and what is said.
type Case = (
    &'static [&'static str],
    &'static [&'static str],
    i32,
    &'static str,
);

#[test]
fn variables_are_told_of_or_refused_by_name() {
    const CASES: &[Case] = &[
        (
            &["AFL_ALLOW_CORES"],
            &[],
            0,
            "AFL_ALLOW_CORES has no effect",
        ),
        (
            &["AFL_HANG_TIMEOUT"],
            &[],
            0,
            "did you mean AFL_HANG_TMOUT?",
        ),
        (&["AFL_NO_UI="], &[], 0, "AFL_NO_UI is set to nothing"),
        (&["AFL_PYTHON_MODULE=m"], &[], 1, "AFL_PYTHON_MODULE is set"),
        (
            &["AFL_NO_FORKSRV"],
            &[],
            1,
            "use -n, which runs any program",
        ),
        (&["AFL_FORKSRV_UID=5"], &[], 1, "AFL_FORKSRV_UID is set"),
        (
            &["AFL_EXIT_ON_TIME=x"],
            &[],
            1,
            "AFL_EXIT_ON_TIME=x: give a number of seconds",
        ),
        (
            &["AFL_KILL_SIGNAL=99"],
            &[],
            1,
            "AFL_KILL_SIGNAL=99: give the number of a signal",
        ),
        (
            &["AFL_TARGET_ENV=A"],
            &[],
            1,
            "AFL_TARGET_ENV=A: give variables as",
        ),
        (
            &["AFL_TMPDIR=/missing"],
            &["@@"],
            1,
            "AFL_TMPDIR=/missing: give a folder",
        ),
        (
            &["AFL_BENCH_JUST_ONE"],
            &[],
            0,
            "stopped as AFL_BENCH_JUST_ONE asks",
        ),
        (
            &["AFL_EXIT_ON_TIME=1"],
            &[],
            0,
            "stopped as AFL_EXIT_ON_TIME asks",
        ),
        (
            &["AFL_BENCH_UNTIL_CRASH"],
            &[],
            0,
            "stopped at the first crash",
        ),
    ];
    let bench = Workbench::new();
    bench.compile("prog", &["-O1"], SOURCE);
    for (variables, arguments, code, sentence) in CASES {
        let ends_early = sentence.starts_with("stopped");
        let options: &[&str] = if ends_early {
            &["-V", "100", "-t", "1000"]
        } else {
            &["-E", "10", "-t", "1000"]
        };
        let mut target = vec!["./prog"];
        target.extend(*arguments);
        let done = with(fuzz(&bench, &["x"], options, &target), variables).run();
        done.assert_code(*code).assert_stderr(sentence);
    }
    // The tool for maps has nothing to do with a session.
    let showmap = with(bench.tine(), &["AFL_PYTHON_MODULE", "AFL_NO_FORKSRV"]);
    let showmap = showmap
        .args(["showmap", "-o", "map", "--", "./prog"])
        .stdin("x")
        .run();
    showmap
        .assert_code(1)
        .assert_stderr("AFL_NO_FORKSRV is set");
}

#[test]
fn variables_change_what_is_saved() {
    let bench = Workbench::new();
    bench.compile("prog", &["-O1"], SOURCE);
    let run = |seeds: &[&str], options: &[&str], variables: &[&str]| -> Finished {
        with(fuzz(&bench, seeds, options, &["./prog"]), variables).run()
    };
    let timeouts = ["-t", "100", "-V", "4", "-s", "3"];
    // A run over the limit that ends is a testcase, or nothing at all.
    run(&["u"], &timeouts, &["AFL_KEEP_TIMEOUTS"]).assert_code(0);
    let queue = testcases(&bench.path("out/default/queue"));
    let slow = queue
        .iter()
        .filter(|path| fs::read(path).unwrap().starts_with(b"t"));
    assert_ne!(slow.count(), 0, "{:?}", names(&bench, "queue"));
    run(&["u"], &timeouts, &["AFL_IGNORE_TIMEOUTS"]).assert_code(0);
    assert_eq!(names(&bench, "hangs"), [""; 0]);
    assert!(Stats::read(&bench.path("out/default")).number("total_tmout") > 0.0);

    // Seeds that crash.
    let seeds = ["x", "ab"];
    let few = ["-E", "30", "-t", "1000"];
    let saved = run(&seeds, &few, &["AFL_CRASHING_SEEDS_AS_NEW_CRASH"]);
    saved.assert_code(0);
    let crashes = names(&bench, "crashes");
    assert!(
        crashes.iter().any(|name| name.contains("op:dry_run")),
        "{crashes:?}"
    );
    let refused = run(&seeds, &few, &["AFL_EXIT_ON_SEED_ISSUES"]);
    refused
        .assert_code(1)
        .assert_stderr("1 seed of 2 cannot be used");

    let no_readme = ["--until-crash", "-V", "100", "-t", "1000"];
    run(&["x"], &no_readme, &["AFL_NO_CRASH_README"]).assert_code(0);
    assert!(!bench.path("out/default/crashes/README.txt").exists());
    let quiet = run(&["x"], &["-V", "1", "-t", "1000"], &["AFL_QUIET"]);
    assert!(
        !quiet.assert_code(0).stderr().contains("edges, "),
        "{quiet}"
    );
}

#[test]
fn the_targets_environment_signals_and_input_file_are_as_asked() {
    let bench = Workbench::new();
    bench.compile("prog", &["-O1"], SOURCE);
    // The target exits with 3 where WANTED is another one.
    let map = |variable: &str| {
        let runner = bench.tine().env("AFL_TARGET_ENV", variable);
        let done = runner
            .args(["showmap", "-o", "map", "--", "./prog"])
            .stdin("x")
            .run();
        done.assert_code(0).stderr()
    };
    assert!(map("X=1 WANTED='a b'").contains("exited with code 0"));
    assert!(map("WANTED=other").contains("exited with code 3"));
    let placeholder = bench
        .tine()
        .env("AFL_INPUT_PLACEHOLDER", "%FILE%")
        .args(["showmap", "-o", "map", "--", "./prog", "%FILE%"])
        .stdin("ab")
        .run();
    placeholder.assert_code(2).assert_stderr("SIGABRT");
    // A child that a weaker signal does not end is killed all the same.
    let stubborn = bench
        .tine()
        .env("AFL_KILL_SIGNAL", "15")
        .args(["showmap", "-t", "200", "-o", "map", "--", "./prog"])
        .stdin("h")
        .run();
    stubborn
        .assert_code(1)
        .assert_stderr("ran over its time limit");

    fs::create_dir(bench.path("fast")).unwrap();
    let session = fuzz(
        &bench,
        &["x"],
        &["-V", "100", "-t", "1000", "-e", "xml"],
        &["./prog", "@@"],
    );
    let session = session.env("AFL_TMPDIR", bench.path("fast")).start();
    let stats = bench.path("out/default/fuzzer_stats");
    session.wait_for("the first figures", |_| stats.exists());
    let files: Vec<_> = fs::read_dir(bench.path("fast"))
        .unwrap()
        .flatten()
        .collect();
    // A folder of its own, where nobody else can plant anything.
    assert!(files[0].path().join(".cur_input.xml").is_file());
    let mode = std::os::unix::fs::MetadataExt::mode(&files[0].metadata().unwrap());
    assert_eq!(mode & 0o777, 0o700);
    session.signal(nix::sys::signal::Signal::SIGINT);
    session.wait().assert_code(0);
    assert_eq!(
        fs::read_dir(bench.path("fast")).unwrap().count(),
        0,
        "it is removed"
    );
    let wrong = fuzz(
        &bench,
        &["x"],
        &["-E", "9", "-e", "wrong"],
        &["./prog", "@@"],
    )
    .run();
    wrong.assert_code(1).assert_stderr("no seed is left");
}

#[test]
fn what_cannot_be_preloaded_is_named() {
    let bench = Workbench::new();
    bench.compile("prog", &["-O1"], SOURCE);
    bench.write("text.so", "no shared object");
    for wrong in ["./missing.so", "./text.so"] {
        let run = fuzz(&bench, &["x"], &["-E", "100"], &["./prog"]).env("AFL_PRELOAD", wrong);
        let done = run.run();
        done.assert_code(1)
            .assert_stderr("AFL_PRELOAD=")
            .assert_stderr(wrong);
        assert!(!bench.path("out").exists(), "{done}");
    }
    // One that the loader searches for.
    let run = fuzz(&bench, &["x"], &["-E", "100"], &["./prog"]);
    run.env("AFL_PRELOAD", "libm.so.6").run().assert_code(0);
}

#[test]
fn a_command_runs_at_each_crash_and_is_not_waited_for() {
    let bench = Workbench::new();
    bench.compile("prog", &["-O1"], SOURCE);
    bench.write("copy.sh", "cp \"$2\" copied && mv copied \"$1\"\n");
    // Each leaves a copy of the crash under its own name. A plain command gets the path
    // as its last argument.
    for (copy, command) in [
        (
            "by-variable",
            "cp \"$TINE_CRASH\" copied && mv copied by-variable",
        ),
        ("by-parameter", "cp \"$1\" copied && mv copied by-parameter"),
        ("by-argument", "sh ./copy.sh by-argument"),
    ] {
        let options = ["-V", "100", "-t", "1000", "--until-crash", "-I", command];
        fuzz(&bench, &["x"], &options, &["./prog"])
            .run()
            .assert_code(0);
        let copy = bench.path(copy);
        let limit = std::time::Duration::from_secs(20);
        assert!(
            tine_workbench::wait_until(limit, || copy.exists()),
            "{}",
            copy.display()
        );
        let crash = &testcases(&bench.path("out/default/crashes"))[0];
        assert_eq!(fs::read(copy).unwrap(), fs::read(crash).unwrap());
    }
}

#[test]
fn crashes_are_explored_from_a_crash() {
    let bench = Workbench::new();
    bench.compile("prog", &["-O1"], SOURCE);
    let options = ["-C", "-V", "3", "-t", "1000", "-s", "5"];
    fuzz(&bench, &["ax", "x"], &options, &["./prog"])
        .run()
        .assert_code(0)
        .assert_stderr("-C takes inputs that crash it");
    let queue = testcases(&bench.path("out/default/queue"));
    assert!(queue.len() >= 2, "the other crash is a testcase: {queue:?}");
    for path in &queue {
        assert!(
            fs::read(path).unwrap().starts_with(b"a"),
            "{}",
            path.display()
        );
    }
    let stats = Stats::read(&bench.path("out/default"));
    assert!(stats.text("target_mode").contains("crash"));
    assert!(stats.number("saved_crashes") >= 1.0);
    let none = fuzz(&bench, &["x"], &options, &["./prog"]).run();
    none.assert_code(1)
        .assert_stderr("no seed crashes the target");
}

/// Aborts if a variable has the value that the test gave it.
const PASSED_ON: &str = r#"
#include <stdlib.h>
#include <string.h>
extern char **environ;
int main(void) {
    for (char **variable = environ; *variable; variable++)
        if (strstr(*variable, "=31415926")) abort();
    return 0;
}
"#;

/// tine may run inside a target of another fuzzer, whose words to that target would
/// make ours wait for somebody else.
#[test]
fn what_another_fuzzer_told_its_target_does_not_reach_ours() {
    let bench = Workbench::new();
    bench.compile("prog", &["-O1"], PASSED_ON);
    let variables: Vec<String> = SET_BY_CONTROLLERS
        .iter()
        .map(|name| format!("{}=31415926", env::name(name)))
        .collect();
    let variables: Vec<&str> = variables.iter().map(String::as_str).collect();
    let showmap = with(bench.tine(), &variables)
        .args(["showmap", "-o", "map", "--", "./prog"])
        .stdin("x");
    showmap.run().assert_code(0);
    for mode in [&["-E", "10"][..], &["-n", "-E", "10"]] {
        with(fuzz(&bench, &["x"], mode, &["./prog"]), &variables)
            .run()
            .assert_code(0);
    }
}
