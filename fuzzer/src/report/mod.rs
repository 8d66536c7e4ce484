//! What a session leaves on disk, and what it says at its end.

pub mod campaign;
pub mod figures;
pub mod folder;
pub mod inform;
pub mod metrics;
pub mod name;
pub mod shell;
pub mod stats;
pub mod statsd;
pub mod store;
pub mod summary;
pub mod text;

pub use text::counted;
