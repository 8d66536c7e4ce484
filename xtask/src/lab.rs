//! `cargo xtask lab`: the checks of the lab on a program of the reader's.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};
use clap::Subcommand;

use crate::{paths, shell};

/// What is checked.
#[derive(Subcommand)]
pub enum Lab {
    /// A fork server that you wrote (docs/lab.md, exercise 1)
    Server {
        /// The program
        program: PathBuf,
    },
    /// A controller that you wrote (docs/lab.md, exercise 2)
    Controller {
        /// The program
        program: PathBuf,
    },
}

/// Runs the checks, which are tests of `fuzzer/tests/docs/lab.rs`.
pub fn run(lab: &Lab) -> Result<()> {
    let (program, variable, checks) = match lab {
        Lab::Server { program } => (program, "TINE_LAB_SERVER", "lab::server_"),
        Lab::Controller { program } => (program, "TINE_LAB_CONTROLLER", "lab::controller_"),
    };
    let program = std::path::absolute(program)?;
    if !is_program(&program) {
        bail!(
            "{} is no program: compile yours first, for example with `gcc -o server server.c`",
            program.display()
        );
    }
    let mut test = Command::new(paths::cargo());
    test.args(["test", "--quiet", "--package", "tine", "--test", "docs"])
        .args(["--", "--format", "pretty", checks])
        .env(variable, program)
        .env("RUST_BACKTRACE", "0")
        .current_dir(paths::root());
    shell::run(&mut test)
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}
