//! A signal ends every command, with all that the target has started.

use std::fs;

use nix::sys::signal::Signal;

use tine_workbench::Workbench;

/// Says that it runs, and then never ends: nor does a child in its group.
const FAMILY: &str = r#"
#include <fcntl.h>
#include <unistd.h>
int main(int argc, char **argv) {
    char input[8] = {0};
    if (read(argc > 1 ? open(argv[1], O_RDONLY) : 0, input, 8) < 1) return 0;
    if (input[0] != 'f') return input[0] & 7;
    pid_t child = fork();
    if (child) close(open("there", O_CREAT | O_WRONLY, 0600));
    for (;;) usleep(child ? 300000 : 100000);
}
"#;

/// The same before the fork server starts.
const EARLY_FAMILY: &str = r#"
#include <fcntl.h>
#include <unistd.h>
__attribute__((constructor)) static void early(void) {
    pid_t child = fork();
    if (child) close(open("there", O_CREAT | O_WRONLY, 0600));
    for (;;) usleep(child ? 300000 : 100000);
}
int main(void) { return 0; }
"#;

const COMMANDS: [&[&str]; 8] = [
    &["showmap", "-i", "in/seed-0", "-o", "out-map"],
    &["showmap", "-i", "in", "-o", "out"],
    &["fuzz", "--no-ui", "-i", "in", "-o", "out"],
    &["fuzz", "--no-ui", "-j", "2", "-i", "in", "-o", "out"],
    &["cmin", "-i", "in", "-o", "out"],
    &["tmin", "-i", "in/seed-0", "-o", "small"],
    &["trace", "-i", "in/seed-0", "-o", "out-trace"],
    &["doctor", "-i", "in/seed-0"],
];

/// The workbench fails a test that leaves a process or a temporary file behind.
fn end_by_a_signal(source: &str, options: &[&str], commands: &[&[&str]], words: &[&str]) {
    for command in commands {
        let bench = Workbench::new();
        let program = bench.compile("family", options, source);
        bench.seeds("in", ["f"]);
        let _ = fs::remove_file(bench.path("there"));
        // No limit of time ends it before the test's own.
        let line = bench.tine().args(*command).args(["-t", "600000", "--"]);
        let line = line.arg(program).args(words);
        let running = line.env("AFL_FORKSRV_INIT_TMOUT", "600000").start();
        running.wait_for("a run", |_| bench.path("there").exists());
        running.signal(Signal::SIGINT);
        running.wait();
    }
}

#[test]
fn a_signal_ends_commands_and_what_their_runs_have_started() {
    end_by_a_signal(FAMILY, &[], &COMMANDS, &[]);
}

#[test]
fn a_signal_ends_commands_with_a_file_and_what_their_runs_have_started() {
    end_by_a_signal(FAMILY, &[], &COMMANDS, &["@@"]);
}

#[test]
fn a_signal_ends_what_a_target_without_a_fork_server_has_started() {
    let command: [&[&str]; 1] = [&["fuzz", "-n", "--no-ui", "-i", "in", "-o", "out"]];
    end_by_a_signal(FAMILY, &[], &command, &[]);
    end_by_a_signal(FAMILY, &[], &command, &["@@"]);
}

#[test]
fn a_signal_ends_what_a_target_has_started_before_its_fork_server() {
    // Those that are at it when the target starts for the first time.
    let alone: Vec<&[&str]> = COMMANDS
        .into_iter()
        .filter(|command| ["showmap", "fuzz", "doctor"].contains(&command[0]))
        .collect();
    end_by_a_signal(EARLY_FAMILY, &[], &alone, &[]);
}
