//! The compare log as LibAFL sees it.

use libafl::{
    Error, HasMetadata,
    executors::ExitKind,
    observers::{
        Observer,
        cmp::{CmpMap, CmpObserver, CmpValues, CmpValuesMetadata, CmplogBytes},
    },
};
use libafl_bolts::Named;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use tine_controller::{CompareLog, Site};
use tine_protocol::layout::cmplog::{Buffer, Kind, MAX_ROUTINE_BYTES, Operands};

/// Observes what the comparisons of a run had for operands.
///
/// After the run the operands are in the state's [`CmpValuesMetadata`], where
/// `I2SRandReplace` looks for them; sites that only count a loop are left out there. The
/// usual place for this observer is the executor of a `TracingStage`, which runs a second
/// build of the target, one that logs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CompareObserver {
    name: Cow<'static, str>,
    map: CompareMap,
}

/// A copy of the compare log of a run: the sites that logged something.
///
/// Comparisons of equal operands are left out: they have nothing to replace.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct CompareMap {
    sites: Vec<LoggedSite>,
    values: Vec<CmpValues>,
}

/// A place in the program, and where in the values its own lie.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct LoggedSite {
    number: u16,
    hits: u32,
    first: usize,
    count: usize,
}

impl CompareObserver {
    /// An observer of this name.
    #[must_use]
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            map: CompareMap::default(),
        }
    }

    /// Moves the log of a run over here.
    pub(crate) fn fill(&mut self, log: &mut CompareLog) {
        self.map.clear();
        log.take(|site| self.map.add(&site));
    }
}

impl CompareMap {
    /// The number of a site: a hash of its place in the program.
    #[must_use]
    pub fn site_number(&self, index: usize) -> Option<u16> {
        self.sites.get(index).map(|site| site.number)
    }

    /// The operands of all comparisons, site by site.
    #[must_use]
    pub fn values(&self) -> &[CmpValues] {
        &self.values
    }

    fn clear(&mut self) {
        self.sites.clear();
        self.values.clear();
    }

    fn add(&mut self, site: &Site<'_>) {
        let first = self.values.len();
        let logged = 0..site.logged();
        match site.header.kind {
            Kind::Instruction => self.values.extend(
                logged
                    .filter_map(|index| site.operands(index))
                    .filter(|operands| operands.v0 != operands.v1)
                    .map(|operands| of_integers(operands, site.header.bytes)),
            ),
            Kind::Routine => self.values.extend(
                logged
                    .filter_map(|index| site.routine(index))
                    .map(|routine| [bytes_of(&routine.v0), bytes_of(&routine.v1)])
                    .filter(|[v0, v1]| v0 != v1)
                    .map(|[v0, v1]| CmpValues::Bytes((v0, v1))),
            ),
        }
        self.sites.push(LoggedSite {
            number: site.number,
            hits: site.header.hits,
            first,
            count: self.values.len() - first,
        });
    }
}

/// Integers of up to eight bytes are numbers to LibAFL, longer ones are bytes. The log
/// does not tell which operand is a constant, so that either may be replaced.
fn of_integers(Operands { v0, v1 }: Operands, bytes: u8) -> CmpValues {
    match bytes {
        0..=1 => CmpValues::U8((v0 as u8, v1 as u8, false)),
        2 => CmpValues::U16((v0 as u16, v1 as u16, false)),
        3..=4 => CmpValues::U32((v0 as u32, v1 as u32, false)),
        5..=8 => CmpValues::U64((v0 as u64, v1 as u64, false)),
        _ => {
            let bytes = bytes.min(16);
            let of = |value: u128| {
                let mut buffer = [0; MAX_ROUTINE_BYTES];
                buffer[..16].copy_from_slice(&value.to_le_bytes());
                CmplogBytes::from_buf_and_len(buffer, bytes)
            };
            CmpValues::Bytes((of(v0), of(v1)))
        }
    }
}

fn bytes_of(buffer: &Buffer) -> CmplogBytes {
    CmplogBytes::from_buf_and_len(buffer.bytes, buffer.length)
}

impl CmpMap for CompareMap {
    fn len(&self) -> usize {
        self.sites.len()
    }

    fn executions_for(&self, index: usize) -> usize {
        self.sites.get(index).map_or(0, |site| site.hits as usize)
    }

    fn usable_executions_for(&self, index: usize) -> usize {
        self.sites.get(index).map_or(0, |site| site.count)
    }

    fn values_of(&self, index: usize, execution: usize) -> Option<CmpValues> {
        let site = self.sites.get(index)?;
        let values = &self.values[site.first..][..site.count];
        values.get(execution).cloned()
    }

    fn reset(&mut self) -> Result<(), Error> {
        self.clear();
        Ok(())
    }
}

impl CmpObserver for CompareObserver {
    type Map = CompareMap;

    fn usable_count(&self) -> usize {
        self.map.sites.len()
    }

    fn cmp_map(&self) -> &CompareMap {
        &self.map
    }

    fn cmp_map_mut(&mut self) -> &mut CompareMap {
        &mut self.map
    }
}

impl<I, S: HasMetadata> Observer<I, S> for CompareObserver {
    fn pre_exec(&mut self, _state: &mut S, _input: &I) -> Result<(), Error> {
        self.map.clear();
        Ok(())
    }

    fn post_exec(&mut self, state: &mut S, _input: &I, _kind: &ExitKind) -> Result<(), Error> {
        let count = self.usable_count();
        let metadata = state.metadata_or_insert_with(CmpValuesMetadata::new);
        metadata.add_from(count, &mut self.map);
        Ok(())
    }
}

impl Named for CompareObserver {
    fn name(&self) -> &Cow<'static, str> {
        &self.name
    }
}

#[cfg(test)]
mod tests {
    use super::of_integers;
    use libafl::observers::cmp::CmpValues;
    use libafl_bolts::ToSlice;
    use tine_protocol::layout::cmplog::Operands;

    #[test]
    fn integers_keep_their_size() {
        let of = |bytes| of_integers(Operands { v0: 1, v1: 2 }, bytes);
        assert_eq!(of(1), CmpValues::U8((1, 2, false)));
        assert_eq!(of(2), CmpValues::U16((1, 2, false)));
        assert_eq!(of(4), CmpValues::U32((1, 2, false)));
        assert_eq!(of(8), CmpValues::U64((1, 2, false)));
        let CmpValues::Bytes((v0, v1)) = of(16) else {
            panic!("16 bytes are no number");
        };
        assert_eq!(v0.to_slice(), 1_u128.to_le_bytes());
        assert_eq!(v1.to_slice(), 2_u128.to_le_bytes());
    }
}
