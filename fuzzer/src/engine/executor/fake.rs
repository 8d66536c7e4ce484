//! A target without a process: a function from an input to an outcome, which counts the
//! edges that it takes.

use crate::engine::coverage::CounterMap;
use std::{cell::Cell, fmt};
use tine_controller::{Dialect, Outcome, RunError, TargetInfo};

/// Edges that a fake target may have.
pub const EDGES: usize = 1024;

/// The counters of one run.
#[derive(Debug)]
pub struct FakeMap(Vec<Cell<u64>>);

impl FakeMap {
    /// Takes an edge.
    pub fn hit(&self, edge: usize) {
        let word = &self.0[edge / 8];
        let mut counters = word.get().to_ne_bytes();
        counters[edge % 8] = counters[edge % 8].wrapping_add(1);
        word.set(u64::from_ne_bytes(counters));
    }
}

impl CounterMap for FakeMap {
    fn take_nonzero(&self, mut found: impl FnMut(usize, u64)) {
        for (word, counters) in self.0.iter().enumerate() {
            match counters.take() {
                0 => {}
                counters => found(word, counters),
            }
        }
    }
}

type Program = dyn FnMut(&[u8], &FakeMap) -> Result<Outcome, RunError>;

/// The target.
pub struct FakeTarget {
    program: Box<Program>,
    map: FakeMap,
    info: TargetInfo,
}

impl FakeTarget {
    /// That does what `program` does.
    pub fn new(
        program: impl FnMut(&[u8], &FakeMap) -> Result<Outcome, RunError> + 'static,
    ) -> Self {
        Self {
            program: Box::new(program),
            map: FakeMap(vec![Cell::new(0); EDGES / 8]),
            info: TargetInfo {
                dialect: Dialect::V1,
                map_size: EDGES,
                edges: Some(EDGES),
                room: 0,
                persistent: false,
                deferred: false,
                instrumented: true,
                shm_input: false,
                dictionary: Vec::new(),
            },
        }
    }

    pub(super) fn run(&mut self, input: &[u8]) -> Result<Outcome, RunError> {
        let result = (self.program)(input, &self.map);
        if result.is_err() {
            // As a fork server that is started again has a clean map.
            self.map.take_nonzero(|_, _| {});
        }
        result
    }

    pub(super) const fn map(&self) -> &FakeMap {
        &self.map
    }

    pub(super) const fn info(&self) -> &TargetInfo {
        &self.info
    }
}

impl fmt::Debug for FakeTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeTarget").finish_non_exhaustive()
    }
}
