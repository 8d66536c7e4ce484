//! The fork server of the program that logs its comparisons.

use super::log::{self, Log};
use crate::{
    engine::{
        config::{Compare, CompareLevel, CompareProgram, Program},
        seeds::Seed,
    },
    report::{counted, folder::OutputFolder, store},
    target::{self, Target, TargetError},
};
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};
use tine_controller::{ForkServer, Outcome, RunError, StartError};
use tine_protocol::layout::input::MAX_INPUT;

/// Why there is no compare log.
#[derive(Debug, thiserror::Error)]
pub enum CompareLogError {
    /// The program is not fit.
    #[error("-c {}: {source}", .program.display())]
    Target {
        /// What was given.
        program: PathBuf,
        /// What is wrong with it.
        source: Box<TargetError>,
    },
    /// Its fork server did not start.
    #[error("-c {}: {source}", .program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// Why it did not.
        source: Box<StartError>,
    },
    /// It does not run the seeds.
    #[error("-c {}: {source}", .program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// What went wrong.
        source: Box<RunError>,
    },
    /// It was not built to log.
    #[error(
        "-c {} does not log its comparisons: build it with `tine-cc --cmplog`, or leave -c out",
        .program.display()
    )]
    NotBuilt {
        /// The program.
        program: PathBuf,
    },
    /// It logs nothing.
    #[error(
        "-c {} logs no comparison on {tried}: build it with `tine-cc --cmplog` (with AFL++: \
         AFL_LLVM_CMPLOG=1), or leave -c out",
        .program.display()
    )]
    Nothing {
        /// The program.
        program: PathBuf,
        /// How many seeds were tried.
        tried: String,
    },
    /// It ends otherwise than the target.
    #[error(
        "-c {} ends otherwise than {} on {differ} of {tried}, and so is no build of it: give one \
         of the same source and for the same arguments",
        .program.display(), .target.display()
    )]
    OtherTarget {
        /// The program.
        program: PathBuf,
        /// The target.
        target: PathBuf,
        /// On how many seeds it does.
        differ: usize,
        /// How many seeds were tried.
        tried: String,
    },
}

/// A program that logs its comparisons, in a fork server of its own, so that the plain
/// one has no part in the cost.
#[derive(Debug)]
pub struct Logger {
    server: ForkServer,
    /// The program.
    pub program: PathBuf,
    /// What is tried.
    pub level: CompareLevel,
    /// Its log does not tell greater from equal.
    pub no_predicates: bool,
}

impl Logger {
    /// Starts what is asked for, if anything is.
    ///
    /// # Errors
    /// When it is not fit, or does not start.
    pub fn start(
        compare: &Compare,
        plain: &Program,
        target: &Target,
        own_file: &Path,
    ) -> Result<Option<Self>, CompareLogError> {
        let mut command = plain.command.clone();
        match &compare.program {
            None | Some(CompareProgram::Off) => return Ok(None),
            Some(CompareProgram::Target) => {}
            Some(CompareProgram::Other(program)) => replace_program(&mut command, program),
        }
        let program = PathBuf::from(command.first().cloned().unwrap_or_default());
        let limit = target.config.timeout;
        let prepared = target::prepare(
            &command,
            plain.file.as_deref(),
            own_file,
            limit,
            plain.memory,
            &plain.start,
        );
        let mut prepared = prepared.map_err(|source| CompareLogError::Target {
            program: program.clone(),
            source: Box::new(source),
        })?;
        let program = prepared.file.path.clone();
        if prepared.file.tine_runtime && !prepared.file.compare_log {
            return Err(CompareLogError::NotBuilt { program });
        }
        prepared.config.compare_log = true;
        let server = ForkServer::start(prepared.config);
        let server = server.map_err(|source| CompareLogError::Start {
            program: program.clone(),
            source: Box::new(source),
        })?;
        Ok(Some(Self {
            server,
            program,
            level: compare.level,
            no_predicates: prepared.file.tine_runtime,
        }))
    }

    /// Runs seeds in both programs, or the first testcases of a session that goes on in
    /// `folder`: the log must have something, and both must end the
    /// same way on most of them.
    ///
    /// # Errors
    /// When it is not so, or a seed cannot be run.
    pub fn check(
        &mut self,
        target: &mut ForkServer,
        path: &Path,
        seeds: &[Seed],
        folder: &OutputFolder,
    ) -> Result<(), CompareLogError> {
        let seeds = samples(seeds, folder);
        let failed = |program: &Path, source| CompareLogError::Run {
            program: program.into(),
            source: Box::new(source),
        };
        let (mut tried, mut differ, mut logged) = (0, 0, false);
        for seed in &seeds {
            let plain = target.run(seed).map_err(|error| failed(path, error))?;
            target.map().clear();
            let limit = target.timeout();
            let (outcome, log) = self
                .run(seed, limit)
                .map_err(|error| failed(&self.program.clone(), error))?;
            tried += 1;
            logged |= !log.is_empty();
            differ += usize::from(!is_alike(plain, outcome));
        }
        target.discard_child();
        let tried_seeds = counted(tried as u64, "seed");
        if 2 * differ > tried {
            return Err(CompareLogError::OtherTarget {
                program: self.program.clone(),
                target: path.into(),
                differ,
                tried: tried_seeds,
            });
        }
        if tried > 0 && !logged {
            return Err(CompareLogError::Nothing {
                program: self.program.clone(),
                tried: tried_seeds,
            });
        }
        Ok(())
    }

    /// Runs an input, and takes what it logs. A run may take several times `limit`,
    /// which is that of the target: logging takes time.
    ///
    /// # Errors
    /// When the program cannot be run any more.
    pub fn run(&mut self, input: &[u8], limit: Duration) -> Result<(Outcome, Log), RunError> {
        const SLOWER: u32 = 4;
        if let Some(log) = self.server.compare_log() {
            log.clear();
        }
        let limit = limit.saturating_mul(SLOWER);
        let outcome = self.server.run_with_timeout(input, limit)?;
        self.server.map().clear();
        let log = self.server.compare_log().map(log::take);
        Ok((outcome, log.unwrap_or_default()))
    }
}

/// The first seeds, or else the first files of the queue. What cannot be read is named
/// when the queue is imported.
fn samples(seeds: &[Seed], folder: &OutputFolder) -> Vec<Vec<u8>> {
    const MOST: usize = 8;
    if !seeds.is_empty() {
        let seeds = seeds.iter().take(MOST);
        return seeds.map(|seed| seed.bytes.clone()).collect();
    }
    let queue = folder.queue();
    let names = folder.testcases(&queue).unwrap_or_default();
    let read = |name| store::read(&queue.join(name)).ok();
    let mut files: Vec<_> = names.into_iter().filter_map(read).take(MOST).collect();
    files.retain(|bytes| bytes.len() <= MAX_INPUT);
    files
}

/// A path is one from here, as the target's is.
fn replace_program(command: &mut [OsString], program: &OsString) {
    if let Some(first) = command.first_mut() {
        first.clone_from(program);
    }
}

/// Whether two builds of a program may end like this on the same input. One that is
/// slower may be over its limit.
fn is_alike(one: Outcome, other: Outcome) -> bool {
    let is_end = |outcome: Outcome| matches!(outcome, Outcome::LoopDone | Outcome::Exited(_));
    match (one, other) {
        (Outcome::Exited(one), Outcome::Exited(other)) => one == other,
        (Outcome::TimedOut, _) | (_, Outcome::TimedOut) => true,
        (one, other) => is_end(one) == is_end(other),
    }
}
