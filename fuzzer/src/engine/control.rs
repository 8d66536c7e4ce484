//! What comes from outside while the target runs: signals and the passing of
//! time. The hot loop looks at two words in memory, and asks no clock.

use crate::processes::{break_off_runs, ending_signals};
use signal_hook::{
    consts::{SIGKILL, SIGXFSZ},
    flag,
};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::Duration,
};
use tine_controller::Outcome;

/// How often there is time for things that need not be done for each run.
const TICK: Duration = Duration::from_millis(100);

/// A signal often comes twice: `timeout` sends one to the process and one to its
/// group, and when a terminal is closed so do the system and the shell. Only what
/// comes so many ticks later is a second wish.
const TICKS_OF_GRACE: u32 = 5;

/// A run that is not over so many ticks after the signal is broken off: its limit
/// may be minutes away.
const TICKS_TO_END_RUN: u32 = 3;

/// Listens for signals, and ticks while it lives. Handlers stay when it is gone:
/// without them the system would lose signals rather than obey them.
#[derive(Debug)]
pub struct Control {
    signal: Arc<AtomicUsize>,
    due: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
    /// The next signal ends the process at once.
    impatient: Arc<AtomicBool>,
    /// The session is at its end: a signal does not break off what it still does.
    last_work: Arc<AtomicBool>,
    ticker: Option<JoinHandle<()>>,
}

impl Control {
    /// Starts listening. The first signal asks for an end; a second one, unless it
    /// comes along with the first, ends this process at once.
    ///
    /// # Errors
    /// When the system gives no thread or signal handler.
    pub fn start() -> io::Result<Self> {
        let control = Self::new();
        for signal in ending_signals() {
            let impatient = Arc::clone(&control.impatient);
            flag::register_conditional_shutdown(signal, 128 + signal, impatient)?;
            flag::register_usize(signal, Arc::clone(&control.signal), signal as usize)?;
        }
        // A file that grows over the limit is an error of that write then.
        flag::register(SIGXFSZ, Arc::default())?;
        control.ticking()
    }

    /// One that leaves signals to the process, and ticks.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn without_signals() -> io::Result<Self> {
        Self::new().ticking()
    }

    fn new() -> Self {
        Self {
            signal: Arc::default(),
            due: Arc::default(),
            over: Arc::default(),
            impatient: Arc::default(),
            last_work: Arc::default(),
            ticker: None,
        }
    }

    fn ticking(mut self) -> io::Result<Self> {
        let (due, over) = (Arc::clone(&self.due), Arc::clone(&self.over));
        let ticker = thread::Builder::new().name("tine-ticker".into());
        let (signal, impatient) = (Arc::clone(&self.signal), Arc::clone(&self.impatient));
        let last_work = Arc::clone(&self.last_work);
        self.ticker = Some(ticker.spawn(move || {
            let mut ticks_since_signal = 0;
            while !over.load(Relaxed) {
                thread::park_timeout(TICK);
                due.store(true, Relaxed);
                if signal.load(Relaxed) != 0 {
                    ticks_since_signal += 1;
                }
                if ticks_since_signal >= TICKS_TO_END_RUN && !last_work.load(Relaxed) {
                    break_off_runs();
                }
                if ticks_since_signal >= TICKS_OF_GRACE {
                    impatient.store(true, Relaxed);
                }
            }
        })?);
        Ok(self)
    }

    /// One that hears of no signal, and does not tick.
    #[cfg(test)]
    pub fn still() -> Self {
        Self::new()
    }

    /// Whether a signal came or a tick is due.
    #[inline]
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.due.load(Relaxed) || self.signal().is_some()
    }

    /// Waits for the next tick.
    pub fn acknowledge(&self) {
        self.due.store(false, Relaxed);
    }

    /// From here on the signal that asked for an end is not heard of any more: runs that
    /// belong to the end are not broken off. Another one still ends the process.
    pub fn begin_last_work(&self) {
        self.last_work.store(true, Relaxed);
    }

    /// The signal that asked for an end.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        match self.signal.load(Relaxed) {
            0 => None,
            _ if self.last_work.load(Relaxed) => None,
            number => i32::try_from(number).ok(),
        }
    }

    /// Whether a run that ended like this was broken off because of a signal: that
    /// says nothing about its input.
    #[must_use]
    pub fn broke_off(&self, outcome: Outcome) -> bool {
        matches!(outcome, Outcome::Signaled { signal, .. } if signal == SIGKILL)
            && self.signal().is_some()
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.over.store(true, Relaxed);
        if let Some(ticker) = self.ticker.take() {
            ticker.thread().unpark();
            // It ends within a moment; it cannot panic.
            let _ = ticker.join();
        }
        // Nobody looks at the first one any more.
        if self.signal.load(Relaxed) == 0 {
            self.impatient.store(true, Relaxed);
        }
    }
}
