//! Words and bytes as AFL++'s runtimes write them.

use super::*;

/// Layout, word in the segment, what it says: worked out from the bit fields of
/// AFL++'s headers and from the instructions of its runtimes.
const HEADERS: &[(Layout, u64, Header)] = &[
    (
        Layout::Options,
        0x00a3_0000_0000_0001,
        Header {
            hits: 1,
            kind: Kind::Instruction,
            bytes: 4,
            attribute: attribute::EQUAL,
        },
    ),
    (
        Layout::Options,
        0x005e_0000_0000_0009,
        Header {
            hits: 9,
            kind: Kind::Routine,
            bytes: 31,
            attribute: 0,
        },
    ),
    (
        Layout::V1,
        0x10c1,
        Header {
            hits: 1,
            kind: Kind::Instruction,
            bytes: 4,
            attribute: attribute::EQUAL,
        },
    ),
    (
        Layout::V1,
        0x0fff,
        Header {
            hits: 63,
            kind: Kind::Routine,
            bytes: 32,
            attribute: 0,
        },
    ),
];

#[test]
fn headers_are_read_and_written_as_afl_plus_plus_does() {
    for &(layout, word, header) in HEADERS {
        assert_eq!(
            layout.decode_header(word),
            Some(header),
            "{layout:?} {word:#x}"
        );
        assert_eq!(layout.encode_header(header), word, "{layout:?} {header:?}");
    }
}

#[test]
fn a_header_without_hits_says_nothing() {
    for layout in [Layout::Options, Layout::V1] {
        assert_eq!(layout.decode_header(0), None);
        assert_eq!(layout.decode_header(!u64::from(layout.max_hits())), None);
    }
}

#[test]
fn a_ring_that_went_round_is_full() {
    let header = |kind, hits| Header {
        hits,
        kind,
        bytes: 4,
        attribute: 0,
    };
    assert_eq!(header(Kind::Routine, 3).logged(Layout::Options), 3);
    assert_eq!(header(Kind::Routine, 40).logged(Layout::Options), 8);
    assert_eq!(header(Kind::Routine, 40).logged(Layout::V1), 16);
    assert_eq!(header(Kind::Instruction, 63).logged(Layout::V1), 32);
}

#[test]
fn a_layout_is_known_by_its_size() {
    for layout in [Layout::Options, Layout::V1] {
        assert_eq!(Layout::of_segment(layout.segment_size()), Some(layout));
        assert_eq!(Layout::of_segment(layout.segment_size() + 1), None);
    }
    assert_eq!(Layout::of_segment(0), None);
}

#[test]
fn operands_come_back_cut_to_their_width() {
    let operands = Operands {
        v0: u128::MAX - 1,
        v1: 0x0123_4567_89ab_cdef_0011_2233_4455_6677,
    };
    for layout in [Layout::Options, Layout::V1] {
        let mut entry = [0xee; MAX_ENTRY_SIZE];
        operands.encode(layout, &mut entry);
        assert_eq!(Operands::decode(layout, &entry, 16), Some(operands));
        let cut = Operands {
            v0: 0xfffe,
            v1: 0x6677,
        };
        assert_eq!(Operands::decode(layout, &entry, 2), Some(cut));
        assert_eq!(Operands::decode(layout, &entry[..31], 16), None);
    }
}

#[test]
fn routines_come_back() {
    let buffer = |bytes: &[u8], text, place| {
        let mut copy = [0; MAX_ROUTINE_BYTES];
        copy[..bytes.len()].copy_from_slice(bytes);
        Buffer {
            bytes: copy,
            length: bytes.len() as u8,
            text,
            place,
        }
    };
    for layout in [Layout::Options, Layout::V1] {
        let place = if layout == Layout::V1 {
            Place::ReadOnly
        } else {
            Place::Unknown
        };
        let routine = Routine {
            v0: buffer(b"from the input\0", true, Place::Unknown),
            v1: buffer(b"magic\0", true, place),
        };
        let mut entry = [0; MAX_ENTRY_SIZE];
        routine.encode(layout, &mut entry);
        assert_eq!(
            Routine::decode(layout, &entry, 15),
            Some(routine),
            "{layout:?}"
        );
        assert_eq!(entry[Routine::offsets(layout).length[1]], 0x86);
        assert_eq!(Routine::decode(layout, &entry[..63], 15), None);
    }
}

#[test]
fn a_length_that_cannot_be_is_that_of_the_header() {
    for layout in [Layout::Options, Layout::V1] {
        for said in [0, 33, 0x7f, TEXT] {
            let mut entry = [b'x'; MAX_ENTRY_SIZE];
            let [v0, v1] = Routine::offsets(layout).length;
            entry[v0] = said;
            entry[v1] = 4;
            let routine = Routine::decode(layout, &entry, 12).expect("the entry is long enough");
            assert_eq!(routine.v0.as_slice().len(), 12, "{layout:?} {said}");
            assert_eq!(routine.v1.as_slice(), b"xxxx");
        }
    }
}
