//! The compare log as the controller sees it.

use crate::{Dialect, StartError};
use tine_ipc::shm::Segment;
use tine_protocol::{
    env,
    layout::cmplog::{Header, Kind, Layout, MAX_ENTRY_SIZE, Operands, Routine},
};

/// The segment that a child writes its comparisons to. It is as large as the larger of
/// the two layouts; pages that no child touches cost nothing.
#[derive(Debug)]
pub struct CompareLog {
    segment: Segment,
    layout: Layout,
    /// The layout is known; otherwise the first log that is not empty shows it.
    settled: bool,
}

/// A place in the program, and what it compared.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    /// Which one: a hash of where in the program it is.
    pub number: u16,
    /// Kind and number of its comparisons.
    pub header: Header,
    log: &'a CompareLog,
}

impl CompareLog {
    pub(crate) fn create() -> Result<Self, StartError> {
        let size = Layout::V1.segment_size();
        let segment =
            Segment::create(size).map_err(|source| StartError::Segment { size, source })?;
        segment.keep_from_children();
        Ok(Self {
            segment,
            layout: Layout::V1,
            settled: false,
        })
    }

    pub(crate) const fn size(&self) -> usize {
        self.segment.size()
    }

    /// The environment variable that names it to the runtime.
    pub(crate) fn variable(&self) -> (&'static str, String) {
        (env::name(env::CMPLOG_SHM_ID), self.segment.id().to_string())
    }

    /// A runtime that speaks v1 writes the layout of v1. An older one writes the older
    /// layout, unless it is one of the last of them.
    pub(crate) fn expect(&mut self, dialect: Dialect) {
        self.settled = dialect == Dialect::V1;
        self.layout = if self.settled {
            Layout::V1
        } else {
            Layout::Options
        };
    }

    /// Empties the log for the next run.
    pub fn clear(&mut self) {
        self.segment.words(self.layout.headers_size() / 8).clear();
    }

    /// Hands out each site that logged something, in the order of their numbers, and
    /// empties the log.
    pub fn take(&mut self, mut found: impl FnMut(Site<'_>)) {
        if !self.settled {
            self.settle();
        }
        let log = &*self;
        let per_word = 8 / log.layout.header_size();
        let bits = 8 * log.layout.header_size() as u32;
        let headers = log.segment.words(log.layout.headers_size() / 8);
        headers.take_nonzero(|index, word| {
            for part in 0..per_word {
                let header = word.checked_shr(part as u32 * bits).unwrap_or_default();
                if let Some(header) = log.layout.decode_header(header) {
                    found(Site {
                        number: (index * per_word + part) as u16,
                        header,
                        log,
                    });
                }
            }
        });
    }

    /// Headers of the older layout have a kind that is not 0 and hits; what lies there
    /// in a log of the newer one does not look like that throughout.
    fn settle(&mut self) {
        const KIND_AND_RESERVED: u64 = 0xf060_0000_0000_0000;
        const RESERVED: u64 = 0xf000_0000_0000_0000;
        const HITS: u64 = 0xff_ffff;
        let headers = self.segment.words(Layout::Options.headers_size() / 8);
        let (mut any, mut all_fit) = (false, true);
        for word in (0..headers.len()).map(|index| headers.load(index)) {
            if word == 0 {
                continue;
            }
            any = true;
            let kind = (word & KIND_AND_RESERVED & !RESERVED) >> 53;
            all_fit &= word & RESERVED == 0 && matches!(kind, 1 | 2) && word & HITS != 0;
        }
        self.settled = any;
        if any && !all_fit {
            self.layout = Layout::V1;
        }
    }
}

impl Site<'_> {
    /// Number of comparisons that are kept of it.
    #[must_use]
    pub const fn logged(&self) -> usize {
        self.header.logged(self.log.layout)
    }

    /// The operands of a comparison of integers, if it is one.
    #[must_use]
    pub fn operands(&self, index: usize) -> Option<Operands> {
        let entry = self.entry(Kind::Instruction, index)?;
        Operands::decode(self.log.layout, &entry, self.header.bytes)
    }

    /// The operands of a comparison of buffers, if it is one.
    #[must_use]
    pub fn routine(&self, index: usize) -> Option<Routine> {
        let entry = self.entry(Kind::Routine, index)?;
        Routine::decode(self.log.layout, &entry, self.header.bytes)
    }

    /// The longest operand of a routine that is kept whole, in bytes.
    #[must_use]
    pub const fn routine_bytes(&self) -> usize {
        self.log.layout.routine_bytes()
    }

    fn entry(&self, kind: Kind, index: usize) -> Option<[u8; MAX_ENTRY_SIZE]> {
        if self.header.kind != kind || index >= self.logged() {
            return None;
        }
        let mut entry = [0; MAX_ENTRY_SIZE];
        let offset = self
            .log
            .layout
            .entry_offset(self.number, kind, index as u32);
        let size = self.log.layout.entry_size(kind);
        self.log.segment.read(offset, &mut entry[..size]);
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::{CompareLog, Header, Kind, Layout, MAX_ENTRY_SIZE, Operands};
    use crate::Dialect;

    /// Writes a header and the operands of one comparison as a runtime does.
    fn log(log: &CompareLog, layout: Layout, site: u16, v0: u128, v1: u128) {
        let header = layout.encode_header(Header {
            hits: 1,
            kind: Kind::Instruction,
            bytes: 4,
            attribute: 1,
        });
        let bytes = header.to_le_bytes();
        log.segment
            .write(layout.header_offset(site), &bytes[..layout.header_size()]);
        let mut entry = [0; MAX_ENTRY_SIZE];
        Operands { v0, v1 }.encode(layout, &mut entry);
        let offset = layout.entry_offset(site, Kind::Instruction, 0);
        let size = layout.entry_size(Kind::Instruction);
        log.segment.write(offset, &entry[..size]);
    }

    #[test]
    fn the_layout_is_known_by_the_dialect_or_seen_in_the_first_log() {
        let sites = [(3, 7, 8), (4, 9, 10), (40_000, 1, 2), (65_535, 5, 6)];
        for (dialect, written) in [
            (Dialect::V1, Layout::V1),
            (Dialect::Options, Layout::Options),
            (Dialect::Options, Layout::V1),
        ] {
            let mut compare_log = CompareLog::create().unwrap();
            compare_log.expect(dialect);
            compare_log.take(|site| panic!("{site:?} in an empty log"));
            for (site, v0, v1) in sites {
                log(&compare_log, written, site, v0, v1);
            }
            let mut found = Vec::new();
            compare_log.take(|site| {
                let operands = site.operands(0).expect("an instruction");
                assert!(site.routine(0).is_none() && site.operands(1).is_none());
                found.push((site.number, operands.v0, operands.v1));
            });
            assert_eq!(found, sites, "{dialect:?} {written:?}");
            compare_log.take(|site| panic!("{site:?} was not cleared"));
        }
    }
}
