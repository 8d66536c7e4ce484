//! Edges keep their numbers where addresses are random.

use super::{compile, copy_source};
use tine_workbench::in_process;

#[test]
fn edges_keep_their_numbers_where_addresses_are_random() {
    let bench = in_process();
    for source in ["library.c", "linked.c", "guard.c"] {
        copy_source(&bench, source);
    }
    let guard = bench.program("cc").args(["guard.c", "-o", "guard"]);
    guard.run().assert_code(0);
    for compiler in ["clang-22", "gcc"] {
        for (library, name) in [
            ("-DNAME=work", "libwork.so"),
            ("-DNAME=other", "libother.so"),
        ] {
            let line = format!("-O0 -shared -fPIC library.c {library} -o {name}");
            compile(&bench, compiler, &line).unwrap();
        }
        let line = format!(
            "-O0 --cmplog linked.c -L. -Wl,--no-as-needed -lother -lwork -Wl,-rpath,{} -o program",
            bench.dir().display()
        );
        compile(&bench, compiler, &line).unwrap();
        let mut maps = Vec::new();
        for number in 0..4 {
            let map = bench.path(format!("map-{number}"));
            let done = bench
                .program(bench.path("guard"))
                .arg(env!("CARGO_BIN_EXE_tine"))
                .args(["showmap", "-q", "-r", "-o"])
                .arg(&map)
                .args(["--", "./program"])
                .stdin("abba")
                .run();
            done.assert_code(0);
            maps.push(std::fs::read_to_string(map).expect("showmap writes a map"));
        }
        assert!(!maps[0].is_empty());
        assert!(
            maps.iter().all(|map| *map == maps[0]),
            "{compiler}: {maps:#?}"
        );
    }
}
