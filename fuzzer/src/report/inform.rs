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
/// The path of the crash is `$TINE_CRASH` and `$1`. To a command without shell syntax it
/// is appended, as afl-fuzz 5 does.
///
/// # Errors
/// When no shell can be started.
pub fn of_crash(command: &OsStr, crash: &Path) -> io::Result<()> {
    // The inner shell belongs to nobody then: not to this process, which would have to
    // wait for it, and which kills its children when a signal ends it.
    const IN_BACKGROUND: &str = r#"(command=$1; shift; eval "$command") &"#;
    let mut command = command.to_os_string();
    if is_plain(&command) {
        command.push(" \"$1\"");
    }
    Command::new("/bin/sh")
        .args([OsStr::new("-c"), IN_BACKGROUND.as_ref()])
        .args([OsStr::new("sh"), &command, crash.as_os_str()])
        .env(CRASH, crash)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .map(drop)
}

/// Whether a command is a program with plain arguments, to which one more can be added.
fn is_plain(command: &OsStr) -> bool {
    const PLAIN: &[u8] = b" ./_-+:,@%=";
    let mut bytes = command.as_encoded_bytes().iter();
    bytes.all(|byte| byte.is_ascii_alphanumeric() || PLAIN.contains(byte))
}
