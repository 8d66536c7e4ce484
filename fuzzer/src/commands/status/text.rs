//! The campaign as text that fits a terminal.

use crate::report::{
    campaign::{Campaign, Find, Instance, State, Summary},
    text::{counted, grouped, shown_time},
};
use std::{fmt::Write, time::Duration};

/// Stands where a figure is missing.
const MISSING: &str = "-";

/// The text, no line longer than `width` characters.
pub fn of(campaign: &Campaign, width: usize) -> String {
    let mut text = String::new();
    for (name, what) in summary(campaign) {
        put(&mut text, &format!("{name:<11}"), &what, width);
    }
    text.push('\n');
    table(&mut text, campaign, width);
    for problem in &campaign.problems {
        text.push('\n');
        put(&mut text, "", problem, width);
    }
    text
}

fn summary(campaign: &Campaign) -> Vec<(&'static str, String)> {
    let Summary {
        running,
        starting,
        stopped,
        ..
    } = campaign.summary;
    let sum = &campaign.summary;
    let states: Vec<String> = [
        (running, State::Running),
        (starting, State::Starting),
        (stopped, State::Stopped),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, state)| format!("{} {}", grouped(count), state.word()))
    .collect();
    let all = campaign.instances.len() as u64;
    let mut lines = vec![
        (
            "instances",
            format!(
                "{} in {}: {}",
                grouped(all),
                campaign.out.display(),
                states.join(", ")
            ),
        ),
        (
            "runs",
            format!(
                "{} in {}{}",
                grouped(sum.runs),
                shown_time(Duration::from_secs(sum.run_time)),
                if running > 0 {
                    format!(", {}/s now", grouped(sum.runs_per_second.round() as u64))
                } else {
                    String::new()
                }
            ),
        ),
        (
            "found",
            format!(
                "{}, {}, {}; {} pending, {} of them favored",
                counted(sum.crashes, "crash"),
                counted(sum.hangs, "hang"),
                counted(sum.found, "testcase"),
                grouped(sum.pending),
                grouped(sum.pending_favored)
            ),
        ),
    ];
    if sum.total_edges > 0 {
        let share = sum.edges as f64 * 100.0 / sum.total_edges as f64;
        let (edges, total) = (grouped(sum.edges), grouped(sum.total_edges));
        lines.push(("edges", format!("{edges} of {total} ({share:.1} %)")));
    }
    if let (Some(least), Some(most)) = (sum.least_stability, sum.greatest_stability) {
        lines.push((
            "stability",
            if (most - least).abs() < 0.05 {
                format!("{least:.1} %")
            } else {
                format!("{least:.1} % to {most:.1} %")
            },
        ));
    }
    lines.push(("last find", finds(campaign)));
    lines
}

fn finds(campaign: &Campaign) -> String {
    let told = |find: &Find| format!("{} ago by {}", ago(campaign, find.time), find.instance);
    match (&campaign.summary.newest_find, &campaign.summary.oldest_find) {
        (Some(newest), Some(oldest)) if newest.instance != oldest.instance => {
            format!("{}; the oldest {}", told(newest), told(oldest))
        }
        (Some(newest), _) => told(newest),
        _ => "nothing found yet".into(),
    }
}

fn ago(campaign: &Campaign, time: u64) -> String {
    shown_time(Duration::from_secs(campaign.time.saturating_sub(time)))
}

