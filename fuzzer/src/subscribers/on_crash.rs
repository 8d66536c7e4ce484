//! The user's command at a new crash (`-I`).

use crate::{
    engine::{Complaint, Event, Subscriber},
    report::inform,
};
use std::{ffi::OsString, io};

/// Runs the user's command at each new crash.
#[derive(Debug)]
pub struct OnCrash(pub OsString);

/// The command cannot be run.
#[derive(Debug, thiserror::Error)]
#[error("cannot run the command of -I: {0}")]
struct CommandError(io::Error);

impl Subscriber for OnCrash {
    fn hear(&mut self, event: &Event<'_>) -> Result<(), Complaint> {
        match event {
            Event::Crash { path, .. } => inform::of_crash(&self.0, path)
                .map_err(CommandError)
                .map_err(Complaint::tell),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Event, OnCrash, Subscriber};
    use std::{
        fs,
        path::Path,
        thread,
        time::{Duration, Instant},
    };
    use tine_controller::Outcome;

    #[test]
    fn the_command_hears_of_crashes_only() {
        let folder = tempfile::tempdir().unwrap();
        let told = folder.path().join("told");
        let command = format!("echo \"$TINE_CRASH\" >>{}", told.display());
        let mut on_crash = OnCrash(command.into());
        let path = Path::new("crashes/1");
        assert!(on_crash.hear(&Event::Hang { path }).is_ok());
        let outcome = Outcome::CrashExit(1);
        assert!(on_crash.hear(&Event::Crash { path, outcome }).is_ok());
        let end = Instant::now() + Duration::from_secs(20);
        while fs::read(&told).is_ok_and(|text| text.is_empty()) || !told.exists() {
            assert!(Instant::now() < end, "the command was not run");
            thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(fs::read_to_string(&told).unwrap(), "crashes/1\n");
    }
}
