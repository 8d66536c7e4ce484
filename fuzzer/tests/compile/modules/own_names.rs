//! Programs that have names of the C library for themselves: the runtime uses none of
//! them, and runs nothing before the program is ready for it.

use super::{compile, config, copy_source, run};
use tine_controller::{ForkServer, Outcome};
use tine_workbench::in_process;

/// A program, and the ways to link it.
struct Program {
    source: &'static str,
    /// Arguments, and compilers that take them.
    ways: &'static [(&'static str, &'static [&'static str])],
    /// Its exit code for the input `a`, and for `z`.
    codes: [i32; 2],
}

const EVERY: &[&str] = &["clang-14", "clang-22", "gcc"];

const PROGRAMS: &[Program] = &[
    // An allocator that main sets up.
    Program {
        source: "own_malloc.c",
        ways: &[("", EVERY), ("-no-pie", EVERY)],
        codes: [2, 3],
    },
    // In a static program a call of bcmp would bring libc's memcmp along.
    Program {
        source: "own_memory.c",
        ways: &[
            ("-fno-builtin -static", EVERY),
            ("-fno-builtin -static -fuse-ld=lld-22", &["clang-22"]),
            ("-fno-builtin -static-pie", EVERY),
            ("-fno-builtin", EVERY),
            ("-fno-builtin --cmplog", EVERY),
        ],
        codes: [2, 3],
    },
    // Finds nothing in the environment, and no objects.
    Program {
        source: "own_getenv.c",
        ways: &[("", EVERY), ("--cmplog", EVERY)],
        codes: [2, 3],
    },
    // Its environment is gone when it starts the fork server.
    Program {
        source: "no_environment.c",
        ways: &[("", EVERY), ("-static", EVERY)],
        codes: [2, 3],
    },
    // Resolvers run before relocation, and in static programs before TLS.
    Program {
        source: "resolver.c",
        ways: &[
            ("", EVERY),
            ("-static", EVERY),
            ("-static-pie", EVERY),
            ("-no-pie", EVERY),
            ("-fsanitize=address", &["clang-22"]),
            ("--cmplog -static", EVERY),
        ],
        codes: [2, 3],
    },
    // Nothing for a dynamic linker to do.
    Program {
        source: "plain.c",
        ways: &[
            ("-static -Wl,--no-dynamic-linker", EVERY),
            (
                "-static -fuse-ld=lld-22 -Wl,--no-dynamic-linker",
                &["clang-22"],
            ),
            ("-static-pie -Wl,--no-dynamic-linker", EVERY),
        ],
        codes: [2, 3],
    },
];

#[test]
fn a_program_may_have_the_names_of_the_c_library() {
    let bench = in_process();
    let mut failures = Vec::new();
    for program in PROGRAMS {
        copy_source(&bench, program.source);
        for (way, compilers) in program.ways {
            for compiler in *compilers {
                let line = format!("{} -O0 {way} -o program", program.source);
                let works =
                    compile(&bench, compiler, &line).and_then(|()| counts(&bench, program.codes));
                failures.extend(
                    works
                        .err()
                        .map(|error| format!("{compiler} {line}: {error}")),
                );
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// By hand it does what it does, and under a fork server too, with coverage.
fn counts(bench: &super::Workbench, codes: [i32; 2]) -> Result<(), String> {
    let mut server = None;
    let mut maps = Vec::new();
    for (input, code) in ["a", "z"].into_iter().zip(codes) {
        let done = bench.program(bench.path("program")).stdin(input).run();
        if done.code() != Some(code) {
            return Err(format!("by hand: {done}"));
        }
        let server = match &mut server {
            Some(server) => server,
            none => none.insert(
                ForkServer::start(config(bench, "program")).map_err(|error| error.to_string())?,
            ),
        };
        let (outcome, counted) = run(server, input.as_bytes())?;
        if outcome != Outcome::Exited(code) {
            return Err(format!("under a fork server: {outcome}"));
        }
        maps.push(counted);
    }
    if maps[0].is_empty() || maps[0] == maps[1] {
        return Err(format!("two inputs are counted as {maps:?}"));
    }
    Ok(())
}
