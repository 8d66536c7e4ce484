//! The user's command at a new crash.

use std::{
    ffi::OsStr,
    io,
    path::Path,
    process::{Command, Stdio},
};

/// The variable with the path of the crash.
const CRASH: &str = "TINE_CRASH";

/// Has a shell run `command` in the background, and does not wait for its end: a slow
/// command does not slow fuzzing down, as it does with `afl-fuzz -I`. It goes on when
/// the session ends.
///
/// # Errors
/// When no shell can be started.
pub fn of_crash(command: &OsStr, crash: &Path) -> io::Result<()> {
    // The inner shell belongs to nobody then: not to this process, which would have to
    // wait for it, and which kills its children when a signal ends it.
    const IN_BACKGROUND: &str = r#"(eval "$1") &"#;
    Command::new("/bin/sh")
        .args([OsStr::new("-c"), IN_BACKGROUND.as_ref()])
        .args([OsStr::new("sh"), command])
        .env(CRASH, crash)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .map(drop)
}
