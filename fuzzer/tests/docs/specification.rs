//! Clauses of docs/protocol/specification.md that a small target can check.

use std::time::Duration;

use tine_controller::{ForkServer, Outcome, TargetConfig};
use tine_workbench::{Compiler, Workbench, in_process};

/// Exits with the number of the first thing that is not as the clauses say.
const LOOKS_ROUND: &str = r#"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
int main(void) {
    struct rlimit core;
    if (fcntl(198, F_GETFD) != -1 || fcntl(199, F_GETFD) != -1) return 1;
    if (getsid(0) != getppid()) return 2;
    if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_cur != 1) return 3;
    if (getenv("LD_BIND_NOW") == NULL) return 4;
    if (getpgrp() != getpid()) return 5;
    return 0;
}
"#;

/// [R-4], [R-8], [S-7]
#[test]
fn a_child_has_no_pipes_and_a_group_of_its_own_in_the_servers_session() {
    let bench = in_process();
    for (compiler, name) in [(Compiler::clang(), "by-clang"), (Compiler::gcc(), "by-gcc")] {
        build(&bench, &compiler, LOOKS_ROUND, name);
        let mut config = TargetConfig::new(bench.path(name));
        config.timeout = Duration::from_secs(20);
        let mut server = ForkServer::start(config).expect("it starts");
        for _ in 0..3 {
            let outcome = server.run(b"").expect("it runs");
            assert_eq!(outcome, Outcome::Exited(0), "{name}");
        }
    }
}

/// [S-11]: an error word that nobody reads is no reason not to run.
#[test]
fn without_pipes_a_segment_that_is_not_there_does_no_harm() {
    let bench = Workbench::new();
    let source = "int main(void) { return 7; }\n";
    build(&bench, &Compiler::clang(), source, "seven");
    let runner = bench.program(bench.path("seven"));
    runner
        .env("__AFL_SHM_ID", "2147483647")
        .run()
        .assert_code(7);
}

fn build(bench: &Workbench, compiler: &Compiler, source: &str, name: &str) {
    let file = format!("{name}.c");
    bench.write(&file, source);
    let runner = bench.tine_cc().env("TINE_CC", &compiler.cc);
    runner.args(["-o", name, &file]).run().assert_code(0);
}
