//! All instances of a campaign together.

use super::{Instance, State};
use serde::Serialize;

/// Sums and extremes. Sums are over all instances, but for the speed, which is that of
/// those that run.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Summary {
    /// How many run.
    pub running: u64,
    /// How many are about to.
    pub starting: u64,
    /// How many do not.
    pub stopped: u64,
    /// Seconds that they ran, added up.
    pub run_time: u64,
    /// Runs.
    pub runs: u64,
    /// Runs a second now.
    pub runs_per_second: f64,
    /// Testcases of the instance that has the most.
    pub corpus: u64,
    /// Testcases that they found, added up.
    pub found: u64,
    /// Testcases that were never fuzzed, added up.
    pub pending: u64,
    /// The favored ones among these.
    pub pending_favored: u64,
    /// Edges of the instance that has the most.
    pub edges: u64,
    /// Edges that there are for it.
    pub total_edges: u64,
    /// Saved crashes, added up. Instances may have saved the same ones.
    pub crashes: u64,
    /// Saved hangs, added up.
    pub hangs: u64,
    /// The least stability, in percent.
    pub least_stability: Option<f64>,
    /// The greatest.
    pub greatest_stability: Option<f64>,
    /// The last find of all.
    pub newest_find: Option<Find>,
    /// The last find of the instance that waits the longest for one.
    pub oldest_find: Option<Find>,
}

/// The last find of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Find {
    /// Seconds since 1970.
    pub time: u64,
    /// Who found it.
    pub instance: String,
}

impl Summary {
    /// Of these.
    pub fn of(instances: &[Instance]) -> Self {
        let mut summary = Self::default();
        for instance in instances {
            summary.add(instance);
        }
        let finds = || {
            instances.iter().filter_map(|instance| {
                Some(Find {
                    time: instance.last_find?,
                    instance: instance.name.clone(),
                })
            })
        };
        summary.newest_find = finds().max_by_key(|find| find.time);
        summary.oldest_find = finds().min_by_key(|find| find.time);
        let stability = || instances.iter().filter_map(|instance| instance.stability);
        summary.least_stability = stability().min_by(f64::total_cmp);
        summary.greatest_stability = stability().max_by(f64::total_cmp);
        summary
    }

    fn add(&mut self, instance: &Instance) {
        match instance.state {
            State::Running => {
                self.running += 1;
                self.runs_per_second += instance.runs_per_second.unwrap_or_default();
            }
            State::Starting => self.starting += 1,
            State::Stopped => self.stopped += 1,
        }
        for (sum, part) in [
            (&mut self.run_time, instance.run_time),
            (&mut self.runs, instance.runs),
            (&mut self.found, instance.found),
            (&mut self.pending, instance.pending),
            (&mut self.pending_favored, instance.pending_favored),
            (&mut self.crashes, instance.crashes),
            (&mut self.hangs, instance.hangs),
        ] {
            *sum = sum.saturating_add(part.unwrap_or_default());
        }
        self.corpus = self.corpus.max(instance.corpus.unwrap_or_default());
        let edges = instance.edges.unwrap_or_default();
        if edges >= self.edges {
            self.edges = edges;
            self.total_edges = instance.total_edges.unwrap_or_default();
        }
    }
}
