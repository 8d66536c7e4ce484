//! How a session gets on, and who is told.

use super::{clock::Clock, events::Events, speed::Speedometer};
use crate::{modules, report::stats::Earlier};
use std::{
    fmt, fs,
    time::{Duration, Instant},
};
use tine_controller::{ForkServer, Pid};

/// How often it is looked whether the state is to be saved.
pub const SAVE: Duration = Duration::from_secs(5);

/// How a session gets on.
#[derive(Debug)]
pub struct Progress {
    /// Who is told.
    pub(super) events: Events,
    /// The time.
    pub(super) clock: Clock,
    pub(super) core: Option<usize>,
    /// When it is looked next whether the state is to be saved.
    pub(super) next_save: Instant,
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

    /// Of a session that begins now; `earlier` is what came before it.
    #[must_use]
    pub fn new(events: Events, core: Option<usize>, earlier: &Earlier) -> Self {
        let now = Instant::now();
        Self {
            events,
            clock: Clock::start(earlier),
            core,
            next_save: now,
            speed: Speedometer::new(now, earlier.runs),
            restarts: 0,
            dropped: 0,
            changed: 0,
            late_modules: 0,
            about_modules: 0,
        }
    }

    /// Says a sentence.
    pub fn note(&mut self, sentence: fmt::Arguments<'_>) {
        self.events.warn(sentence);
    }
}

/// The most memory that the fork server had. Its children share nearly all of it.
pub fn peak_megabytes(pid: Option<Pid>) -> u64 {
    let status = pid.and_then(|pid| fs::read_to_string(format!("/proc/{pid}/status")).ok());
    let status = status.unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = peak.and_then(|value| value.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() / 1024
}
