//! Targets do not dump core, not even into a pipe (decision 0023).

use std::process::Command;

use tine_controller::{ForkServer, Outcome, TargetConfig};
use tine_workbench::{Compiler, in_process};

/// Exits with its core limit, soft plus ten times hard.
const TELLS: &str = r#"
#include <sys/resource.h>
int main(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_CORE, &limit) != 0) return 99;
    if (limit.rlim_cur > 5 || limit.rlim_max > 5) return 98;
    return (int)(limit.rlim_cur + 10 * limit.rlim_max);
}
"#;

/// What the limit can be at the most here: it is not raised above the hard one.
fn hard_limit_is_zero() -> bool {
    let shell = Command::new("sh").args(["-c", "ulimit -Hc"]).output();
    let output = shell.expect("a shell tells its limit");
    String::from_utf8_lossy(&output.stdout).trim() == "0" && !nix::unistd::geteuid().is_root()
}

#[test]
fn the_core_limit_of_a_target_is_the_one_that_stops_a_pipe_too() {
    let bench = in_process();
    bench.write("tells.c", TELLS);
    let compiler = Compiler::clang();
    let runner = bench.tine_cc().env("TINE_CC", &compiler.cc);
    runner.args(["tells.c", "-o", "tells"]).run().assert_code(0);
    let mut server = ForkServer::start(TargetConfig::new(bench.path("tells"))).expect("starts");
    let expected = if hard_limit_is_zero() { 0 } else { 11 };
    assert_eq!(server.run(b"").expect("runs"), Outcome::Exited(expected));
}

/// Sanitizers of older clang set the soft limit to 0, which does not stop a pipe.
#[test]
fn sanitizers_leave_the_core_limit_alone() {
    for version in [14, 19, 22] {
        let bench = tine_workbench::Workbench::new();
        bench.write("tells.c", TELLS);
        let compiler = Compiler::clang_version(version);
        let runner = bench.tine_cc().env("TINE_CC", &compiler.cc);
        let runner = runner.args(["-fsanitize=address", "tells.c", "-o", "tells"]);
        runner.run().assert_code(0);
        let done = bench
            .tine()
            .args(["showmap", "-o", "map", "--", "./tells"])
            .run();
        let expected = if hard_limit_is_zero() { 0 } else { 11 };
        done.assert_stderr(&format!("exited with code {expected} "));
    }
}
