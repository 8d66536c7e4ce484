//! Whichever linker a build uses, its programs are counted; and what the build tells the
//! linker is obeyed. Ways to link are further rows in the matrices of other tests.

use crate::compilers;
use tine_workbench::{Compiler, Finished, Workbench};

/// Exits with what its input and `part.c` say.
const MAIN: &str = "#include <stdio.h>\nint part(int);\n\
    int main(void) { int c = getchar(); if (c == 'b') puts(\"b\"); return part(c); }\n";
const PART: &str =
    "int part(int c) { if (c == 'a') return 3; if (c == 'b') return 4; return 5; }\n";

/// Ways to name a linker, what is in front of tine-cc, and whether gcc knows it too.
const WAYS: &[(&str, &[&str], bool)] = &[
    ("-fuse-ld=gold", &[], true),
    ("-fuse-ld=mold", &[], true),
    ("-B/usr/libexec/mold", &[], true),
    ("-B /usr/libexec/mold", &[], true),
    ("", &["mold", "-run"], true),
    ("--ld-path=/usr/bin/mold", &[], false),
    ("--ld-path=/usr/bin/ld.gold", &[], false),
    ("-flto", &["mold", "-run"], false),
    ("-fuse-ld=lld --ld-path=/usr/bin/mold", &[], false),
    ("@linker", &[], true),
];

fn bench() -> Workbench {
    let bench = Workbench::new();
    bench.write("main.c", MAIN);
    bench.write("part.c", PART);
    bench.write("linker", "-fuse-ld=mold");
    bench
}

fn run(bench: &Workbench, front: &[&str], compiler: &Compiler, line: &str) -> Finished {
    let own = env!("CARGO_BIN_EXE_tine-cc");
    let (program, rest) = match front {
        [program, rest @ ..] => (*program, [rest, &[own]].concat()),
        [] => (own, Vec::new()),
    };
    let runner = bench
        .program(program)
        .args(rest)
        .env("TINE_CC", &compiler.cc);
    runner.args(line.split_whitespace()).run()
}

/// The edges that a program takes with this input.
fn map(bench: &Workbench, program: &str, input: &str) -> Vec<u8> {
    let runner = bench
        .tine()
        .args(["showmap", "-q", "-r", "-o", "map", "--"]);
    runner.arg(bench.path(program)).stdin(input).run();
    let map = std::fs::read(bench.path("map")).unwrap_or_default();
    let _ = std::fs::remove_file(bench.path("map"));
    map
}

/// What is wrong with a program of `main.c` and `part.c`.
fn check(bench: &Workbench, done: &Finished) -> Result<(), String> {
    if done.code() != Some(0) || !done.stderr.is_empty() {
        return Err(done.to_string());
    }
    let mut maps = Vec::new();
    for (input, code) in [("a", 3), ("b", 4), ("c", 5)] {
        let outcome = bench.program(bench.path("p")).stdin(input).run();
        if outcome.code() != Some(code) {
            return Err(format!("{done}\n{outcome}"));
        }
        maps.push(map(bench, "p", input));
    }
    maps.sort();
    maps.dedup();
    match maps.iter().any(Vec::is_empty) || maps.len() < 3 {
        true => Err(format!("{done}\nis not counted")),
        false => Ok(()),
    }
}

