//! The lines that end a campaign.

use super::ended::Ended;
use crate::{
    cli::FuzzArgs,
    report::{
        figures::Figures,
        folder::REPLAY,
        name,
        summary::{COMMAND, Ending, Replay},
        text::{counted, grouped, shown_time},
    },
};
use std::{fs, io::Write, path::Path};

/// The lines that end a campaign: what was done, and how to look at the finds.
pub(super) fn text(args: &FuzzArgs, ended: &Ended, replay: &Replay) -> Vec<String> {
    let Ended {
        ending,
        sum,
        members,
    } = ended;
    let mut lines = vec![format!(
        "{} after {}: {} in {}, {} in the largest corpus, {} found, {} exchanged; {} of {} edges",
        ending.map_or("ended".into(), Ending::words),
        shown_time(sum.run_time),
        counted(sum.runs, "run"),
        counted(members.len() as u64, "instance"),
        counted(sum.corpus, "testcase"),
        grouped(sum.found),
        grouped(sum.imported),
        grouped(sum.edges),
        grouped(sum.total_edges),
    )];
    let failed: Vec<&str> = members
        .iter()
        .filter(|member| !member.is_well)
        .map(|member| member.name.as_str())
        .collect();
    if !failed.is_empty() {
        lines.push(format!(
            "{} did not end well: {}",
            counted(failed.len() as u64, "instance"),
            failed.join(", ")
        ));
    }
    let mut is_any = false;
    for (noun, folder, count) in [
        (
            "crash",
            "crashes",
            (|it| it.saved_crashes) as fn(&Figures) -> u64,
        ),
        ("hang", "hangs", |it| it.saved_hangs),
    ] {
        for member in members {
            let path = member.folder.join(folder);
            let Some((first, found)) = first_testcase(&path) else {
                continue;
            };
            is_any |= folder == "crashes";
            // What an instance says of itself may be older than what it saved.
            let saved = count(&member.figures).max(found);
            let which = if saved == 1 {
                "replay it with"
            } else {
                "replay the first one with"
            };
            lines.push(format!(
                "{} in {}; {which}",
                counted(saved, noun),
                path.display()
            ));
            let sequence = member.folder.join(REPLAY).join(&first);
            let command = if sequence.is_dir() {
                replay.sequence_command(&sequence)
            } else {
                replay.command(&path.join(&first))
            };
            lines.push(format!("{COMMAND}{command}"));
        }
    }
    if !is_any && sum.saved_crashes == 0 && sum.runs > 0 {
        lines.push(format!(
            "no crash so far; the results are in {}",
            args.output.display()
        ));
    }
    lines
}

/// Says a line; commands stand as they are, to be copied.
pub(super) fn say_line(line: &str) {
    if line.starts_with(COMMAND) {
        // Nobody may be listening.
        let _ = writeln!(std::io::stderr(), "{line}");
    } else {
        say!("{line}");
    }
}

/// The name of the first testcase in a folder, and how many there are.
fn first_testcase(folder: &Path) -> Option<(String, u64)> {
    let names = fs::read_dir(folder).ok()?.flatten();
    let names = names.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<(u32, String)> = names
        .filter_map(|name| Some((name::number(&name)?, name)))
        .collect();
    names.sort();
    let count = names.len() as u64;
    names.into_iter().next().map(|(_, name)| (name, count))
}
