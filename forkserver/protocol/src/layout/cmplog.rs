//! The compare-log segment: what the comparisons of a run had for operands.
//!
//! The children write it, the controller reads it and clears the headers before
//! a run. It is AFL++'s `struct cmp_map`, of which two layouts are in use
//! ([`Layout`]); either side knows which one by the segment's size alone.
//!
//! ```text
//! headers   SITES x header_size      one for each place in the program that compares
//! entries   SITES x site_size        the operands of its last comparisons, as a ring
//! ```
//!
//! A site is a hash of the address behind the call that logs: two places may
//! share one. What a site logs is either instructions (two integers) or routines
//! (two buffers), whichever came last.

/// Number of sites, whatever the layout.
pub const SITES: usize = 65_536;

/// Number of instruction entries that a site keeps, whatever the layout.
pub const INSTRUCTION_ENTRIES: usize = 32;

/// The longest operand of a routine that any layout holds, in bytes.
pub const MAX_ROUTINE_BYTES: usize = 32;

/// Room for an entry of any layout, in bytes.
pub const MAX_ENTRY_SIZE: usize = 72;

/// Bits of [`Header::attribute`], as AFL++'s passes set them. None is set where
/// the compiler does not tell the predicate.
pub mod attribute {
    /// The comparison asks for equality.
    pub const EQUAL: u8 = 1;
    /// The comparison asks for greater.
    pub const GREATER: u8 = 2;
    /// The comparison asks for less.
    pub const LESSER: u8 = 4;
    /// The operands are floating-point numbers, as bits.
    pub const FLOATING_POINT: u8 = 8;
}

/// Which of AFL++'s two layouts a segment has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// That of AFL++ 4.04c, which speaks the options dialect: headers of 64
    /// bits, entries of 32 and 64 bytes.
    Options,
    /// That of AFL++ 4.40c, which speaks v1: headers of 16 bits, entries of 72
    /// bytes.
    V1,
}

impl Layout {
    /// The layout of a segment of `size` bytes, or `None` if it is neither.
    #[must_use]
    pub const fn of_segment(size: usize) -> Option<Self> {
        if size == Self::Options.segment_size() {
            Some(Self::Options)
        } else if size == Self::V1.segment_size() {
            Some(Self::V1)
        } else {
            None
        }
    }

    /// Size of the segment, in bytes.
    #[must_use]
    pub const fn segment_size(self) -> usize {
        SITES * (self.header_size() + self.site_size())
    }

    /// Size of a header, in bytes. It is one little-endian word.
    #[must_use]
    pub const fn header_size(self) -> usize {
        match self {
            Self::Options => 8,
            Self::V1 => 2,
        }
    }

    /// Size of all headers, which lie at the beginning, in bytes: what has to be
    /// cleared before a run.
    #[must_use]
    pub const fn headers_size(self) -> usize {
        SITES * self.header_size()
    }

    /// Size of the entries of one site, in bytes.
    #[must_use]
    pub const fn site_size(self) -> usize {
        INSTRUCTION_ENTRIES * self.entry_size(Kind::Instruction)
    }

    /// Size of one entry, in bytes.
    #[must_use]
    pub const fn entry_size(self, kind: Kind) -> usize {
        match (self, kind) {
            (Self::Options, Kind::Instruction) => 32,
            (Self::Options, Kind::Routine) => 64,
            (Self::V1, _) => 72,
        }
    }

    /// Number of entries that a site keeps. Later ones replace the oldest.
    #[must_use]
    pub const fn entries(self, kind: Kind) -> usize {
        match (self, kind) {
            (_, Kind::Instruction) => INSTRUCTION_ENTRIES,
            (Self::Options, Kind::Routine) => 8,
            (Self::V1, Kind::Routine) => 16,
        }
    }

    /// The longest operand of a routine, in bytes.
    #[must_use]
    pub const fn routine_bytes(self) -> usize {
        match self {
            Self::Options => 31,
            Self::V1 => 32,
        }
    }

    /// The largest count of hits that a header holds.
    #[must_use]
    pub const fn max_hits(self) -> u32 {
        match self {
            Self::Options => (1 << 24) - 1,
            Self::V1 => (1 << 6) - 1,
        }
    }

    /// Offset in the segment of the header of `site`, in bytes.
    #[must_use]
    pub const fn header_offset(self, site: u16) -> usize {
        site as usize * self.header_size()
    }

    /// Offset in the segment of an entry of `site`, in bytes. `hit` is the count
    /// of hits before this one: the ring starts anew behind the last entry.
    #[must_use]
    pub const fn entry_offset(self, site: u16, kind: Kind, hit: u32) -> usize {
        self.headers_size()
            + site as usize * self.site_size()
            + (hit as usize % self.entries(kind)) * self.entry_size(kind)
    }

