//! The figures of a session.

use super::Session;
use crate::{
    engine::{
        clock::Clock,
        error::FuzzError,
        events::Event,
        progress::{self, SAVE},
        sanitized::Sanitized,
        speed::{MINUTE, NOW},
    },
    report::{counted, stats::Snapshot},
};
use std::time::Instant;
use tine_controller::ForkServer;

impl Session {
    /// Tells of what is due, and saves what is due.
    ///
    /// # Errors
    /// When a subscriber cannot do what the session is of no use without.
    pub(super) fn report(&mut self) -> Result<(), FuzzError> {
        let now = Instant::now();
        self.tally.progress.speed.take(now, self.tally.runs);
        self.note_restarts();
        if self.tally.progress.events.wants_figures(now) {
            let snapshot = &self.snapshot();
            let events = &mut self.tally.progress.events;
            events.emit(&Event::Figures { snapshot, now });
        }
        let progress = &mut self.tally.progress;
        progress.events.check()?;
        if now >= progress.next_save {
            progress.next_save = now + SAVE;
            self.save_state_if_due();
        }
        Ok(())
    }

    /// A lost fork server is told of the first time, and then with exponential back-off.
    fn note_restarts(&mut self) {
        let restarts = self.target.restarts();
        let progress = &mut self.tally.progress;
        let before = std::mem::replace(&mut progress.restarts, restarts);
        if restarts.checked_ilog2() == before.checked_ilog2() {
            return;
        }
        let Some(reason) = self.target.last_loss() else {
            return;
        };
        progress.note(format_args!(
            "the fork server was started again, {} so far; the last time because {reason}",
            counted(restarts, "time")
        ));
    }

    /// Where the session stands.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let (queue, counters) = (&self.corpus.queue, &self.tally.counters);
        let (progress, runs) = (&self.tally.progress, self.tally.runs);
        let info = self.target.info();
        let server = self.target.server().and_then(ForkServer::server_pid);
        let (favored, pending_favored, pending) = queue.counts();
        let current = queue
            .entries()
            .get(queue.position())
            .map_or(0, |entry| entry.number);
        Snapshot {
            start_time: progress.clock.began_at(),
            last_update: Clock::now(),
            run_time: progress.clock.run_time(),
            calibration_time: counters.calibration,
            trim_time: counters.trim,
            cmplog_time: counters.cmplog,
            sync_time: self.exchange.time,
            cycles_done: counters.cycles_before + queue.cycle().saturating_sub(1),
            cycles_without_finds: queue.cycles_without_finds(),
            runs,
            runs_per_second_last_minute: progress.speed.over(MINUTE),
            runs_per_second_now: progress.speed.over(NOW),
            corpus: queue.len() as u64,
            found: counters.found,
            imported: self.exchange.imported,
            favored: favored as u64,
            pending_favored: pending_favored as u64,
            pending: pending as u64,
            variable: queue.totals().variable,
            max_depth: queue.totals().max_depth.into(),
            current: current.into(),
            cached: self.corpus.inputs.cached(),
            edges: self.coverage.edges() as u64,
            total_edges: info.edges.unwrap_or(info.map_size - info.room) as u64,
            variable_edges: self.coverage.variable_edges(),
            saved_crashes: counters.saved_crashes,
            total_crashes: counters.total_crashes,
            saved_hangs: counters.saved_hangs,
            total_timeouts: counters.total_timeouts,
            restarts: counters.restarts_before + self.target.restarts(),
            lost_inputs: counters.passed_over,
            last_find: counters.last_find,
            since_find: progress.clock.since_find(),
            longest_gap: counters.longest_gap,
            last_crash: counters.last_crash,
            last_hang: counters.last_hang,
            runs_since_crash: runs.saturating_sub(counters.runs_at_last_crash),
            limit: self.stop.limits.run,
            slowest: counters.slowest,
            peak_megabytes: progress::peak_megabytes(server),
            core: progress.core,
            havoc_expansion: counters.havoc_expansion,
            auto_tokens: info.dictionary.len() as u64,
            sanitizers: self
                .sanitized
                .as_ref()
                .map_or_else(Vec::new, Sanitized::runs),
        }
    }
}
