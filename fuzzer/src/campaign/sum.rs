//! What the instances have come to together.

use crate::report::{figures::Figures, stats::Snapshot};
use std::time::Duration;

/// Sums, and the best where sums mean nothing: instances find the same edges.
pub(super) fn of(figures: &[Figures], age: Duration) -> Snapshot {
    // They are read from files: any number may stand there.
    let total = |of: fn(&Figures) -> u64| figures.iter().map(of).fold(0, u64::saturating_add);
    let most = |of: fn(&Figures) -> u64| figures.iter().map(of).max().unwrap_or_default();
    Snapshot {
        run_time: age,
        runs: total(|it| it.runs),
        runs_per_second_now: figures.iter().map(|it| it.runs_per_second).sum(),
        corpus: most(|it| it.corpus),
        found: total(|it| it.found),
        imported: total(|it| it.imported),
        edges: most(|it| it.edges),
        total_edges: most(|it| it.total_edges),
        variable_edges: most(|it| it.variable_edges),
        saved_crashes: total(|it| it.saved_crashes),
        saved_hangs: total(|it| it.saved_hangs),
        last_find: most(|it| it.last_find),
        since_find: figures.iter().filter_map(Figures::since_find).min(),
        last_update: most(|it| it.last_update),
        ..Snapshot::default()
    }
}
