//! The controller's half against scripted runtimes: no process, no pipe.

extern crate std;
use super::*;
use crate::hello::{V1, V1_ECHO};
use std::{vec, vec::Vec};

/// Runs the machine against `incoming` words (and dictionaries of the lengths
/// it asks for). Returns what it agreed to and the words that it sent.
fn shake(
    offers_shm_input: bool,
    incoming: &[u32],
) -> (Result<Option<Agreement>, HandshakeError>, Vec<u32>) {
    let mut machine = ControllerHandshake::new(offers_shm_input);
    let mut incoming = incoming.iter();
    let mut sent = Vec::new();
    loop {
        let step = match machine.action() {
            Action::Done(agreement) => return (Ok(Some(agreement)), sent),
            Action::Receive => match incoming.next() {
                Some(word) => machine.received(*word),
                None => return (Ok(None), sent),
            },
            Action::Send(word) => {
                sent.push(word);
                machine.sent()
            }
            Action::Drain(_) => machine.drained(),
        };
        if let Err(error) = step {
            return (Err(error), sent);
        }
    }
}

fn agreement(dialect: Dialect, map_size: Option<u32>, shm_input: bool) -> Agreement {
    Agreement {
        dialect,
        map_size,
        shm_input,
        control_page: false,
    }
}

#[test]
fn each_dialect_is_found_out_by_its_hello() {
    let v1 = |map, shm| Ok(Some(agreement(Dialect::V1, Some(map), shm)));
    let options = |map, shm| Ok(Some(agreement(Dialect::Options, map, shm)));
    let classic = Ok(Some(agreement(Dialect::Classic, None, false)));
    let echo = vec![V1_ECHO];
    let cases = [
        // What the runtime sends, whether we offer shared-memory input, what
        // comes of it, what we send.
        (vec![0], true, classic, vec![]),
        (vec![0x1234_5678], true, classic, vec![]),
        (vec![V1, 1, 1000, V1], true, v1(1000, false), echo.clone()),
        (vec![V1, 3, 1000, V1], true, v1(1000, true), echo.clone()),
        (vec![V1, 3, 1000, V1], false, v1(1000, false), echo.clone()),
        // Unknown option bits carry no parameter.
        (
            vec![V1, 0x0010_0001, 64, V1],
            true,
            v1(64, false),
            echo.clone(),
        ),
        // A dictionary of 5 bytes.
        (
            vec![V1, 0x801, 64, 5, V1],
            true,
            v1(64, false),
            echo.clone(),
        ),
        (vec![0x8000_0001], true, options(None, false), vec![]),
        (
            vec![0xc000_0001 | 999 << 1],
            true,
            options(Some(1000), false),
            vec![],
        ),
        (
            vec![0xc100_0001 | 999 << 1],
            true,
            options(Some(1000), true),
            vec![0x8100_0001],
        ),
        // We offer none, so nothing is said: the runtime waits for no word that
        // it would take for ours.
        (
            vec![0xc100_0001 | 999 << 1],
            false,
            options(Some(1000), false),
            vec![],
        ),
        (
            vec![0xd100_0001 | 999 << 1, 7],
            true,
            options(Some(1000), true),
            vec![0x9100_0001],
        ),
        // The four bits that early AFL++ set without meaning them.
        (
            vec![0xcf00_0001 | 999 << 1],
            true,
            options(Some(1000), false),
            vec![],
        ),
    ];
    for (incoming, offers, expected, words) in cases {
        assert_eq!(shake(offers, &incoming), (expected, words), "{incoming:x?}");
    }
}

#[test]
fn what_may_not_stand_there_is_an_error_of_its_own() {
    let cases = [
        (
            vec![0xeffe_0008],
            HandshakeError::Target(TargetError::ShmAttach),
        ),
        (
            vec![0xf800_018f],
            HandshakeError::Target(TargetError::MapSize),
        ),
        (vec![0x4146_4c02], HandshakeError::UnknownVersion(2)),
        (
            vec![V1, 0xeffe_0001],
            HandshakeError::Target(TargetError::MapSize),
        ),
        (vec![V1, 2], HandshakeError::NoMapSize(2)),
        (vec![V1, 1, 0], HandshakeError::MapSize(0)),
        (
            vec![V1, 1, 0xffff_ffff],
            HandshakeError::MapSize(0xffff_ffff),
        ),
        (vec![V1, 0x801, 64, 1], HandshakeError::AutodictLength(1)),
        (
            vec![V1, 0x801, 64, 0x0100_0000],
            HandshakeError::AutodictLength(0x0100_0000),
        ),
        (
            vec![V1, 1, 64, 0xeffe_7401],
            HandshakeError::Target(TargetError::CountersNotAlone),
        ),
        (vec![V1, 1, 64, 7], HandshakeError::NotDone(7)),
    ];
    for (incoming, expected) in cases {
        assert_eq!(shake(true, &incoming).0, Err(expected), "{incoming:x?}");
    }
}

#[test]
fn every_truncation_waits_and_agrees_to_nothing() {
    for whole in [&[V1, 0x803, 4096, 9, V1][..], &[0xd100_0001, 7][..]] {
        for length in 0..whole.len() {
            assert_eq!(
                shake(true, &whole[..length]).0,
                Ok(None),
                "{length} of {whole:x?}"
            );
        }
    }
}

#[test]
fn a_million_random_streams_end_in_an_error_or_an_agreement() {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 16) as u32
    };
    let known = [
        V1,
        0,
        1,
        3,
        0x801,
        0x803,
        0x8000_0001,
        0xd100_0001,
        0xeffe_0001,
        65_536,
    ];
    let mut agreed = 0;
    for _ in 0..1_000_000 {
        let words: [u32; 8] = core::array::from_fn(|_| {
            let word = random();
            if word & 3 == 0 {
                word
            } else {
                known[word as usize / 4 % known.len()]
            }
        });
        let (outcome, sent) = shake(words[7] & 1 == 0, &words);
        // Eight words are more than any handshake has.
        let outcome = outcome.map(|agreement| agreement.expect("it ends"));
        agreed += u32::from(outcome.is_ok());
        assert!(sent.len() <= 1);
        if let Ok(Agreement {
            map_size: Some(size),
            ..
        }) = outcome
        {
            assert!((1..=coverage::MAX_MAP_SIZE).contains(&(size as usize)));
        }
    }
    assert!(
        agreed > 1000,
        "only {agreed} agreed: the streams test nothing"
    );
}

#[test]
fn driven_out_of_turn_it_says_so() {
    let mut machine = ControllerHandshake::new(true);
    assert_eq!(machine.sent(), Err(HandshakeError::OutOfTurn));
    assert_eq!(machine.drained(), Err(HandshakeError::OutOfTurn));
    machine.received(V1).unwrap();
    assert_eq!(machine.received(V1), Err(HandshakeError::OutOfTurn));
}
