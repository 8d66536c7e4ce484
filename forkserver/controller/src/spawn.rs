//! Executes the target with the pipes on their descriptors.

use crate::{StartError, TargetConfig, TargetOutput};
use std::{
    fs::File,
    io,
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::process::CommandExt,
    },
    process::{Child, Command, Stdio},
};
use tine_ipc::{pipe, process, signal};
use tine_protocol::{
    env,
    fds::{CONTROL_FD, STATUS_FD},
};

/// A target that was executed, and the controller's ends of its pipes.
#[derive(Debug)]
pub(crate) struct Spawned {
    pub(crate) process: Child,
    /// Write end of the control pipe.
    pub(crate) control: OwnedFd,
    /// Read end of the status pipe.
    pub(crate) status: OwnedFd,
}

/// Executes the target. `variables` come on top of the configured environment.
pub(crate) fn spawn(
    config: &TargetConfig,
    variables: &[(&str, String)],
    stdin: Option<File>,
) -> Result<Spawned, StartError> {
    let pipe_error = |source| StartError::Pipe { source };
    let (control_read, control) = pipe::create().map_err(pipe_error)?;
    let (status, status_write) = pipe::create().map_err(pipe_error)?;

    let mut command = Command::new(&config.program);
    for variable in env::SET_BY_CONTROLLERS {
        command.env_remove(env::name(variable));
    }
    command
        .args(&config.args)
        .envs(config.env.iter().map(|(name, value)| (name, value)));
    for (name, value) in variables {
        command.env(name, value);
    }
    if let Some(directory) = &config.current_dir {
        command.current_dir(directory);
    }
    command.stdin(stdin.map_or_else(Stdio::null, Stdio::from));
    let output = || match config.output {
        TargetOutput::Null => Stdio::null(),
        TargetOutput::Inherit => Stdio::inherit(),
    };
    command.stdout(output()).stderr(output());

    let setup = ChildSetup {
        control_read: control_read.as_raw_fd(),
        status_write: status_write.as_raw_fd(),
        memory_limit: config.memory_limit,
        controller: process::id(),
    };
    run_before_exec(&mut command, setup);
    let process = command.spawn().map_err(|source| StartError::Spawn {
        program: config.program.clone(),
        source,
    })?;
    Ok(Spawned {
        process,
        control,
        status,
    })
}

/// What the new process does between fork and exec.
#[derive(Clone, Copy)]
struct ChildSetup {
    control_read: i32,
    status_write: i32,
    memory_limit: Option<u64>,
    controller: i32,
}

impl ChildSetup {
    fn apply(self) -> io::Result<()> {
        process::lead_session();
        signal::die_with_parent()?;
        if process::parent_id() != self.controller {
            // The controller died before the line above took effect.
            process::exit_now(1);
        }
        signal::default_child_signal()?;
        process::limit_core_files()?;
        if let Some(bytes) = self.memory_limit {
            process::limit_address_space(bytes)?;
        }
        // Containers may forbid it. Edges of clang targets do not depend on it.
        let _ = process::fix_addresses();
        process::allow_descriptors(STATUS_FD + 1)?;
        // Out of the way first: an end may sit on the other end's number.
        let control = process::duplicate_above(self.control_read, STATUS_FD + 1)?;
        let status = process::duplicate_above(self.status_write, STATUS_FD + 1)?;
        process::place_descriptor(control, CONTROL_FD)?;
        process::place_descriptor(status, STATUS_FD)?;
        Ok(())
    }
}

#[allow(unsafe_code)]
fn run_before_exec(command: &mut Command, setup: ChildSetup) {
    // SAFETY: the closure makes system calls only: it neither allocates nor
    // takes a lock, so it is safe in the child of a process with threads.
    unsafe { command.pre_exec(move || setup.apply()) };
}