    /// The header as a word, whose low [`Layout::header_size`] bytes lie in the
    /// segment. Hits beyond [`Layout::max_hits`] wrap, as AFL++'s do.
    #[must_use]
    pub const fn encode_header(self, header: Header) -> u64 {
        let hits = (header.hits & self.max_hits()) as u64;
        let shape = (header.bytes.saturating_sub(1) & 0x1f) as u64;
        let attribute = (header.attribute & 0xf) as u64;
        match (self, header.kind) {
            (Self::Options, Kind::Instruction) => hits | shape << 48 | 1 << 53 | attribute << 55,
            (Self::Options, Kind::Routine) => hits | shape << 48 | 2 << 53 | attribute << 55,
            (Self::V1, Kind::Instruction) => hits | shape << 6 | attribute << 12,
            (Self::V1, Kind::Routine) => hits | shape << 6 | 1 << 11 | attribute << 12,
        }
    }

    /// The header in `word`, or `None` if its site logged nothing.
    #[must_use]
    pub const fn decode_header(self, word: u64) -> Option<Header> {
        let hits = word as u32 & self.max_hits();
        if hits == 0 {
            return None;
        }
        let (shape, routine, attribute) = match self {
            Self::Options => (word >> 48, word >> 53 & 3 == 2, word >> 55),
            Self::V1 => (word >> 6, word >> 11 & 1 == 1, word >> 12),
        };
        Some(Header {
            hits,
            kind: if routine {
                Kind::Routine
            } else {
                Kind::Instruction
            },
            bytes: (shape & 0x1f) as u8 + 1,
            attribute: (attribute & 0xf) as u8,
        })
    }
}

/// Kind of the comparisons that a site logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Comparisons of two integers ([`Operands`]).
    Instruction,
    /// Calls that compare two buffers ([`Routine`]).
    Routine,
}

/// The header of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Number of times that the site was reached. A v1 header has six bits for it: AFL++'s
    /// runtime wraps to 0, after which the site looks as if it had logged
    /// nothing; tine's goes on with 32 behind 63, so that the ring stays full.
    pub hits: u32,
    /// Kind of the entries.
    pub kind: Kind,
    /// The longest operand, in bytes: 1 to 32.
    pub bytes: u8,
    /// Bits of [`attribute`].
    pub attribute: u8,
}

impl Header {
    /// Number of entries of the site that are written.
    #[must_use]
    pub const fn logged(&self, layout: Layout) -> usize {
        let entries = layout.entries(self.kind);
        if (self.hits as usize) < entries {
            self.hits as usize
        } else {
            entries
        }
    }
}

/// The two operands of an instruction. Bytes beyond [`Header::bytes`] mean
/// nothing: what an earlier run left there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operands {
    /// The first operand; with the callbacks for constants, the constant.
    pub v0: u128,
    /// The second operand.
    pub v1: u128,
}

impl Operands {
    /// Offsets in an entry of the low and the high eight bytes of the first and
    /// of the second operand: `[v0, v0 high, v1, v1 high]`.
    #[must_use]
    pub const fn offsets(layout: Layout) -> [usize; 4] {
        match layout {
            Layout::Options => [0, 16, 8, 24],
            Layout::V1 => [0, 8, 32, 40],
        }
    }

    /// Writes the operands to `entry`. Too short an entry is left as it is.
    pub fn encode(&self, layout: Layout, entry: &mut [u8]) {
        if entry.len() < layout.entry_size(Kind::Instruction) {
            return;
        }
        let words = [
            self.v0 as u64,
            (self.v0 >> 64) as u64,
            self.v1 as u64,
            (self.v1 >> 64) as u64,
        ];
        for (offset, word) in Self::offsets(layout).into_iter().zip(words) {
            entry[offset..offset + 8].copy_from_slice(&word.to_le_bytes());
        }
    }

    /// The operands of `entry`, cut to the `bytes` of its header, or `None` if the
    /// entry is too short.
    #[must_use]
    pub fn decode(layout: Layout, entry: &[u8], bytes: u8) -> Option<Self> {
        if entry.len() < layout.entry_size(Kind::Instruction) {
            return None;
        }
        let [v0, v0_high, v1, v1_high] = Self::offsets(layout).map(|offset| {
            let mut word = [0; 8];
            word.copy_from_slice(&entry[offset..offset + 8]);
            u128::from(u64::from_le_bytes(word))
        });
        let mask = if bytes >= 16 {
            u128::MAX
        } else {
            (1 << (u32::from(bytes) * 8)) - 1
        };
        Some(Self {
            v0: (v0 | v0_high << 64) & mask,
            v1: (v1 | v1_high << 64) & mask,
        })
    }
}

/// The two operands of a routine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Routine {
    /// The first operand of the call.
    pub v0: Buffer,
    /// The second operand of the call.
    pub v1: Buffer,
}

impl Routine {
    /// Offset in an entry of the operands' bytes, of their lengths, and, where the
    /// layout has one, of the byte that says where they lie in memory.
    #[must_use]
    pub const fn offsets(layout: Layout) -> RoutineOffsets {
        match layout {
            Layout::Options => RoutineOffsets {
                bytes: [0, 32],
                length: [31, 63],
                place: None,
            },
            Layout::V1 => RoutineOffsets {
                bytes: [0, 32],
                length: [64, 65],
                place: Some(66),
            },
        }
    }

