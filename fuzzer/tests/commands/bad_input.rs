//! Every mistake that a user makes gets one sentence that says what was wrong
//! and what to do, and an exit code that is not 0.

mod mistakes;

use mistakes::{Mistake, OPTION_MISTAKES, TARGET_MISTAKES};
use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    time::Duration,
};
use tine_workbench::{Compiler, Finished, Workbench};

/// What the mistakes are about.
fn set_up(bench: &Workbench) {
    bench.write("seeds/seed", "hello");
    bench.write("plain.txt", "text");
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
fn fuzz<'b>(bench: &'b Workbench, seeds: &str, out: &str) -> tine_workbench::Runner<'b> {
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
    let queue = tine_workbench::testcases(&bench.path("out/default/queue"));
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

/// A program that reads what tine tells would take nothing for an answer.
#[test]
fn what_cannot_be_written_to_standard_output_is_an_error() {
    let bench = Workbench::new();
    set_up(&bench);
    fuzz(&bench, "seeds", "out").run().assert_code(0);
    for line in [
        "status out",
        "status --json out",
        "status --files",
        "showmap -o - -- ./prog",
        "trace -- ./prog",
        "doctor",
        "--help",
        "--version",
        "fuzz --help",
    ] {
        let shell = bench
            .program("sh")
            .args(["-c", "exec \"$0\" \"$@\" > /dev/full"]);
        let done = shell
            .arg(env!("CARGO_BIN_EXE_tine"))
            .args(line.split(' '))
            .run();
        let wrong = complaints(&done, &["cannot write", "No space left"]);
        assert!(wrong.is_empty(), "{line}: {}\n{done}", wrong.join("\n"));
    }
    // Who closed it has seen enough.
    let shell = bench
        .program("sh")
        .args(["-c", "\"$0\" status --json out | true"]);
    let done = shell.arg(env!("CARGO_BIN_EXE_tine")).run();
    assert!(done.stderr.is_empty(), "{done}");
}
