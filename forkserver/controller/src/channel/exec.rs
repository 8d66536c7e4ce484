//! A target without a fork server: it is executed anew for each run.

use super::{Channel, Connection, Context, Run, RunFailure};
use crate::{StartError, TargetConfig, TargetOutput, input::InputPort, leftovers::Leftovers};
use std::{
    collections::BTreeMap,
    ffi::{CString, OsStr, OsString},
    fs::{File, OpenOptions},
    io,
    os::{fd::AsFd, unix::ffi::OsStringExt},
    time::{Duration, Instant},
};
use tine_ipc::{
    Errno,
    exec::{Program, Setup, Started},
    poll::{self, Ready},
    process, signal,
};
use tine_protocol::{WaitStatus, env};

/// Interval at which a process that is over its limit is killed again.
const KILL_AGAIN: Duration = Duration::from_millis(50);

/// One that does not end after this time hangs in the kernel, and is left to it.
const KILL_LIMIT: Duration = Duration::from_secs(5);

/// Executes the target.
#[derive(Debug)]
pub(crate) struct ExecChannel {
    context: Context,
    program: Program,
    stdin: File,
    /// `None`: this process's output.
    output: Option<File>,
    memory_limit: Option<u64>,
    directory: Option<CString>,
    kill_signal: i32,
}

impl ExecChannel {
    /// For the target that `config` describes.
    pub(crate) fn new(
        config: &TargetConfig,
        input: &InputPort,
        context: Context,
    ) -> Result<Self, StartError> {
        let failed = |source| StartError::Spawn {
            program: config.program.clone(),
            source,
        };
        let null = || OpenOptions::new().read(true).write(true).open("/dev/null");
        let stdin = match input.stdin().map_err(failed)? {
            Some(file) => file,
            None => null().map_err(failed)?,
        };
        let output = match config.output {
            TargetOutput::Null => Some(null().map_err(failed)?),
            TargetOutput::Inherit => None,
        };
        let mut environment: BTreeMap<OsString, OsString> = std::env::vars_os().collect();
        for variable in env::SET_BY_CONTROLLERS {
            environment.remove(OsStr::new(env::name(variable)));
        }
        environment.extend(config.env.iter().cloned());
        let (name, token) = context.leftovers.variable();
        environment.insert(name.into(), token.into());
        let environment = environment.into_iter().map(|(name, value)| {
            let mut pair = name;
            pair.push("=");
            pair.push(value);
            pair
        });
        let path = config.program.clone().into_os_string();
        let arguments = std::iter::once(path.clone()).chain(config.args.iter().cloned());
        let directory = config.current_dir.clone().map(|it| c_string(it.into()));
        Ok(Self {
            context,
            program: Program::new(
                c_string(path).map_err(failed)?,
                c_strings(arguments).map_err(failed)?,
                c_strings(environment).map_err(failed)?,
            ),
            stdin,
            output,
            memory_limit: config.memory_limit,
            directory: directory.transpose().map_err(failed)?,
            kill_signal: config.kill_signal,
        })
    }
}

impl Channel for ExecChannel {
    /// Executes the target and waits for its end.
    fn run(&mut self, timeout: Duration) -> Result<Run, RunFailure> {
        let leftovers = &self.context.leftovers;
        let setup = Setup {
            stdin: self.stdin.as_fd(),
            output: self.output.as_ref().map(AsFd::as_fd),
            memory_limit: self.memory_limit,
            directory: self.directory.as_deref(),
            watched: leftovers.watched(),
        };
        let started = self
            .program
            .start(setup)
            .inspect_err(|_| leftovers.release());
        let started = started.map_err(|errno| match errno {
            Errno(libc::EAGAIN | libc::ENOMEM) => RunFailure::NoProcess,
            other => RunFailure::Exec(other),
        })?;
        if has_ended(&started, timeout)? {
            return reap(&started, leftovers).map(Run::Ended);
        }
        let mut signal = self.kill_signal;
        let deadline = Instant::now() + KILL_LIMIT;
        while Instant::now() < deadline {
            let _ = signal::send_group(started.pid, signal);
            if has_ended(&started, KILL_AGAIN)? {
                let status = reap(&started, leftovers)?;
                // It may have ended by itself in the last moment.
                let by_itself =
                    self.kill_signal == signal::KILL && status.signal() != Some(signal::KILL);
                return Ok(if by_itself {
                    Run::Ended(status)
                } else {
                    Run::TimedOut
                });
            }
            signal = signal::KILL;
        }
        Ok(Run::TimedOut)
    }

    fn count_run(&mut self) {
        if self.context.leftovers.is_due() {
            self.context.leftovers.sweep(None, None);
        }
    }

    fn end(&mut self) {
        self.context.leftovers.kill_all();
    }

    fn context(&self) -> &Context {
        &self.context
    }

    fn context_mut(&mut self) -> &mut Context {
        &mut self.context
    }

    fn reconnect(&mut self, connection: Connection) {
        // There is no server that it could replace.
        connection.end(&self.context.leftovers);
    }
}

/// Waits for the end of the process.
fn has_ended(started: &Started, limit: Duration) -> Result<bool, RunFailure> {
    let mut rest = limit;
    // Asked for only when it is needed: not in an ordinary run.
    let mut deadline = None;
    loop {
        match poll::readable(&started.pidfd, rest).map_err(RunFailure::Exec)? {
            Ready::Yes => return Ok(true),
            Ready::TimedOut => return Ok(false),
            Ready::Interrupted => {
                let deadline = *deadline.get_or_insert_with(|| Instant::now() + limit);
                rest = deadline.saturating_duration_since(Instant::now());
            }
        }
    }
}

/// Kills what the process left in its group, then reaps it: until then the group's
/// number is its own.
fn reap(started: &Started, leftovers: &Leftovers) -> Result<WaitStatus, RunFailure> {
    let _ = signal::send_group(started.pid, signal::KILL);
    leftovers.release();
    let status = process::wait(started.pid, false).map_err(RunFailure::Exec)?;
    Ok(WaitStatus(status))
}

fn c_string(text: OsString) -> io::Result<CString> {
    // The system's words for it.
    CString::new(text.into_vec()).map_err(|_| io::ErrorKind::InvalidInput.into())
}

fn c_strings(texts: impl Iterator<Item = OsString>) -> io::Result<Vec<CString>> {
    texts.map(c_string).collect()
}
