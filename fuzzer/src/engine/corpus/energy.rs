//! How long an entry is fuzzed, and how often it is chosen: afl-fuzz's power
//! schedules, with its numbers.

use super::{
    entry::{Entry, Totals},
    frequency::Frequencies,
};
use crate::engine::config::Schedule;

/// The score of an average entry.
pub const AVERAGE: u64 = 100;

/// No entry gets more than this many times the average.
pub const MOST: u64 = 64 * AVERAGE;

/// No schedule multiplies a score by more than this.
const MOST_FACTOR: f64 = 32.0;

/// With `mmopt`, so many of the last finds, and of the deepest levels, get more.
const LAST: usize = 5;

/// What scores and weights are computed from, beside the entry.
#[derive(Debug, Clone, Copy)]
pub struct Basis<'a> {
    /// The power schedule.
    pub schedule: Schedule,
    /// Time does not count.
    pub ignore_time: bool,
    /// Sums over all entries.
    pub totals: &'a Totals,
    /// Means over all entries.
    pub means: &'a Means,
    /// How often runs share a path hash, if that is counted.
    pub frequencies: Option<&'a Frequencies>,
}

impl Basis<'_> {
    /// The score of an entry after `runs` runs.
    pub fn score(&self, entry: &Entry, runs: u64) -> u64 {
        let totals = self.totals;
        let count = totals.measured.max(1);
        let by_time = if self.ignore_time || !self.schedule.heeds_time() {
            AVERAGE
        } else {
            by_time(entry.exec_us, totals.exec_us / count as u64)
        };
        let (edge_factor, edge_divisor) = by_edges(entry.edges, totals.edges / count);
        let catch_up = match entry.handicap {
            0 => 1,
            1..=3 => 2,
            _ => 4,
        };
        let by_depth = match entry.depth {
            0..=3 => 1,
            4..=7 => 2,
            8..=13 => 3,
            14..=25 => 4,
            _ => 5,
        };
        let score = by_time * edge_factor / edge_divisor * catch_up * by_depth;
        let common = self.frequencies.map_or(1, |all| all.get(entry.slot));
        let score = match self.schedule {
            Schedule::Explore | Schedule::Seek => score,
            Schedule::Mmopt
                if (totals.max_depth - entry.depth.min(totals.max_depth)) < LAST as u32 =>
            {
                score * 2
            }
            Schedule::Mmopt => score,
            Schedule::Rare => {
                let share = f64::from(common) / (runs as f64).max(f64::from(common));
                ((score + entry.best_of as u64 * 10) as f64 * (1.0 - share)) as u64
            }
            schedule => {
                let factor = factor(schedule, entry, common, self.means.log_frequency);
                (score as f64 * factor.min(MOST_FACTOR)) as u64
            }
        };
        let least = u64::from(self.schedule != Schedule::Coe);
        score.clamp(least, MOST)
    }

    /// How likely an entry is to be chosen, compared with others. It is one of the last
    /// `age` that were added.
    #[must_use]
    pub fn weight(&self, entry: &Entry, age: usize) -> f64 {
        if entry.dropped {
            return 0.0;
        }
        let means = self.means;
        if matches!(self.schedule, Schedule::Rare | Schedule::Seek) {
            return self.score(entry, means.runs) as f64;
        }
        let mut weight = 1.0;
        if self.schedule.divides_by_frequency()
            && let Some(frequencies) = self.frequencies
        {
            weight /= f64::from(frequencies.get(entry.slot)).log10() + 1.0;
        }
        if !self.ignore_time {
            weight *= at(&TIME_WEIGHTS, entry.exec_us as f64 / means.exec_us);
        }
        weight *= at(&LENGTH_WEIGHTS, entry.len as f64 / means.len);
        weight *= at(&EDGE_WEIGHTS, entry.edges as f64 / means.log_edges);
        if entry.fuzzed == 0 {
            weight *= 2.5;
        }
        if !entry.favored {
            weight *= 0.75;
        }
        let is_late = age <= LAST && entry.depth > 1;
        if self.schedule == Schedule::Mmopt && is_late {
            weight *= 2.0;
        }
        weight
    }

    /// By how much less slow targets are fuzzed an entry, so that the queue still
    /// comes round.
    #[must_use]
    pub fn slowness(&self) -> u64 {
        if self.ignore_time {
            return 1;
        }
        match self.totals.exec_us / self.totals.measured.max(1) as u64 {
            0..=10_000 => 1,
            10_001..=20_000 => 2,
            20_001..=50_000 => 5,
            _ => 10,
        }
    }
}

