//! A line an event, readable as it comes.

use crate::{Event, Recording, Step};

/// Text above the lines.
#[must_use]
pub fn heading() -> String {
    format!("{:>10}  {:<13}  what it does", "time", "who")
}

/// One event. `last_phase` is the phase of the line before; a new one gets a line of
/// its own.
#[must_use]
pub fn line(recording: &Recording, event: &Event, last_phase: Option<&str>) -> String {
    let mut text = String::new();
    if last_phase != Some(&event.phase) {
        text = format!("-- {}\n", event.phase);
    }
    let who = &recording.actors[event.actor].name;
    let mark = match &event.step {
        Step::Word { wrong: true, .. } | Step::Bytes { wrong: true, .. } => "  <-- wrong",
        _ => "",
    };
    text += &format!(
        "{:>7}.{:03}  {who:<13}  {}{mark}",
        event.at_us / 1000,
        event.at_us % 1000,
        event.text
    );
    text
}

/// Text below the lines.
#[must_use]
pub fn summary(recording: &Recording) -> String {
    let mut lines = recording.report.clone();
    if recording.interrupted {
        lines.push("interrupted by a signal: the trace ends early".into());
    }
    if recording.left.is_empty() {
        lines.push("nothing is left: no process, no segment".into());
    } else {
        lines.push(format!("left behind: {}", recording.left.join(", ")));
    }
    lines.join("\n")
}
