//! Testcases from other fuzzers, and to them: when they are asked, and what becomes of
//! what comes.

use super::{
    State,
    config::{Config, Role},
    error::FuzzError,
    executor::ForkServerExecutor,
    judge::Engine,
};
use crate::{
    exchange::{Exchange, Flaw, Received, directory::Directory},
    report::{
        folder::{Beginning, OutputFolder},
        name::{Import, Operation, Origin},
    },
};
use libafl::{corpus::Corpus, state::HasCorpus};
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
struct Schedule {
    began: Instant,
    next: Instant,
    longest: Duration,
}

impl Schedule {
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
    schedule: Option<Schedule>,
    /// Testcases that others have found.
    pub(super) imported: u64,
    /// How long it took, earlier parts of the session included.
    pub(super) time: Duration,
    sentences: u32,
    /// Ask before anything else.
    is_first: bool,
    /// Ask at the end; for no longer than this.
    last: Option<Duration>,
}

impl fmt::Debug for Sync {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            exchange, schedule, ..
        } = self;
        f.debug_struct("Sync")
            .field("exchange", exchange)
            .field("schedule", schedule)
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
            schedule: Some(Schedule {
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
    pub(super) fn publish(&mut self, input: &[u8]) {
        if let Some(exchange) = &mut self.exchange {
            exchange.publish(input);
        }
    }
}

impl Engine {
    /// Asks the others before anything else, if that is wanted.
    pub(super) fn sync_first(
        &mut self,
        state: &mut State,
        executor: &mut ForkServerExecutor,
    ) -> Result<(), FuzzError> {
        if self.sync.is_first {
            self.sync(state, executor, None)?;
        }
        Ok(())
    }

    /// Asks the others when it is time to.
    pub(super) fn sync_if_due(
        &mut self,
        state: &mut State,
        executor: &mut ForkServerExecutor,
    ) -> Result<(), FuzzError> {
        let is_due = |schedule: Schedule| Instant::now() >= schedule.next;
        if self.sync.schedule.is_some_and(is_due) {
            self.sync(state, executor, None)?;
        }
        Ok(())
    }

    /// Asks the others for the last time, if that is wanted.
    pub(super) fn sync_last(
        &mut self,
        state: &mut State,
        executor: &mut ForkServerExecutor,
    ) -> Result<(), FuzzError> {
        if let Some(limit) = self.sync.last {
            self.control.begin_last_work();
            self.sync(state, executor, Some(limit))?;
        }
        Ok(())
    }

    /// Tries out what the others have found since the last time. `last` is the time that
    /// there is for that when the session is at its end.
    fn sync(
        &mut self,
        state: &mut State,
        executor: &mut ForkServerExecutor,
        last: Option<Duration>,
    ) -> Result<(), FuzzError> {
        let Some(mut exchange) = self.sync.exchange.take() else {
            return Ok(());
        };
        let began = Instant::now();
        // What comes has no testcase of ours as its source.
        *state.corpus_mut().current_mut() = None;
        let mut result = Ok(());
        loop {
            let is_over = match last {
                Some(limit) => began.elapsed() >= limit,
                None => self.ending().is_some(),
            };
            if is_over {
                break;
            }
            let Some(received) = exchange.receive(&mut |flaw| self.complain(flaw)) else {
                break;
            };
            // The exchange must know what is kept of it.
            self.sync.exchange = Some(exchange);
            result = self.try_received(state, executor, received);
            let Some(back) = self.sync.exchange.take() else {
                return result;
            };
            exchange = back;
            if result.is_err() {
                break;
            }
        }
        exchange.commit(&mut |flaw| self.complain(flaw));
        self.sync.exchange = Some(exchange);
        let took = began.elapsed();
        self.sync.time += took;
        if let Some(schedule) = &mut self.sync.schedule {
            schedule.advance(Instant::now(), took);
        }
        result
    }

    fn try_received(
        &mut self,
        state: &mut State,
        executor: &mut ForkServerExecutor,
        received: Received,
    ) -> Result<(), FuzzError> {
        let Received {
            from,
            source,
            number,
            input,
        } = received;
        let import = Import {
            fuzzer: &from,
            testcase: &source,
        };
        let origin = Origin::new(number, Operation::Sync(import));
        self.evaluate(state, executor, &input, &origin).map(drop)
    }

    /// Says what is wrong, but not without end.
    fn complain(&mut self, flaw: &Flaw) {
        self.sync.sentences += 1;
        let more = match self.sync.sentences {
            ..MOST_SENTENCES => "",
            MOST_SENTENCES => "; what else is wrong with testcases of others is not told",
            _ => return,
        };
        self.progress.note(format_args!("{flaw}{more}"));
    }
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
