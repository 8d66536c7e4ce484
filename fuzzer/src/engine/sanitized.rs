//! Binaries of the target that were built with a sanitizer (`-w`): they run only the
//! inputs that are new in kind for the plain binary, which so keeps its speed.
//!
//! The idea is SAND's ("decoupled sanitization"): an input whose set of edges was seen
//! before hardly ever trips a sanitizer that was silent then.

use super::{
    State,
    config::{Abstraction, Program, SanitizedBinaries},
    error::FuzzError,
    executor::ForkServerExecutor,
    judge::Engine,
    novelty::FaultMap,
    trace::Trace,
};
use crate::{
    report::name::{self, Origin},
    target::{self, MemoryLimit},
};
use std::{ffi::OsString, path::Path, time::Duration};
use tine_controller::{ForkServer, Outcome};

/// Inputs in a row that may take a sanitizer's fork server along before it is left out.
const MOST_LOST: u32 = 10;

/// Bits of the table of the sets that were seen. It is touched where a set is, so a
/// short session takes little of its 16 MB.
const TABLE_BITS: u32 = 27;

/// A binary with its fork server.
#[derive(Debug)]
struct Binary {
    /// As the user named it.
    name: String,
    server: ForkServer,
    runs: u64,
    lost: u32,
}

/// The binaries, and what they were given so far.
#[derive(Debug)]
pub struct Sanitized {
    binaries: Vec<Option<Binary>>,
    abstraction: Abstraction,
    seen: Box<[u64]>,
    crashes: FaultMap,
}

impl Sanitized {
    /// Starts the binaries that are named; `None` if there are none.
    ///
    /// # Errors
    /// When one cannot be started.
    pub fn start(
        chosen: &SanitizedBinaries,
        program: &Program,
        own_file: &Path,
        limit: Duration,
    ) -> Result<Option<Self>, FuzzError> {
        if chosen.paths.is_empty() {
            return Ok(None);
        }
        let mut binaries = Vec::new();
        for path in &chosen.paths {
            let mut command: Vec<OsString> = vec![path.into()];
            command.extend(program.command.iter().skip(1).cloned());
            // A memory limit is for the plain binary: few sanitizers start with one.
            let target = target::prepare(
                &command,
                program.file.as_deref(),
                own_file,
                limit,
                MemoryLimit(None),
                &program.start,
            )
            .map_err(|source| FuzzError::SanitizedTarget {
                path: path.clone(),
                source: Box::new(source),
            })?;
            if target.file.sanitizer.is_none() {
                say!(
                    "{} is built without a sanitizer: it sees no more than the target itself; \
                     build it with AFL_USE_ASAN=1 or the like",
                    path.display()
                );
            }
            let server =
                ForkServer::start(target.config).map_err(|source| FuzzError::Sanitized {
                    path: path.clone(),
                    source: Box::new(source),
                })?;
            binaries.push(Some(Binary {
                name: path.display().to_string(),
                server,
                runs: 0,
                lost: 0,
            }));
        }
        Ok(Some(Self {
            binaries,
            abstraction: chosen.abstraction,
            seen: vec![0; 1 << (TABLE_BITS - 6)].into(),
            crashes: FaultMap::default(),
        }))
    }

    /// Whether an input is new in kind, by what the plain binary did with it.
    fn wants(&mut self, trace: &Trace, is_new: bool) -> bool {
        let hash = match self.abstraction {
            Abstraction::NewCoverage => return is_new,
            Abstraction::Edges => trace.edges_hash(),
            Abstraction::Counts => trace.hash(),
        };
        let bit = hash >> (64 - TABLE_BITS);
        let (word, mask) = (&mut self.seen[(bit >> 6) as usize], 1 << (bit & 63));
        let is_known = *word & mask != 0;
        *word |= mask;
        !is_known
    }

    /// The binaries as the user named them, each with the number of its runs.
    pub(super) fn runs(&self) -> Vec<(String, u64)> {
        let binaries = self.binaries.iter().flatten();
        binaries
            .map(|binary| (binary.name.clone(), binary.runs))
            .collect()
    }
}

impl Engine {
    /// Whether the sanitizers are to run the input of the run that the executor has
    /// still.
    #[inline]
    pub(super) fn wants_sanitizer(&mut self, executor: &ForkServerExecutor, is_new: bool) -> bool {
        match &mut self.sanitized {
            Some(sanitized) => sanitized.wants(executor.trace(), is_new),
            None => false,
        }
    }

    /// Runs an input, which the plain binary has run without a fault, with the
    /// sanitizers. The executor has that run still.
    #[cold]
    pub(super) fn sanitize(
        &mut self,
        state: &State,
        executor: &ForkServerExecutor,
        input: &[u8],
        origin: &Origin<'_>,
    ) -> Result<(), FuzzError> {
        let Some(sanitized) = &mut self.sanitized else {
            return Ok(());
        };
        let mut crash = None;
        for (number, place) in sanitized.binaries.iter_mut().enumerate() {
            let Some(binary) = place else { continue };
            binary.runs += 1;
            match binary.server.run(input) {
                Ok(outcome) if self.control.broke_off(outcome) => return Ok(()),
                Ok(outcome) => {
                    binary.lost = 0;
                    if outcome.is_crash() {
                        crash = Some((number, outcome));
                        break;
                    }
                }
                Err(error) => {
                    if self.control.signal().is_some() {
                        return Ok(());
                    }
                    binary.lost += 1;
                    if !error.is_of_input() || binary.lost > MOST_LOST {
                        self.progress.note(format_args!(
                            "{} (-w) is left out from now on: {error}",
                            binary.name
                        ));
                        *place = None;
                    }
                }
            }
        }
        let Some((number, outcome)) = crash else {
            return Ok(());
        };
        self.counters.total_crashes += 1;
        if !sanitized.crashes.learn(executor.trace()) {
            return Ok(());
        }
        let signal = match outcome {
            Outcome::Signaled { signal, .. } => signal,
            _ => 0,
        };
        let moment = self.moment(state);
        let name = name::of_sanitizer_crash(self.next.crash, signal, *origin, moment, number);
        self.save_sanitizer_crash(state, &name, input)
    }
}
