//! The test workbench: what tests on real processes share.
//!
//! A [`Workbench`] gives a test a fresh folder, runs the project's programs and
//! targets with a deadline, and looks at the end whether anything is left of
//! them: a process, a shared-memory segment, a file outside of the folder. A
//! test that leaves something behind fails.
//!
//! ```ignore
//! mod support;
//! let bench = support::Workbench::new();
//! let target = bench.target("crash_abort", &support::Compiler::clang());
//! let done = bench.tine().args(["showmap", "-o", "map", "--"]).arg(target.program()).run();
//! done.assert_code(2);
//! ```

// Each test file compiles this module for itself and uses a part of it.
#![allow(dead_code, unused_imports)]

mod afl;
mod build;
mod command;
mod compiler;
mod data;
mod leaks;
pub mod peers;
mod programs;
mod workbench;

pub use afl::{Stats, testcases};
pub use build::Built;
pub use command::{Finished, Runner, Running};
pub use compiler::Compiler;
pub use data::folder as targets_folder;
pub use data::{
    Case, Compilers, Expected, Fuzz, Input, InputRoute, Mode, Sequence, TargetData, expected,
};
pub use programs::BUSY;
pub use workbench::{Workbench, in_process, wait_until};
