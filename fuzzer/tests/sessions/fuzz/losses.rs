//! What a session loses on its way: its output folder, its fork server.

use super::{entries, instance, pid_of_server, wait_for_runs};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::fs;
use tine_workbench::{BUSY, Stats, Workbench, testcases};

#[test]
fn a_result_that_cannot_be_written_ends_it_with_a_reason_and_no_half_file() {
    let bench = Workbench::new();
    bench.seeds("seeds", ["hello"]);
    let target = bench.compile("busy", &["-O1", "-g"], BUSY);
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
    let target = bench.compile("busy", &["-O1", "-g"], BUSY);
    let session = bench.fuzz("seeds", &["-V", "60"], &target).start();
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
    let target = bench.compile("busy", &["-O1", "-g"], BUSY);
    let session = bench.fuzz("seeds", &[], &target).start();
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
    let target = bench.compile(
        "killer",
        &["-O1", "-g"],
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
    let done = bench.fuzz("seeds", &["-V", "5"], &target).run();
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
