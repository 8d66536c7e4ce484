//! Speed of a session.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// How long the speed is looked back for.
pub const MINUTE: Duration = Duration::from_secs(60);

/// How long the speed that is shown is looked back for.
pub const NOW: Duration = Duration::from_secs(3);

/// Speed of a session, over the last minute.
#[derive(Debug)]
pub struct Speedometer {
    samples: VecDeque<(Instant, u64)>,
}

impl Speedometer {
    /// How far samples lie apart.
    const GAP: Duration = Duration::from_millis(500);

    /// Begins now, after so many runs.
    #[must_use]
    pub fn new(now: Instant, runs: u64) -> Self {
        Self {
            samples: [(now, runs)].into(),
        }
    }

    /// Takes note of how many runs there were until now.
    pub fn take(&mut self, now: Instant, runs: u64) {
        if let [.., (before, _), (last, _)] = self.samples.make_contiguous()
            && *last - *before < Self::GAP
        {
            // The newest sample moves until it is far enough from the one before.
            self.samples.pop_back();
        }
        self.samples.push_back((now, runs));
        // One sample that is older than a minute stays to look back to.
        while self
            .samples
            .get(1)
            .is_some_and(|(time, _)| now - *time >= MINUTE)
        {
            self.samples.pop_front();
        }
    }

    /// Runs a second over the last `span`, or as long as it is known.
    #[must_use]
    pub fn over(&self, span: Duration) -> f64 {
        let Some(&(now, runs)) = self.samples.back() else {
            return 0.0;
        };
        let since = self
            .samples
            .iter()
            .rev()
            .find(|(time, _)| now - *time >= span);
        let Some(&(then, before)) = since.or(self.samples.front()) else {
            return 0.0;
        };
        let seconds = (now - then).as_secs_f64();
        if seconds > 0.0 {
            (runs - before) as f64 / seconds
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MINUTE, NOW, Speedometer};
    use std::time::{Duration, Instant};

    #[test]
    fn speed_is_that_of_the_span_asked_for() {
        let start = Instant::now();
        let mut speed = Speedometer::new(start, 500);
        assert!(speed.over(NOW).abs() < f64::EPSILON);
        // 100 a second for two minutes, then 1000 a second for 30 seconds.
        let mut runs = 500;
        for tenth in 1..=1500 {
            runs += if tenth <= 1200 { 10 } else { 100 };
            speed.take(start + Duration::from_millis(100 * tenth), runs);
        }
        assert!(
            (speed.over(NOW) - 1000.0).abs() < 10.0,
            "{}",
            speed.over(NOW)
        );
        assert!(
            (speed.over(MINUTE) - 550.0).abs() < 20.0,
            "{}",
            speed.over(MINUTE)
        );
        assert!(
            speed.samples.len() < 150,
            "samples are few: {}",
            speed.samples.len()
        );
    }
}