/// By how much a schedule changes the score of an entry that runs took the same way
/// as `common` times; `mean` is the binary logarithm of this for all entries.
fn factor(schedule: Schedule, entry: &Entry, common: u32, mean: f64) -> f64 {
    if schedule == Schedule::Exploit {
        return MOST_FACTOR;
    }
    // What was never fuzzed gets its chance first.
    if entry.fuzzed == 0 {
        return 1.0;
    }
    match schedule {
        // Favored ones are never left out.
        Schedule::Coe if f64::from(common).log2() > mean => f64::from(u8::from(entry.favored)),
        Schedule::Coe | Schedule::Fast => {
            let factor = match common.ilog2() {
                0..=1 => 4.0,
                2..=3 => 3.0,
                4 => 2.0,
                6 if !entry.favored => 0.8,
                7 if !entry.favored => 0.6,
                8.. if !entry.favored => 0.4,
                _ => 1.0,
            };
            if entry.favored { factor * 1.15 } else { factor }
        }
        // Whole numbers, as in afl-fuzz.
        Schedule::Lin => f64::from(entry.fuzzed / common.saturating_add(1)),
        Schedule::Quad => {
            let fuzzed = u64::from(entry.fuzzed);
            (fuzzed * fuzzed / (u64::from(common) + 1)) as f64
        }
        _ => 1.0,
    }
}

/// Means over the entries, of which weights are made.
#[derive(Debug, Clone, Copy, Default)]
pub struct Means {
    exec_us: f64,
    /// Of the natural logarithms.
    log_edges: f64,
    len: f64,
    /// Of the binary logarithms of how often runs take the same way.
    log_frequency: f64,
    runs: u64,
}

impl Means {
    /// Of these entries, after `runs` runs.
    #[must_use]
    pub fn of(entries: &[Entry], frequencies: Option<&Frequencies>, runs: u64) -> Self {
        let mut means = Self {
            runs,
            ..Self::default()
        };
        let mut count = 0.0;
        for entry in entries.iter().filter(|entry| !entry.dropped) {
            count += 1.0;
            means.exec_us += entry.exec_us as f64;
            means.log_edges += (entry.edges.max(1) as f64).ln();
            means.len += entry.len as f64;
            if let Some(frequencies) = frequencies {
                means.log_frequency += f64::from(frequencies.get(entry.slot)).log2();
            }
        }
        if count > 0.0 {
            means.exec_us /= count;
            means.log_edges /= count;
            means.len /= count;
            means.log_frequency /= count;
        }
        means
    }
}

/// Each weight goes up to its limit, a multiple of the mean.
type Weights<const N: usize> = [(f64, f64); N];

/// By the time of a run. Limits and weights are those of afl-fuzz 4.40c, which has
/// them from experiments; so are those of the next two. One is left out: a fifth from
/// 1 to 1.25, where most entries of a fast target are, and chance decides which.
const TIME_WEIGHTS: Weights<11> = [
    (0.1, 1.0),
    (0.25, 0.95),
    (0.5, 1.0),
    (0.75, 1.05),
    (1.0, 1.1),
    (1.5, 1.0),
    (2.0, 1.1),
    (2.5, 1.0),
    (5.0, 1.15),
    (20.0, 1.1),
    (f64::INFINITY, 1.0),
];

/// By length.
const LENGTH_WEIGHTS: Weights<8> = [
    (0.1, 0.5),
    (0.5, 1.0),
    (1.25, 1.05),
    (1.75, 1.0),
    (2.0, 0.95),
    (5.0, 1.0),
    (10.0, 1.05),
    (f64::INFINITY, 1.15),
];

/// By the number of edges, compared with the mean of their logarithms.
const EDGE_WEIGHTS: Weights<9> = [
    (0.1, 0.01),
    (0.25, 0.55),
    (0.5, 1.0),
    (0.75, 1.2),
    (1.25, 1.3),
    (1.75, 1.25),
    (2.0, 1.0),
    (2.5, 1.3),
    (f64::INFINITY, 0.75),
];

fn at<const N: usize>(weights: &Weights<N>, ratio: f64) -> f64 {
    let found = weights.iter().find(|(limit, _)| ratio <= *limit);
    found.map_or(1.0, |(_, weight)| *weight)
}

/// From a tenth of the average for slow entries to three times for fast ones.
fn by_time(us: u64, average: u64) -> u64 {
    if us > average * 10 {
        10
    } else if us > average * 4 {
        25
    } else if us > average * 2 {
        50
    } else if us * 3 > average * 4 {
        75
    } else if us * 4 < average {
        300
    } else if us * 3 < average {
        200
    } else if us * 2 < average {
        150
    } else {
        AVERAGE
    }
}

/// From a quarter of the average to three times, as a fraction.
fn by_edges(edges: usize, average: usize) -> (u64, u64) {
    if edges * 3 > average * 10 {
        (3, 1)
    } else if edges > average * 2 {
        (2, 1)
    } else if edges * 3 > average * 4 {
        (3, 2)
    } else if edges * 3 < average {
        (1, 4)
    } else if edges * 2 < average {
        (1, 2)
    } else if edges * 3 < average * 2 {
        (3, 4)
    } else {
        (1, 1)
    }
}

#[cfg(test)]
mod tests;
