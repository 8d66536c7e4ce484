//! The looker-on against made-up conversations: no process, no pipe.

use super::Wire;

/// Who wrote, and what.
enum Said<'a> {
    Runtime(&'a [u32]),
    Controller(&'a [u32]),
}
use Said::{Controller, Runtime};

fn bytes(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

/// The words that are told, and whether the last one is wrong.
fn told(conversation: &[Said<'_>]) -> (Vec<&'static str>, bool) {
    let mut wire = Wire::new(true);
    let mut words = Vec::new();
    let mut wrong = false;
    for said in conversation {
        let pieces = match said {
            Runtime(words) => {
                let bytes = bytes(words);
                wire.runtime_wrote(&bytes, bytes.len() as u64)
            }
            Controller(words) => wire.controller_wrote(&bytes(words)),
        };
        for piece in pieces {
            words.push(piece.word);
            wrong = piece.wrong;
        }
    }
    (words, wrong)
}

#[test]
fn each_dialect_is_followed() {
    const PID: u32 = 77;
    let cases: &[(&[Said<'_>], &[&str], bool)] = &[
        (
            &[Runtime(&[0]), Controller(&[0]), Runtime(&[PID, 0])],
            &["hello", "run request", "pid", "wait status"],
            false,
        ),
        (
            &[
                Runtime(&[0x4146_4c01]),
                Controller(&[0xbeb9_b3fe]),
                // A dictionary of four bytes.
                Runtime(&[0x801, 64, 4, 0x0061_6203, 0x4146_4c01]),
                Controller(&[0]),
                Runtime(&[PID, 0x137f]),
                Controller(&[1]),
            ],
            &[
                "hello",
                "echo",
                "options",
                "map size",
                "dictionary length",
                "",
                "done",
                "run request",
                "pid",
                "wait status",
                "run request",
            ],
            false,
        ),
        // An older controller takes the hello of v1 for classic.
        (
            &[
                Runtime(&[0x4146_4c01]),
                Controller(&[0]),
                Runtime(&[PID, 9]),
            ],
            &["hello", "run request", "pid", "wait status"],
            false,
        ),
        // Options: the controller takes less than is offered.
        (
            &[
                Runtime(&[0xd100_0001]),
                Controller(&[0x8100_0001]),
                Controller(&[0]),
                Runtime(&[PID, 0]),
            ],
            &["hello", "reply", "run request", "pid", "wait status"],
            false,
        ),
        // tine's control page: the pid is not sent.
        (
            &[
                Runtime(&[0x4146_4c01]),
                Controller(&[0xbeb9_b3fe]),
                Runtime(&[0x4000_0001, 7, 0x4146_4c01]),
                Controller(&[0]),
                Runtime(&[6]),
            ],
            &[
                "hello",
                "echo",
                "options",
                "map size",
                "done",
                "run request",
                "wait status",
            ],
            false,
        ),
        // What may not stand there.
        (&[Runtime(&[0xeffe_0008])], &["error"], true),
        (
            &[Runtime(&[0x4146_4c01]), Controller(&[5])],
            &["hello", "echo"],
            true,
        ),
        (
            &[Runtime(&[0]), Controller(&[0]), Runtime(&[0])],
            &["hello", "run request", "pid"],
            true,
        ),
        (
            &[Runtime(&[0]), Controller(&[0]), Runtime(&[0xeffe_0004])],
            &["hello", "run request", "error"],
            true,
        ),
        (&[Runtime(&[0x4146_4c01, 1])], &["hello", "word"], true),
    ];
    for (conversation, words, wrong) in cases {
        assert_eq!(told(conversation), (words.to_vec(), *wrong));
    }
}

#[test]
fn words_may_come_in_any_pieces() {
    let stream = bytes(&[0x4146_4c01]);
    for cut in 0..=stream.len() {
        let mut wire = Wire::new(false);
        let mut pieces = wire.runtime_wrote(&stream[..cut], cut as u64);
        assert_eq!(wire.left_over().0.len(), cut % 4);
        pieces.extend(wire.runtime_wrote(&stream[cut..], (stream.len() - cut) as u64));
        assert_eq!(pieces.len(), 1, "{cut}");
        assert_eq!(pieces[0].word, "hello");
    }
}

/// Any bytes from both sides, whatever their length.
#[test]
fn nothing_that_is_said_makes_it_panic() {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    // Words that lead into every state, among any others.
    let known: [u32; 8] = [
        0,
        1,
        0x4146_4c01,
        0xbeb9_b3fe,
        0x801,
        0x4000_0003,
        0xd100_0001,
        0x9100_0001,
    ];
    for _ in 0..50_000 {
        let mut wire = Wire::new(next() % 2 == 0);
        for _ in 0..8 {
            let word = match next() % 4 {
                0 => next() as u32,
                _ => known[(next() % known.len() as u64) as usize],
            };
            let mut said = word.to_ne_bytes().to_vec();
            if next() % 8 == 0 {
                said.truncate((next() % 4) as usize);
            }
            if next() % 2 == 0 {
                // More may have been written than is looked at.
                let count = said.len() as u64 + if next() % 16 == 0 { 5000 } else { 0 };
                wire.runtime_wrote(&said, count);
            } else {
                wire.controller_wrote(&said);
            }
            let (from_runtime, from_controller) = wire.left_over();
            assert!(from_runtime.len() < 4 && from_controller.len() < 4);
        }
    }
}
