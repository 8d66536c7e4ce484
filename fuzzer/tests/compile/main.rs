//! `tine-cc` and `tine-c++`: what they take, what they build, and what the runtime in it does.

mod builds;
mod cmplog;
mod dictionary;
mod driver;
mod exit_ways;
mod harness;
mod matrix;
mod modules;
mod options;
mod projects;
mod real_projects;

use tine_workbench::Compiler;

/// The compilers that most of the tests go through: the oldest clang that is supported,
/// one in between, the newest, and gcc.
fn compilers() -> [Compiler; 4] {
    [
        Compiler::clang_version(14),
        Compiler::clang_version(19),
        Compiler::clang_version(22),
        Compiler::gcc(),
    ]
}
