//! A harness outside a fuzzer: files, folders, options, messages and exit codes.

use tine_workbench::{Compiler, Workbench};

/// Says how long each input is; ends, hangs or grows as the input says.
const HARNESS: &str = r#"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
char *volatile kept;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int runs;
    fprintf(stderr, "<%zu:%.*s>%d\n", size, size < 9 ? (int)size : 9, (const char *)data, ++runs);
    if (size && data[0] == 'X') abort();
    if (size && data[0] == 'H') for (;;) __asm__ volatile("");
    if (size && data[0] == 'M') { kept = malloc(64 << 20); memset(kept, 1, 64 << 20); }
    return 0;
}
"#;

/// What is in the folder.
const FILES: &[(&str, &str)] = &[
    ("abc", "abc"),
    ("empty", ""),
    ("crash", "X"),
    ("hang", "H"),
    ("memory", "M"),
    ("-dash", "dash"),
    ("corpus/b", "bb"),
    ("corpus/a", "a"),
    ("corpus/sub/deep/c", "ccc"),
    ("corpus/sub/d", "dddddd"),
    ("corpus/.hidden/e", "e"),
    ("corpus/.file", "f"),
];

struct Case {
    arguments: &'static str,
    stdin: &'static str,
    code: i32,
    /// What the harness gets, in this order and nothing else.
    inputs: &'static str,
    /// What else is said.
    says: &'static [&'static str],
}

const SIGABRT: i32 = 128 + 6;

const CASES: &[Case] = &[
    Case {
        arguments: "abc",
        stdin: "",
        code: 0,
        inputs: "<3:abc>",
        says: &["Running: abc\n", "Executed abc in "],
    },
    Case {
        arguments: "abc empty abc",
        stdin: "",
        code: 0,
        inputs: "<3:abc><0:><3:abc>",
        says: &[],
    },
    // Standard input.
    Case {
        arguments: "",
        stdin: "in",
        code: 0,
        inputs: "<2:in>",
        says: &["Running: standard input"],
    },
    Case {
        arguments: "-",
        stdin: "in",
        code: 0,
        inputs: "<2:in>",
        says: &[],
    },
    Case {
        arguments: "abc - empty",
        stdin: "in",
        code: 0,
        inputs: "<3:abc><2:in><0:>",
        says: &[],
    },
    Case {
        arguments: "",
        stdin: "",
        code: 0,
        inputs: "<0:>",
        says: &[],
    },
    // Folders, by the order of the names, and not what is hidden.
    Case {
        arguments: "corpus",
        stdin: "",
        code: 0,
        inputs: "<1:f><1:a><2:bb><6:dddddd><3:ccc>",
        says: &["Running: corpus/sub/deep/c\n"],
    },
    Case {
        arguments: "-runs=0 corpus/sub abc",
        stdin: "",
        code: 0,
        inputs: "<6:dddddd><3:ccc><3:abc>",
        says: &[],
    },
    Case {
        arguments: "-max_len=2 corpus/sub abc",
        stdin: "",
        code: 0,
        inputs: "<2:dd><2:cc><3:abc>",
        says: &[],
    },
    // libFuzzer's options, and AFL's.
    Case {
        arguments: "-runs=3 abc",
        stdin: "",
        code: 0,
        inputs: "<3:abc><3:abc><3:abc>",
        says: &[],
    },
    Case {
        arguments: "-runs=-1 -1000 abc",
        stdin: "",
        code: 0,
        inputs: "<3:abc>",
        says: &[],
    },
    Case {
        arguments: "-timeout=25 -rss_limit_mb=2560 -seed=1 abc -dict=x",
        stdin: "",
        code: 0,
        inputs: "<3:abc>",
        says: &["skipped: -seed=1 -dict=x\n"],
    },
    Case {
        arguments: "-- -dash",
        stdin: "",
        code: 0,
        inputs: "<4:dash>",
        says: &[],
    },
    Case {
        arguments: "abc -ignore_remaining_args=1 crash -nonsense",
        stdin: "",
        code: 0,
        inputs: "<3:abc>",
        says: &[],
    },
    Case {
        arguments: "-help=1 crash",
        stdin: "",
        code: 0,
        inputs: "",
        says: &["tine fuzz -i SEEDS"],
    },
    Case {
        arguments: "--help",
        stdin: "",
        code: 0,
        inputs: "",
        says: &["-timeout=N"],
    },
    // What goes wrong.
    Case {
        arguments: "crash abc",
        stdin: "",
        code: SIGABRT,
        inputs: "<1:X>",
        says: &["Running: crash\n"],
    },
    Case {
        arguments: "missing abc",
        stdin: "",
        code: 1,
        inputs: "<3:abc>",
        says: &["cannot open missing: there is no such file"],
    },
    Case {
        arguments: "-timeout=1 hang",
        stdin: "",
        code: 70,
        inputs: "<1:H>",
        says: &["timeout after 1 seconds"],
    },
    Case {
        arguments: "-rss_limit_mb=40 abc memory abc",
        stdin: "",
        code: 71,
        inputs: "<3:abc><1:M>",
        says: &["out-of-memory", "limit: 40Mb"],
    },
    Case {
        arguments: "-rss_limit_mb=4000 memory",
        stdin: "",
        code: 0,
        inputs: "<1:M>",
        says: &[],
    },
];

