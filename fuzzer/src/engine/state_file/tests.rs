use super::*;
use crate::engine::coverage::{Trace, VirginMap};

const IDENTITY: Identity = Identity {
    binary: 1 << 100,
    arguments: 5,
    map_size: 128,
};

fn saved() -> Saved<'static> {
    let run = Trace::of_words(&[(0, 3), (9, 0x0100_0000_0000_0002)]);
    let mut virgin = VirginMap::new(16);
    virgin.learn(&run);
    virgin.ignore(3, 0b11);
    let mut crashes = FaultMap::default();
    crashes.learn(&run);
    let entry = Entry {
        number: 7,
        len: 30,
        exec_us: 900,
        fuzzed: 4,
        footprint: run.footprint(),
        ..Entry::default()
    };
    Saved {
        identity: IDENTITY,
        maps: Maps {
            virgin: Cow::Owned(virgin),
            crashes: Cow::Owned(crashes),
            timeouts: Cow::default(),
            variable: Cow::default(),
        },
        counters: Counters::default(),
        next: NextNumbers::default(),
        cycles_without_finds: 3,
        counts_traces: true,
        entries: vec![SavedEntry {
            name: xxh3_64(b"id:000007"),
            common: 2,
            entry: Cow::Owned(entry),
        }],
    }
}

fn file() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &saved()).unwrap();
    fs::read(folder.path().join(STATE_FILE)).unwrap()
}

#[test]
fn what_is_written_is_read() {
    let read = parse(&file()).unwrap();
    let saved = saved();
    assert_eq!(read.maps.virgin, saved.maps.virgin);
    assert_eq!(read.maps.crashes, saved.maps.crashes);
    assert_eq!(read.cycles_without_finds, 3);
    let mut known = Known {
        entries: read.entries.into_iter().map(|it| (it.name, it)).collect(),
        ..Known::default()
    };
    assert!(known.take("id:000007", 31).is_none(), "another length");
    assert!(known.take("id:000008", 30).is_none(), "another name");
    let entry = known.take("id:000007", 30).unwrap();
    assert_eq!((entry.common, entry.entry.exec_us), (2, 900));
    assert_eq!(entry.entry.footprint, saved.entries[0].entry.footprint);
}

#[test]
fn a_file_that_was_touched_is_not_believed() {
    let whole = file();
    for len in 0..whole.len() {
        assert!(
            matches!(parse(&whole[..len]), Err(Unusable::Damaged)),
            "the first {len} bytes"
        );
    }
    for at in 0..whole.len() {
        for bit in [1, 0x80] {
            let mut bytes = whole.clone();
            bytes[at] ^= bit;
            assert!(parse(&bytes).is_err(), "bit {bit} of byte {at}");
        }
    }
    let longer = [&whole[..], b"x"].concat();
    assert!(matches!(parse(&longer), Err(Unusable::Damaged)));
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(STATE_FILE);
    let reason = |identity: &Identity| read(&path, identity).unwrap_err().to_string();
    assert!(matches!(read(&path, &IDENTITY), Err(Unusable::Missing)));
    let whole = file();
    let mut newer = whole.clone();
    newer[8] = 99;
    let mut other = whole.clone();
    other[12] ^= 1;
    for (content, says) in [
        (&b"#!/bin/sh"[..], "not a state file of tine"),
        (b"", "damaged"),
        (&newer, "another version of tine"),
        (&other, "another version of tine"),
    ] {
        fs::write(&path, content).unwrap();
        let reason = reason(&IDENTITY);
        assert!(reason.contains(says), "{reason}");
    }
    fs::write(&path, whole).unwrap();
    read(&path, &IDENTITY).unwrap();
    for (identity, says) in [
        (
            Identity {
                binary: 2,
                ..IDENTITY
            },
            "the target's file has changed",
        ),
        (
            Identity {
                arguments: 2,
                ..IDENTITY
            },
            "other arguments",
        ),
        (
            Identity {
                map_size: 64,
                ..IDENTITY
            },
            "another size",
        ),
    ] {
        let reason = reason(&identity);
        assert!(reason.contains(says), "{reason}");
    }
}

#[test]
fn a_testcase_beyond_the_map_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let mut saved = saved();
    let entry = saved.entries[0].entry.to_mut();
    entry.footprint = Trace::of_words(&[(16, 1)]).footprint();
    write(folder.path(), &saved).unwrap();
    let read = read(&folder.path().join(STATE_FILE), &IDENTITY);
    assert!(matches!(read, Err(Unusable::Damaged)));
}
