//! The driver of harnesses: which `main` runs, what it does outside a fuzzer, and what
//! becomes of an input that the harness rejects.

mod leaks;
mod mains;
mod rejected;
mod replay;

use tine_workbench::{Compiler, Workbench};

/// Whether a program says that it has a persistent loop and starts the server itself.
fn is_marked(program: &std::path::Path) -> (bool, bool) {
    let bytes = std::fs::read(program).expect("the program");
    let has = |mark: &[u8]| memchr::memmem::find(&bytes, mark).is_some();
    (
        has(b"##SIG_AFL_PERSISTENT##\0"),
        has(b"##SIG_AFL_DEFER_FORKSRV##\0"),
    )
}

/// Links with `-fsanitize=fuzzer`, or what else the words say.
fn link(bench: &Workbench, compiler: &Compiler, words: &str) -> tine_workbench::Finished {
    let cc = bench.tine_cc().env("TINE_CC", &compiler.cc);
    cc.args(words.split_whitespace()).run()
}