#[test]
fn a_harness_runs_what_the_command_line_names() {
    let bench = Workbench::new();
    for (name, text) in FILES {
        bench.write(name, text);
    }
    // It is no file, and nobody writes to it.
    let fifo = bench.path("corpus/fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).expect("a FIFO");
    // A circle.
    std::os::unix::fs::symlink("..", bench.path("corpus/up")).expect("a link");
    bench.write("harness.c", HARNESS);
    let mut failures = Vec::new();
    for compiler in [Compiler::clang(), Compiler::gcc()] {
        let cc = bench.tine_cc().env("TINE_CC", &compiler.cc);
        let cc = cc.args(["-fsanitize=fuzzer", "harness.c", "-o", "harness"]);
        cc.run().assert_code(0);
        for case in CASES {
            let harness = bench.program(bench.path("harness")).stdin(case.stdin);
            let done = harness.args(case.arguments.split_whitespace()).run();
            let said = done.stderr();
            let inputs: String = said
                .lines()
                .filter(|line| line.starts_with('<'))
                .map(|line| line.trim_end_matches(|c: char| c.is_ascii_digit()))
                .collect();
            let code = done.code().or(done.signal().map(|signal| 128 + signal));
            let code = code.expect("it ended");
            if code != case.code
                || inputs != case.inputs
                || case.says.iter().any(|text| !said.contains(text))
            {
                failures.push(format!(
                    "{} {:?}: {inputs}, code {code}\n{done}",
                    compiler.name(),
                    case.arguments
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn an_input_is_taken_whole_and_lies_in_memory_of_its_own() {
    let bench = Workbench::new();
    let source = r#"
        #include <stddef.h>
        #include <stdint.h>
        #include <stdio.h>
        int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
            unsigned sum = 0;
            for (size_t i = 0; i < size; i++) sum = sum * 31 + data[i];
            fprintf(stderr, "<%zu:%u>\n", size, sum);
            /* One byte behind it, if it ends so. */
            return size && data[size - 1] == 'B' && data[size] == 1;
        }
    "#;
    bench.write("harness.c", source);
    let long: Vec<u8> = (0..3_000_001u32).map(|i| (i % 251) as u8).collect();
    let sum = long.iter().fold(0u32, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add((*byte).into())
    });
    bench.write("long", &long);
    bench.write("beyond", "AAB");
    for compiler in [Compiler::clang(), Compiler::gcc()] {
        let cc = bench.tine_cc().env("TINE_CC", &compiler.cc);
        let cc = cc.args([
            "-O1",
            "-fsanitize=address,fuzzer",
            "harness.c",
            "-o",
            "harness",
        ]);
        cc.run().assert_code(0);
        // As a file, as a file on standard input, and by a pipe.
        for command in [
            "./harness long",
            "./harness < long",
            "cat long | ./harness -",
        ] {
            let done = bench.program("sh").args(["-c", command]).run();
            let expected = format!("<{}:{sum}>", long.len());
            done.assert_code(0).assert_stderr(&expected);
        }
        for command in [
            "./harness beyond",
            "./harness - < beyond",
            "cat beyond | ./harness",
        ] {
            let done = bench.program("sh").args(["-c", command]).run();
            assert!(
                done.stderr().contains("heap-buffer-overflow"),
                "{command}: {done}"
            );
        }
    }
}
