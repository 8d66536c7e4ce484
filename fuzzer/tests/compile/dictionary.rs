//! The dictionary that `tine-cc` gathers from a program: what it finds, that the
//! target sends it to whoever asks, and what goes wrong.

use std::fs;

use tine_controller::{ForkServer, TargetConfig};
use tine_workbench::{Compiler, Finished, Workbench, in_process};

/// What is found by each compiler at each level, in `constants.c`.
const ALWAYS: &[&[u8]] = &[
    b"\xef\xbe\xad\xde",
    b"\x88\x77\x66\x55\x44\x33\x22\x11",
    b"\x50\x89",
    b"\x89\xab\xcd\xef",
    // Floating-point numbers, and what lies next to them.
    &1999.5_f32.to_le_bytes(),
    &1999.5_f32.next_up().to_le_bytes(),
    b"1999.5",
    &(-12.75_f64).to_le_bytes(),
    b"-12.75",
];

/// Where comparisons are inlined, or the functions called by their own names.
const OPTIMISED: &[&[u8]] = &[
    b"MAGICWORD",
    b"prefix:",
    b"\x89PNG\r\n\x1a\n",
    b"sixteen bytes ok",
    b"0123456789abcdefghijKLM",
    b"Content-Type",
    b"needle",
];

/// Words of a table. clang compares with each of them; gcc reads the table, which is
/// not looked for among the C library's.
const WORDS: &[&[u8]] = &[b"function", b"local", b"while"];

const CXX: &[&[u8]] = &[b"equal to this", b"compared with", b"to be found"];

fn source(name: &str) -> String {
    let path = tine_workbench::targets_folder()
        .join("dictionary")
        .join(name);
    path.to_str().expect("a plain path").to_owned()
}

fn compile(bench: &Workbench, compiler: &Compiler, options: &str, program: &str) -> Finished {
    let runner = bench.tine_cc().env("TINE_CC", &compiler.cc);
    let runner = runner.args(options.split_whitespace());
    runner
        .args([source("constants.c").as_str(), "-o", program])
        .run()
}

/// What the target sends in the handshake.
fn sent(bench: &Workbench, program: &str) -> Vec<Vec<u8>> {
    let mut config = TargetConfig::new(bench.path(program));
    config.env.push(bench.marker_variable());
    let server = ForkServer::start(config).expect("a target of tine-cc");
    server.info().dictionary.clone()
}

#[track_caller]
fn assert_has(tokens: &[Vec<u8>], expected: &[&[u8]], what: &str) {
    for token in expected {
        let text = token.escape_ascii();
        assert!(
            tokens.iter().any(|found| found == token),
            "{what}: {text} is missing"
        );
    }
}

#[test]
fn constants_are_found_whatever_made_the_program() {
    let bench = in_process();
    let clang = [14, 19, 22].map(Compiler::clang_version);
    let gcc = Compiler::gcc();
    let all = clang.iter().chain([&gcc]);
    for (number, compiler) in all.enumerate() {
        for (level, options) in [
            "-O2",
            "-O2 -flto",
            "-O2 -static",
            "-O2 -no-pie",
            "-O0",
            "-O3 -s",
        ]
        .iter()
        .enumerate()
        {
            let program = format!("constants-{number}-{level}");
            compile(&bench, compiler, options, &program).assert_code(0);
            let tokens = sent(&bench, &program);
            let what = format!("{} {options}", compiler.name());
            if options.ends_with("-s") && !compiler.clang {
                // Nothing tells which code is instrumented.
                continue;
            }
            assert_has(&tokens, ALWAYS, &what);
            if !options.contains("-O0") {
                assert_has(&tokens, OPTIMISED, &what);
            }
            if compiler.clang || !options.contains("-static") {
                assert_has(&tokens, WORDS, &what);
            }
            let many = tokens.len();
            assert!(
                many < 60,
                "{what}: {many} tokens, of which most are not the program's"
            );
        }
    }
}

#[test]
fn strings_of_cxx_are_found() {
    let bench = in_process();
    for version in [14, 19, 22] {
        let compiler = Compiler::clang_version(version);
        let program = format!("constants-{version}");
        let runner = bench.tine_cxx().env("TINE_CXX", &compiler.cxx);
        let line = ["-O2", &source("constants.cc"), "-o", &program];
        runner.args(line).run().assert_code(0);
        assert_has(&sent(&bench, &program), CXX, &compiler.name());
    }
}

#[test]
fn the_dictionary_is_written_as_a_file_too() {
    let bench = Workbench::new();
    let runner = bench
        .tine_cc()
        .env("AFL_LLVM_DICT2FILE", bench.path("d.dict"));
    let line = [source("constants.c"), "-o".into(), "constants".into()];
    let done = runner.args(&line).run();
    assert!(done.assert_code(0).stderr().is_empty(), "{done}");
    let text = fs::read_to_string(bench.path("d.dict")).expect("it was written");
    for line in [
        "\"MAGICWORD\"\n",
        "\"\\xef\\xbe\\xad\\xde\"\n",
        "\"function\"\n",
    ] {
        assert!(text.contains(line), "{line} in:\n{text}");
    }
    // It is one that tine reads.
    let seeds = bench.seeds("seeds", ["just some input of at least 32 bytes"]);
    let fuzz = bench
        .tine()
        .args(["fuzz", "-E", "100", "-x", "d.dict", "-i"]);
    let fuzz = fuzz.arg(seeds).args(["-o", "out", "--", "./constants"]);
    fuzz.run().assert_code(0);
}

#[test]
fn it_can_be_left_out_and_a_file_that_cannot_be_written_costs_no_program() {
    let bench = in_process();
    let line = [source("constants.c"), "-o".into(), "without".into()];
    let runner = bench.tine_cc().env("TINE_NO_DICTIONARY", "1");
    runner.args(&line).run().assert_code(0);
    assert_eq!(sent(&bench, "without"), Vec::<Vec<u8>>::new());

    let runner = bench
        .tine_cc()
        .env("AFL_LLVM_DICT2FILE", bench.path("no/such/folder"));
    let line = [source("constants.c"), "-o".into(), "with".into()];
    let done = runner.args(&line).run();
    done.assert_code(0)
        .assert_stderr("cannot write the dictionary")
        .assert_stderr("AFL_LLVM_DICT2FILE");
    assert_has(&sent(&bench, "with"), ALWAYS, "the program");
}

#[test]
fn a_keyword_is_found_with_the_targets_own_dictionary() {
    let bench = Workbench::new();
    bench.write(
        "keyword.c",
        "#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\n\
         int main(void) {\n    char b[64] = {0};\n    if (read(0, b, 63) < 8) return 1;\n    \
         if (!strcmp(b + 2, \"kEyWoRd-0815\")) abort();\n    return 0;\n}\n",
    );
    let compile = bench.tine_cc().args(["keyword.c", "-o", "keyword"]);
    compile.run().assert_code(0);
    let seeds = bench.seeds("seeds", ["some bytes"]);
    let fuzz = bench
        .tine()
        .args(["fuzz", "--until-crash", "-s", "1", "-E", "300000", "-i"]);
    let done = fuzz.arg(seeds).args(["-o", "out", "--", "./keyword"]).run();
    done.assert_code(0);
    assert_eq!(
        tine_workbench::testcases(&bench.path("out/default/crashes")).len(),
        1,
        "{done}"
    );
}
