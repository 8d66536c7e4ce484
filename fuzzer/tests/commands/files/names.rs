//! Names from outside: none steers a terminal, and none ends a session.

use std::fs;
use tine_workbench::{Finished, Workbench, testcases};

/// Aborts on "c"; "d" and "e" are new coverage.
const PROGRAM: &str = "#include <stdio.h>\n#include <stdlib.h>\n\
    int main(int argc, char **argv) {\n    \
    FILE *f = argc > 1 ? fopen(argv[1], \"r\") : stdin;\n    \
    int c = f ? getc(f) : 0;\n    if (c == 'c') abort();\n    if (c == 'd') puts(\"d\");\n    \
    if (c == 'e') puts(\"e\");\n    return c == 'd';\n}\n";

/// Clears the screen, sets the title, turns the direction of writing, and is not seen.
const HOSTILE: &str = "x\x1b[2J\x1b]0;t\x07\u{9b}31m\u{202e}\u{200b}\r\u{7f}y";

/// A terminal shows it as it is. Returns whether a name was escaped.
fn assert_plain(done: &Finished) -> bool {
    let text = done.stdout() + &done.stderr();
    let is_bad = |character: &char| {
        character.is_control() && !matches!(character, '\n' | '\t')
            || matches!(character, '\u{200b}' | '\u{202e}')
    };
    let bad = text.chars().find(is_bad);
    assert_eq!(bad, None, "{}", text.escape_debug());
    text.contains("\\u{1b}") || text.contains("\\x1b")
}

#[test]
fn no_name_steers_the_terminal() {
    let bench = Workbench::new();
    bench.write("prog.c", PROGRAM);
    let program = bench.path(HOSTILE);
    let cc = bench.tine_cc().args(["prog.c", "-o"]).arg(&program);
    cc.run().assert_code(0);
    let seeds = format!("seeds {HOSTILE}");
    let (good, bad) = (format!("{seeds}/d{HOSTILE}"), format!("{seeds}/c{HOSTILE}"));
    bench.write(&good, "d");
    bench.write(&bad, "c");
    let dictionary = format!("{HOSTILE}.dict");
    bench.write(&dictionary, "nonsense\n\"good\"\n");
    let out = format!("out {HOSTILE}");
    let missing = format!("missing {HOSTILE}");
    let instance = format!("{out}/{HOSTILE}");
    let mut named = 0;
    for (code, line) in [
        (
            0,
            &["fuzz", "-i", &seeds, "-o", &out, "-E", "300", "-T", HOSTILE][..],
        ),
        (0, &["fuzz", "-i", "-", "-o", &out, "-E", "300"]),
        (1, &["fuzz", "-i", &missing, "-o", &out]),
        (2, &["showmap", "-o", "map", "-i", &bad]),
        (1, &["showmap", "-o", &missing, "-i", &missing]),
        (0, &["tmin", "-o", HOSTILE, "-i", &bad]),
        (0, &["trace", "-i", &good]),
        (0, &["trace", "--format", "mermaid", "-i", &good]),
        (0, &["doctor", "-i", &good]),
        (1, &["doctor", "-i", &missing]),
    ] {
        if line[0] == "tmin" {
            let _ = fs::remove_file(bench.path("small"));
        }
        let line = line.iter().map(|word| match *word {
            HOSTILE if line[0] == "tmin" => format!("small {HOSTILE}"),
            word => word.to_owned(),
        });
        let done = bench.tine().args(line).arg("--").arg(&program).run();
        done.assert_code(code);
        named += usize::from(assert_plain(&done));
    }
    assert!(named >= 6, "names are told: {named}");
    // An instance of somebody else's, whose name and target say what they like.
    let stats = bench.path(&instance).join("fuzzer_stats");
    bench.write(
        stats,
        format!("afl_banner : {HOSTILE}\ncommand_line : {HOSTILE}\n"),
    );
    let status = bench.tine().args(["status", &out]).run();
    assert!(assert_plain(&status), "{status}");
    let fuzz = bench
        .tine()
        .args(["fuzz", "-i", &seeds, "-o", "other", "-x", &dictionary]);
    let fuzz = fuzz.args(["-E", "9", "--"]).arg(&program).run();
    assert!(assert_plain(&fuzz), "{fuzz}");
    for path in testcases(&bench.path(&out).join("default/queue")) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(
            !name.chars().any(char::is_control),
            "{}",
            name.escape_debug()
        );
    }
}

#[test]
fn a_folder_of_a_name_that_no_instance_has_does_not_end_a_campaign() {
    let bench = Workbench::new();
    bench.write("prog.c", PROGRAM);
    let cc = bench.tine_cc().args(["prog.c", "-o", "prog"]);
    cc.run().assert_code(0);
    bench.seeds("seeds", ["x"]);
    for name in ["p".repeat(240).as_str(), "a.b", HOSTILE] {
        bench.write(format!("out/{name}/queue/id:000000,orig:d"), "d");
    }
    bench.write("out/fit/queue/id:000000,orig:e", "e");
    let fuzz = bench.tine().env("AFL_IMPORT_FIRST", "1");
    let fuzz = fuzz.args([
        "fuzz", "-M", "main", "-i", "seeds", "-o", "out", "-E", "200",
    ]);
    let done = fuzz.args(["--", "./prog"]).run();
    done.assert_code(0);
    let names = testcases(&bench.path("out/main/queue"));
    let names = names.iter().map(|path| path.to_string_lossy());
    let imports: Vec<_> = names.filter(|name| name.contains("sync:")).collect();
    assert!(
        imports.len() == 1 && imports[0].contains("sync:fit,"),
        "{imports:?}"
    );
}
