//! `tine demo` finds its bug, and the commands that it prints work when they are
//! pasted into a shell.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    time::Duration,
};
use tine_workbench::{Compiler, Finished, Workbench};

/// More than it may take; the limit it sets itself.
const DEADLINE: Duration = Duration::from_secs(240);

/// The lines under a heading, up to the next empty one.
fn commands_under<'t>(text: &'t str, heading: &str) -> Vec<&'t str> {
    let mut lines = text
        .lines()
        .skip_while(|line| !line.starts_with(heading))
        .skip(1);
    let commands: Vec<_> = lines
        .by_ref()
        .map_while(|line| line.strip_prefix("  "))
        .collect();
    assert!(
        !commands.is_empty(),
        "no commands under {heading:?}:\n{text}"
    );
    commands
}

/// A workbench for a command whose files in the temporary folder stay.
fn bench() -> Workbench {
    let mut bench = Workbench::new();
    bench.keep_temporary_files();
    bench
}

fn shell(bench: &Workbench, line: &str, path: &str) -> Finished {
    bench
        .program("bash")
        .args(["-c", line])
        .env("PATH", path)
        .deadline(DEADLINE)
        .run()
}

/// Pastes what the demonstration printed.
fn paste(bench: &Workbench, story: &str, path: &str) {
    let replay = commands_under(story, "See the crash again");
    assert_eq!(replay.len(), 2, "{story}");
    let by_hand = shell(bench, replay[0], path);
    // What a shell makes of a signal.
    assert!(by_hand.code().is_none_or(|code| code > 128), "{by_hand}");
    shell(bench, replay[1], path)
        .assert_code(2)
        .assert_stderr("the target crashed by signal");

    bench.write(
        "prog.c",
        "#include <unistd.h>\nint main(void) { char c; return read(0, &c, 1) == 1 && c == 'h'; }\n",
    );
    let own = commands_under(story, "Fuzz your own program");
    assert_eq!(own.len(), 3, "{story}");
    // The last one fuzzes until it is interrupted.
    let script = format!(
        "set -e\n{}\n{}\ntimeout --foreground --preserve-status -s INT 3 {}",
        own[0], own[1], own[2]
    );
    shell(bench, &script, path).assert_code(0);
    let queue = tine_workbench::testcases(&bench.path("out/default/queue"));
    assert!(
        queue
            .iter()
            .any(|path| path.ends_with("id:000000,time:0,execs:0,orig:hello")),
        "{queue:?}"
    );
}

fn demo(bench: &Workbench, tine: &Path, compiler: &Compiler, path: &str) -> String {
    let line = bench
        .program(tine)
        .arg("demo")
        .arg("--no-ui")
        .env("TINE_CC", &compiler.cc);
    let done = line.env("PATH", path).deadline(DEADLINE).run();
    done.assert_code(0);
    let story = done.stdout();
    let numbers = story.split("  4.").next().unwrap_or_default();
    assert!(!numbers.contains('?'), "every number is known:\n{story}");
    for part in ["fork server", "edges", "SIG", "demo.c:"] {
        assert!(story.contains(part), "{part}:\n{story}");
    }
    story
}

fn own_path() -> String {
    std::env::var("PATH").expect("PATH")
}

#[test]
fn every_compiler_finds_the_bug_and_the_commands_work() {
    for compiler in [Compiler::clang(), Compiler::gcc()] {
        let bench = bench();
        let story = demo(
            &bench,
            Path::new(env!("CARGO_BIN_EXE_tine")),
            &compiler,
            &own_path(),
        );
        paste(&bench, &story, &own_path());
    }
}

/// `cargo run` builds `tine` and nothing else.
#[test]
fn tine_alone_is_enough() {
    let bench = bench();
    let tine = bench.path("bin/tine");
    fs::create_dir(bench.path("bin")).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_tine"), &tine).unwrap();
    let story = demo(&bench, &tine, &Compiler::clang(), &own_path());
    paste(&bench, &story, &own_path());
}

#[test]
fn commands_on_path_are_called_by_their_names() {
    let bench = bench();
    fs::create_dir(bench.path("bin")).unwrap();
    for (name, program) in [
        ("tine", env!("CARGO_BIN_EXE_tine")),
        ("tine-cc", env!("CARGO_BIN_EXE_tine-cc")),
    ] {
        symlink(program, bench.path("bin").join(name)).unwrap();
    }
    let path = format!("{}:{}", bench.path("bin").display(), own_path());
    let story = demo(
        &bench,
        &PathBuf::from(env!("CARGO_BIN_EXE_tine")),
        &Compiler::clang(),
        &path,
    );
    assert!(
        story.contains("\n  tine showmap ") && story.contains("\n  tine-cc -g"),
        "{story}"
    );
    paste(&bench, &story, &path);
}

#[test]
fn a_folder_can_be_chosen_if_it_is_empty() {
    let bench = Workbench::new();
    bench.write("used/file", "mine");
    let run = |dir: &str| {
        bench
            .tine()
            .args(["demo", "--no-ui", "--dir", dir])
            .deadline(DEADLINE)
    };
    run("used")
        .run()
        .assert_code(1)
        .assert_stderr("used is not empty");
    run("used/file")
        .run()
        .assert_code(1)
        .assert_stderr("cannot write in used/file");
    run("new one").run().assert_code(0);
    assert!(bench.path("new one/demo.c").is_file());
}

#[test]
fn without_a_compiler_it_says_what_to_install_and_leaves_nothing() {
    let bench = Workbench::new();
    let done = bench.tine().arg("demo").env("PATH", bench.dir()).run();
    done.assert_code(1).assert_stderr("needs clang or gcc");
}
