//! What an earlier session left in the output folder.

use std::fs;
use tine_workbench::{Workbench, testcases};

/// Aborts on a number that havoc does not guess.
const MAGIC: &str = r#"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(void) {
    char b[16] = {0};
    unsigned long long value;
    if (read(0, b, sizeof b) < 12) return 0;
    memcpy(&value, b + 4, 8);
    if (value == 0x1f2e3d4c5b6a7988ULL) abort();
    return 0;
}
"#;

#[test]
fn comparisons_are_tried_again_by_a_session_that_begins_anew() {
    let bench = Workbench::new();
    bench.write("magic.c", MAGIC);
    let cc = bench
        .tine_cc()
        .arg("--cmplog")
        .args(["magic.c", "-o", "magic"]);
    cc.run().assert_code(0);
    bench.seeds("seeds", ["0123456789abcdef"]);
    let fuzz = |options: &[&str]| {
        // Comparisons alone lead to the number: the program's own dictionary has it, too.
        let tine = bench.tine().env("AFL_NO_AUTODICT", "1");
        let tine = tine.args(["fuzz", "-o", "out", "-s", "1"]);
        let done = tine.args(options).args(["--", "./magic"]).run();
        done.assert_code(0);
        testcases(&bench.path("out/default/crashes")).len()
    };
    let compared = ["-c", "0", "-E", "20000"];
    assert_eq!(fuzz(&[&["-i", "seeds"], &compared[..]].concat()), 1);
    for folder in ["queue", "crashes"] {
        fs::remove_dir_all(bench.path("out/default").join(folder)).unwrap();
    }
    // One that does not log, and does not look at what was tried.
    assert_eq!(fuzz(&["-i", "seeds", "-E", "5"]), 0);
    assert_eq!(fuzz(&[&["-i", "-"], &compared[..]].concat()), 1);
}

#[test]
fn a_session_begins_with_results_alone_and_deletes_none() {
    let bench = Workbench::new();
    bench.write("prog.c", "int main(void) { return 0; }");
    let cc = bench.tine_cc().args(["prog.c", "-o", "prog"]);
    cc.run().assert_code(0);
    bench.seeds("seeds", ["x"]);
    let folder = bench.path("out/main");
    let old = [
        "fuzzer_stats",
        "plot_data",
        ".cmplog_done",
        ".tine_state",
        ".synced/other",
        ".synced/other.last",
        "is_main_node",
        ".cur_input.xml",
        ".unfinished-old",
    ];
    for name in old {
        bench.write(folder.join(name), "old");
    }
    bench.write(folder.join("notes"), "mine");
    let fuzz = bench.tine().env("AFL_NO_SYNC", "1");
    let fuzz = fuzz.args(["fuzz", "-S", "main", "-i", "seeds", "-o", "out", "-E", "50"]);
    fuzz.args(["--", "./prog"]).run().assert_code(0);
    for name in old {
        let content = fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert_ne!(content, "old", "{name}");
    }
    assert_eq!(fs::read_to_string(folder.join("notes")).unwrap(), "mine");

    // What crashes and hangs need is a result, too.
    fs::remove_dir_all(&folder).unwrap();
    let sequence = bench.write(folder.join("replay/id:000000,sig:06/000000"), "mine");
    let fuzz = bench
        .tine()
        .args(["fuzz", "-S", "main", "-i", "seeds", "-o", "out"]);
    let refused = fuzz.args(["-E", "50", "--", "./prog"]).run();
    refused.assert_code(1).assert_stderr("1 folder in replay/");
    assert_eq!(fs::read_to_string(sequence).unwrap(), "mine");
}

#[test]
fn odd_names_in_the_queue_become_names_of_ours() {
    let bench = Workbench::new();
    bench.write("prog.c", "int main(void) { return 0; }");
    let cc = bench.tine_cc().args(["prog.c", "-o", "prog"]);
    cc.run().assert_code(0);
    bench.seeds("seeds", ["x"]);
    let fuzz = |input: &str| {
        let tine = bench
            .tine()
            .args(["fuzz", "-i", input, "-o", "out", "-E", "50"]);
        tine.args(["--", "./prog"]).run()
    };
    fuzz("seeds").assert_code(0);
    let queue = bench.path("out/default/queue");
    bench.write(queue.join("id:4294967295,orig:\x1b[2Jhigh"), "high");
    bench.write(queue.join("id:+00007"), "plus");
    let done = fuzz("-");
    done.assert_code(0);
    assert!(!done.stderr().contains('\x1b'), "{done}");
    let mut found = Vec::new();
    for path in testcases(&queue) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(
            name[3..9].bytes().all(|byte| byte.is_ascii_digit()),
            "{name}"
        );
        assert!(!name.contains('\x1b'), "{name}");
        found.push(fs::read_to_string(path).unwrap());
    }
    found.sort();
    assert_eq!(found, ["high", "plus", "x"]);
}