/// A column: its title, how early it is left out where there is no room (the highest
/// goes first), and its text.
type Column = (&'static str, u8, fn(&Campaign, &Instance) -> Option<String>);

const COLUMNS: [Column; 11] = [
    ("instance", 0, |_, it| Some(it.name.clone())),
    ("state", 1, |_, it| Some(it.state.word().into())),
    ("time", 8, |_, it| {
        Some(shown_time(Duration::from_secs(it.run_time?)))
    }),
    ("runs", 5, |_, it| it.runs.map(grouped)),
    ("runs/s", 2, |_, it| {
        let speed = it.runs_per_second.filter(|_| it.state == State::Running)?;
        Some(grouped(speed.round() as u64))
    }),
    ("corpus", 6, |_, it| it.corpus.map(grouped)),
    ("edges", 4, |_, it| it.edges.map(grouped)),
    ("crashes", 3, |_, it| it.crashes.map(grouped)),
    ("hangs", 7, |_, it| it.hangs.map(grouped)),
    ("stable", 10, |_, it| {
        Some(format!("{:.0} %", it.stability?))
    }),
    ("last find", 9, |campaign, it| {
        Some(ago(campaign, it.last_find?))
    }),
];

/// A row an instance, with as many columns as there is room for.
fn table(text: &mut String, campaign: &Campaign, width: usize) {
    const GAP: usize = 2;
    let mut columns: Vec<(u8, Vec<String>)> = COLUMNS
        .iter()
        .map(|(title, rank, cell)| {
            let cells = campaign.instances.iter();
            let cells = cells.map(|it| cell(campaign, it).unwrap_or_else(|| MISSING.into()));
            (
                *rank,
                std::iter::once((*title).into()).chain(cells).collect(),
            )
        })
        .collect();
    let wide = |cells: &[String]| cells.iter().map(|it| it.chars().count()).max().unwrap_or(0);
    loop {
        let sum: usize = columns.iter().map(|(_, cells)| wide(cells) + GAP).sum();
        if sum - GAP <= width || columns.len() == 2 {
            break;
        }
        let last = columns.iter().map(|(rank, _)| *rank).max();
        columns.retain(|(rank, _)| Some(*rank) != last);
    }
    // A name that is too long even so is cut.
    let others: usize = columns[1..]
        .iter()
        .map(|(_, cells)| wide(cells) + GAP)
        .sum();
    for name in &mut columns[0].1 {
        *name = cut(name, width.saturating_sub(others).max(4));
    }
    for row in 0..=campaign.instances.len() {
        let mut line = String::new();
        for (index, (_, cells)) in columns.iter().enumerate() {
            let (cell, wide) = (&cells[row], wide(cells));
            // Words to the left, numbers to the right.
            let _ = if index < 2 {
                write!(line, "{cell:<wide$}")
            } else {
                write!(line, "{cell:>wide$}")
            };
            line.push_str("  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

/// `text`, with an ellipsis in place of what is too long.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.into();
    }
    let kept: String = text.chars().take(width - 1).collect();
    format!("{kept}\u{2026}")
}

/// Writes `words` behind `name`, in lines of at most `width` characters; those after the
/// first begin below the words.
fn put(text: &mut String, name: &str, words: &str, width: usize) {
    let indent = name.len();
    let mut line = name.to_owned();
    let mut is_empty = true;
    for word in words.split_whitespace() {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > width {
            text.push_str(&line);
            text.push('\n');
            line = " ".repeat(indent);
            is_empty = true;
        }
        if !std::mem::take(&mut is_empty) {
            line.push(' ');
        }
        // A path may be longer than a line.
        line.push_str(&cut(word, width.saturating_sub(indent).max(4)));
    }
    text.push_str(line.trim_end());
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::report::{
        campaign::Campaign,
        stats::{Facts, Snapshot},
    };
    use std::{fs, path::Path, time::Duration};

    fn campaign(out: &Path) -> Campaign {
        for (name, runs) in [
            ("default", 5),
            ("an-instance-with-quite-a-long-name", 1_234_567),
        ] {
            let snapshot = Snapshot {
                runs,
                run_time: Duration::from_secs(90),
                corpus: 12,
                edges: 40,
                total_edges: 160,
                saved_crashes: 3,
                start_time: 1,
                last_update: 91,
                last_find: 50,
                ..Snapshot::default()
            };
            fs::create_dir_all(out.join(name)).unwrap();
            let text = snapshot.fuzzer_stats(&Facts::default());
            fs::write(out.join(name).join("fuzzer_stats"), text).unwrap();
        }
        Campaign::read(out).unwrap()
    }

    #[test]
    fn no_line_is_longer_than_the_terminal_is_wide() {
        let out = tempfile::tempdir().unwrap();
        let campaign = campaign(out.path());
        for width in 20..200 {
            let text = of(&campaign, width);
            for line in text.lines() {
                assert!(line.chars().count() <= width, "{width}: {line}");
            }
        }
    }

    #[test]
    fn what_matters_most_stays() {
        let out = tempfile::tempdir().unwrap();
        let campaign = campaign(out.path());
        let head = |width| {
            let text = of(&campaign, width);
            let line = text.lines().find(|line| line.starts_with("instance "));
            let words = line.unwrap().split_whitespace().map(String::from);
            words.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            head(150),
            "instance state time runs runs/s corpus edges crashes hangs stable last find"
        );
        assert_eq!(head(80), "instance state runs runs/s edges crashes");
        assert_eq!(head(40), "instance state");
        let text = of(&campaign, 80);
        assert!(
            text.contains("runs       1,234,572 in 3 min 0 s\n"),
            "{text}"
        );
        assert!(text.contains("6 crashes, 0 hangs"), "{text}");
        assert!(text.contains("edges      40 of 160 (25.0 %)"), "{text}");
    }
}
