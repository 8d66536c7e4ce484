//! What need not be done for each run.

use super::Session;
use crate::engine::error::FuzzError;

impl Session {
    /// Looks at signals and limits, and shows and writes what is due.
    ///
    /// # Errors
    /// When the figures cannot be written.
    #[cold]
    pub fn attend(&mut self) -> Result<(), FuzzError> {
        self.stop.control.acknowledge();
        let progress = &mut self.tally.progress;
        if let Some(server) = self.target.server() {
            progress.see_modules(server);
        }
        self.stop.check(
            self.tally.runs,
            progress.clock.this_part(),
            progress.clock.run_time(),
            // Finds of an earlier part do not keep this one from ending.
            progress.clock.idle(),
        );
        self.report()
    }

    /// As [`Self::attend`], if it is time to: for what goes on without a run.
    ///
    /// # Errors
    /// As [`Self::attend`].
    pub fn attend_if_due(&mut self) -> Result<(), FuzzError> {
        if self.stop.control.is_due() {
            self.attend()?;
        }
        Ok(())
    }
}
