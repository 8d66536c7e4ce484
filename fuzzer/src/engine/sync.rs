//! Testcases from other fuzzers, and to them: when they are asked, and what becomes of
//! what comes.

use super::{
    config::{Config, Role},
    error::FuzzError,
};
use crate::{
    exchange::{Exchange, Flaw, Received, directory::Directory},
    report::folder::{Beginning, OutputFolder},
};
use std::{
    fmt,
    time::{Duration, Instant},
};

/// So many sentences about testcases of others in a session.
const MOST_SENTENCES: u32 = 10;

/// The others are asked once in this part of the time that the session runs: often at
/// first, when most is found, and ever more seldom.
const PART: u32 = 10;

/// They are asked no more often than this.
const SHORTEST: Duration = Duration::from_secs(5);

/// They are asked at least this often if nothing else is chosen; a main
/// instance asks twice as often, as in afl-fuzz.
const LONGEST: Duration = Duration::from_secs(120);

/// The exchange takes no more than this part of the time.
const MOST_SHARE: u32 = 20;

/// How long the last exchange of a session may take if it is not asked for by name.
const LAST: Duration = Duration::from_secs(1);

/// When the others are asked.
#[derive(Debug, Clone, Copy)]
struct SyncInterval {
    began: Instant,
    next: Instant,
    longest: Duration,
}

impl SyncInterval {
    /// After an exchange that took so long.
    fn advance(&mut self, now: Instant, took: Duration) {
        self.next = now + pause(now - self.began, took, self.longest);
    }
}

/// How long to wait, when a session runs for `age`, and the exchange took so long.
fn pause(age: Duration, took: Duration, longest: Duration) -> Duration {
    (age / PART)
        .max(SHORTEST)
        .min(longest)
        .max(took * MOST_SHARE)
}

/// The exchange of a session.
#[derive(Default)]
pub struct Sync {
    exchange: Option<Box<dyn Exchange>>,
    interval: Option<SyncInterval>,
    /// Testcases that others have found.
    pub imported: u64,
    /// How long it took, earlier parts of the session included.
    pub time: Duration,
    sentences: u32,
    /// Ask before anything else.
    pub is_first: bool,
    /// Ask at the end; for no longer than this.
    pub last: Option<Duration>,
}

impl fmt::Debug for Sync {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            exchange, interval, ..
        } = self;
        f.debug_struct("Sync")
            .field("exchange", exchange)
            .field("interval", interval)
            .finish_non_exhaustive()
    }
}

impl Sync {
    /// The exchange that the user chose.
    ///
    /// # Errors
    /// When the folder of the instance cannot be written.
    pub fn open(
        config: &Config,
        folder: &OutputFolder,
        beginning: Beginning,
        earlier: Duration,
    ) -> Result<Self, FuzzError> {
        let (chosen, role) = (&config.exchange, config.instance.role);
        let longest = chosen.longest_pause.unwrap_or(LONGEST);
        // A session alone that is to be repeatable does not depend on others.
        let is_repeatable = role == Role::Alone && config.seed.is_some();
        if is_repeatable || chosen.off {
            return Ok(Self::default());
        }
        let is_fresh = beginning == Beginning::Fresh;
        let exchange = Directory::open(folder.path(), role, &chosen.foreign, is_fresh)?;
        let now = Instant::now();
        let is_main = role == Role::Main;
        // In a campaign the main instance has everything at the end.
        let is_expected = is_main && config.in_campaign;
        Ok(Self {
            exchange: Some(Box::new(exchange)),
            interval: Some(SyncInterval {
                began: now,
                next: now,
                longest: if is_main { longest / 2 } else { longest },
            }),
            is_first: chosen.at_start,
            last: match (chosen.at_end, is_expected) {
                (true, _) => Some(Duration::MAX),
                (false, true) => Some(LAST),
                (false, false) => None,
            },
            time: earlier,
            ..Self::default()
        })
    }

    /// Hands a testcase to the others.
    pub fn publish(&mut self, input: &[u8]) {
        if let Some(exchange) = &mut self.exchange {
            exchange.publish(input);
        }
    }

    /// Whether it is time to ask the others.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.interval
            .is_some_and(|interval| Instant::now() >= interval.next)
    }

    /// The next testcase of another fuzzer. `note` hears what is wrong with some.
    pub fn receive(&mut self, mut note: impl FnMut(fmt::Arguments<'_>)) -> Option<Received> {
        let sentences = &mut self.sentences;
        let exchange = self.exchange.as_mut()?;
        exchange.receive(&mut |flaw| complain(sentences, flaw, &mut note))
    }

    /// Notes that those that were received since `began` need not come again.
    pub fn commit(&mut self, began: Instant, mut note: impl FnMut(fmt::Arguments<'_>)) {
        let sentences = &mut self.sentences;
        let Some(exchange) = &mut self.exchange else {
            return;
        };
        exchange.commit(&mut |flaw| complain(sentences, flaw, &mut note));
        let took = began.elapsed();
        self.time += took;
        if let Some(interval) = &mut self.interval {
            interval.advance(Instant::now(), took);
        }
    }
}

/// Says what is wrong, but not without end.
fn complain(sentences: &mut u32, flaw: &Flaw, mut note: impl FnMut(fmt::Arguments<'_>)) {
    *sentences += 1;
    let more = match *sentences {
        ..MOST_SENTENCES => "",
        MOST_SENTENCES => "; what else is wrong with testcases of others is not told",
        _ => return,
    };
    note(format_args!("{flaw}{more}"));
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, pause};
    use std::time::Duration;

    #[test]
    fn others_are_asked_often_at_first_and_never_for_most_of_the_time() {
        let seconds = Duration::from_secs;
        for (age, took, expected) in [
            (0, 0, 5),
            (40, 0, 5),
            (100, 0, 10),
            (600, 0, 60),
            (86_400, 0, 120),
            (10, 1, 20),
            (86_400, 10, 200),
        ] {
            let pause = pause(seconds(age), seconds(took), LONGEST);
            assert_eq!(pause, seconds(expected), "{age} {took}");
        }
    }
}
