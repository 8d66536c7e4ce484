//! What targets do to the fork server under them, and to their input.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use tine_controller::{ForkServer, InputRoute, Outcome, TargetConfig};
use tine_workbench::{Compiler, Workbench, in_process};

/// Ignores the end of its children before the fork server starts.
const IGNORES_CHILDREN: &str = r#"
#include <signal.h>
__attribute__((constructor)) static void before_main(void) { signal(SIGCHLD, SIG_IGN); }
int main(void) { return signal(SIGCHLD, SIG_DFL) == SIG_IGN ? 7 : 8; }
"#;

/// Takes its input away.
const RENAMES: &str = r#"
#include <stdio.h>
int main(int count, char **arguments) {
    FILE *file = count > 1 ? fopen(arguments[1], "r") : NULL;
    if (file == NULL) return 100;
    int first = getc(file);
    fclose(file);
    return rename(arguments[1], "taken") == 0 ? first : 101;
}
"#;

/// Loads and unloads an instrumented library before its persistent loop.
const UNLOADS: &str = r#"
#include <dlfcn.h>
#include <stddef.h>
__AFL_FUZZ_INIT();
int main(int count, char **arguments) {
    __AFL_INIT();
    void *library = count > 1 ? dlopen(arguments[1], RTLD_NOW) : NULL;
    if (library == NULL) return 3;
    dlclose(library);
    while (__AFL_LOOP(10)) {}
    return 0;
}
"#;
const UNLOADED: &str = "int answer(int x) { return x > 3 ? 42 : 7; }\n";

/// A fork server of classic AFL's whose children hang.
const HANGS_CLASSIC: &str = r#"
#include "wire.h"
int main(void) {
    send_word(CLASSIC);
    for (;;) {
        pid_t child = begin_run();
        if (child == 0) wait_for_ever();
        end_run(child);
    }
}
"#;

/// Writes the number that it reads to the control page, in the place of its own, then
/// hangs. Anything that is no number ends it well.
const NAMES_ANOTHER: &str = r#"
#include <stdlib.h>
#include <sys/shm.h>
#include <unistd.h>
int main(void) {
    char text[16] = {0}, *end;
    if (read(0, text, 15) < 1) return 1;
    int number = strtol(text, &end, 10);
    if (end == text) return 0;
    int *page = shmat(atoi(getenv("__TINE_CONTROL_SHM_ID")), 0, 0);
    if (page == (void *)-1) return 2;
    /* That of its parent. */
    page[2] = number == 1000000000 ? getppid() : number;
    for (;;) pause();
}
"#;

fn compile(bench: &Workbench, compiler: &Compiler, line: &str) {
    let runner = bench.tine_cc().env("TINE_CC", &compiler.cc);
    runner.args(line.split_whitespace()).run().assert_code(0);
}

fn compilers() -> [Compiler; 2] {
    [Compiler::clang(), Compiler::gcc()]
}

fn config(bench: &Workbench, program: &str) -> TargetConfig {
    let mut config = TargetConfig::new(bench.path(program));
    config.timeout = Duration::from_secs(20);
    config
}

#[test]
fn a_target_that_ignores_its_children_is_waited_for_all_the_same() {
    let bench = in_process();
    bench.write("ignores.c", IGNORES_CHILDREN);
    for compiler in compilers() {
        compile(&bench, &compiler, "ignores.c -o ignores");
        let mut server = ForkServer::start(config(&bench, "ignores")).expect("it starts");
        for _ in 0..3 {
            assert_eq!(server.run(b"").expect("it runs"), Outcome::Exited(7));
        }
        assert_eq!(server.restarts(), 0, "{:?}", server.last_loss());
    }
}

