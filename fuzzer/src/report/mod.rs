//! What a session leaves on disk and how it is told: the crates `tine-output` and
//! `tine-report` by one name.

pub mod inform;

pub use text::counted;
pub use tine_output::{figures, folder, name, shell, stats, store, text};
pub use tine_report::{campaign, metrics, statsd};

/// The end of a session.
pub mod summary {
    pub use tine_output::{
        ending::Ending,
        replay::{Find, Replay},
    };
    pub use tine_report::summary::{COMMAND, text};
}
