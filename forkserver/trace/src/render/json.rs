//! The recording itself.

use crate::Recording;

/// The recording as JSON, indented. The fields are those of [`Recording`].
///
/// # Panics
/// Never: a recording is made of strings, numbers and lists.
#[must_use]
pub fn json(recording: &Recording) -> String {
    serde_json::to_string_pretty(recording).expect("a recording has a JSON form")
}
