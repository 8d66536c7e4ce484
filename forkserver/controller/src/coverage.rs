//! The coverage map as the controller sees it.

use tine_ipc::shm::{Segment, Words};

/// The shared counters, one `u8` an edge. Children write them while they run,
/// so they are read word by word and never borrowed as a slice.
#[derive(Debug)]
pub struct CoverageMap {
    segment: Segment,
    len: usize,
    /// Bytes that may be other than 0.
    used: usize,
}

impl CoverageMap {
    /// An empty map; its size is not known yet, and the kernel gives zeros.
    pub(crate) fn new(segment: Segment) -> Self {
        Self {
            segment,
            len: 0,
            used: 0,
        }
    }

    pub(crate) fn segment_id(&self) -> i32 {
        self.segment.id()
    }

    /// Size of the segment in bytes; the map may use less.
    pub(crate) fn capacity(&self) -> usize {
        self.segment.size()
    }

    /// The first `len` bytes are the map.
    pub(crate) fn set_len(&mut self, len: usize) {
        self.len = len.min(self.segment.size());
        self.used = self.len;
    }

    /// Only the first `used` bytes may be other than 0: the rest is not looked at.
    pub(crate) fn set_used(&mut self, used: usize) {
        self.used = used.min(self.len);
    }

    /// Size in bytes; where the target has counters, each byte is one.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Returns whether there are no counters.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Number of 8-byte words that the map fills.
    #[must_use]
    pub const fn words(&self) -> usize {
        self.len.div_ceil(8)
    }

    /// Eight counters in native byte order: counter `8 * word + i` is byte `i`.
    ///
    /// # Panics
    /// If `word` is not less than [`Self::words`].
    #[must_use]
    #[inline]
    pub fn load(&self, word: usize) -> u64 {
        self.view().load(word)
    }

    /// Overwrites eight counters.
    ///
    /// # Panics
    /// If `word` is not less than [`Self::words`].
    #[inline]
    pub fn store(&self, word: usize, value: u64) {
        self.view().store(word, value);
    }

    /// Zeroes all counters.
    pub fn clear(&self) {
        self.used().clear();
    }

    /// One pass over the map: hands out each word that is not zero with its
    /// index, and zeroes it, so that the map is clean for the next run.
    #[inline]
    pub fn take_nonzero(&self, found: impl FnMut(usize, u64)) {
        self.used().take_nonzero(found);
    }

    /// Copies the counters to `out`, as many as fit.
    pub fn copy_to(&self, out: &mut [u8]) {
        let count = out.len().min(self.len);
        self.segment.read(0, &mut out[..count]);
    }

    #[inline]
    fn view(&self) -> Words<'_> {
        self.segment.words(self.words())
    }

    #[inline]
    fn used(&self) -> Words<'_> {
        self.segment.words(self.used.div_ceil(8))
    }
}