    /// Writes the operands to `entry`, cut to what the layout holds. Too short an
    /// entry is left as it is.
    pub fn encode(&self, layout: Layout, entry: &mut [u8]) {
        if entry.len() < layout.entry_size(Kind::Routine) {
            return;
        }
        let offsets = Self::offsets(layout);
        for (index, buffer) in [&self.v0, &self.v1].into_iter().enumerate() {
            let length = usize::from(buffer.length).min(layout.routine_bytes());
            let start = offsets.bytes[index];
            entry[start..start + length].copy_from_slice(&buffer.bytes[..length]);
            entry[offsets.length[index]] = length as u8 | if buffer.text { TEXT } else { 0 };
        }
        if let Some(place) = offsets.place {
            entry[place] = self.v0.place.to_bits() | self.v1.place.to_bits() << 2;
        }
    }

    /// The operands of `entry`, or `None` if the entry is too short. A length that
    /// is 0 or too large is taken for `bytes`, the one of the header.
    #[must_use]
    pub fn decode(layout: Layout, entry: &[u8], bytes: u8) -> Option<Self> {
        if entry.len() < layout.entry_size(Kind::Routine) {
            return None;
        }
        let offsets = Self::offsets(layout);
        let places = offsets.place.map_or(0, |place| entry[place]);
        let buffer = |index: usize| {
            let said = entry[offsets.length[index]];
            let most = layout.routine_bytes();
            let length = match usize::from(said & !TEXT) {
                length if length > 0 && length <= most => length,
                _ => usize::from(bytes).min(most),
            };
            let start = offsets.bytes[index];
            let mut copy = [0; MAX_ROUTINE_BYTES];
            copy[..length].copy_from_slice(&entry[start..start + length]);
            Buffer {
                bytes: copy,
                length: length as u8,
                text: said & TEXT != 0,
                place: Place::from_bits(places >> (2 * index)),
            }
        };
        Some(Self {
            v0: buffer(0),
            v1: buffer(1),
        })
    }
}

/// Where the parts of a routine's entry lie, in bytes from its beginning; arrays
/// are `[v0, v1]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoutineOffsets {
    /// The operands' bytes.
    pub bytes: [usize; 2],
    /// The operands' lengths, one byte each. The highest bit tells a string.
    pub length: [usize; 2],
    /// The operands' [`Place`]s, two bits each.
    pub place: Option<usize>,
}

/// Marks in a length that the routine compares strings, which end at a NUL. The
/// NUL is part of the operand if it fits.
pub const TEXT: u8 = 0x80;

/// The beginning of what one pointer of a routine points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buffer {
    /// The bytes; 0 behind `length`.
    pub bytes: [u8; MAX_ROUTINE_BYTES],
    /// Number of them that were read.
    pub length: u8,
    /// Set if the routine compares strings.
    pub text: bool,
    /// Where the operand lies.
    pub place: Place,
}

impl Buffer {
    /// The bytes that were read.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length).min(MAX_ROUTINE_BYTES)]
    }
}

/// Where in the program an operand of a routine lies. A constant of the program
/// is in read-only data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Place {
    /// On the heap or the stack, or not known.
    #[default]
    Unknown,
    /// In read-only data of the program or of a library.
    ReadOnly,
    /// In writable data of the program or of a library.
    Writable,
}

impl Place {
    /// The two bits in the segment.
    #[must_use]
    pub const fn to_bits(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::ReadOnly => 1,
            Self::Writable => 2,
        }
    }

    /// The place of the low two bits.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        match bits & 3 {
            1 => Self::ReadOnly,
            2 => Self::Writable,
            _ => Self::Unknown,
        }
    }
}

const _: () = {
    assert!(Layout::Options.segment_size() == 67_633_152);
    assert!(Layout::V1.segment_size() == 151_126_016);
    assert!(Layout::Options.headers_size() == 0x8_0000);
    assert!(Layout::V1.headers_size() == 0x2_0000);
    assert!(Layout::Options.site_size() == 0x400);
    assert!(Layout::V1.site_size() == 32 * 72);
    assert!(
        Layout::Options.entries(Kind::Routine) * Layout::Options.entry_size(Kind::Routine) <= 0x400
    );
    assert!(Layout::Options.entry_offset(1, Kind::Instruction, 1) == 0x8_0000 + 0x400 + 32);
    assert!(Layout::V1.entry_offset(1, Kind::Routine, 17) == 0x2_0000 + 32 * 72 + 72);
    assert!(Layout::V1.entry_size(Kind::Routine) <= MAX_ENTRY_SIZE);
    assert!(Layout::V1.routine_bytes() <= MAX_ROUTINE_BYTES);
};

#[cfg(test)]
mod tests;
