//! What a session leaves on disk, and what it says at its end.

pub mod campaign;
pub mod inform;
pub mod metrics;
pub mod statsd;
pub mod summary;

pub use text::counted;
pub use tine_output::{figures, folder, locks, name, shell, stats, store, text};
