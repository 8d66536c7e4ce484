//! Shared objects that log through the program's runtime.

use std::path::Path;

use super::{compile, compiler, log::Log, source};
use tine_protocol::layout::cmplog::Layout;
use tine_workbench::in_process;

const LOGGED: [&str; 4] = [
    "text \"input\\0\" \"in a library\\0\"",
    "memory \"inpu\" \"libr\"",
    "compare 4 0x31323334 0x41424344",
    "switch 4 0x41424344 0x7a1200",
];

#[test]
fn a_shared_object_logs_in_a_program_of_tine_and_runs_in_any_other() {
    for (name, linker) in [
        ("clang-14", "lld-14"),
        ("clang-22", "bfd"),
        ("clang-22", "lld-22"),
        ("clang-22", "mold"),
        ("clang-14", "gold"),
        ("gcc", "bfd"),
        ("gcc", "mold"),
    ] {
        let bench = in_process();
        let compiler = compiler(name);
        let linker = format!("-fuse-ld={linker}");
        let linker = Path::new(&linker);
        let object = bench.path("liblibrary.so");
        let library = source("library.c");
        let words = ["-shared", "-fPIC", "-o"].map(Path::new);
        compile(
            &bench,
            &compiler,
            false,
            words.into_iter().chain([&*object, linker, &library]),
        );

        let program = bench.path("program");
        let main = source("library_main.c");
        let words = [Path::new("-o"), &program, linker, &main, &object];
        compile(&bench, &compiler, false, words);
        let log = Log::new(Layout::V1);
        log.run(&program);
        let entries: Vec<String> = log.entries().iter().map(ToString::to_string).collect();
        for wanted in LOGGED {
            assert!(
                entries.iter().any(|it| it == wanted),
                "{name}: no {wanted} in {entries:#?}"
            );
        }

        // Without --cmplog the program has the callbacks and the hook all the same.
        let plain = bench.path("plain");
        let words = [Path::new("-o"), &plain, linker, &main, &object];
        bench
            .tine_cc()
            .env("TINE_CC", &compiler.cc)
            .args(words)
            .run()
            .assert_code(0);
        log.clear();
        log.run(&plain);
        let entries: Vec<String> = log.entries().iter().map(ToString::to_string).collect();
        assert!(
            entries.iter().any(|it| it == LOGGED[0]),
            "{name}: {entries:#?}"
        );

        // Not built by tine-cc at all.
        let foreign = bench.path("foreign");
        let words = [Path::new("-o"), &foreign, &main, &object];
        bench.program(&compiler.cc).args(words).run().assert_code(0);
        log.clear();
        log.run(&foreign);
        assert!(log.entries().is_empty(), "{name}");
    }
}
