//! The numbers of a session: the status line, `fuzzer_stats` and `plot_data`.

use crate::{
    modules,
    report::{
        stats::{Earlier, Facts},
        statsd::Statsd,
        store,
    },
    ui::Status,
};
use std::{
    collections::VecDeque,
    fmt, fs,
    io::Write,
    path::Path,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tine_controller::{ForkServer, Pid};

/// How often the files are written.
pub const WRITE: Duration = Duration::from_secs(5);

/// How long the speed is looked back for.
pub const MINUTE: Duration = Duration::from_secs(60);

/// How long the speed that is shown is looked back for.
pub const NOW: Duration = Duration::from_secs(3);

/// What is shown and written of a session.
#[derive(Debug)]
pub struct Progress {
    pub(super) status: Status,
    pub(super) facts: Facts,
    pub(super) core: Option<usize>,
    began: Instant,
    pub(super) began_at: u64,
    earlier: Duration,
    /// When this part found something last.
    found: Option<Instant>,
    /// How long an earlier part had found nothing when it ended, if it had found
    /// anything.
    idle_before: Option<Duration>,
    pub(super) next_write: Instant,
    pub(super) speed: Speedometer,
    pub(super) restarts: u64,
    /// Testcases that were dropped because their files are gone.
    pub(super) dropped: u64,
    /// Testcases whose files were changed.
    pub(super) changed: u64,
    /// Modules that the target had loaded late when they were last looked at.
    late_modules: usize,
    /// Sentences about them so far.
    about_modules: usize,
    pub(super) statsd: Option<Statsd>,
}

impl Progress {
    /// Tells of modules that the target has loaded meanwhile, if some of their edges are
    /// lost.
    pub(super) fn see_modules(&mut self, server: &ForkServer) {
        /// Later ones add nothing but names.
        const MOST: usize = 4;
        let known = server.count_late_modules();
        if known == self.late_modules || self.about_modules >= MOST {
            return;
        }
        self.late_modules = known;
        for sentence in modules::sentences(server) {
            self.about_modules += 1;
            self.note(format_args!("{sentence}"));
        }
    }

    /// A session that begins now; `earlier` is what came before it.
    #[must_use]
    pub fn new(status: Status, facts: Facts, core: Option<usize>, earlier: &Earlier) -> Self {
        let began = Instant::now();
        Self {
            status,
            facts,
            core,
            began,
            began_at: Self::now(),
            earlier: earlier.run_time,
            found: None,
            idle_before: earlier.since_find,
            next_write: began,
            speed: Speedometer::new(began, earlier.runs),
            restarts: 0,
            dropped: 0,
            changed: 0,
            late_modules: 0,
            about_modules: 0,
            statsd: None,
        }
    }

    /// The same, with figures for StatsD as well.
    #[must_use]
    pub fn with_statsd(self, statsd: Option<Statsd>) -> Self {
        Self { statsd, ..self }
    }

    /// Takes note of a find. Returns how long nothing was found before it. The clock is
    /// one that nobody sets.
    pub fn note_find(&mut self) -> Duration {
        let gap = self.since_find().unwrap_or_else(|| self.this_part());
        self.found = Some(Instant::now());
        gap
    }

    /// How long nothing was found while a session ran; `None` before the first find.
    #[must_use]
    pub fn since_find(&self) -> Option<Duration> {
        match self.found {
            Some(found) => Some(found.elapsed()),
            None => self
                .idle_before
                .map(|idle| idle.saturating_add(self.this_part())),
        }
    }

    /// How long this part of the session has found nothing.
    #[must_use]
    pub fn idle(&self) -> Duration {
        self.found
            .map_or_else(|| self.this_part(), |found| found.elapsed())
    }

    /// Seconds since 1970, by the clock of the day: for what others read, not for
    /// durations.
    #[must_use]
    pub fn now() -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs())
    }

    /// How long this part of the session runs.
    #[must_use]
    pub fn this_part(&self) -> Duration {
        self.began.elapsed()
    }

    /// How long the session ran, earlier parts included.
    #[must_use]
    pub fn run_time(&self) -> Duration {
        self.earlier.saturating_add(self.this_part())
    }

    /// Says a sentence.
    pub fn note(&mut self, sentence: fmt::Arguments<'_>) {
        self.status.note(sentence);
    }

    /// Removes the status line.
    pub fn clear(&mut self) {
        self.status.clear();
    }
}

/// Adds a line to a plot that is there.
pub fn append(path: &Path, line: &str) -> std::io::Result<()> {
    let mut file = store::append(path)?;
    file.write_all(line.as_bytes())
}

/// The most memory that the fork server had. Its children share nearly all of it.
pub fn peak_megabytes(pid: Option<Pid>) -> u64 {
    let status = pid.and_then(|pid| fs::read_to_string(format!("/proc/{pid}/status")).ok());
    let status = status.unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = peak.and_then(|value| value.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() / 1024
}

/// How fast it runs.
#[derive(Debug)]
pub struct Speedometer {
    samples: VecDeque<(Instant, u64)>,
}

impl Speedometer {
    /// How far samples lie apart.
    const GAP: Duration = Duration::from_millis(500);

    pub fn new(now: Instant, runs: u64) -> Self {
        Self {
            samples: [(now, runs)].into(),
        }
    }

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
