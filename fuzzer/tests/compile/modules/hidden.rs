//! Libraries are counted whatever the program's linker does to names.

use super::{compile, config, copy_source, run};
use tine_controller::ForkServer;
use tine_workbench::{Workbench, in_process};

/// Compilers, linkers for both, and how the program hides its symbols.
const COMPILERS: &[(&str, &[&str])] = &[
    ("clang-14", &["bfd", "lld-14"]),
    ("clang-22", &["bfd", "lld-22"]),
    ("gcc", &["bfd"]),
];
const HIDING: &[&str] = &[
    "",
    "-Wl,--version-script=program.map",
    "-Wl,--exclude-libs,ALL",
    "-fvisibility=hidden",
    "-no-pie -Wl,--version-script=program.map",
    "-Wl,-s -Wl,--version-script=program.map -Wl,--gc-sections",
    "-Wl,-z,norelro -Wl,--version-script=program.map",
    "-flto -Wl,--version-script=program.map",
];

#[test]
fn a_library_is_counted_where_the_program_hides_its_names() {
    let bench = in_process();
    copy_source(&bench, "library.c");
    copy_source(&bench, "linked.c");
    bench.write("program.map", "{ global: main; local: *; };\n");
    let mut failures = Vec::new();
    for (compiler, linkers) in COMPILERS {
        for linker in *linkers {
            for hiding in HIDING {
                let library =
                    format!("-O0 -shared -fPIC -fuse-ld={linker} library.c -o libwork.so");
                let program = format!(
                    "-O0 linked.c -L. -lwork -Wl,-rpath,{} {hiding} -fuse-ld={linker} -o program",
                    bench.dir().display()
                );
                let works = compile(&bench, compiler, &library)
                    .and_then(|()| compile(&bench, compiler, &program))
                    .and_then(|()| tells_inputs_apart(&bench));
                failures.extend(works.err().map(|it| format!("{compiler} {program}: {it}")));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Symbols that the linker left are taken away afterwards.
#[test]
fn a_library_is_counted_where_names_are_taken_out_of_files() {
    let bench = in_process();
    copy_source(&bench, "library.c");
    copy_source(&bench, "linked.c");
    for (compiler, _) in COMPILERS {
        let rpath = bench.dir();
        let program = format!(
            "-O0 linked.c -L. -lwork -Wl,-rpath,{} -o program",
            rpath.display()
        );
        for line in ["-O0 -shared -fPIC library.c -o libwork.so", &program] {
            compile(&bench, compiler, line).unwrap();
        }
        for (tool, options) in [("objcopy", "--localize-hidden"), ("strip", "-s")] {
            for file in ["libwork.so", "program"] {
                let done = bench.program(tool).args([options, file]).run();
                done.assert_code(0);
            }
        }
        let works = tells_inputs_apart(&bench);
        assert_eq!(works, Ok(()), "{compiler}");
    }
}

fn tells_inputs_apart(bench: &Workbench) -> Result<(), String> {
    let mut server =
        ForkServer::start(config(bench, "program")).map_err(|error| error.to_string())?;
    let [a, b] = [run(&mut server, b"a")?, run(&mut server, b"b")?];
    if a.1.is_empty() || a.1 == b.1 {
        return Err(format!("the library is not counted: {a:?}"));
    }
    Ok(())
}

/// A program that another compiler linked has no runtime: its library is named.
#[test]
fn a_library_in_a_program_without_a_runtime_is_named() {
    let bench = Workbench::new();
    copy_source(&bench, "library.c");
    copy_source(&bench, "linked.c");
    compile(
        &bench,
        "clang-22",
        "-shared -fPIC library.c -o libwork.so -Wl,-s",
    )
    .unwrap();
    let rpath = format!("-Wl,-rpath,{}", bench.dir().display());
    let plain = bench
        .program("clang-22")
        .args(["linked.c", "-L.", "-lwork", &rpath]);
    plain.args(["-o", "program"]).run().assert_code(0);
    for line in [
        "showmap -o map -- ./program",
        "fuzz -i seeds -o out -- ./program",
    ] {
        bench.seeds("seeds", ["a"]);
        let done = bench.tine().args(line.split_whitespace()).stdin("a").run();
        let text = done.assert_code(1).stderr();
        assert!(
            text.contains("libwork.so") && text.contains("link the program"),
            "{text}"
        );
    }
}
