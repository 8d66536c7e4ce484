//! Executes the target with the pipes on their descriptors.

use crate::{StartError, TargetConfig, TargetOutput};
use std::{
    fs::File,
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::process::CommandExt,
    },
    process::{Child, Command, Stdio},
};
use tine_ipc::{Errno, Fd, Owned, Pid, inherited, pipe, process, signal, warden::Watched};
use tine_protocol::{
    env,
    fds::{CONTROL_FD, STATUS_FD},
};

/// Number of descriptors that reach to the pipes.
const DESCRIPTORS: u64 = STATUS_FD as u64 + 1;

/// The same, where both ends have to be moved out of the way.
const DESCRIPTORS_AT_MOST: u64 = DESCRIPTORS + 2;

/// A target that was executed, and the controller's ends of its pipes.
#[derive(Debug)]
pub(crate) struct Spawned {
    pub(crate) process: Child,
    /// Write end of the control pipe.
    pub(crate) control: OwnedFd,
    /// Read end of the status pipe.
    pub(crate) status: OwnedFd,
}

impl Spawned {
    /// Its pid, which stays its own until it is reaped.
    pub(crate) fn pid(&self) -> Pid {
        Pid::of(&self.process)
    }
}

/// Executes the target. `variables` come on top of the configured environment.
pub(crate) fn spawn(
    config: &TargetConfig,
    variables: &[(&str, String)],
    stdin: Option<File>,
    watched: Option<Watched>,
) -> Result<Spawned, StartError> {
    let pipe_error = |source| StartError::Pipe { source };
    let (_, hard) = process::descriptor_limits().map_err(pipe_error)?;
    if hard < DESCRIPTORS {
        return Err(StartError::DescriptorLimit { limit: hard });
    }
    let (control_read, control) = pipe::create().map_err(pipe_error)?;
    let (status, status_write) = pipe::create().map_err(pipe_error)?;

    let mut command = Command::new(&config.program);
    forget_outer_controller(&mut command);
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
        control_read,
        status_write,
        memory_limit: config.memory_limit,
        controller: process::id(),
        watched,
    };
    run_before_exec(&mut command, move || setup.apply());
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

/// Steps of the new process between fork and exec.
struct ChildSetup {
    control_read: OwnedFd,
    status_write: OwnedFd,
    memory_limit: Option<u64>,
    controller: Pid,
    watched: Option<Watched>,
}

impl ChildSetup {
    fn apply(&self) -> io::Result<()> {
        process::lead_session();
        signal::die_with_parent()?;
        if process::parent_id() != Some(self.controller) {
            // The controller died before the line above took effect.
            process::exit_now(1);
        }
        if let Some(watched) = self.watched {
            watched.watch_this_process();
        }
        inherited::shed()?;
        process::limit_core_files()?;
        if let Some(bytes) = self.memory_limit {
            process::limit_address_space(bytes)?;
        }
        // Containers may forbid it. Edges of clang targets do not depend on it.
        let _ = process::fix_addresses();
        self.place_pipes()?;
        Ok(())
    }

    /// The limit of descriptors is raised for this alone: the target's is the user's.
    fn place_pipes(&self) -> Result<(), Errno> {
        let (soft, hard) = process::descriptor_limits()?;
        if soft < DESCRIPTORS_AT_MOST {
            process::limit_descriptors(hard.min(DESCRIPTORS_AT_MOST))?;
        }
        // Out of the way first: an end may sit on the other end's number, or on its own.
        let away = |end| match Fd::from(end).number() {
            CONTROL_FD | STATUS_FD => process::duplicate_above(end, STATUS_FD + 1).map(Some),
            _ => Ok(None),
        };
        let (control, status) = (self.control_read.as_fd(), self.status_write.as_fd());
        let (control_away, status_away) = (away(control)?, away(status)?);
        let control = control_away.as_ref().map_or(control.into(), Owned::fd);
        let status = status_away.as_ref().map_or(status.into(), Owned::fd);
        process::place_descriptor(control, CONTROL_FD)?;
        process::place_descriptor(status, STATUS_FD)?;
        if soft < DESCRIPTORS_AT_MOST {
            process::limit_descriptors(soft)?;
        }
        Ok(())
    }
}

/// Has `command`, which runs a target by itself, start as a target does under its fork
/// server: without this process's ignored and blocked signals, without its descriptors
/// beyond standard error, and without what another controller told this process.
pub fn start_clean(command: &mut Command) {
    forget_outer_controller(command);
    run_before_exec(command, || inherited::shed().map_err(Into::into));
}

/// This process may be a target itself. What its controller says is not for its own
/// target. Call it before variables are set.
fn forget_outer_controller(command: &mut Command) {
    for variable in env::SET_BY_CONTROLLERS {
        command.env_remove(env::name(variable));
    }
}

#[allow(unsafe_code)]
fn run_before_exec(
    command: &mut Command,
    steps: impl FnMut() -> io::Result<()> + Send + Sync + 'static,
) {
    // SAFETY: both callers' steps are system calls only: they neither allocate nor take
    // a lock, so they are safe in the child of a process with threads.
    unsafe { command.pre_exec(steps) };
}
