//! The test workbench: what tests on real processes share.
//!
//! A [`Workbench`] gives a test a fresh folder, runs the project's programs and
//! targets with a deadline, and looks at the end whether anything is left of
//! them: a process, a shared-memory segment, a file outside of the folder. A
//! test that leaves something behind fails.
//!
//! ```no_run
//! use tine_workbench::{Compiler, Workbench};
//!
//! let bench = Workbench::new();
//! let target = bench.target("crash_abort", &Compiler::clang());
//! let tine = bench.tine().args(["showmap", "-o", "map", "--"]);
//! tine.arg(target.program()).run().assert_code(2);
//! ```
//!
//! For tests only: no program of the project depends on it.

mod afl;
mod build;
mod built;
mod command;
mod compiler;
mod data;
mod leaks;
pub mod peers;
mod programs;
pub mod real;
mod workbench;

pub use afl::{Stats, testcases};
pub use build::Built;
pub use built::project;
pub use command::{Finished, Runner, Running};
pub use compiler::Compiler;
pub use data::folder as targets_folder;
pub use data::{
    Case, Compilers, Expected, Fuzz, Input, InputRoute, Library, Mode, Sequence, TargetData,
    expected,
};
pub use programs::BUSY;
pub use workbench::{Workbench, in_process, wait_until};
