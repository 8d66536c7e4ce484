//! What is written down of a session.

use crate::report::summary::Replay;
use std::ffi::OsString;

/// What is written down of a session.
#[derive(Debug, Clone)]
pub struct Record {
    /// How the session was started, as its user would write it.
    pub command_line: String,
    /// Variables that matter to it: names and values.
    pub variables: Vec<(OsString, OsString)>,
    /// Name of the session in the figures; `None` is the target's name.
    pub banner: Option<String>,
    /// How the target is run on what was found.
    pub replay: Replay,
    /// What is known of an earlier part of the session is not used.
    pub forgets: bool,
}

impl Record {
    /// That of a session with this target, about which nothing else is known.
    pub(super) fn of(command: &[OsString]) -> Self {
        Self {
            command_line: String::new(),
            variables: Vec::new(),
            banner: None,
            replay: Replay {
                tine: "tine".into(),
                options: Vec::new(),
                target: command.to_vec(),
                placeholder: None,
                sanitized: Vec::new(),
                direct: false,
            },
            forgets: false,
        }
    }
}
