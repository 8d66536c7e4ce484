//! Nothing stays behind: no process, no segment, no file; also when a test panics or is
//! killed. Each case runs in a process of its own, which is this test program again.

use crate::built;
use std::{
    env, fs,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};
use tine::Program;

/// A word in the environment of the process, by which it and all that it starts is known.
const MARK: &str = "TINE_LIBRARY_TEST";

/// File that the program writes the path of its input to.
const NOTES: &str = "TINE_LIBRARY_NOTES";

/// How long what was killed may take to go.
const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn after_a_panic() {
    let status = run_alone("leaves_nothing::inner_panic");
    assert_eq!(status.code(), Some(101));
}

#[test]
fn inner_panic() {
    let Some(_target) = started() else { return };
    std::panic::resume_unwind(Box::new("as it should"));
}

#[test]
fn after_the_end() {
    assert!(run_alone("leaves_nothing::inner_end").success());
}

#[test]
fn inner_end() {
    drop(started());
}

#[test]
fn after_a_static_that_is_never_dropped() {
    assert!(run_alone("leaves_nothing::inner_forget").success());
}

#[test]
fn inner_forget() {
    std::mem::forget(started());
}

#[test]
fn after_a_kill() {
    let status = run_alone("leaves_nothing::inner_kill");
    assert_eq!(status.signal(), Some(9));
}

#[test]
fn inner_kill() {
    let Some(_target) = started() else { return };
    let own = nix::unistd::Pid::this();
    nix::sys::signal::kill(own, nix::sys::signal::Signal::SIGKILL).unwrap();
}

/// Starts a program that reads a file, and runs it, if this process is one of those that
/// [`run_alone`] starts.
fn started() -> Option<tine::Target> {
    let notes = env::var_os(NOTES)?;
    let folder = Path::new(&notes).parent()?;
    let text = folder.join("noted.c");
    fs::write(
        &text,
        "#include <stdio.h>\n#include <stdlib.h>\n\
         int main(int count, char **words) {\n\
         FILE *notes = fopen(getenv(\"TINE_LIBRARY_NOTES\"), \"w\");\n\
         if (count != 2 || !notes) return 1;\n\
         fputs(words[1], notes);\n\
         return fclose(notes); }\n",
    )
    .unwrap();
    let program = tine::compile(text).output(folder.join("noted")).unwrap();
    let program = Program::new(program).arg("@@");
    let report = tine::Campaign::new(program.clone())
        .runs(100)
        .run()
        .unwrap();
    report.assert_clean();
    let target = program.start().unwrap();
    assert_eq!(target.run("hello").unwrap().exit_code(), Some(0));
    Some(target)
}

/// Runs one test of this program in a process of its own, and looks at what it left.
fn run_alone(test: &str) -> ExitStatus {
    let folder = tempfile::tempdir_in(built("").parent().unwrap()).unwrap();
    let mark = folder.path().display().to_string();
    let notes = folder.path().join("notes");
    let temporary = folder.path().join("temporary");
    fs::create_dir(&temporary).unwrap();
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--test-threads=1", "--nocapture"])
        .env(MARK, &mark)
        .env(NOTES, &notes)
        .env("TMPDIR", &temporary)
        .env_remove("RUST_BACKTRACE")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let pid = child.id();
    let status = child.wait().unwrap();
    let input = fs::read_to_string(&notes).expect("the program ran");
    assert!(input.starts_with('/'), "{input}");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut left = processes(&mark);
        left.extend(segments(pid));
        left.extend(entries(&temporary));
        if Path::new(&input).exists() {
            left.push(input.clone());
        }
        if left.is_empty() {
            return status;
        }
        assert!(Instant::now() < deadline, "{test} left {left:#?}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Processes with the mark in their environment.
fn processes(mark: &str) -> Vec<String> {
    let wanted = format!("{MARK}={mark}");
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter(|process| {
            let environment = fs::read(process.path().join("environ")).unwrap_or_default();
            environment
                .split(|byte| *byte == 0)
                .any(|variable| variable == wanted.as_bytes())
        })
        .map(|process| {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            format!("process {:?} {}", process.file_name(), name.trim())
        })
        .collect()
}

/// System V segments that the process made. The fifth column is its creator.
fn segments(creator: u32) -> Vec<String> {
    let table = fs::read_to_string("/proc/sysvipc/shm").unwrap();
    table
        .lines()
        .filter(|line| line.split_whitespace().nth(4) == Some(&creator.to_string()))
        .map(|line| format!("segment {line}"))
        .collect()
}

fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().flatten();
    entries
        .map(|entry| entry.path().display().to_string())
        .collect()
}