#[test]
fn programs_are_counted_however_the_linker_is_named() {
    let bench = bench();
    let mut failures = Vec::new();
    for compiler in compilers() {
        for (options, front, gcc_too) in WAYS {
            if !gcc_too && !compiler.clang {
                continue;
            }
            let line = format!("-O0 {options} main.c part.c -o p");
            let done = run(&bench, front, &compiler, &line);
            let failed = check(&bench, &done).err();
            failures.extend(failed.map(|error| format!("{}: {front:?} {error}", compiler.name())));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The default script of ld.bfd, as builds copy it to change a line.
fn whole_script(bench: &Workbench) -> String {
    let default = bench.program("ld").arg("--verbose").run().stdout();
    default
        .split("==================================================")
        .nth(1)
        .expect("ld prints its script")
        .to_owned()
}

#[test]
fn a_linker_script_of_the_users_is_obeyed_and_leaves_the_coverage() {
    let bench = bench();
    bench.write("whole.ld", whole_script(&bench));
    bench.write(
        "more.ld",
        "SECTIONS { .mine : { *(.mine) } } INSERT AFTER .text;\n",
    );
    let mut failures = Vec::new();
    for compiler in compilers() {
        let mut lines = vec![
            "-no-pie -fno-pie main.c part.c -Wl,-T,whole.ld -o p",
            "-no-pie -fno-pie main.c part.c -T whole.ld -o p",
            "main.c part.c -T more.ld -o p",
        ];
        if compiler.clang {
            lines.push("-no-pie main.c part.c -Wl,-T,whole.ld -fuse-ld=lld -o p");
        }
        for line in lines {
            let done = run(&bench, &[], &compiler, &format!("-O0 {line}"));
            let failed = check(&bench, &done).err();
            failures.extend(failed.map(|error| format!("{}: {error}", compiler.name())));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Firmware and the like: no C library, no `.data` of its own name.
#[test]
fn an_image_without_a_c_library_runs_as_it_would() {
    let bench = Workbench::new();
    bench.write(
        "k.c",
        "__attribute__((used)) static int d = 3; int f(int c) { if (c == 3) return d; return 4; }\n\
         void _start(void) { long r = f(3); __asm__ volatile(\"syscall\" : : \"a\"(60), \"D\"(r) : \
         \"memory\"); __builtin_unreachable(); }\n",
    );
    bench.write(
        "k.ld",
        "ENTRY(_start) SECTIONS { . = 0x400000 + SIZEOF_HEADERS; .text : { *(.text*) *(.rodata*) } \
         . = ALIGN(4096); .image : { *(.data*) *(.bss*) *(COMMON) } \
         /DISCARD/ : { *(.comment) *(.note*) *(.eh_frame*) } }\n",
    );
    for compiler in compilers() {
        let line = "-O0 -ffreestanding -fno-stack-protector -fno-pie -nostdlib -static -no-pie \
                    -Wl,--build-id=none -Wl,-T,k.ld k.c -o k";
        let done = run(&bench, &[], &compiler, line);
        assert_eq!(done.code(), Some(0), "{done}");
        bench.program(bench.path("k")).run().assert_code(3);
    }
}

/// What a script puts beside the counters, or into which section it puts them.
const CROWDED: [&str; 2] = [
    "*(.data .data.*) *(__sancov_cntrs)",
    "*(.data .data.*) } __sancov_cntrs : { *(__sancov_cntrs) } .crowd : { *(.crowd)",
];

#[test]
fn counters_without_pages_of_their_own_are_told_of() {
    let bench = bench();
    bench.write(
        "crowd.c",
        "__attribute__((section(\".crowd\"))) int crowd = 3; int part(int);\n\
         int more(int c) { return c == 3 ? crowd : part(c); }\n",
    );
    let clang = Compiler::clang_version(19);
    for crowded in CROWDED {
        let data = "*(.data .data.* .gnu.linkonce.d.*)";
        let script = whole_script(&bench);
        assert!(script.contains(data));
        bench.write("crowded.ld", script.replace(data, crowded));
        for (line, file) in [
            ("-no-pie main.c part.c crowd.c -o p", "p"),
            ("-shared -fPIC part.c crowd.c -o part.so", "part.so"),
        ] {
            let done = run(&bench, &[], &clang, &format!("{line} -Wl,-T,crowded.ld"));
            let says = format!("in \"{file}\" the coverage counters have no pages");
            done.assert_code(0).assert_stderr(&says);
        }
        // Whatever shares their pages is left alone.
        bench
            .program(bench.path("p"))
            .stdin("a")
            .run()
            .assert_code(3);
        let runner = bench
            .tine()
            .args(["showmap", "-q", "-o", "map", "--", "./p"]);
        let done = runner.stdin("a").run();
        assert!(
            !bench.path("map").exists() || map(&bench, "p", "a").is_empty(),
            "{done}"
        );
    }
}

const WRAPS: &str = "#include <string.h>\n#include <stdio.h>\n\
    int __real_strcmp(const char *, const char *); int calls;\n\
    int __wrap_strcmp(const char *a, const char *b) { calls++; return __real_strcmp(a, b); }\n\
    int main(int n, char **v) {\n\
        if (n > 1 && strcmp(v[1], \"hello\") == 0) puts(\"hi\");\n\
        return calls + (n > 1 && memcmp(v[1], \"hell\", 4) == 0 ? 10 : 0); }\n";

/// Functions of the program's own take the place of the library's.
const OWN: &str = "#include <stddef.h>\n\
    int strcmp(const char *a, const char *b) { while (*a && *a == *b) a++, b++; return (unsigned char)*a - (unsigned char)*b; }\n\
    int memcmp(const void *a, const void *b, size_t n) { const unsigned char *x = a, *y = b;\n\
        while (n--) { if (*x != *y) return *x - *y; x++; y++; } return 0; }\n\
    int puts(const char *); int main(int n, char **v) {\n\
        if (n > 1 && strcmp(v[1], \"hello\") == 0) puts(\"hi\");\n\
        return n > 1 && memcmp(v[1], \"hell\", 4) == 0 ? 7 : 0; }\n";

#[test]
fn the_users_wrapped_functions_stay_the_users_beside_the_compare_log() {
    let bench = Workbench::new();
    bench.write("wraps.c", WRAPS);
    bench.write("own.c", OWN);
    bench.write("hide.map", "{ global: main; local: *; };\n");
    let mut failures = Vec::new();
    for compiler in compilers() {
        let linkers: &[&str] = if compiler.clang {
            &["bfd", "gold", "lld", "mold"]
        } else {
            &["bfd", "gold", "mold"]
        };
        for linker in linkers {
            for way in ["", "-static", "-flto", "-Wl,--version-script=hide.map"] {
                // Neither gold nor mold of Debian has the plugin of each compiler.
                if way == "-flto" && matches!(*linker, "gold" | "mold") {
                    continue;
                }
                for source in ["-Wl,--wrap=strcmp wraps.c", "own.c"] {
                    let line = format!("-O1 -fno-builtin -fuse-ld={linker} {way} {source}");
                    let plain = bench.program(&compiler.cc).args(line.split_whitespace());
                    plain.args(["-o", "plain"]).run().assert_code(0);
                    let expected = bench.program(bench.path("plain")).arg("hello").run();
                    let done = run(&bench, &[], &compiler, &format!("--cmplog {line} -o p"));
                    if done.code() != Some(0) {
                        failures.push(format!("{}: {done}", compiler.name()));
                        continue;
                    }
                    let outcome = bench.program(bench.path("p")).arg("hello").run();
                    assert_eq!(expected.stdout(), "hi\n");
                    if (outcome.code(), outcome.stdout()) != (expected.code(), expected.stdout()) {
                        failures.push(format!("{}: {done}\n{outcome}", compiler.name()));
                    }
                    std::fs::remove_file(bench.path("p")).expect("it was made");
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Compares by a function that is wrapped and by one that is not.
const WRAPPING_PART: &str = "int strcmp(const char *, const char *); int calls;\n\
    int memcmp(const void *, const void *, unsigned long);\n\
    int __real_strcmp(const char *, const char *);\n\
    int __wrap_strcmp(const char *a, const char *b) { calls++; return __real_strcmp(a, b); }\n\
    int part(const char *v) { int r = strcmp(v, \"hello\") == 0 ? 3 : 0;\n\
        return r + 4 * calls + (memcmp(v, \"hell\", 4) == 0 ? 8 : 0); }\n";

/// The functions themselves, for a program without a C library.
const FUNCTIONS: &str = "int strcmp(const char *a, const char *b) {\n\
        while (*a && *a == *b) a++, b++; return (unsigned char)*a - (unsigned char)*b; }\n\
    int memcmp(const void *a, const void *b, unsigned long n) {\n\
        const unsigned char *x = a, *y = b;\n\
        while (n--) { if (*x != *y) return *x - *y; x++; y++; } return 0; }\n";

const MAIN_OF_PART: &str = "int part(const char *); int main(void) { return part(\"hello\"); }\n";

const START_OF_PART: &str = "int part(const char *);\n\
    __attribute__((force_align_arg_pointer)) void _start(void) { long r = part(\"hello\");\n\
        __asm__ volatile(\"syscall\" : : \"a\"(60), \"D\"(r) : \"memory\");\n\
        __builtin_unreachable(); }\n";

/// Links beside which there is no whole runtime, or no C library by itself.
const WRAPPING_LINKS: [&str; 6] = [
    "-shared -fPIC part.c",
    "-shared -fPIC part.c functions.c",
    "-shared -fPIC -nostdlib part.c functions.c",
    "-nostdlib -static -fno-stack-protector start.c part.c functions.c",
    "-nodefaultlibs main.c part.c functions.c -lc",
    "-nodefaultlibs main.c part.c -lc",
];

#[test]
fn the_users_wraps_hold_in_shared_objects_and_without_a_c_library() {
    let bench = Workbench::new();
    bench.write("part.c", WRAPPING_PART);
    bench.write("functions.c", FUNCTIONS);
    bench.write("main.c", MAIN_OF_PART);
    bench.write("start.c", START_OF_PART);
    let mut failures = Vec::new();
    for compiler in [Compiler::clang_version(22), Compiler::gcc()] {
        let mut ways = vec!["-fuse-ld=bfd", "-fuse-ld=gold", "-fuse-ld=mold"];
        if compiler.clang {
            ways.extend(["-fuse-ld=lld", "-fuse-ld=lld -flto"]);
        } else {
            ways.push("-fuse-ld=bfd -flto");
        }
        for (way, link) in ways
            .iter()
            .flat_map(|way| WRAPPING_LINKS.map(|link| (way, link)))
        {
            let line = format!("-O1 -fno-builtin {way} -Wl,--wrap=strcmp {link}");
            // A shared object's part is called by a program of the plain compiler's.
            let code = |made: &str| {
                let mut program = bench.path(made);
                if link.starts_with("-shared") {
                    program = bench.path("program");
                    let cc = bench
                        .program(&compiler.cc)
                        .args(["-o", "program", "main.c"]);
                    cc.arg(bench.path(made)).run().assert_code(0);
                }
                bench.program(program).run().code()
            };
            let plain = bench.program(&compiler.cc).args(line.split_whitespace());
            plain.args(["-o", "plain"]).run().assert_code(0);
            let expected = code("plain");
            let done = run(&bench, &[], &compiler, &format!("--cmplog {line} -o ours"));
            if done.code() != Some(0) {
                failures.push(format!("{}: {done}", compiler.name()));
                continue;
            }
            let found = code("ours");
            if found != expected {
                failures.push(format!(
                    "{}: {found:?} {expected:?} {done}",
                    compiler.name()
                ));
            }
            // Some compilers' optimization when linking comes before the wrapping.
            assert!(expected == Some(15) || way.ends_with("-flto"), "{line}");
            std::fs::remove_file(bench.path("ours")).expect("it was made");
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
