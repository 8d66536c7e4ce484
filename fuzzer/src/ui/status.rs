//! The status line: one line that rewrites itself on a terminal, or a plain line
//! every few seconds.

use crate::{
    environment::Variables,
    report::{
        stats::Snapshot,
        text::{counted, grouped, shown_time},
    },
};
use std::{
    fmt,
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

/// How often a line on a terminal is rewritten.
const REWRITE: Duration = Duration::from_millis(500);

/// How often a plain line is written.
const REPEAT: Duration = Duration::from_secs(5);

/// Width of a terminal that does not tell.
const WIDTH: usize = 80;

/// Goes back to the start of the line and clears it.
const CLEAR: &str = "\r\x1b[K";

/// The status line on standard error. Nobody may be listening, so that errors in
/// writing it do not matter.
#[derive(Debug)]
pub struct Status {
    on_terminal: bool,
    /// A line stands there that must be cleared before another is written.
    stands: bool,
    /// No status is shown; sentences are.
    is_silent: bool,
    next: Instant,
    /// `AFL_QUIET`: neither status nor sentences.
    quiet: bool,
}

impl Status {
    /// A line that rewrites itself if standard error is a terminal that can do
    /// that and `plain` does not forbid it.
    #[must_use]
    pub fn new(plain: bool, variables: &Variables) -> Self {
        let is_forced = variables.is_set("AFL_FORCE_UI");
        let can_rewrite = || super::can_rewrite(variables) && io::stderr().is_terminal();
        let on_terminal = !plain && (is_forced || can_rewrite());
        let first = if on_terminal { Duration::ZERO } else { REPEAT };
        Self {
            on_terminal,
            stands: false,
            is_silent: false,
            next: Instant::now() + first,
            quiet: variables.is_set("AFL_QUIET"),
        }
    }

    /// None at all: for an instance that another process tells of.
    #[must_use]
    pub fn silent(variables: &Variables) -> Self {
        Self {
            on_terminal: false,
            stands: false,
            is_silent: true,
            next: Instant::now(),
            quiet: variables.is_set("AFL_QUIET"),
        }
    }

    /// The first line is due as if this had been made now.
    pub fn restart(&mut self, now: Instant) {
        let first = if self.on_terminal {
            Duration::ZERO
        } else {
            REPEAT
        };
        self.next = now + first;
    }

    /// Whether it is time for [`Self::show`].
    #[must_use]
    pub fn is_due(&self, now: Instant) -> bool {
        !self.is_silent && !self.quiet && now >= self.next
    }

    /// Shows where the session stands.
    pub fn show(&mut self, snapshot: &Snapshot, now: Instant) {
        self.show_fields(&fields(snapshot), now);
    }

    /// Shows where a campaign of `instances` stands, which `sum` sums up.
    pub fn show_campaign(&mut self, instances: usize, sum: &Snapshot, now: Instant) {
        let mut fields = fields(sum);
        fields.insert(0, counted(instances as u64, "instance"));
        self.show_fields(&fields, now);
    }

    fn show_fields(&mut self, fields: &[String], now: Instant) {
        let mut stderr = io::stderr().lock();
        if self.on_terminal {
            self.next = now + REWRITE;
            self.stands = true;
            let line = fitted(fields, terminal_width() - 1);
            let _ = write!(stderr, "{CLEAR}{line}").and_then(|()| stderr.flush());
        } else {
            self.next = now + REPEAT;
            let _ = writeln!(stderr, "tine: {}", fields.join("  "));
        }
    }

    /// Says a sentence above the status line.
    pub fn note(&mut self, sentence: fmt::Arguments<'_>) {
        if self.quiet {
            return;
        }
        self.clear();
        say!("{sentence}");
    }

    /// Removes the line.
    pub fn clear(&mut self) {
        if std::mem::take(&mut self.stands) {
            let mut stderr = io::stderr().lock();
            let _ = write!(stderr, "{CLEAR}").and_then(|()| stderr.flush());
        }
    }
}

impl Drop for Status {
    fn drop(&mut self) {
        self.clear();
    }
}

fn terminal_width() -> usize {
    let size = terminal_size::terminal_size_of(io::stderr());
    size.map_or(WIDTH, |(width, _)| usize::from(width.0).max(20))
}

/// What the line says, the most important first.
fn fields(snapshot: &Snapshot) -> Vec<String> {
    let Snapshot {
        runs,
        corpus,
        edges,
        total_edges,
        saved_crashes,
        saved_hangs,
        ..
    } = snapshot;
    let speed = snapshot.runs_per_second_now.round() as u64;
    vec![
        counted(*runs, "run"),
        format!("{}/s", grouped(speed)),
        counted(*saved_crashes, "crash"),
        format!("corpus {}", grouped(*corpus)),
        match total_edges {
            0 => "no coverage".into(),
            total => format!("edges {}/{}", grouped(*edges), grouped(*total)),
        },
        match snapshot.since_find {
            None => "nothing found yet".into(),
            Some(ago) => format!("last find {} ago", shown_time(ago)),
        },
        counted(*saved_hangs, "hang"),
        format!("stability {:.0} %", snapshot.stability()),
        shown_time(snapshot.run_time),
    ]
}

/// As many of the fields, in their order, as fit into `width` columns.
fn fitted(fields: &[String], width: usize) -> String {
    const GAP: &str = "  ";
    let mut line = String::new();
    for field in fields {
        let gap = if line.is_empty() { "" } else { GAP };
        // Every character of a field is one column wide.
        if line.len() + gap.len() + field.len() > width {
            break;
        }
        line.push_str(gap);
        line.push_str(field);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::{fields, fitted};
    use crate::report::stats::Snapshot;
    use std::time::Duration;

    fn snapshot() -> Snapshot {
        Snapshot {
            runs: 1_234_567,
            runs_per_second_now: 8_999.6,
            corpus: 45,
            edges: 123,
            total_edges: 4567,
            since_find: Some(Duration::from_secs(12)),
            saved_crashes: 1,
            ..Snapshot::default()
        }
    }

    #[test]
    fn the_line_has_everything_when_there_is_room() {
        let line = fitted(&fields(&snapshot()), 200);
        assert_eq!(
            line,
            "1,234,567 runs  9,000/s  1 crash  corpus 45  edges 123/4,567  last find 12 s ago  \
             0 hangs  stability 100 %  0 s"
        );
    }

    #[test]
    fn the_line_never_exceeds_the_terminal_and_keeps_what_matters_most() {
        let fields = fields(&snapshot());
        for width in 0..200 {
            assert!(fitted(&fields, width).len() <= width);
        }
        assert_eq!(fitted(&fields, 35), "1,234,567 runs  9,000/s  1 crash");
    }
}
