//! Words that the compiler sees and that do not stand on its command line as such.

use super::is_instrumented;
use crate::compilers;
use tine_workbench::{Compiler, Finished, Workbench};

/// A compiler that has a line: all, clang, or clang from this version on.
const ALL: u32 = 0;
const CLANG: u32 = 14;

/// A line for a shell, in which `$CC` is tine-cc, and the compilers that have it. Each
/// makes an instrumented `out.o` of `a b.c`.
const OBJECTS: &[(&str, u32)] = &[
    ("$CC @args", ALL),
    ("$CC @outer", ALL),
    ("$CC @/dev/stdin < args", ALL),
    ("$CC @<(cat args)", CLANG),
    ("cat args | $CC @/dev/stdin", CLANG),
    ("$CC @fifo & cat args > fifo; wait $!", CLANG),
    ("$CC @<(echo @args)", CLANG),
    ("$CC @<(cat args; echo -fsanitize=fuzzer,address)", CLANG),
    ("$CC -c --config ./words.cfg -o out.o", CLANG),
    ("$CC --config=$PWD/words.cfg -o out.o -c", 19),
    ("$CC @config", CLANG),
    (
        "CCC_OVERRIDE_OPTIONS='# +-c s/none/plain/' $CC none.c -o out.o",
        CLANG,
    ),
    (
        "CCC_OVERRIDE_OPTIONS='# ^-c x-S' $CC -S 'a b.c' -o out.o",
        CLANG,
    ),
    (
        "CCC_OVERRIDE_OPTIONS='# +-c' $CC @<(echo plain.c -o out.o)",
        CLANG,
    ),
];

/// The same of programs `out` with a dictionary.
const PROGRAMS: &[(&str, u32)] = &[
    ("$CC 'a b.c' -o out", ALL),
    ("$CC 'a b.c' -oout", ALL),
    ("$CC 'a b.c' --output out", ALL),
    ("$CC 'a b.c' --output=out", ALL),
    ("$CC 'a b.c' -Wl,-o,out", ALL),
    ("$CC 'a b.c' -Wl,-oout", ALL),
    ("$CC 'a b.c' -Wl,--output=out", ALL),
    ("$CC 'a b.c' -Wl,--output,out", ALL),
    ("$CC 'a b.c' -Wl,-z,now,-o,out,-z,relro", ALL),
    ("$CC 'a b.c' -Xlinker -o -Xlinker out", ALL),
    ("$CC 'a b.c' -Wl,@linker", ALL),
    ("$CC -fuse-ld=lld 'a b.c' -Wl,@<(echo -o out)", CLANG),
    ("$CC @<(echo '\"a b.c\" -o out')", CLANG),
    ("$CC --config ./program.cfg plain.c", CLANG),
];

fn bench() -> Workbench {
    let bench = Workbench::new();
    let source = "#include <stdio.h>\n#include <string.h>\n\
         int main(int n, char **v) { return n > 1 && !strcmp(v[1], \"wordlike\"); }\n";
    bench.write("a b.c", source);
    bench.write("plain.c", source);
    bench.write("args", "-O1 -c\n'a b.c' -o out.o\n");
    bench.write("outer", "-DX=\\\"1\\\" @args");
    bench.write("words.cfg", "# -S\n-DA \\\n  -DB \"a b.c\"\n@more.cfg\n");
    bench.write(
        "more.cfg",
        "-fsanitize=fuzzer -fsanitize-coverage=trace-pc-guard\n-c\n",
    );
    bench.write("config", "--config ./words.cfg -o out.o");
    bench.write("program.cfg", "-o out\n");
    bench.write("linker", "-z now -o out");
    bench.program("mkfifo").arg("fifo").run().assert_code(0);
    bench
}

fn shell(bench: &Workbench, compiler: &Compiler, line: &str) -> Finished {
    let runner = bench
        .program("bash")
        .args(["-c", line])
        .env("CC", env!("CARGO_BIN_EXE_tine-cc"))
        .env("TINE_CC", &compiler.cc)
        .env("AFL_LLVM_DICT2FILE", bench.path("tokens"));
    runner.run()
}

fn version(compiler: &Compiler) -> u32 {
    let name = compiler.name();
    name.strip_prefix("clang-")
        .map_or(ALL, |version| version.parse().unwrap())
}

/// Each line with each compiler that has it, in a clean folder. `check` says what is wrong.
fn every(lines: &[(&str, u32)], check: fn(&Workbench) -> Result<(), String>) {
    let mut failures = Vec::new();
    for compiler in compilers() {
        for (line, least) in lines {
            if version(&compiler) < *least {
                continue;
            }
            let bench = bench();
            let done = shell(&bench, &compiler, line);
            let result = match done.code() {
                Some(0) if done.stderr.is_empty() => check(&bench),
                _ => Err(done.to_string()),
            };
            if let Err(error) = result {
                failures.push(format!("{}: {line}: {error}", compiler.name()));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn objects_are_instrumented_wherever_their_words_come_from() {
    every(OBJECTS, |bench| match is_instrumented(bench, "out.o") {
        true => Ok(()),
        false => Err("out.o is not instrumented".to_owned()),
    });
}

#[test]
fn programs_get_a_dictionary_wherever_they_are_written() {
    every(PROGRAMS, |bench| {
        let tokens = std::fs::read_to_string(bench.path("tokens")).unwrap_or_default();
        if !bench.path("out").exists() {
            return Err("out was not written".to_owned());
        }
        match tokens.contains("wordlike") {
            true => Ok(()),
            false => Err(format!("no dictionary: {tokens:?}")),
        }
    });
}

/// A command line that only fits into a response file still does when a word in it has to
/// change, or when it came through a pipe.
#[test]
fn a_long_response_file_stays_one() {
    let bench = bench();
    let long: String = (0..100_000)
        .map(|n| format!("-L/no/such/folder/{n}\n"))
        .collect();
    // Linux takes two megabytes of arguments.
    assert!(long.len() > 2_000_000);
    let words = "-fsanitize=fuzzer-no-link 'a b.c' -o out\n";
    bench.write("long", words.to_owned() + &long);
    // gcc hands all its options on in one variable, so it takes no such file at all.
    for compiler in compilers().iter().filter(|compiler| compiler.clang) {
        for line in ["$CC @long", "$CC @<(cat long)"] {
            let done = shell(&bench, compiler, line);
            assert_eq!(done.code(), Some(0), "{}: {done}", compiler.name());
            assert!(is_instrumented(&bench, "out"), "{}", compiler.name());
            std::fs::remove_file(bench.path("out")).expect("it was made");
        }
    }
}
