//! Files of the user's that a command could write over: they stay as they are.

use std::{fs, os::unix::fs::FileTypeExt};

use tine_workbench::{Compiler, Workbench, testcases};

/// Crashes on input that begins with "c".
const PROGRAM: &str = "#include <stdlib.h>\n#include <stdio.h>\n\
    int main(int argc, char **argv) {\n    \
    FILE *f = argc > 1 ? fopen(argv[1], \"r\") : stdin;\n    \
    if (f && getc(f) == 'c') abort();\n    return 0;\n}\n";

fn bench() -> Workbench {
    let bench = Workbench::new();
    bench.write("prog.c", PROGRAM);
    let compile = bench.tine_cc().args(["prog.c", "-o", "prog"]);
    compile.run().assert_code(0);
    bench
}

#[test]
fn an_input_is_no_file_for_the_target_by_whatever_name() {
    let bench = bench();
    let content = "crash and some more";
    let folder = bench.path("inputs");
    for file in ["inputs/a", "./inputs/../inputs/a"] {
        for line in [
            ["tmin", "-i", "inputs/a", "-o", "small"],
            ["tmin", "-i", "inputs", "-o", "smalls"],
            ["cmin", "-i", "inputs", "-o", "kept"],
            ["showmap", "-i", "inputs/a", "-o", "map"],
            ["showmap", "-i", "inputs", "-o", "maps"],
        ] {
            bench.write(folder.join("a"), content);
            bench.write(folder.join("b"), "another");
            let tine = bench.tine().args(line).args(["-f", file]);
            let done = tine.args(["--", "./prog", "@@"]).run();
            done.assert_code(1).assert_stderr("would write over");
            assert_eq!(done.stderr().lines().count(), 1, "{done}");
            assert_eq!(fs::read_to_string(folder.join("a")).unwrap(), content);
            for made in ["small", "smalls", "kept", "map", "maps"] {
                assert!(!bench.path(made).exists(), "{made}: {done}");
            }
        }
    }
}

#[test]
fn a_device_stays_one_and_a_link_leads_to_the_result() {
    let bench = bench();
    bench.write("crash", "crash and some more");
    let tmin = |out: &str| {
        let tine = bench.tine().args(["tmin", "-i", "crash", "-o", out]);
        tine.args(["--", "./prog"]).run()
    };
    let pipe = bench.path("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    // Somebody has to read it.
    let reader = bench.program("cat").arg(&pipe).start();
    tmin("pipe").assert_code(0);
    assert_eq!(reader.wait().assert_code(0).stdout(), "c");
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());

    bench.write("behind", "old");
    std::os::unix::fs::symlink("behind", bench.path("link")).expect("a link");
    tmin("link").assert_code(0);
    assert!(bench.path("link").is_symlink());
    assert_eq!(fs::read_to_string(bench.path("behind")).unwrap(), "c");
}

#[test]
fn a_pipe_in_the_place_of_a_file_of_a_session_is_not_waited_for() {
    let bench = bench();
    bench.seeds("seeds", ["x"]);
    let fuzz = |input: &str| {
        let tine = bench
            .tine()
            .args(["fuzz", "-i", input, "-o", "out", "-E", "200"]);
        tine.args(["--", "./prog"]).run()
    };
    fuzz("seeds").assert_code(0);
    let mode = nix::sys::stat::Mode::S_IRWXU;
    for name in [".tine_state", "fuzzer_stats"] {
        let path = bench.path("out/default").join(name);
        fs::remove_file(&path).expect("the session's file");
        nix::unistd::mkfifo(&path, mode).expect("a pipe");
        if name == "fuzzer_stats" {
            bench.tine().args(["status", "out"]).run();
        }
        fuzz("-").assert_code(0);
    }
}

#[test]
fn a_sanitizer_that_is_told_not_to_abort_is_heard_by_its_exit_code() {
    let bench = Workbench::new();
    bench.write(
        "prog.c",
        "#include <stdlib.h>\n#include <unistd.h>\nint main(void) {\n    char c = 0;\n    \
         char *volatile p = malloc(1);\n    if (read(0, &c, 1) == 1 && c == 'o') p[1] = c;\n    \
         free(p);\n    return 0;\n}\n",
    );
    let compile = bench.tine_cc().env("TINE_CC", Compiler::clang().cc);
    let compile = compile
        .env("AFL_USE_ASAN", "1")
        .args(["-O0", "prog.c", "-o", "prog"]);
    compile.run().assert_code(0);
    bench.seeds("seeds", ["n"]);
    let fuzz = bench.tine().env("ASAN_OPTIONS", "abort_on_error=0");
    let fuzz = fuzz.args([
        "fuzz",
        "--until-crash",
        "-i",
        "seeds",
        "-o",
        "out",
        "-V",
        "60",
    ]);
    fuzz.args(["--", "./prog"]).run().assert_code(0);
    assert_eq!(testcases(&bench.path("out/default/crashes")).len(), 1);
}
