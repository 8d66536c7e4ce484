//! Programs that the optimiser leaves hardly an edge of.

use tine_workbench::Workbench;

const SOURCE: &str = "#include <unistd.h>\n\
    int main(void) { char b[4] = {0}; int r = 0; if (read(0, b, 4) < 1) return 0;\n\
    if (b[0] == 'a') r |= 1; if (b[1] == 'b') r |= 2; if (b[2] == 'c') r |= 4; return r; }\n";

#[test]
fn a_session_says_that_there_are_hardly_any_edges_and_what_keeps_them() {
    let bench = Workbench::new();
    bench.write("p.c", SOURCE);
    bench.seeds("in", ["abc"]);
    for (options, says) in [
        ("-O2", true),
        ("-O0", false),
        ("-O2 -Xclang -fsanitize=fuzzer-no-link", false),
    ] {
        let runner = bench.tine_cc().env("TINE_CC", "clang-19");
        let line = format!("{options} p.c -o p");
        runner.args(line.split_whitespace()).run().assert_code(0);
        let _ = std::fs::remove_dir_all(bench.path("out"));
        let runner = bench
            .tine()
            .args(["fuzz", "-i", "in", "-o", "out", "-E", "50", "--", "./p"]);
        let done = runner.run();
        done.assert_code(0);
        let said = done.stderr().contains("only 3 edges in the target");
        assert_eq!(said, says, "{options}: {done}");
        assert_eq!(
            done.stderr().contains("tine-cc -O0"),
            says,
            "{options}: {done}"
        );
    }
}
