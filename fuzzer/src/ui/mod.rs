//! What is shown while a session runs.

mod line;
mod status;

use crate::environment::Variables;
pub use line::Line;
pub use status::Status;

/// Whether the terminal, if there is one, can rewrite a line.
fn can_rewrite(variables: &Variables) -> bool {
    variables.get("TERM").is_some_and(|kind| kind != "dumb")
}
