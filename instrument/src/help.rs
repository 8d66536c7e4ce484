//! What `tine-cc` says about itself. `--help` and `--version` are the compiler's.

use crate::{
    Language, compiler::Compiler, error::InstrumentError, files::Files, identity,
    settings::Settings,
};
use std::{
    ffi::{OsStr, OsString},
    fmt::Display,
    io::Write,
    os::unix::ffi::OsStrExt,
};

/// Everything that `--tine-print` knows.
const KNOWN: &str = "fuzzing-engine, runtime, compiler, identity";

/// The text of `--tine-help`.
pub(crate) fn text(language: Language) -> String {
    let name = language.wrapper();
    let (kind, example) = match language {
        Language::C => ("C", "target.c"),
        Language::Cxx => ("C++", "target.cc"),
    };
    format!(
        "{name} is your {kind} compiler with coverage counters and a fork server. Use it in
the compiler's place; every option is passed on.

  {name} -o target {example}
  tine fuzz -i seeds -o out -- ./target
  ./configure CC=tine-cc CXX=tine-c++
  cmake -DCMAKE_C_COMPILER=tine-cc -DCMAKE_CXX_COMPILER=tine-c++ ...

A harness with LLVMFuzzerTestOneInput needs no main: it gets one. With
-fsanitize=fuzzer it gets one also where there is another.
Harness macros, as in AFL++: __AFL_INIT() __AFL_LOOP(n) __AFL_FUZZ_INIT()
__AFL_FUZZ_TESTCASE_BUF __AFL_FUZZ_TESTCASE_LEN

Option, beside the compiler's
  --cmplog               comparisons can be logged, for tine fuzz -c; when
                         compiling and when linking

Options, as the first argument
  --tine-help            this text
  --tine-show ARGS...    print the command that ARGS become, and do not run it
  --tine-print WHAT      fuzzing-engine: the library for $LIB_FUZZING_ENGINE
                         runtime: the fork server; compiler: the one in use;
                         identity: all that an object depends on besides the
                         command line, for CCACHE_COMPILERCHECK

Environment
  TINE_CC, TINE_CXX      the compiler; otherwise the newest clang, then gcc
  TINE_NO_INSTRUMENT=1   compile without coverage
  TINE_CACHE_DIR         where the runtime's files are kept (~/.cache/tine)
  AFL_USE_ASAN=1         AddressSanitizer; also AFL_USE_UBSAN, AFL_USE_MSAN,
                         AFL_USE_TSAN, AFL_USE_LSAN, AFL_USE_CFISAN
  AFL_LLVM_CMPLOG=1      as --cmplog
  AFL_LLVM_ALLOWLIST=F   instrument only the sources and functions that F lists;
                         AFL_LLVM_DENYLIST=F: all but these
  AFL_NOOPT=1            be the plain compiler
  AFL_QUIET=1            no notes on variables without effect
  AFL_HARDEN=1           the compiler's own run-time checks
  AFL_DONT_OPTIMIZE=1    no -O2 and no -g where you give none
  AFL_LLVM_DICT2FILE=F   write the program's constants to F too, as a dictionary
  TINE_NO_DICTIONARY=1   do not gather them"
    )
}

/// The answer to `--tine-print`.
pub(crate) fn answer(
    what: &str,
    language: Language,
    settings: &Settings,
) -> Result<OsString, InstrumentError> {
    match what {
        "fuzzing-engine" => Ok(Files::install(settings)?.driver().into()),
        "runtime" => Ok(Files::install(settings)?.runtime().into()),
        "compiler" => Ok(Compiler::find(language, settings)?.path.into()),
        "identity" => identity::of(&Compiler::find(language, settings)?, settings),
        _ => Err(InstrumentError::UnknownPrint {
            what: what.to_owned(),
            known: KNOWN,
        }),
    }
}

/// Prints a line. Whoever closed the pipe does not want it.
pub(crate) fn print(text: impl AsRef<OsStr>) {
    let mut out = std::io::stdout().lock();
    let _ = out
        .write_all(text.as_ref().as_bytes())
        .and_then(|()| out.write_all(b"\n"));
}

/// Says on standard error what is wrong. Where that is closed, nobody listens.
pub(crate) fn complain(language: Language, what: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{}: {what}", language.wrapper());
}
