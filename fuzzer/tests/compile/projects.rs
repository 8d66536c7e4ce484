//! Whole projects, built by their own build systems with `CC=tine-cc
//! CXX=tine-c++`: make in parallel, a configure script, CMake.

use std::path::Path;

use tine_controller::{ForkServer, Outcome, TargetConfig};
use tine_workbench::{Compiler, Workbench, in_process};

/// A folder whose `bin` holds the tools by their everyday names.
fn tools(bench: &Workbench) -> String {
    let bin = bench.path("bin");
    std::fs::create_dir(&bin).expect("a fresh folder");
    for (name, program) in [
        ("tine-cc", env!("CARGO_BIN_EXE_tine-cc")),
        ("tine-c++", env!("CARGO_BIN_EXE_tine-cxx")),
    ] {
        std::os::unix::fs::symlink(program, bin.join(name)).expect("a link in a fresh folder");
    }
    format!(
        "{}:{}",
        bin.display(),
        std::env::var("PATH").expect("PATH is set")
    )
}

/// The program counts its edges, and its shared objects'.
fn is_counted(program: &Path, inputs: &[&str]) {
    let mut server = ForkServer::start(TargetConfig::new(program)).expect("it starts");
    let mut maps = Vec::new();
    for input in inputs {
        let outcome = server.run(input.as_bytes()).expect("the server stays");
        assert!(matches!(outcome, Outcome::Exited(0)), "{input}: {outcome}");
        let mut map = Vec::new();
        server
            .map()
            .take_nonzero(|word, counters| map.push((word, counters)));
        assert!(
            !map.is_empty() && !maps.contains(&map),
            "{}: {input}",
            program.display()
        );
        maps.push(map);
    }
}

fn both() -> [Compiler; 2] {
    [Compiler::clang(), Compiler::gcc()]
}

/// Many wrappers at once find no cache and make one.
#[test]
fn make_in_parallel_with_an_empty_cache() {
    for compiler in both() {
        let bench = in_process();
        let path = tools(&bench);
        let mut main = String::from("#include <stdio.h>\n");
        let mut sum = String::from("0");
        for part in 0..12 {
            bench.write(
                format!("part{part}.c"),
                format!("int part{part}(int c) {{ return c == 'a' + {part} ? {part} : 0; }}\n"),
            );
            bench.write(
                format!("main{part}.c"),
                format!("int main(void) {{ return {part}; }}\n"),
            );
            main += &format!("int part{part}(int);\n");
            sum += &format!(" + part{part}(c)");
        }
        main += &format!(
            "int main(void) {{ int c = getchar(); printf(\"%d\\n\", {sum}); \
             if (c == 'x') puts(\"x\"); return 0; }}\n"
        );
        bench.write("main.c", main);
        let makefile = "PARTS := $(patsubst %.c,%.o,$(wildcard part*.c))\n\
            PROGRAMS := $(patsubst %.c,%,$(wildcard main*.c))\n\
            CFLAGS = -O0\n\
            all: $(PROGRAMS)\n\
            main: $(PARTS)\n";
        bench.write("Makefile", makefile);
        let runner = bench
            .program("make")
            .env("PATH", path)
            .env("TINE_CC", &compiler.cc);
        let runner = runner.env("TINE_CACHE_DIR", bench.path("cache"));
        runner.args(["-j12", "CC=tine-cc"]).run().assert_code(0);
        for part in 0..12 {
            bench
                .program(bench.path(format!("main{part}")))
                .run()
                .assert_code(part);
        }
        assert_eq!(
            bench.program(bench.path("main")).stdin("c").run().stdout(),
            "2\n"
        );
        is_counted(&bench.path("main"), &["?", "x"]);
    }
}

/// What configure scripts do: they compile, link and run little programs, look
/// at exit codes, at what is said on stderr, and at the files that appear.
const CONFIGURE: &str = r#"#!/bin/sh
fail() { echo "configure: $*" >&2; exit 1; }
src='int main(void) { return 0; }'
try() { echo "$1" > conftest.c; shift; $CC "$@" > conftest.log 2> conftest.err; }

try "$src" conftest.c || fail "the compiler cannot create executables"
test -f a.out && ./a.out || fail "cannot run what the compiler makes"
rm -f a.out
try "$src" -o conftest conftest.c && test -x conftest || fail "no -o"
try "$src" -c conftest.c && test -f conftest.o || fail "no object"
try "$src" -V; try "$src" -qversion; $CC --version > /dev/null || fail "no version"
echo '#ifdef __GNUC__
yes
#endif' | $CC -E - | grep -q yes || fail "the preprocessor reads no stdin"
echo '#include <no-such-header.h>' > conftest.c
$CC -E conftest.c > /dev/null 2>&1 && fail "a missing header is found"
try 'char sin(); int main(void) { return sin(); }' -fno-builtin -o conftest conftest.c \
    && fail "libm comes unasked"
try 'char sin(); int main(void) { return sin(); }' -fno-builtin -o conftest conftest.c -lm \
    || fail "no libm"
try 'int main(void) { return no_such_function(); }' -o conftest conftest.c \
    && fail "any function is found"
for flag in -Wall -fPIC -fvisibility=hidden -Wl,--as-needed -Wl,-z,relro -pthread; do
    try "$src" -Werror $flag -o conftest conftest.c || fail "$flag is refused"
    test -s conftest.err && fail "$flag: $(cat conftest.err)"
