//! Binaries of the target that were built with a sanitizer (`-w`): they run only the
//! inputs that are new in kind for the plain binary, which so keeps its speed.
//!
//! The idea is SAND's ("decoupled sanitization"): an input whose set of edges was seen
//! before hardly ever trips a sanitizer that was silent then.

use super::{
    config::{Abstraction, Program, SanitizedBinaries},
    control::Control,
    coverage::{FaultMap, Trace},
    error::FuzzError,
    events::Events,
};
use crate::target::{self, MemoryLimit};
use std::{ffi::OsString, fmt, path::Path, time::Duration};
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
        events: &mut Events,
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
                events.warn(format_args!(
                    "{} is built without a sanitizer: it sees no more than the target itself; \
                     build it with AFL_USE_ASAN=1 or the like",
                    path.display()
                ));
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
    #[inline]
    pub fn wants(&mut self, trace: &Trace, is_new: bool) -> bool {
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

    /// Runs an input with all of them. Returns the number of the first one that crashes,
    /// and how it ended. `note` hears of one that is left out from now on.
    pub fn run(
        &mut self,
        input: &[u8],
        control: &Control,
        mut note: impl FnMut(fmt::Arguments<'_>),
    ) -> Option<(usize, Outcome)> {
        for (number, place) in self.binaries.iter_mut().enumerate() {
            let Some(binary) = place else { continue };
            binary.runs += 1;
            match binary.server.run(input) {
                Ok(outcome) if control.broke_off(outcome) => return None,
                Ok(outcome) => {
                    binary.lost = 0;
                    if outcome.is_crash() {
                        return Some((number, outcome));
                    }
                }
                Err(error) => {
                    if control.signal().is_some() {
                        return None;
                    }
                    binary.lost += 1;
                    if !error.is_of_input() || binary.lost > MOST_LOST {
                        note(format_args!(
                            "{} (-w) is left out from now on: {error}",
                            binary.name
                        ));
                        *place = None;
                    }
                }
            }
        }
        None
    }

    /// Remembers a crash by what the plain binary covered, and says whether it is new.
    pub fn learn(&mut self, trace: &Trace) -> bool {
        self.crashes.learn(trace)
    }

    /// The binaries as the user named them, each with the number of its runs.
    pub fn runs(&self) -> Vec<(String, u64)> {
        let binaries = self.binaries.iter().flatten();
        binaries
            .map(|binary| (binary.name.clone(), binary.runs))
            .collect()
    }
}
