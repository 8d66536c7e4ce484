//! Programs that cannot be executed at the moment.

use std::{io, thread, time::Duration};
use tine_controller::{RunError, StartError};

/// How often a program is executed that somebody still has open for writing: a test beside
/// this one, between its fork and its exec.
const MOST_ATTEMPTS: u32 = 50;

/// Pause between two of these attempts.
const ATTEMPT_PAUSE: Duration = Duration::from_millis(20);

/// Tries again while `is_busy` says so.
pub(super) fn with_patience<T, E>(
    is_busy: impl Fn(&E) -> bool,
    mut attempt: impl FnMut() -> Result<T, E>,
) -> Result<T, E> {
    for _ in 0..MOST_ATTEMPTS {
        match attempt() {
            Err(error) if is_busy(&error) => thread::sleep(ATTEMPT_PAUSE),
            done => return done,
        }
    }
    attempt()
}

pub(super) fn is_busy_start(error: &StartError) -> bool {
    matches!(error, StartError::Spawn { source, .. } if is_busy(source))
}

pub(super) fn is_busy_run(error: &RunError) -> bool {
    matches!(error, RunError::Exec { source, .. } if is_busy(source))
}

fn is_busy(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ExecutableFileBusy
}
