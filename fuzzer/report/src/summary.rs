//! The lines that end a session.

use std::{fmt::Write, path::Path};
use tine_output::{
    ending::Ending,
    replay::{Find, Replay},
    stats::Snapshot,
    text::{counted, grouped, shown_time},
};

/// What stands before a command.
pub const COMMAND: &str = "  ";

/// The lines that end a session: what was done, and how to look at the finds.
#[must_use]
pub fn text(
    ending: Ending,
    snapshot: &Snapshot,
    instance: &Path,
    first_crash: Option<Find>,
    first_hang: Option<Find>,
    replay: &Replay,
) -> Vec<String> {
    let mut first = format!(
        "{} after {}: {} ({}/s), {} in the corpus, {} found; {}",
        ending.words(),
        shown_time(snapshot.run_time),
        counted(snapshot.runs, "run"),
        grouped(snapshot.runs_per_second().round() as u64),
        counted(snapshot.corpus, "testcase"),
        grouped(snapshot.found),
        snapshot.coverage_words(),
    );
    if snapshot.variable_edges > 0 {
        let _ = write!(first, ", stability {:.1} %", snapshot.stability());
    }
    let mut lines = vec![first];
    for (count, noun, example) in [
        (snapshot.saved_crashes, "crash", &first_crash),
        (snapshot.saved_hangs, "hang", &first_hang),
    ] {
        let Some(example) = example else { continue };
        let folder = example.input.parent().unwrap_or(instance);
        let which = if count == 1 {
            "replay it with"
        } else {
            "replay the first one with"
        };
        lines.push(format!(
            "{} in {}; {which}",
            counted(count, noun),
            folder.display()
        ));
        lines.push(format!("{COMMAND}{}", replay.command_for(example)));
    }
    if snapshot.lost_inputs > 0 {
        lines.push(format!(
            "{} took the fork server along each time and had to be passed over; the first ones are in {}",
            counted(snapshot.lost_inputs, "input"),
            instance.join("lost").display()
        ));
    }
    if first_crash.is_none() {
        lines.push(format!(
            "no crash so far; the results are in {}",
            instance.display()
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::text;
    use std::path::Path;
    use tine_output::{
        ending::Ending,
        replay::{Find, Replay},
        stats::Snapshot,
    };

    fn replay() -> Replay {
        Replay {
            tine: "tine".into(),
            options: vec!["-m".into(), "50".into()],
            target: vec!["./my prog".into(), "@@".into()],
            sanitized: vec!["./with asan".into()],
            placeholder: None,
            direct: false,
        }
    }

    #[test]
    fn a_crash_comes_with_the_command_that_replays_it() {
        let snapshot = Snapshot {
            saved_crashes: 2,
            ..Snapshot::default()
        };
        let mut crash = Find {
            input: "out/default/crashes/id:000000,sig:06".into(),
            sequence: None,
        };
        let instance = Path::new("out/default");
        let lines = text(
            Ending::Crash,
            &snapshot,
            instance,
            Some(crash.clone()),
            None,
            &replay(),
        );
        assert!(
            lines[0].starts_with("stopped at the first crash"),
            "{lines:?}"
        );
        assert_eq!(
            lines[1],
            "2 crashes in out/default/crashes; replay the first one with"
        );
        assert_eq!(
            lines[2],
            "  tine showmap -o /dev/null -m 50 -- './my prog' @@ < \
             out/default/crashes/id:000000,sig:06"
        );
        assert_eq!(lines.len(), 3);

        crash.sequence = Some("out/default/replay/id:000000,sig:06".into());
        let ending = Ending::Crash;
        let lines = text(ending, &snapshot, instance, Some(crash), None, &replay());
        assert_eq!(
            lines[2],
            "  tine showmap --replay out/default/replay/id:000000,sig:06 -m 50 -- './my prog' @@"
        );
    }

    #[test]
    fn without_a_crash_the_folder_is_named() {
        let snapshot = Snapshot::default();
        let lines = text(
            Ending::Time,
            &snapshot,
            Path::new("out/default"),
            None,
            None,
            &replay(),
        );
        assert!(lines[1].contains("no crash so far") && lines[1].contains("out/default"));
    }
}
