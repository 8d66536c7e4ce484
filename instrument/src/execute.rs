//! From a plan to a process.

use crate::{
    arguments::{Argument, response},
    error::InstrumentError,
    plan::Plan,
};
use std::{
    ffi::OsString,
    fs::File,
    os::{
        fd::AsRawFd,
        unix::process::{CommandExt, ExitStatusExt},
    },
    path::PathBuf,
    process::{Command, ExitCode, Stdio},
};

/// A command that can be run, and the files that it reads by their descriptors.
struct Prepared {
    command: Command,
    program: PathBuf,
    _files: Vec<File>,
}

/// Becomes the compiler.
pub(crate) fn replace(plan: &Plan) -> Result<ExitCode, InstrumentError> {
    let mut prepared = prepare(plan)?;
    let source = prepared.command.exec();
    Err(prepared.failed(source))
}

/// Runs the compiler. The code is 0, or what a shell would say.
pub(crate) fn run(plan: &Plan) -> Result<u8, InstrumentError> {
    let mut prepared = prepare(plan)?;
    let status = prepared.command.status();
    let status = status.map_err(|source| prepared.failed(source))?;
    let code = status.code().or(status.signal().map(|signal| 128 + signal));
    Ok(code.unwrap_or(1) as u8)
}

/// Runs the compiler without a word on this process's output. Returns whether it
/// succeeded, and all that it said.
pub(crate) fn run_quietly(plan: &Plan) -> Result<(bool, String), InstrumentError> {
    let mut prepared = prepare(plan)?;
    let output = prepared.command.stdin(Stdio::null()).output();
    let output = output.map_err(|source| prepared.failed(source))?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    Ok((output.status.success(), said))
}

impl Prepared {
    fn failed(&self, source: std::io::Error) -> InstrumentError {
        InstrumentError::Exec {
            path: self.program.clone(),
            source,
        }
    }
}

fn prepare(plan: &Plan) -> Result<Prepared, InstrumentError> {
    let mut command = Command::new(&plan.program);
    let mut files = Vec::new();
    for argument in &plan.arguments {
        match argument {
            Argument::Word(word) => {
                command.arg(word);
            }
            Argument::Response(words) => {
                let file = response::unnamed(words)
                    .map_err(|source| InstrumentError::ResponseCopy { source })?;
                let mut name = OsString::from("@/proc/self/fd/");
                name.push(file.as_raw_fd().to_string());
                command.arg(name);
                files.push(file);
            }
        }
    }
    for variable in &plan.spent_variables {
        command.env_remove(variable);
    }
    Ok(Prepared {
        command,
        program: plan.program.clone(),
        _files: files,
    })
}
