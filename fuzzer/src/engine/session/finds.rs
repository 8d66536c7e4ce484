//! What is saved: testcases, crashes, hangs, and inputs that kill the fork server. Every
//! find is named and written here.

use crate::{
    engine::counters::NextNumbers,
    report::{
        folder::OutputFolder,
        name::{self, Moment, Origin},
        store::{self, StoreError},
        summary::Replay,
    },
};
use std::{
    fs,
    path::{Path, PathBuf},
};
use tine_controller::Outcome;

/// Stands beside the crashes.
const README: &str = "README.txt";

/// What the user is told of crashes.
#[derive(Debug)]
pub struct Account {
    /// The command that replays a crash.
    pub replay: Replay,
    /// The command that started the fuzzer.
    pub command_line: String,
    /// `AFL_NO_CRASH_README`
    pub no_readme: bool,
}

/// What a find is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A testcase.
    Testcase {
        /// It takes edges that no testcase before it took.
        has_new_edges: bool,
    },
    /// A crash.
    Crash {
        /// The signal, or 0.
        signal: i32,
    },
    /// A crash of a binary with a sanitizer only.
    SanitizerCrash {
        /// The signal, or 0.
        signal: i32,
        /// The number of the binary.
        binary: usize,
    },
    /// A hang.
    Hang,
    /// An input that kills the fork server.
    Lost,
}

impl Kind {
    /// A crash that ended like this.
    #[must_use]
    pub const fn crash(outcome: Outcome) -> Self {
        Self::Crash {
            signal: signal(outcome),
        }
    }

    /// Whether the user-supplied mutator that made the input may describe it in its name.
    #[must_use]
    pub const fn is_described(self) -> bool {
        matches!(
            self,
            Self::Testcase { .. } | Self::Crash { .. } | Self::Hang
        )
    }
}

/// The signal of a crash; 0 for one that is told by an exit code.
#[must_use]
pub const fn signal(outcome: Outcome) -> i32 {
    match outcome {
        Outcome::Signaled { signal, .. } => signal,
        _ => 0,
    }
}

/// What it takes for a fault to show.
#[derive(Debug, PartialEq, Eq)]
pub enum Needs {
    /// The input alone.
    Input,
    /// These inputs, one after another in one child; the last one is the input.
    Sequence(Vec<Vec<u8>>),
    /// Nobody knows. These were run before it, and it is the last one.
    Unknown(Vec<Vec<u8>>),
}

/// The output folder, and what is in it.
#[derive(Debug)]
pub struct Finds {
    /// The folder of the instance.
    pub folder: OutputFolder,
    /// Numbers of the next files.
    pub next: NextNumbers,
    account: Account,
}

impl Finds {
    /// In an output folder that is laid out.
    #[must_use]
    pub fn new(folder: OutputFolder, account: Account) -> Self {
        Self {
            folder,
            next: NextNumbers::default(),
            account,
        }
    }

    /// The name of the next find of a kind.
    #[must_use]
    pub fn name(&self, kind: Kind, origin: &Origin<'_>, moment: Moment) -> String {
        let next = self.next;
        match kind {
            Kind::Testcase { has_new_edges } => {
                name::of_find(next.queue, *origin, moment, has_new_edges)
            }
            Kind::Crash { signal } => name::of_crash(next.crash, signal, *origin, moment),
            Kind::SanitizerCrash { signal, binary } => {
                name::of_sanitizer_crash(next.crash, signal, *origin, moment, binary)
            }
            Kind::Hang => name::of_hang(next.hang, *origin, moment),
            Kind::Lost => name::of_lost(next.lost, *origin, moment),
        }
    }

    /// Writes the next testcase. Returns its number.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&mut self, name: &str, input: &[u8]) -> Result<u32, StoreError> {
        self.rewrite(name, input)?;
        let number = self.next.queue;
        self.next.queue += 1;
        Ok(number)
    }

    /// Writes a testcase, also in the place of one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn rewrite(&self, name: &str, input: &[u8]) -> Result<(), StoreError> {
        store::write(&self.folder.queue(), name, &[input])
    }

    /// Writes the next crash, with what it needs. Returns its file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save_crash(
        &mut self,
        name: &str,
        input: &[u8],
        needs: &Needs,
    ) -> Result<PathBuf, StoreError> {
        let folder = self.folder.crashes();
        self.save(&folder, name, input, needs)?;
        self.next.crash += 1;
        Ok(folder.join(name))
    }

    /// Writes the next hang, with what it needs. Returns its file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save_hang(
        &mut self,
        name: &str,
        input: &[u8],
        needs: &Needs,
    ) -> Result<PathBuf, StoreError> {
        let folder = self.folder.hangs();
        self.save(&folder, name, input, needs)?;
        self.next.hang += 1;
        Ok(folder.join(name))
    }

    /// Writes the next input that kills the fork server. Returns its file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn set_aside(&mut self, name: &str, input: &[u8]) -> Result<PathBuf, StoreError> {
        let folder = self.folder.lost();
        store::make_folder(&folder).map_err(|source| StoreError {
            path: folder.clone(),
            source,
        })?;
        store::write_synced(&folder, name, &[input])?;
        self.next.lost += 1;
        Ok(folder.join(name))
    }

    /// Writes an input, and the inputs that it does not do it without.
    fn save(
        &self,
        folder: &Path,
        name: &str,
        input: &[u8],
        needs: &Needs,
    ) -> Result<(), StoreError> {
        if let Needs::Sequence(inputs) | Needs::Unknown(inputs) = needs {
            // First, so that they are there whenever the input is.
            store::write_folder(&self.folder.replay(), name, inputs)?;
        }
        store::write_synced(folder, name, &[input])
    }

    /// Writes beside the crashes how to replay them.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn explain_crashes(&self) -> Result<(), StoreError> {
        let folder = self.folder.crashes();
        // Somebody may have removed it alone; where all is gone, so is this.
        let _ = fs::create_dir(&folder);
        let Account {
            replay,
            command_line,
            no_readme,
        } = &self.account;
        if *no_readme {
            return Ok(());
        }
        // That of an earlier part of the session may be about other binaries.
        let text = replay.readme(command_line);
        if store::read_text(&folder.join(README)) != text {
            store::write(&folder, README, &[text.as_bytes()])?;
        }
        Ok(())
    }
}