done
try "$src" -Werror --no-such-flag -o conftest conftest.c && fail "any flag is taken"
$CC -print-prog-name=ld > /dev/null || fail "which ld?"
case $($CC -dumpmachine) in *linux*) ;; *) fail "which machine?" ;; esac
echo '{ global: lib_*; local: *; };' > conftest.map
try 'int lib_x(void) { return 1; }' -shared -fPIC -Wl,--version-script=conftest.map \
    -Wl,-soname,libx.so.1 -Wl,--no-undefined -o conftest.so conftest.c || fail "no shared objects"
echo 'int main() { throw 1; }' > conftest.cc
$CXX -o conftest conftest.cc || fail "the C++ compiler cannot create executables"
rm -rf conftest*
sed -e "s|@CC@|$CC|" -e "s|@CXX@|$CXX|" Makefile.in > Makefile
"#;

const MAKEFILE: &str = "
all: program
lib.o: lib.c
\t@CC@ -g -O0 -fPIC -MD -c lib.c
liblib.so.1: lib.o
\t@CC@ -shared lib.o -Wl,-soname,liblib.so.1 -Wl,--version-script=lib.map -Wl,-z,defs -o $@
\tln -sf liblib.so.1 liblib.so
libstatic.a: static.cc
\t@CXX@ -O1 -c static.cc
\tar rcs $@ static.o
program: main.c liblib.so.1 libstatic.a
\t@CC@ -O0 -c main.c
\t@CXX@ main.o -L. -llib libstatic.a -Wl,-rpath,'$$ORIGIN' -o $@
";

const LIB: &str =
    "int lib_kind(int c) { if (c == 'a') return 1; if (c == 'b') return 2; return 0; }\n";
const STATIC: &str = "#include <string>\nextern \"C\" int length(int n) \
    { try { return int(std::string(size_t(n), 'x').size()); } catch (...) { return -1; } }\n";
const MAIN: &str = "#include <stdio.h>\nint lib_kind(int);\nint length(int);\n\
    int main(void) { int kind = lib_kind(getchar()); printf(\"%d\\n\", length(kind)); return 0; }\n";

fn sources(bench: &Workbench) {
    bench.write("lib.c", LIB);
    bench.write("lib.map", "{ global: lib_*; local: *; };\n");
    bench.write("static.cc", STATIC);
    bench.write("main.c", MAIN);
}

#[test]
fn configure_and_make() {
    for compiler in both() {
        let bench = in_process();
        let path = tools(&bench);
        sources(&bench);
        bench.write("configure", CONFIGURE);
        bench.write("Makefile.in", MAKEFILE);
        for command in ["CC=tine-cc CXX=tine-c++ sh ./configure", "make"] {
            let runner = bench.program("sh").args(["-c", command]).env("PATH", &path);
            let runner = runner
                .env("TINE_CC", &compiler.cc)
                .env("TINE_CXX", &compiler.cxx);
            runner.run().assert_code(0);
        }
        let program = bench.path("program");
        assert_eq!(bench.program(&program).stdin("b").run().stdout(), "2\n");
        is_counted(&program, &["a", "b", "c"]);
    }
}

const CMAKE: &str = r#"
cmake_minimum_required(VERSION 3.13)
project(sample C CXX)
include(CheckCCompilerFlag)
include(CheckCSourceCompiles)
include(CheckIncludeFile)
include(CheckFunctionExists)
check_c_compiler_flag(-Wall HAVE_WALL)
check_c_compiler_flag(--no-such-flag HAVE_NONSENSE)
check_include_file(stdio.h HAVE_STDIO)
check_function_exists(printf HAVE_PRINTF)
check_function_exists(no_such_function HAVE_NO_SUCH_FUNCTION)
check_c_source_compiles("int main(void) { return __AFL_LOOP(1); }" HAVE_LOOP)
if(HAVE_NONSENSE OR HAVE_NO_SUCH_FUNCTION)
  message(FATAL_ERROR "everything is found")
endif()
if(NOT (HAVE_WALL AND HAVE_STDIO AND HAVE_PRINTF AND HAVE_LOOP))
  message(FATAL_ERROR "too little is found")
endif()
find_package(Threads REQUIRED)
add_library(lib SHARED lib.c)
target_compile_options(lib PRIVATE -O0)
target_link_options(lib PRIVATE -Wl,--version-script=${CMAKE_SOURCE_DIR}/lib.map)
add_library(static STATIC static.cc)
add_executable(program main.c)
target_link_libraries(program PRIVATE lib static Threads::Threads)
add_executable(optimised main.c lib.c)
target_compile_options(optimised PRIVATE -flto)
target_link_options(optimised PRIVATE -flto)
target_link_libraries(optimised PRIVATE static)
"#;

#[test]
fn cmake() {
    for compiler in both() {
        let bench = in_process();
        let path = tools(&bench);
        sources(&bench);
        bench.write("CMakeLists.txt", CMAKE);
        let configure = "cmake -S . -B build -DCMAKE_BUILD_TYPE=Release \
            -DCMAKE_C_COMPILER=tine-cc -DCMAKE_CXX_COMPILER=tine-c++";
        for command in [configure, "cmake --build build -j 4"] {
            let runner = bench.program("sh").args(["-c", command]).env("PATH", &path);
            let runner = runner
                .env("TINE_CC", &compiler.cc)
                .env("TINE_CXX", &compiler.cxx);
            runner.run().assert_code(0);
        }
        for program in ["build/program", "build/optimised"] {
            let program = bench.path(program);
            assert_eq!(bench.program(&program).stdin("b").run().stdout(), "2\n");
            is_counted(&program, &["a"]);
        }
        is_counted(&bench.path("build/program"), &["a", "b", "c"]);
    }
}
