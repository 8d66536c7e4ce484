//! A program that was started, and its runs.

use super::{
    Edges, Error, Outcome,
    busy::{is_busy_run, with_patience},
};
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tine_controller::{ForkServer, InputFolder};

/// A program that was started and waits for inputs. Dropping it ends the program.
///
/// Threads may share it (also in a `static`): they take turns.
pub struct Target {
    program: PathBuf,
    // Before the folder: the program ends first.
    server: Mutex<ForkServer>,
    _folder: Option<InputFolder>,
}

impl Target {
    pub(super) fn new(program: PathBuf, server: ForkServer, folder: Option<InputFolder>) -> Self {
        Self {
            program,
            server: Mutex::new(server),
            _folder: folder,
        }
    }

    /// Runs the program on an input.
    ///
    /// Each run is a new process, unless the program has a persistent loop or a
    /// `LLVMFuzzerTestOneInput`: then inputs follow each other in one process, until one
    /// of them ends it.
    ///
    /// A fork server that is lost (the program kills it, say) is started again, and the
    /// input is run once more.
    ///
    /// # Errors
    /// When the input cannot be handed over, or the program does not start again. A crash
    /// is no error.
    pub fn run(&self, input: impl AsRef<[u8]>) -> Result<Outcome, Error> {
        let mut server = self.lock();
        server.map().clear();
        let ended = with_patience(is_busy_run, || server.run(input.as_ref()));
        let ended = ended.map_err(|error| Error::Run {
            program: self.program.clone(),
            reason: error.to_string(),
        })?;
        Ok(Outcome::new(ended, Edges::take(server.map())))
    }

    /// The number of all edges of the program, if it says so: those built by tine do.
    #[must_use]
    pub fn total_edges(&self) -> Option<usize> {
        self.lock().info().edges
    }

    /// How often the fork server was lost and started again.
    #[must_use]
    pub fn restarts(&self) -> u64 {
        self.lock().restarts()
    }

    /// Path of the program.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.program
    }

    /// A thread that panicked within a run leaves no half-done thing: the next run begins
    /// anew.
    fn lock(&self) -> MutexGuard<'_, ForkServer> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("program", &self.program)
            .finish_non_exhaustive()
    }
}
