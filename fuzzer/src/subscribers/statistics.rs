//! `fuzzer_stats` and `plot_data`.

use crate::{
    engine::{Complaint, Event, Subscriber},
    report::{
        stats::{Facts, PLOT_HEADER, Snapshot},
        store::{self, StoreError},
    },
};
use std::{
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// The figures as they are now.
const STATS: &str = "fuzzer_stats";

/// The history of the figures.
const PLOT: &str = "plot_data";

/// Time between two writes, where nothing else is chosen.
const INTERVAL: Duration = Duration::from_secs(5);

/// Writes `fuzzer_stats` and `plot_data` in the folder of an instance.
#[derive(Debug)]
pub struct Statistics {
    interval: Duration,
    session: Option<Session>,
}

/// A session that has begun.
#[derive(Debug)]
struct Session {
    folder: PathBuf,
    facts: Facts,
    next: Instant,
}

impl Statistics {
    /// With this time between two writes, if one is chosen.
    #[must_use]
    pub fn new(interval: Option<Duration>) -> Self {
        Self {
            interval: interval.unwrap_or(INTERVAL),
            session: None,
        }
    }
}

impl Subscriber for Statistics {
    fn wants_figures(&self, now: Instant) -> bool {
        self.session.as_ref().is_some_and(|it| now >= it.next)
    }

    fn hear(&mut self, event: &Event<'_>) -> Result<(), Complaint> {
        if let Event::Began { folder, facts } = event {
            self.session = Some(Session {
                folder: folder.to_path_buf(),
                facts: (*facts).clone(),
                next: Instant::now(),
            });
        }
        let Some(session) = &mut self.session else {
            return Ok(());
        };
        match event {
            Event::Figures { snapshot, now } if *now >= session.next => {
                session.next = *now + self.interval;
                session.write(snapshot).map_err(Complaint::end)
            }
            Event::Ended { snapshot } => session.write(snapshot).map_err(Complaint::end),
            _ => Ok(()),
        }
    }
}

impl Session {
    /// Writes `fuzzer_stats`, and a line of `plot_data`.
    fn write(&self, snapshot: &Snapshot) -> Result<(), StoreError> {
        let stats = snapshot.fuzzer_stats(&self.facts);
        store::write(&self.folder, STATS, &[stats.as_bytes()])?;
        let path = self.folder.join(PLOT);
        let line = snapshot.plot_line();
        match append(&path, &line) {
            // Whole or not at all, also if the fuzzer is killed now.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let content = format!("{PLOT_HEADER}{line}");
                store::write(&self.folder, PLOT, &[content.as_bytes()])
            }
            appended => appended.map_err(|source| StoreError { path, source }),
        }
    }
}

/// Adds a line to a plot that is there.
fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut file = store::append(path)?;
    file.write_all(line.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::{Event, Facts, INTERVAL, PLOT_HEADER, Snapshot, Statistics, Subscriber};
    use std::{fs, time::Instant};

    #[test]
    fn figures_are_written_when_they_are_due_and_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap_or_default();
        let lines = || read("plot_data").lines().count();
        let snapshot = &Snapshot {
            runs: 1234,
            ..Snapshot::default()
        };
        let facts = Facts {
            banner: "a banner".into(),
            ..Facts::default()
        };
        let mut files = Statistics::new(None);
        let far = Instant::now() + 2 * INTERVAL;
        assert!(!files.wants_figures(far), "there is no session yet");
        let folder = folder.path();
        let began = Event::Began {
            folder,
            facts: &facts,
        };
        assert!(files.hear(&began).is_ok());
        let now = Instant::now();
        for (now, is_due, count) in [
            (now, true, 2),
            (now + INTERVAL / 2, false, 2),
            (now + INTERVAL, true, 3),
        ] {
            assert_eq!(files.wants_figures(now), is_due);
            assert!(files.hear(&Event::Figures { snapshot, now }).is_ok());
            assert_eq!(lines(), count);
        }
        assert!(files.hear(&Event::Ended { snapshot }).is_ok());
        assert_eq!(lines(), 4);
        assert!(read("plot_data").starts_with(PLOT_HEADER));
        let stats = read("fuzzer_stats");
        assert!(stats.contains("execs_done        : 1234"), "{stats}");
        assert!(stats.contains("a banner"), "{stats}");
    }

    #[test]
    fn a_session_ends_that_cannot_write_its_figures() {
        let folder = tempfile::tempdir().unwrap();
        let gone = folder.path().join("gone");
        let mut files = Statistics::new(None);
        let facts = &Facts::default();
        let folder = gone.as_path();
        assert!(files.hear(&Event::Began { folder, facts }).is_ok());
        let snapshot = &Snapshot::default();
        let complaint = files.hear(&Event::Ended { snapshot }).unwrap_err();
        let text = format!("{complaint:?}");
        assert!(text.starts_with("End(") && text.contains("gone"), "{text}");
    }
}