#[test]
fn an_input_that_the_target_takes_away_is_there_again_for_the_next_run() {
    let bench = in_process();
    bench.write("renames.c", RENAMES);
    compile(&bench, &Compiler::clang(), "renames.c -o renames");
    let mut config = config(&bench, "renames");
    config.input = InputRoute::File(bench.path("input"));
    config.args.push(bench.path("input").into());
    config.current_dir = Some(bench.dir());
    let mut server = ForkServer::start(config).expect("it starts");
    for first in [b'a', b'b', b'c'] {
        let outcome = server.run(&[first, b'x']).expect("it runs");
        assert_eq!(outcome, Outcome::Exited(first.into()));
    }
}

#[test]
fn a_library_that_was_unloaded_before_the_loop_is_left_alone() {
    let bench = in_process();
    bench.write("unloads.c", UNLOADS);
    bench.write("unloaded.c", UNLOADED);
    for compiler in compilers() {
        compile(&bench, &compiler, "unloads.c -o unloads");
        compile(&bench, &compiler, "-shared -fPIC unloaded.c -o unloaded.so");
        let mut config = config(&bench, "unloads");
        config.args.push(bench.path("unloaded.so").into());
        let mut server = ForkServer::start(config).expect("it starts");
        for _ in 0..3 {
            let outcome = server.run(b"x").expect("it runs");
            assert_eq!(outcome, Outcome::LoopDone, "{}", compiler.name());
        }
    }
}

#[test]
fn a_child_below_a_wrapper_script_is_killed_too() {
    let bench = in_process();
    bench.write("hangs.c", HANGS_CLASSIC);
    let headers = tine_workbench::targets_folder().join("faults");
    let done = bench
        .program(Compiler::gcc().cc)
        .args(["hangs.c", "-o", "hangs", "-I"])
        .arg(headers)
        .run();
    done.assert_code(0);
    // Not executed in place of the shell: one process more.
    let script = bench.write("wrapper", "#!/bin/sh\n./hangs\nexit $?\n");
    fs::set_permissions(&script, Permissions::from_mode(0o755)).unwrap();
    let mut config = config(&bench, "wrapper");
    config.current_dir = Some(bench.dir());
    config.env.push(bench.marker_variable());
    config.timeout = Duration::from_millis(200);
    let mut server = ForkServer::start(config).expect("it starts");
    for _ in 0..2 {
        assert_eq!(server.run(b"").expect("it runs"), Outcome::TimedOut);
    }
    assert_eq!(server.restarts(), 0, "{:?}", server.last_loss());
}

#[test]
fn a_process_that_the_target_names_is_killed_only_if_it_is_the_targets() {
    const PARENT: i32 = 1_000_000_000;
    let bench = in_process();
    bench.write("names.c", NAMES_ANOTHER);
    compile(&bench, &Compiler::clang(), "names.c -o names");
    // A session of its own, as that of a login is: nothing but its number is known.
    let mut other = Command::new("setsid")
        .args(["sleep", "1000"])
        .spawn()
        .unwrap();
    let mut config = config(&bench, "names");
    config.env.push(bench.marker_variable());
    let mut server = ForkServer::start(config).expect("it starts");
    let limit = Duration::from_millis(200);
    let pid = other.id().cast_signed();
    let own = std::process::id().cast_signed();
    for (number, restarts) in [
        (pid, 0),
        (-pid, 0),
        (-1, 0),
        (1, 0),
        (own, 0),
        (-own, 0),
        (PARENT, 0),
        // It denies that it is there: the fork server is given up, and ends it.
        (0, 1),
    ] {
        let before = server.restarts();
        let outcome = server.run_with_timeout(number.to_string().as_bytes(), limit);
        assert_eq!(outcome.expect("it runs"), Outcome::TimedOut, "{number}");
        assert_eq!(server.restarts() - before, restarts, "{number}");
        assert_eq!(server.run(b"x").expect("it runs"), Outcome::Exited(0));
        assert!(other.try_wait().unwrap().is_none(), "{number}: it lives");
    }
    other.kill().unwrap();
    other.wait().unwrap();
}
