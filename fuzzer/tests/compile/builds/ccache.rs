//! `ccache tine-cc`: the cache does not know the compiler behind tine-cc nor its
//! variables; `--tine-print identity` tells it.

use super::is_instrumented;
use tine_workbench::{Finished, Workbench};

/// Compiles with ccache in front, as a build in `variables` does.
fn compile(bench: &Workbench, variables: &[(&str, &str)]) -> Finished {
    let mut runner = bench
        .program("ccache")
        .env("CCACHE_DIR", bench.path("cache"))
        .env("CCACHE_COMPILERCHECK", "%compiler% --tine-print identity");
    for (name, value) in variables {
        runner = runner.env(name, value);
    }
    let done = runner
        .args([
            env!("CARGO_BIN_EXE_tine-cc"),
            "-O1",
            "-c",
            "a.c",
            "-o",
            "a.o",
        ])
        .run();
    assert!(done.code() == Some(0) && done.stderr.is_empty(), "{done}");
    done
}

/// How many compilations the cache has answered.
fn hits(bench: &Workbench) -> u32 {
    let runner = bench
        .program("ccache")
        .env("CCACHE_DIR", bench.path("cache"));
    let text = runner.arg("--print-stats").run().assert_code(0).stdout();
    let number = |line: &str| {
        let (name, number) = line.split_once('\t')?;
        name.ends_with("_cache_hit")
            .then(|| number.parse::<u32>().unwrap())
    };
    text.lines().filter_map(number).sum()
}

#[test]
fn each_setting_has_objects_of_its_own() {
    let bench = Workbench::new();
    bench.write("a.c", "int a(int c) { if (c == 3) return 4; return c; }\n");
    let list = bench.write("list", "other.c\n");
    let list = list.to_str().unwrap();
    // A setting, and whether its object counts.
    let settings: [(&[(&str, &str)], bool); 6] = [
        (&[("TINE_CC", "clang-19")], true),
        (&[("TINE_CC", "gcc")], true),
        (
            &[("TINE_CC", "clang-19"), ("TINE_NO_INSTRUMENT", "1")],
            false,
        ),
        (&[("TINE_CC", "clang-19"), ("AFL_USE_ASAN", "1")], true),
        (
            &[("TINE_CC", "clang-19"), ("AFL_LLVM_ALLOWLIST", list)],
            false,
        ),
        (&[("TINE_CC", "clang-19"), ("AFL_LLVM_CMPLOG", "1")], true),
    ];
    let mut objects = Vec::new();
    for (variables, counts) in settings {
        compile(&bench, variables);
        assert_eq!(is_instrumented(&bench, "a.o"), counts, "{variables:?}");
        objects.push(std::fs::read(bench.path("a.o")).unwrap());
    }
    assert_eq!(hits(&bench), 0, "no object is another setting's");
    for ((variables, _), object) in settings.iter().zip(&objects) {
        compile(&bench, variables);
        assert!(
            std::fs::read(bench.path("a.o")).unwrap() == *object,
            "{variables:?}"
        );
    }
    assert_eq!(
        hits(&bench) as usize,
        settings.len(),
        "the second time all are there"
    );
    // What a list says belongs to the identity as well.
    bench.write("list", "a.c\n");
    compile(&bench, settings[4].0);
    assert!(is_instrumented(&bench, "a.o"));
}
