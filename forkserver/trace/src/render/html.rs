//! One page that needs nothing else.

use crate::Recording;

/// The page.
#[must_use]
pub fn html(recording: &Recording) -> String {
    let json = serde_json::to_string(recording).expect("a recording has a JSON form");
    // A `</script>` in a string would end the script that holds the recording.
    let json = json.replace('<', "\\u003c");
    include_str!("page.html").replacen("/*RECORDING*/null", &json, 1)
}
