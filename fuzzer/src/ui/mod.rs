//! What is shown while a session runs.

mod line;
mod status;

pub use line::Line;
pub use status::Status;
