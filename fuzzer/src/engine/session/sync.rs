//! Testcases from other fuzzers are tried out.

use super::{Session, Submission};
use crate::{
    engine::error::FuzzError,
    exchange::Received,
    report::name::{Import, Operation, Origin},
};
use std::time::{Duration, Instant};

impl Session {
    /// Asks the others before anything else, if that is wanted.
    ///
    /// # Errors
    /// When the target cannot be run any more, or a find cannot be written.
    pub fn sync_first(&mut self) -> Result<(), FuzzError> {
        if self.exchange.is_first {
            self.sync(None)?;
        }
        Ok(())
    }

    /// Asks the others when it is time to.
    ///
    /// # Errors
    /// As [`Self::sync_first`].
    pub fn sync_if_due(&mut self) -> Result<(), FuzzError> {
        if self.exchange.is_due() {
            self.sync(None)?;
        }
        Ok(())
    }

    /// Asks the others for the last time, if that is wanted.
    ///
    /// # Errors
    /// As [`Self::sync_first`].
    pub fn sync_last(&mut self) -> Result<(), FuzzError> {
        if let Some(limit) = self.exchange.last {
            self.stop.control.begin_last_work();
            self.sync(Some(limit))?;
        }
        Ok(())
    }

    /// Tries out what the others have found since the last time. `last` is the time that
    /// there is for that when the session is at its end.
    fn sync(&mut self, last: Option<Duration>) -> Result<(), FuzzError> {
        let began = Instant::now();
        let mut result = Ok(());
        loop {
            let is_over = match last {
                Some(limit) => began.elapsed() >= limit,
                None => self.stop.ending().is_some(),
            };
            if is_over {
                break;
            }
            let tally = &mut self.tally;
            let received = self.exchange.receive(|sentence| tally.note(sentence));
            let Some(received) = received else {
                break;
            };
            result = self.try_received(&received);
            if result.is_err() {
                break;
            }
        }
        let tally = &mut self.tally;
        self.exchange.commit(began, |sentence| tally.note(sentence));
        result
    }

    fn try_received(&mut self, received: &Received) -> Result<(), FuzzError> {
        let import = Import {
            fuzzer: &received.from,
            testcase: &received.source,
        };
        let origin = Origin::new(received.number, Operation::Sync(import));
        self.evaluate(&Submission::new(&received.input, origin))
            .map(drop)
    }
}
