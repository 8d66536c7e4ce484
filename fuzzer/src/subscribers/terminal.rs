//! Sentences and the status line, on standard error.

use crate::{
    engine::{Complaint, Event, Subscriber},
    ui::Status,
};
use std::time::Instant;

/// Sentences and the status line, on standard error.
#[derive(Debug)]
pub struct Terminal {
    status: Status,
    /// The status line may stand there.
    has_begun: bool,
}

impl Terminal {
    /// With this status line, from when the session begins.
    #[must_use]
    pub fn new(status: Status) -> Self {
        Self {
            status,
            has_begun: false,
        }
    }
}

impl Subscriber for Terminal {
    fn wants_figures(&self, now: Instant) -> bool {
        self.has_begun && self.status.is_due(now)
    }

    fn hear(&mut self, event: &Event<'_>) -> Result<(), Complaint> {
        match event {
            Event::Note { text, .. } if self.has_begun => self.status.note(*text),
            // What is wrong with the beginning is told even where nothing else is.
            Event::Note { text, .. } => say!("{text}"),
            Event::Began { .. } => {
                self.has_begun = true;
                self.status.restart(Instant::now());
            }
            Event::Figures { snapshot, now } if self.status.is_due(*now) => {
                self.status.show(snapshot, *now);
            }
            Event::Ended { .. } => self.status.clear(),
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Event, Status, Subscriber, Terminal};
    use crate::{environment::Variables, report::stats::Facts};
    use std::{
        path::Path,
        time::{Duration, Instant},
    };

    #[test]
    fn figures_are_wanted_from_the_beginning_on_and_not_by_all() {
        let began = Event::Began {
            folder: Path::new("out/default"),
            facts: &Facts::default(),
        };
        let later = Instant::now() + Duration::from_secs(60);
        let variables = Variables::default();
        let quiet = Variables::from_iter([("AFL_QUIET", "1")]);
        for (status, wants) in [
            (Status::new(true, &variables), true),
            (Status::new(true, &quiet), false),
            (Status::silent(&variables), false),
        ] {
            let mut terminal = Terminal::new(status);
            assert!(!terminal.wants_figures(later));
            assert!(terminal.hear(&began).is_ok());
            assert!(
                !terminal.wants_figures(Instant::now()),
                "a line is for later"
            );
            assert_eq!(terminal.wants_figures(later), wants);
        }
    }
}
