//! Real projects build with `CC=tine-cc CXX=tine-c++`, and their own tests pass.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tine_workbench::{Runner, Workbench, real};

/// Building and testing a project takes its time on a busy machine.
const DEADLINE: Duration = Duration::from_secs(400);

/// A copy of a project's source in the test's folder.
fn source(bench: &Workbench, package: &str, folder: &str) -> PathBuf {
    let to = bench.path("source");
    // Times are kept: make must not find a generated file older than its source.
    let copied = Command::new("cp")
        .args(["--recursive", "--preserve=mode,timestamps"])
        .arg(real::package(package).join(folder))
        .arg(&to)
        .status()
        .expect("start cp");
    assert!(copied.success(), "cp failed: {copied}");
    to
}

/// A command that finds tine's compilers as a user would name them.
fn with_compilers<'b>(runner: Runner<'b>) -> Runner<'b> {
    runner
        .env("CC", env!("CARGO_BIN_EXE_tine-cc"))
        .env("CXX", env!("CARGO_BIN_EXE_tine-cxx"))
        .env("CFLAGS", "-O1 -w")
        .env("CXXFLAGS", "-O1 -w")
        .deadline(DEADLINE)
}

/// The edges that an instrumented program covers on an input.
fn edges(bench: &Workbench, program: &Path, arguments: &[&str], input: &str) -> usize {
    bench
        .tine()
        .args(["showmap", "-q", "-o", "map", "--"])
        .arg(program)
        .args(arguments)
        .stdin(input)
        .run()
        .assert_code(0);
    fs::read_to_string(bench.path("map"))
        .expect("the map")
        .lines()
        .count()
}

#[test]
fn expat_builds_with_configure_and_make_and_passes_its_tests() {
    let bench = Workbench::new();
    let source = source(&bench, "expat-sys", "expat");
    // With its shared library: libtool links one and a program against it.
    with_compilers(bench.program("sh").arg("./configure"))
        .current_dir(&source)
        .run()
        .assert_code(0);
    with_compilers(bench.program("make").arg("-j2"))
        .current_dir(&source)
        .run()
        .assert_code(0);

    // `make check` compiles a C and a C++ test program and runs both.
    let checked = with_compilers(bench.program("make").arg("check"))
        .current_dir(&source)
        .run();
    checked.assert_code(0);
    let passed = checked.stdout().matches("100%: Checks: ").count();
    assert_eq!(passed, 2, "both test programs pass all checks\n{checked}");

    let shared = source.join(".libs/libexpat.so");
    assert!(shared.exists(), "the shared library was built");
    // libtool's wrapper is a script: the program itself lies in .libs.
    let program = source.join("xmlwf/.libs/xmlwf");
    let done = bench
        .program(&program)
        .env("LD_LIBRARY_PATH", source.join(".libs"))
        .arg(bench.write("bad.xml", "<a><b></a>"))
        .run();
    assert!(done.stdout().contains("mismatched tag"), "{done}");
}

#[test]
fn expat_builds_with_cmake_and_passes_its_tests() {
    let bench = Workbench::new();
    let source = source(&bench, "expat-sys", "expat");
    let build = bench.path("build");
    with_compilers(
        bench
            .program("cmake")
            // Old projects ask for policies that a new cmake no longer has.
            .args([
                "-DCMAKE_POLICY_VERSION_MINIMUM=3.10",
                "-DBUILD_shared=OFF",
                "-S",
            ])
            .arg(&source)
            .arg("-B")
            .arg(&build),
    )
    // Its CMake files forget what declares read() and close(), which C89 allowed.
    .env("CFLAGS", "-O1 -w -std=gnu89")
    .run()
    .assert_code(0);
    with_compilers(bench.program("cmake").args(["--build", ".", "-j2"]))
        .current_dir(&build)
        .run()
        .assert_code(0);
    let tested = with_compilers(bench.program("ctest").arg("--output-on-failure"))
        .current_dir(&build)
        .run();
    tested.assert_code(0);
    assert!(tested.stdout().contains("100% tests passed"), "{tested}");

    let xmlwf = build.join("xmlwf");
    let small = edges(&bench, &xmlwf, &["@@"], "<a/>");
    let large = edges(
        &bench,
        &xmlwf,
        &["@@"],
        "<!DOCTYPE a [<!ENTITY b 'c'>]><a d='e'>&b;</a>",
    );
    assert!(small > 40 && large > small, "{small} and {large} edges");
}

#[test]
fn bzip2_builds_with_a_plain_makefile_and_passes_its_tests() {
    let bench = Workbench::new();
    let source = source(&bench, "bzip2-sys", "bzip2-1.0.8");
    let cc = format!("CC={}", env!("CARGO_BIN_EXE_tine-cc"));
    // Its `all` runs the comparison of packed and unpacked samples.
    let done = with_compilers(bench.program("make").args([cc.as_str(), "all"]))
        .current_dir(&source)
        .run();
    done.assert_code(0);
    assert!(done.stdout().contains("like you're in business"), "{done}");
}
