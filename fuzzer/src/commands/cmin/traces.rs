//! What each input covered, in little room.
//!
//! A trace is the set of its marks: an edge with the bucket of its hit count, or the
//! edge alone. It is kept as the distances from one mark to the next, about a byte
//! each, in a file without a name; in memory there are a few words a trace, and two
//! words a mark. Inputs that cover the same share a trace.

use crate::engine::classify;
use std::{
    collections::HashMap,
    fs::File,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    os::unix::fs::FileExt,
    path::Path,
};
use tine_controller::CoverageMap;

/// Buckets of an edge.
const BUCKETS: u32 = 8;

/// A trace, as it comes from a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Encoded {
    bytes: Vec<u8>,
    marks: u32,
}

impl Encoded {
    /// Moves a run's counters out of the map, which is clean then.
    pub fn take(map: &CoverageMap, edges_only: bool) -> Self {
        let mut trace = Self::default();
        let mut last = 0;
        map.take_nonzero(|word, counters| {
            let buckets = classify(counters).to_ne_bytes();
            for (offset, bucket) in buckets.into_iter().enumerate() {
                if bucket == 0 {
                    continue;
                }
                let edge = (word * 8 + offset) as u32;
                let mark = if edges_only {
                    edge * BUCKETS
                } else {
                    edge * BUCKETS + bucket.trailing_zeros()
                };
                trace.push(mark - last);
                last = mark;
            }
        });
        trace
    }

    /// Of ascending marks.
    #[cfg(test)]
    pub fn of(marks: &[u32]) -> Self {
        let mut trace = Self::default();
        let mut last = 0;
        for &mark in marks {
            trace.push(mark - last);
            last = mark;
        }
        trace
    }

    /// Whether nothing was covered.
    pub fn is_empty(&self) -> bool {
        self.marks == 0
    }

    fn push(&mut self, mut distance: u32) {
        self.marks += 1;
        while distance >= 0x80 {
            self.bytes.push(distance as u8 | 0x80);
            distance >>= 7;
        }
        self.bytes.push(distance as u8);
    }
}

fn decode(bytes: &[u8], mut each: impl FnMut(u32)) {
    let (mut mark, mut distance, mut shift) = (0, 0, 0);
    for byte in bytes {
        distance |= u32::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            mark += distance;
            each(mark);
            (distance, shift) = (0, 0);
        }
    }
}

/// The edge of a mark, and the bit of its bucket.
pub const fn edge_of(mark: u32) -> (u32, u32) {
    (mark / BUCKETS, mark % BUCKETS)
}

/// What is known of a trace.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// The input that stands for all that cover the same: the first of them.
    pub input: u32,
    /// Microseconds of its run.
    pub micros: u32,
    /// How many marks it has.
    pub marks: u32,
    at: u64,
    len: u32,
}

/// All traces that differ.
#[derive(Debug)]
pub struct Traces {
    file: File,
    end: u64,
    known: Vec<Known>,
    by_hash: HashMap<u64, Vec<u32>>,
    /// In how many traces each mark is.
    holders: Vec<u32>,
    /// The last trace that it is in.
    last_holder: Vec<u32>,
}

