//! The coverage map as LibAFL sees it.

use libafl::{
    Error,
    executors::ExitKind,
    observers::{DifferentialObserver, MapObserver, Observer},
};
use libafl_bolts::{HasLen, Named};
use serde::{Deserialize, Serialize};
use std::{
    borrow::Cow,
    hash::{Hash, Hasher},
    ops::{Deref, DerefMut},
};
use tine_controller::{CoverageMap, TargetInfo};

/// Counters of a word of the map.
const WORD: usize = 8;

/// Observes the coverage map: one counter an edge.
///
/// It owns a copy that is taken after the run: the segment itself, which children write
/// at any time, is never lent out as a slice. Only words that are not 0 are copied, and
/// only those are emptied before the next run.
///
/// After the run the counts are sorted into AFL's buckets (1, 2, 3, 4-7, 8-15, 16-31,
/// 32-127, 128 and more), so there is no need for LibAFL's `HitcountsMapObserver` around
/// it. Between `run_target` and `post_exec`, where LibAFL's colorization looks at the
/// map, they are as they were counted.
///
/// The length is that of the counters that the target has. It grows when the target
/// loads a module.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CoverageObserver {
    name: Cow<'static, str>,
    /// All of the map, in whole words.
    map: Vec<u8>,
    /// Bytes of it that are in use.
    len: usize,
    buckets: bool,
    #[serde(skip)]
    touched: Touched,
}

/// The words of the map that may be other than 0.
#[derive(Debug, Clone)]
struct Touched {
    words: Vec<usize>,
    /// All of them may: the map was lent out to be written, or came from elsewhere.
    all: bool,
}

impl Default for Touched {
    fn default() -> Self {
        Self {
            words: Vec::new(),
            all: true,
        }
    }
}

impl CoverageObserver {
    /// An observer of this name, whose counts are sorted into buckets.
    ///
    /// It has a length once it is given to an executor that starts
    /// ([`ForkServerBuilder::coverage`](crate::ForkServerBuilder::coverage)).
    #[must_use]
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            map: Vec::new(),
            len: 0,
            buckets: true,
            touched: Touched::default(),
        }
    }

    /// As [`Self::new`], with counts as they are, from 0 to 255.
    #[must_use]
    pub fn raw(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            buckets: false,
            ..Self::new(name)
        }
    }

    /// Takes on the size of a target's map.
    pub(crate) fn attach(&mut self, target: &TargetInfo) {
        self.resize(target.map_size, target.map_size - target.room);
    }

    fn resize(&mut self, size: usize, len: usize) {
        self.map = vec![0; size.next_multiple_of(WORD)];
        self.len = len;
        self.touched = Touched::default();
    }

    /// Moves the counters of a run over here.
    pub(crate) fn fill(&mut self, map: &CoverageMap) {
        let size = map.len();
        map.take_nonzero(|word, counts| self.put(word, counts, size));
    }

    fn put(&mut self, word: usize, counts: u64, size: usize) {
        let start = word * WORD;
        if let Some(bytes) = self.map.get_mut(start..start + WORD) {
            bytes.copy_from_slice(&counts.to_ne_bytes());
            self.touched.words.push(word);
            if start + WORD > self.len {
                // A module was loaded, and counts in the room behind; or it is the last
                // word, which the counters do not fill.
                let last = bytes.iter().rposition(|count| *count != 0).unwrap_or(0);
                self.len = self.len.max((start + last + 1).min(size));
            }
        }
    }

    /// Empties the map.
    fn clear(&mut self) {
        if self.touched.all {
            self.map.fill(0);
        } else {
            for &word in &self.touched.words {
                self.map[word * WORD..][..WORD].fill(0);
            }
        }
        self.touched.words.clear();
        self.touched.all = false;
    }

    fn sort_into_buckets(&mut self) {
        if self.touched.all {
            self.map.iter_mut().for_each(classify);
        } else {
            for &word in &self.touched.words {
                self.map[word * WORD..][..WORD]
                    .iter_mut()
                    .for_each(classify);
            }
        }
    }
}

fn classify(count: &mut u8) {
    *count = match *count {
        0..=2 => *count,
        3 => 4,
        4..=7 => 8,
        8..=15 => 16,
        16..=31 => 32,
        32..=127 => 64,
        128.. => 128,
    };
}

impl<I, S> Observer<I, S> for CoverageObserver {
    #[inline]
    fn pre_exec(&mut self, _state: &mut S, _input: &I) -> Result<(), Error> {
        if self.map.is_empty() {
            return Err(Error::illegal_state(format!(
                "no fork server fills the observer {:?}: name it with ForkServerBuilder::coverage",
                self.name
            )));
        }
        self.clear();
        Ok(())
    }

    #[inline]
    fn post_exec(&mut self, _state: &mut S, _input: &I, _kind: &ExitKind) -> Result<(), Error> {
        if self.buckets {
            self.sort_into_buckets();
        }
        Ok(())
    }
}

impl<OTA, OTB, I, S> DifferentialObserver<OTA, OTB, I, S> for CoverageObserver {}

impl MapObserver for CoverageObserver {
    type Entry = u8;

    #[inline]
    fn get(&self, index: usize) -> u8 {
        self[index]
    }

    fn set(&mut self, index: usize, value: u8) {
        if !self.touched.all {
            self.touched.words.push(index / WORD);
        }
        self.map[..self.len][index] = value;
    }

    fn usable_count(&self) -> usize {
        self.len
    }

    fn count_bytes(&self) -> u64 {
        self.iter().filter(|count| **count != 0).count() as u64
    }

    fn initial(&self) -> u8 {
        0
    }

    fn reset_map(&mut self) -> Result<(), Error> {
        self.clear();
        Ok(())
    }

    fn to_vec(&self) -> Vec<u8> {
        self[..].to_vec()
    }

    fn how_many_set(&self, indexes: &[usize]) -> usize {
        let is_set = |index: &&usize| self[..].get(**index).is_some_and(|count| *count != 0);
        indexes.iter().filter(is_set).count()
    }
}

impl Deref for CoverageObserver {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map[..self.len]
    }
}

impl DerefMut for CoverageObserver {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.touched.all = true;
        &mut self.map[..self.len]
    }
}

impl HasLen for CoverageObserver {
    fn len(&self) -> usize {
        self.len
    }
}

impl Named for CoverageObserver {
    fn name(&self) -> &Cow<'static, str> {
        &self.name
    }
}

impl Hash for CoverageObserver {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self[..].hash(hasher);
    }
}

impl AsRef<Self> for CoverageObserver {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl AsMut<Self> for CoverageObserver {
    fn as_mut(&mut self) -> &mut Self {
        self
    }
}

#[cfg(test)]
mod tests;
