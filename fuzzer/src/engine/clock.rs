//! The time of a session: how long it runs, and how long ago it found something. Spans
//! are measured by a clock that nobody sets.

use crate::report::stats::Earlier;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The time of a session.
#[derive(Debug)]
pub struct Clock {
    began: Instant,
    began_at: u64,
    /// Time of earlier parts of the session.
    earlier: Duration,
    /// When this part found something last.
    found: Option<Instant>,
    /// How long an earlier part had found nothing when it ended, if it had found
    /// anything.
    idle_before: Option<Duration>,
}

impl Clock {
    /// Of a session that begins now; `earlier` is what came before it.
    #[must_use]
    pub fn start(earlier: &Earlier) -> Self {
        Self {
            began: Instant::now(),
            began_at: Self::now(),
            earlier: earlier.run_time,
            found: None,
            idle_before: earlier.since_find,
        }
    }

    /// Seconds since 1970, by the clock of the day: for what others read, not for
    /// durations.
    #[must_use]
    pub fn now() -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs())
    }

    /// Seconds since 1970 when this part of the session began.
    #[must_use]
    pub const fn began_at(&self) -> u64 {
        self.began_at
    }

    /// Takes note of a find. Returns how long nothing was found before it.
    pub fn note_find(&mut self) -> Duration {
        let gap = self.since_find().unwrap_or_else(|| self.this_part());
        self.found = Some(Instant::now());
        gap
    }

    /// Time without a find while a session ran; `None` before the first find.
    #[must_use]
    pub fn since_find(&self) -> Option<Duration> {
        match self.found {
            Some(found) => Some(found.elapsed()),
            None => self
                .idle_before
                .map(|idle| idle.saturating_add(self.this_part())),
        }
    }

    /// Time without a find in this part of the session.
    #[must_use]
    pub fn idle(&self) -> Duration {
        self.found
            .map_or_else(|| self.this_part(), |found| found.elapsed())
    }

    /// Time of this part of the session.
    #[must_use]
    pub fn this_part(&self) -> Duration {
        self.began.elapsed()
    }

    /// Time of the session, earlier parts included.
    #[must_use]
    pub fn run_time(&self) -> Duration {
        self.earlier.saturating_add(self.this_part())
    }
}

#[cfg(test)]
mod tests {
    use super::Clock;
    use crate::report::stats::Earlier;
    use std::time::Duration;

    #[test]
    fn an_earlier_part_counts_for_the_session_and_not_for_this_part() {
        let hour = Duration::from_secs(3600);
        let earlier = Earlier {
            run_time: 2 * hour,
            since_find: Some(hour),
            ..Earlier::default()
        };
        let mut clock = Clock::start(&earlier);
        assert!(clock.run_time() >= 2 * hour && clock.this_part() < hour);
        assert!(clock.since_find().is_some_and(|since| since >= hour));
        assert!(clock.idle() < hour);
        assert!(clock.note_find() >= hour);
        assert!(clock.since_find().is_some_and(|since| since < hour));
        assert_eq!(Clock::start(&Earlier::default()).since_find(), None);
    }
}