impl Traces {
    /// None. The file lies in `folder`.
    ///
    /// # Errors
    /// What the system says.
    pub fn new(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            file: tempfile::tempfile_in(folder)?,
            end: 0,
            known: Vec::new(),
            by_hash: HashMap::new(),
            holders: Vec::new(),
            last_holder: Vec::new(),
        })
    }

    /// Adds what an input covered.
    ///
    /// # Errors
    /// What the system says.
    pub fn add(&mut self, input: u32, micros: u32, trace: &Encoded) -> io::Result<()> {
        let mut hasher = DefaultHasher::new();
        trace.bytes.hash(&mut hasher);
        let hash = hasher.finish();
        let mut buffer = Vec::new();
        for &other in self.by_hash.get(&hash).into_iter().flatten() {
            self.load(other, &mut buffer)?;
            if buffer == trace.bytes {
                let known = &mut self.known[other as usize];
                if input < known.input {
                    known.input = input;
                    known.micros = micros;
                }
                return Ok(());
            }
        }
        let number = self.known.len() as u32;
        self.file.write_all_at(&trace.bytes, self.end)?;
        self.known.push(Known {
            input,
            micros,
            marks: trace.marks,
            at: self.end,
            len: trace.bytes.len() as u32,
        });
        self.end += trace.bytes.len() as u64;
        self.by_hash.entry(hash).or_default().push(number);
        let (holders, last_holder) = (&mut self.holders, &mut self.last_holder);
        decode(&trace.bytes, |mark| {
            let mark = mark as usize;
            if mark >= holders.len() {
                holders.resize(mark + 1, 0);
                last_holder.resize(mark + 1, 0);
            }
            holders[mark] += 1;
            last_holder[mark] = number;
        });
        Ok(())
    }

    /// All traces.
    pub fn known(&self) -> &[Known] {
        &self.known
    }

    /// Of each mark, in how many traces it is; 0 where it is in none.
    pub fn holders(&self) -> &[u32] {
        &self.holders
    }

    /// The only trace with this mark, if there is only one.
    pub fn only_holder(&self, mark: usize) -> Option<u32> {
        (self.holders[mark] == 1).then(|| self.last_holder[mark])
    }

    /// How many edges, and how many marks, all traces together have.
    pub fn totals(&self) -> (u64, u64) {
        let (mut edges, mut marks) = (0, 0);
        for edge in self.holders.chunks(BUCKETS as usize) {
            let taken = edge.iter().filter(|holders| **holders > 0).count() as u64;
            marks += taken;
            edges += u64::from(taken > 0);
        }
        (edges, marks)
    }

    /// Hands out the marks of a trace, in ascending order. `buffer` is for reading.
    ///
    /// # Errors
    /// What the system says.
    pub fn each(&self, trace: u32, buffer: &mut Vec<u8>, each: impl FnMut(u32)) -> io::Result<()> {
        self.load(trace, buffer)?;
        decode(buffer, each);
        Ok(())
    }

    fn load(&self, trace: u32, buffer: &mut Vec<u8>) -> io::Result<()> {
        let known = self.known[trace as usize];
        buffer.resize(known.len as usize, 0);
        self.file.read_exact_at(buffer, known.at)
    }
}

#[cfg(test)]
mod tests {
    use super::{Encoded, Traces};

    #[test]
    fn marks_come_back_as_they_went_in() {
        let folder = tempfile::tempdir().unwrap();
        let mut traces = Traces::new(folder.path()).unwrap();
        let sets: [&[u32]; 4] = [
            &[0],
            &[1, 2, 130, 131, 100_000, 33_554_431],
            &[7, 127, 128, 255, 256, 16_383, 16_384],
            &[],
        ];
        for (input, set) in sets.iter().enumerate() {
            traces.add(input as u32, 5, &Encoded::of(set)).unwrap();
        }
        let mut buffer = Vec::new();
        for (trace, set) in sets.iter().enumerate() {
            let mut marks = Vec::new();
            let each = traces.each(trace as u32, &mut buffer, |mark| marks.push(mark));
            each.unwrap();
            assert_eq!(&marks, set);
            assert_eq!(traces.known()[trace].marks as usize, set.len());
        }
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            0,
            "the file has no name"
        );
    }

    #[test]
    fn the_same_trace_is_kept_once_for_the_first_input() {
        let folder = tempfile::tempdir().unwrap();
        let mut traces = Traces::new(folder.path()).unwrap();
        for (input, micros) in [(5, 50), (2, 20), (9, 90)] {
            traces
                .add(input, micros, &Encoded::of(&[3, 9, 17]))
                .unwrap();
        }
        traces.add(1, 10, &Encoded::of(&[3])).unwrap();
        let known: Vec<_> = traces.known().iter().map(|k| (k.input, k.micros)).collect();
        assert_eq!(known, [(2, 20), (1, 10)]);
        assert_eq!((traces.holders()[3], traces.holders()[9]), (2, 1));
        assert_eq!(
            (traces.only_holder(3), traces.only_holder(17)),
            (None, Some(0))
        );
        assert_eq!(traces.totals(), (3, 3));
    }
}
