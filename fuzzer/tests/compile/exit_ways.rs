//! A child that leaves `main` is spared the way through `exit` where that makes
//! no difference, and only there. (The samples `exit_*` show that handlers,
//! destructors and streams are not forgotten.)

use std::{fs, path::Path, time::Duration};

use tine_controller::{ForkServer, Outcome, TargetConfig};
use tine_workbench::{Compiler, Workbench, in_process};

const ENDS: &str = "#include <stdio.h>\nint main(void) { return getchar() == 'x' ? 7 : 0; }\n";

/// Loads the library that its first argument names, which crashes when it goes.
const LOADS: &str = r#"
#include <dlfcn.h>
#include <stdio.h>
int main(int count, char **arguments) {
    if (count < 2) return 3;
    return getchar() == 'x' && dlopen(arguments[1], RTLD_NOW) == NULL ? 4 : 0;
}
"#;
const LOADED: &str =
    "#include <stdlib.h>\n__attribute__((destructor)) static void end(void) { abort(); }\n";

/// Leaves a stream open that it has overwritten: `exit` notices.
const OVERWRITES: &str = r#"
#include <stdio.h>
int main(void) {
    FILE *stream = fopen("/dev/null", "r");
    if (stream == NULL || getc(stream) != EOF) return 3;
    if (getchar() == 'x') *(void **)((char *)stream + sizeof(FILE)) = stream;
    return 0;
}
"#;

fn compilers() -> [Compiler; 2] {
    [Compiler::clang(), Compiler::gcc()]
}

fn compile(bench: &Workbench, compiler: &Compiler, line: &str) {
    let runner = bench.tine_cc().env("TINE_CC", &compiler.cc);
    runner.args(line.split_whitespace()).run().assert_code(0);
}

/// Runs `program` once and says whether its objects were told of the end, by
/// what the dynamic linker writes of it.
fn walks_through_exit(bench: &Workbench, program: &Path, full: bool) -> bool {
    let log = bench.path(if full { "full" } else { "short" });
    let mut config = TargetConfig::new(program);
    config.timeout = Duration::from_secs(20);
    config.env.push(("LD_DEBUG".into(), "files".into()));
    config
        .env
        .push(("LD_DEBUG_OUTPUT".into(), log.clone().into()));
    if full {
        config.env.push(("TINE_FULL_EXIT".into(), "1".into()));
    }
    let mut server = ForkServer::start(config).expect("it starts");
    assert_eq!(server.run(b"x").expect("it runs"), Outcome::Exited(7));
    let mut written = log.into_os_string();
    let pid = server.server_pid().expect("it has a fork server");
    written.push(format!(".{pid}"));
    let text = fs::read_to_string(&written).expect("the dynamic linker wrote its log");
    fs::remove_file(&written).expect("the log can be removed");
    assert!(text.contains("calling init"), "{text}");
    text.contains("calling fini")
}

#[test]
fn the_walk_is_left_out_where_nobody_registered_anything() {
    let bench = in_process();
    bench.write("ends.c", ENDS);
    for compiler in compilers() {
        compile(&bench, &compiler, "ends.c -o ends -lm");
        let program = bench.path("ends");
        assert!(
            !walks_through_exit(&bench, &program, false),
            "{}",
            compiler.name()
        );
        assert!(
            walks_through_exit(&bench, &program, true),
            "{}",
            compiler.name()
        );
    }
}

#[test]
fn what_was_loaded_meanwhile_is_told_of_the_end() {
    let bench = in_process();
    bench.write("loads.c", LOADS);
    bench.write("loaded.c", LOADED);
    for compiler in compilers() {
        compile(&bench, &compiler, "loads.c -o loads");
        compile(&bench, &compiler, "-shared -fPIC loaded.c -o loaded.so");
        let mut config = TargetConfig::new(bench.path("loads"));
        config.timeout = Duration::from_secs(20);
        config.args.push(bench.path("loaded.so").into());
        let mut server = ForkServer::start(config).expect("it starts");
        for _ in 0..3 {
            assert_eq!(server.run(b"-").expect("it runs"), Outcome::Exited(0));
            let outcome = server.run(b"x").expect("it runs");
            let name = compiler.name();
            assert!(
                matches!(outcome, Outcome::Signaled { signal: 6, .. }),
                "{name}: {outcome}"
            );
        }
    }
}

#[test]
fn a_stream_that_was_overwritten_is_noticed() {
    let bench = in_process();
    bench.write("overwrites.c", OVERWRITES);
    for compiler in compilers() {
        compile(&bench, &compiler, "overwrites.c -o overwrites");
        let mut config = TargetConfig::new(bench.path("overwrites"));
        config.timeout = Duration::from_secs(20);
        let mut server = ForkServer::start(config).expect("it starts");
        assert_eq!(server.run(b"-").expect("it runs"), Outcome::Exited(0));
        let outcome = server.run(b"x").expect("it runs");
        assert!(outcome.is_crash(), "{}: {outcome}", compiler.name());
    }
}
