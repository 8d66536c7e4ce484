//! Outcome of a run.

use std::{borrow::Cow, fmt};
use tine_ipc::signal;
use tine_protocol::WaitStatus;

/// Outcome of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The child exited by itself with this code.
    Exited(i32),
    /// A persistent child finished its pass and waits for the next input.
    LoopDone,
    /// The child exited with the code that means a crash.
    CrashExit(i32),
    /// A signal ended the child.
    Signaled {
        /// The signal's number.
        signal: i32,
        /// Set if a core file was written.
        core: bool,
    },
    /// The run was over its limit and the child was killed.
    TimedOut,
}

impl Outcome {
    /// The outcome that a wait status means. `crash_exit_code` is the exit code
    /// that counts as a crash.
    #[must_use]
    pub fn of_status(status: WaitStatus, crash_exit_code: Option<i32>) -> Self {
        if let Some(signal) = status.signal() {
            return Self::Signaled {
                signal,
                core: status.dumped_core(),
            };
        }
        match status.exit_code() {
            Some(code) if Some(code) == crash_exit_code => Self::CrashExit(code),
            Some(code) => Self::Exited(code),
            None => Self::LoopDone,
        }
    }

    /// Returns whether the child crashed.
    #[must_use]
    pub const fn is_crash(&self) -> bool {
        matches!(self, Self::Signaled { .. } | Self::CrashExit(_))
    }

    /// Returns whether the run was over its limit.
    #[must_use]
    pub const fn is_timeout(&self) -> bool {
        matches!(self, Self::TimedOut)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exited with code {code}"),
            Self::LoopDone => f.write_str("finished its pass of the persistent loop"),
            Self::CrashExit(code) => write!(f, "crashed (exit code {code})"),
            Self::Signaled { signal, core } => {
                write!(f, "crashed by signal {signal} ({})", signal_name(*signal))?;
                if *core {
                    f.write_str(", core dumped")
                } else {
                    Ok(())
                }
            }
            Self::TimedOut => f.write_str("ran over its time limit and was killed"),
        }
    }
}

/// The name of a signal on Linux, such as `SIGSEGV`.
#[must_use]
pub fn signal_name(signal: i32) -> Cow<'static, str> {
    signal::name(signal).map_or_else(|| Cow::Owned(format!("signal {signal}")), Cow::Borrowed)
}
