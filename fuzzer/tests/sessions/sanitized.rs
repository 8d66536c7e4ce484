//! `-w`: a sanitizer's binary beside the plain one, which finds what the plain one does
//! not see, at the cost of few runs.

use tine_workbench::{Stats, Workbench, testcases};

/// Reads and writes one byte behind its memory, which only a sanitizer sees, and is
/// killed by an abort, which both see. Many inputs do either, so that a few thousand
/// runs find both whatever the chances.
const PROGRAM: &str = r#"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(void) {
    char input[32];
    long len = read(0, input, sizeof input);
    if (len < 4) return 1;
    char *volatile copy = malloc(4);
    memcpy(copy, input, 4);
    if (copy[0] == 'o') {
        if (copy[1] > 'o') {
            copy[4] = 'X';
        }
    }
    if (copy[0] < 'b' && copy[1] < 'b') abort();
    free(copy);
    return 0;
}
"#;

/// Builds the plain program and one with a sanitizer, which is not instrumented, and
/// seeds.
fn build(bench: &Workbench) {
    bench.write("prog.c", PROGRAM);
    let plain = bench.tine_cc().args(["-O1", "-o", "plain", "prog.c"]);
    plain.run().assert_code(0);
    let asan = bench.tine_cc().args(["-O1", "-o", "asan", "prog.c"]);
    let asan = asan.env("AFL_USE_ASAN", "1").env("AFL_SAN_NO_INST", "1");
    asan.run().assert_code(0);
    bench.seeds("seeds", ["ooaa"]);
}

#[test]
fn a_sanitizer_finds_what_the_target_does_not_notice() {
    let bench = Workbench::new();
    build(&bench);
    let fuzz = |out: &str, options: &[&str]| {
        let tine = bench
            .tine()
            .args(["fuzz", "-i", "seeds", "-o", out, "-s", "1"]);
        let tine = tine.args(["-E", "20000"]).args(options);
        tine.args(["--", "./plain"]).run()
    };
    fuzz("without", &[]).assert_code(0);
    let alone = testcases(&bench.path("without/default/crashes"));
    assert_eq!(alone.len(), 1, "only the abort: {alone:?}");

    let done = fuzz("with", &["-w", "./asan"]);
    done.assert_code(0);
    let both = testcases(&bench.path("with/default/crashes"));
    let names: Vec<String> = both
        .iter()
        .map(|path| {
            path.file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into()
        })
        .collect();
    let marked: Vec<&String> = names
        .iter()
        .filter(|name| name.ends_with(",+san"))
        .collect();
    assert_eq!((names.len(), marked.len()), (2, 1), "{names:?}");
    assert!(marked[0].contains(",sig:06,"), "{names:?}");

    // Few of the inputs are new in kind.
    let stats = Stats::read(&bench.path("with/default"));
    assert_eq!(stats.text("extra_binary"), "./asan");
    let (runs, all) = (stats.number("total_execs"), stats.number("execs_done"));
    assert!((2.0..100.0).contains(&runs), "{runs} of {all} runs");
}

#[test]
fn the_printed_command_replays_with_the_binary_that_crashes() {
    let bench = Workbench::new();
    build(&bench);
    bench.seeds("seeds", ["ovaa"]);
    let fuzz = bench
        .tine()
        .args(["fuzz", "-i", "seeds", "-o", "out", "-E", "2000"]);
    let done = fuzz.args(["-w", "./asan", "--", "./plain"]).run();
    done.assert_code(0);
    let said = done.stderr();
    let command = said
        .lines()
        .find(|line| line.contains("showmap"))
        .unwrap_or_else(|| panic!("no command in:\n{said}"));
    assert!(command.contains("./asan"), "{command}");
    let replayed = bench.program("sh").args(["-c", command.trim()]).run();
    replayed.assert_code(2);
    let readme = bench.path("out/default/crashes/README.txt");
    let readme = std::fs::read_to_string(readme).expect("it lies beside the crash");
    assert!(
        readme.contains("+san") && readme.contains("./asan"),
        "{readme}"
    );
}

#[test]
fn what_cannot_be_used_is_told_in_a_sentence() {
    let bench = Workbench::new();
    build(&bench);
    bench.write("no-program", "text");
    let fuzz = |binary: &str| {
        let tine = bench
            .tine()
            .args(["fuzz", "-i", "seeds", "-o", "out", "-E", "100"]);
        tine.args(["-w", binary, "--", "./plain"]).run()
    };
    fuzz("./missing").assert_code(1).assert_stderr("missing");
    fuzz("./no-program")
        .assert_code(1)
        .assert_stderr("no-program");
    fuzz("/bin/true").assert_code(1).assert_stderr("/bin/true");
    // It goes on with one that is of no use.
    fuzz("./plain")
        .assert_code(0)
        .assert_stderr("without a sanitizer");

    let tine = bench
        .tine()
        .args(["fuzz", "-i", "seeds", "-o", "other", "-E", "100"]);
    let tine = tine.env("AFL_SAN_ABSTRACTION", "nonsense");
    let done = tine.args(["-w", "./asan", "--", "./plain"]).run();
    done.assert_code(1)
        .assert_stderr("AFL_SAN_ABSTRACTION=nonsense");
}
