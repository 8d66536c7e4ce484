//! Every mistake that a user makes gets one sentence that says what was wrong
//! and what to do, and an exit code that is not 0.

mod support;

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    time::Duration,
};
use support::{Compiler, Finished, Workbench};

/// Both subcommands that take a target.
const BOTH: &[&str] = &["fuzz", "showmap"];
const FUZZ: &[&str] = &["fuzz"];
const SHOWMAP: &[&str] = &["showmap"];

/// A mistake, and what must be said about it.
struct Mistake {
    name: &'static str,
    commands: &'static [&'static str],
    /// What stands between the subcommand and `--`, after what a right line has.
    options: &'static [&'static str],
    env: &'static [(&'static str, &'static str)],
    /// The target and its arguments.
    target: &'static [&'static str],
    /// All of these are in the sentence: what was wrong, and the way out.
    says: &'static [&'static str],
}

const NOTHING_SPECIAL: Mistake = Mistake {
    name: "",
    commands: BOTH,
    options: &[],
    env: &[],
    target: &["./prog"],
    says: &[],
};

/// About the target and its arguments.
const TARGET_MISTAKES: &[Mistake] = &[
    Mistake {
        name: "no such target",
        target: &["./missing"],
        says: &["./missing", "is the path right?"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "no such command",
        target: &["missing-command"],
        says: &["missing-command on PATH", "`./`"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "a folder",
        target: &["./seeds"],
        says: &["./seeds is a folder"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "not executable",
        target: &["./plain.txt"],
        says: &["./plain.txt is not executable", "chmod +x"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "not a program",
        target: &["./text"],
        says: &["./text", "not an ELF file"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "an object file",
        target: &["./object"],
        says: &["./object is an object file", "link it"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "a script",
        target: &["./script"],
        says: &["./script is a script for /bin/sh", ".libs"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "another architecture",
        target: &["./foreign"],
        says: &["./foreign is built for 64-bit RISC-V", "x86-64"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "a 32-bit program",
        target: &["./foreign32"],
        says: &["./foreign32 is built for 32-bit x86", "-m32"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "not instrumented",
        target: &["./bare"],
        says: &["./bare is not instrumented", "tine-cc"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "not instrumented, and not checked",
        env: &[("AFL_SKIP_BIN_CHECK", "1")],
        target: &["./bare"],
        says: &["./bare", "fork server never started", "tine-cc"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "a constructor that dies",
        env: &[("CONSTRUCTOR", "abort")],
        target: &["./constructor"],
        says: &[
            "./constructor was killed by SIGABRT",
            "constructor",
            "tine doctor",
        ],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "a constructor that exits",
        env: &[("CONSTRUCTOR", "exit")],
        target: &["./constructor"],
        says: &["./constructor exited with code 3", "tine doctor"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "a fork server that never answers",
        env: &[("CONSTRUCTOR", "hang"), ("AFL_FORKSRV_INIT_TMOUT", "200")],
        target: &["./constructor"],
        says: &[
            "did not answer within 0.2 s",
            "hello",
            "AFL_FORKSRV_INIT_TMOUT",
        ],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "a time limit for the start that is none",
        env: &[("AFL_FORKSRV_INIT_TMOUT", "soon")],
        says: &["AFL_FORKSRV_INIT_TMOUT=soon", "milliseconds"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "an exit code that is none",
        env: &[("AFL_CRASH_EXITCODE", "1000")],
        says: &["AFL_CRASH_EXITCODE=1000", "255"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "an input file that cannot be written",
        options: &["-f", "/no/such/folder/input"],
        target: &["./prog", "@@"],
        says: &["cannot write /no/such/folder/input", "-f FILE"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "an input file that is a folder",
        options: &["-f", "seeds"],
        target: &["./prog", "@@"],
        says: &["cannot write ", "seeds", "-f FILE"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "an input file that is the target",
        options: &["-f", "prog"],
        target: &["./prog", "@@"],
        says: &["-f ", "prog is the target itself"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "too little memory to start",
        options: &["-m", "5"],
        says: &["./prog", "memory limit of 5 MB", "-m none"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "a memory limit and a sanitizer",
        options: &["-m", "200"],
        target: &["./sanitized"],
        says: &[
            "./sanitized is built with AddressSanitizer",
            "-m 200",
            "-m none",
        ],
        ..NOTHING_SPECIAL
    },
];

/// About options and their values.
const OPTION_MISTAKES: &[Mistake] = &[
    Mistake {
        name: "a time that is none",
        options: &["-t", "1s"],
        says: &["'1s'", "whole number of milliseconds"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "a time that no run keeps",
        options: &["-t", "1"],
        says: &["'1'", "less than 5 ms"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "memory that is none",
        options: &["-m", "lots"],
        says: &["'lots'", "megabytes", "`none`"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "memory that no program keeps",
        options: &["-m", "1"],
        says: &["'1'", "less than 5 MB"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "no such option",
        options: &["--until-cash"],
        commands: FUZZ,
        says: &["'--until-cash'", "'--until-crash'", "--help"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "an option that only afl-fuzz has",
        commands: FUZZ,
        options: &["-Q"],
        says: &["-Q is an option of afl-fuzz only", "tine-cc"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "an option that only afl-showmap has",
        commands: SHOWMAP,
        options: &["-Q"],
        says: &["-Q is an option of afl-showmap only", "tine-cc"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "a seed that inputs would be written over",
        commands: FUZZ,
        options: &["-f", "seeds/../seeds/seed"],
        says: &[
            "-f seeds/../seeds/seed",
            "is the input seeds/seed",
            "another",
        ],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "no target",
        target: &[],
        says: &["TARGET", "not provided", "--help"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "runs that are no number",
        commands: FUZZ,
        options: &["-E", "many"],
        says: &["'many'", "whole number"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "options that exclude each other",
        commands: SHOWMAP,
        options: &["-e", "-r"],
        says: &["--edges-only", "--raw"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "a core that is not there",
        commands: FUZZ,
        options: &["-b", "99999", "-E", "10"],
        says: &["99999"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "a dictionary that is not there",
        commands: FUZZ,
        options: &["-x", "missing.dict"],
        says: &["missing.dict"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "a dictionary with a bad line",
        commands: FUZZ,
        options: &["-x", "bad.dict"],
        says: &["bad.dict", "3"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "a dictionary without an end",
        commands: FUZZ,
        options: &["-x", "/dev/zero"],
        says: &["/dev/zero has more than 64 MiB"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "a compare log without instrumentation",
        commands: FUZZ,
        options: &["-n", "-c", "0"],
        says: &["-n", "-c"],
        ..NOTHING_SPECIAL
    },
    Mistake {
        name: "a sanitizer's binary without instrumentation",
        commands: FUZZ,
        options: &["-n", "-w", "./prog"],
        says: &["-n", "-w"],
        ..NOTHING_SPECIAL
    },
];

/// What the mistakes are about.
fn set_up(bench: &Workbench) {
    bench.write("seeds/seed", "hello");
    bench.write("plain.txt", "text");
    bench.write("bad.dict", "# tokens\nfirst=\"GET\"\nsecond=\"no end\n");
    executable(&bench.write("text", "just text\n"));
    executable(&bench.write("script", "#!/bin/sh\nexec ./prog\n"));
    bench.write(
        "prog.c",
        "#include <unistd.h>\nint main(void) { char c; return read(0, &c, 1) < 0; }\n",
    );
    bench.write(
        "constructor.c",
        r#"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
__attribute__((constructor(101))) static void before_main(void) {
    const char *what = getenv("CONSTRUCTOR");
    if (what == NULL) return;
    if (strcmp(what, "abort") == 0) abort();
    if (strcmp(what, "exit") == 0) exit(3);
    for (;;) pause();
}
int main(void) { return 0; }
"#,
    );
    let compile = |args: &[&str]| {
        bench
            .tine_cc()
            .env("TINE_CC", Compiler::clang().cc)
            .args(args)
            .run()
            .assert_code(0);
    };
    compile(&["-o", "prog", "prog.c"]);
    compile(&["-o", "constructor", "constructor.c"]);
    compile(&["-fsanitize=address", "-o", "sanitized", "prog.c"]);
    bench
        .program("cc")
        .args(["-o", "bare", "prog.c"])
        .run()
        .assert_code(0);
    bench
        .program("cc")
        .args(["-c", "-o", "object", "prog.c"])
        .run()
        .assert_code(0);
    executable(&bench.path("object"));
    // The machine's number, and the class, in the header of a real program.
    for (name, class, machine) in [("foreign", 2, 243), ("foreign32", 1, 3)] {
        let mut program = fs::read(bench.path("prog")).unwrap();
        (program[4], program[18]) = (class, machine);
        executable(&bench.write(name, program));
    }
}

fn executable(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn make(bench: &Workbench, command: &str, mistake: &Mistake) -> Finished {
    let right: &[&str] = match command {
        "fuzz" => &["-i", "seeds", "-o", "out", "--no-ui"],
        _ => &["-o", "map"],
    };
    let line = bench.tine().arg(command).args(right).args(mistake.options);
    let line = if mistake.target.is_empty() {
        line
    } else {
        line.arg("--").args(mistake.target)
    };
    let line = mistake
        .env
        .iter()
        .fold(line, |line, (name, value)| line.env(name, value));
    line.deadline(Duration::from_secs(30)).run()
}

/// What is wrong with how a mistake was answered.
fn complaints(done: &Finished, says: &[&str]) -> Vec<String> {
    let mut wrong = Vec::new();
    let stderr = done.stderr();
    if done.code() != Some(1) {
        wrong.push(format!("it ended with {}, not with code 1", done.status));
    }
    if stderr.contains("panicked") || stderr.contains("bug in tine") {
        wrong.push("it is a panic".into());
    }
    if !stderr.lines().all(|line| line.starts_with("tine: ")) {
        wrong.push("a line does not begin with `tine: `".into());
    }
    // Notes, such as that no core is free, may stand before it.
    let sentence = stderr.lines().last().unwrap_or_default();
    let lacks = says.iter().filter(|part| !sentence.contains(**part));
    wrong.extend(lacks.map(|part| format!("the last line lacks {part:?}")));
    wrong
}

fn check(mistakes: &[Mistake]) {
    let bench = Workbench::new();
    set_up(&bench);
    let mut failures = Vec::new();
    for mistake in mistakes {
        for command in mistake.commands {
            let done = make(&bench, command, mistake);
            let wrong = complaints(&done, mistake.says);
            if !wrong.is_empty() {
                failures.push(format!(
                    "{}:\n  {}\n{done}",
                    mistake.name,
                    wrong.join("\n  ")
                ));
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} failures\n\n{}",
        failures.len(),
        failures.join("\n\n")
    );
}

#[test]
fn mistakes_about_the_target_are_named() {
    check(TARGET_MISTAKES);
}

#[test]
fn mistakes_about_options_are_named() {
    check(OPTION_MISTAKES);
}

/// A right line of `tine fuzz`, to be made wrong.
fn fuzz<'b>(bench: &'b Workbench, seeds: &str, out: &str) -> support::Runner<'b> {
    bench
        .tine()
        .args([
            "fuzz", "--no-ui", "-E", "50", "-t", "200", "-i", seeds, "-o", out, "--", "./prog",
        ])
        .deadline(Duration::from_secs(60))
}

fn assert_refused(done: &Finished, says: &[&str]) {
    let wrong = complaints(done, says);
    assert!(wrong.is_empty(), "{}\n{done}", wrong.join("\n"));
}

#[test]
fn folders_without_seeds_are_refused() {
    let bench = Workbench::new();
    set_up(&bench);
    fs::create_dir(bench.path("none")).unwrap();
    assert_refused(&fuzz(&bench, "none", "out").run(), &["none", "seed"]);
    assert_refused(&fuzz(&bench, "missing", "out").run(), &["missing"]);
    assert_refused(&fuzz(&bench, "plain.txt", "out").run(), &["plain.txt"]);
    // Only seeds that are no use.
    bench.write("useless/empty", "");
    let done = fuzz(&bench, "useless", "out").run();
    assert_eq!(done.code(), Some(1), "{done}");
    done.assert_stderr("empty");
}

#[test]
fn bad_seeds_are_named_and_the_others_used() {
    let bench = Workbench::new();
    set_up(&bench);
    bench.write(
        "prog.c",
        r#"
#include <stdlib.h>
#include <unistd.h>
int main(void) {
    char c = 0;
    if (read(0, &c, 1) < 0) return 1;
    if (c == '!') abort();
    if (c == '?') for (;;) pause();
    return c == 'a' ? 2 : 0;
}
"#,
    );
    bench
        .tine_cc()
        .args(["-o", "prog", "prog.c"])
        .run()
        .assert_code(0);
    for (name, content) in [
        ("good", "abc"),
        ("empty-one", ""),
        ("crashing", "!"),
        ("hanging", "?"),
    ] {
        bench.write(format!("mixed/{name}"), content);
    }
    // It opens, and reading it fails, whoever asks.
    symlink("/proc/self/mem", bench.path("mixed/unreadable")).unwrap();
    symlink("/no/such/file", bench.path("mixed/dangling")).unwrap();
    let done = fuzz(&bench, "mixed", "out").run();
    done.assert_code(0);
    for name in ["empty-one", "crashing", "hanging", "unreadable", "dangling"] {
        done.assert_stderr(name);
    }
    let queue = support::testcases(&bench.path("out/default/queue"));
    let has = |name: &str| {
        queue
            .iter()
            .any(|path| path.to_string_lossy().contains(name))
    };
    assert!(has("orig:good"), "{queue:?}");
    assert!(!has("unreadable") && !has("dangling"), "{queue:?}");

    // All of them crash: there is nothing to go on with.
    bench.write("crashing-only/one", "!");
    let done = fuzz(&bench, "crashing-only", "out2").run();
    assert_eq!(done.code(), Some(1), "{done}");
    done.assert_stderr("one");
    // Nor does it help that the session was over just then.
    let line = ["fuzz", "-E", "1", "-i", "crashing-only", "-o", "out3"];
    let done = bench.tine().args(line).args(["--", "./prog"]).run();
    assert_refused(&done, &["no seed is left", "crashing-only/one"]);
}

#[test]
fn options_behind_the_target_are_noticed() {
    let bench = Workbench::new();
    set_up(&bench);
    let done = bench
        .tine()
        .args(["fuzz", "./prog", "-i", "seeds", "-o", "out"])
        .run();
    assert_refused(&done, &["--input", "--output", "options stand before"]);
}

#[test]
fn a_missing_library_is_thought_of() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["x"]);
    bench.write("library.c", "int answer(void) { return 42; }\n");
    bench.write(
        "prog.c",
        "int answer(void);\nint main(void) { return answer() != 42; }\n",
    );
    for (tool, args) in [
        (
            bench.program("cc"),
            ["-shared", "-fPIC", "-o", "libanswer.so", "library.c"],
        ),
        (
            bench.tine_cc(),
            ["-O1", "-o", "prog", "prog.c", "./libanswer.so"],
        ),
    ] {
        tool.args(args).run().assert_code(0);
    }
    fs::remove_file(bench.path("libanswer.so")).unwrap();
    assert_refused(
        &fuzz(&bench, "seeds", "out").run(),
        &["127", "library", "ldd"],
    );
}

#[test]
fn output_folders_that_cannot_be_used_are_refused() {
    let bench = Workbench::new();
    set_up(&bench);
    // A file, below a file, and where nobody may write.
    assert_refused(&fuzz(&bench, "seeds", "plain.txt").run(), &["plain.txt"]);
    assert_refused(
        &fuzz(&bench, "seeds", "plain.txt/out").run(),
        &["plain.txt/out"],
    );
    assert_refused(&fuzz(&bench, "seeds", "/proc/out").run(), &["/proc/out"]);
    // Nothing to go on with.
    assert_refused(&fuzz(&bench, "-", "out").run(), &["out"]);
    // The results would be seeds of the next session.
    assert_refused(
        &fuzz(&bench, "seeds", "./seeds/").run(),
        &["-i and -o", "same folder"],
    );
    assert!(!bench.path("seeds/default").exists());
}

#[test]
fn the_folder_of_a_running_fuzzer_is_refused() {
    let bench = Workbench::new();
    set_up(&bench);
    let first = bench
        .tine()
        .args([
            "fuzz", "--no-ui", "-V", "60", "-i", "seeds", "-o", "out", "--", "./prog",
        ])
        .start();
    let stats = bench.path("out/default/fuzzer_stats");
    first.wait_for("the first fuzzer's start", |_| stats.exists());
    assert_refused(&fuzz(&bench, "seeds", "out").run(), &["out", "running"]);
    first.signal(nix::sys::signal::Signal::SIGINT);
    first.wait().assert_code(0);
}
