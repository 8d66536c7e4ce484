//! The runtime's half against scripted controllers, and against ours.

extern crate std;
use super::*;
use crate::handshake::controller::{self, ControllerHandshake};
use std::{vec, vec::Vec};

const OFFER: Offer = Offer {
    map_size: 1234,
    shm_input: true,
    control_page: false,
    cmplog: false,
};

/// Runs the machine against `incoming` words. Returns how it ended, if it did,
/// and the words that it sent.
fn serve(offer: Offer, dialect: Dialect, incoming: &[u32]) -> (Option<Action>, Vec<u32>) {
    let mut machine = RuntimeHandshake::new(offer, dialect);
    let mut incoming = incoming.iter();
    let mut sent = Vec::new();
    loop {
        match machine.action() {
            Action::Send(word) => {
                sent.push(word);
                machine.sent();
            }
            Action::Receive => match incoming.next() {
                Some(word) => machine.received(*word),
                None => return (None, sent),
            },
            end @ (Action::Serve(_) | Action::Refuse(_)) => return (Some(end), sent),
        }
    }
}

fn agreement(dialect: Dialect, first_request: Option<RunRequest>, shm_input: bool) -> Agreement {
    Agreement {
        dialect,
        first_request,
        shm_input,
        control_page: false,
    }
}

#[test]
fn v1_or_classic_is_told_by_the_first_answer() {
    let serve = |incoming: &[u32]| serve(OFFER, Dialect::V1, incoming);
    let (end, sent) = serve(&[V1_ECHO]);
    assert_eq!(end, Some(Action::Serve(agreement(Dialect::V1, None, true))));
    assert_eq!(sent, vec![V1, 3, 1234, V1]);

    for (word, request) in [(0, RunRequest::Go), (1, RunRequest::WasKilled)] {
        let classic = agreement(Dialect::Options, Some(request), false);
        assert_eq!(serve(&[word]), (Some(Action::Serve(classic)), vec![V1]));
    }
    assert_eq!(serve(&[2]), (Some(Action::Refuse(2)), vec![V1]));
    assert_eq!(serve(&[]), (None, vec![V1]));
}

#[test]
fn options_are_offered_to_an_older_controller() {
    let hello = 0xc100_0001 | 1233 << 1;
    let serve = |incoming: &[u32]| serve(OFFER, Dialect::Options, incoming);
    let done = |request, shm| Some(Action::Serve(agreement(Dialect::Options, request, shm)));
    let cases = [
        // What the controller answers, what comes of it.
        (vec![0x8100_0001], done(None, true)),
        // It takes input by shared memory and asks for a dictionary, of which
        // nothing was said.
        (vec![0x9100_0001], done(None, true)),
        // It takes nothing: this is its first request already.
        (vec![0], done(Some(RunRequest::Go), false)),
        (vec![1], done(Some(RunRequest::WasKilled), false)),
        (vec![0x8000_0001], Some(Action::Refuse(0x8000_0001))),
        (vec![V1_ECHO], Some(Action::Refuse(V1_ECHO))),
        (vec![], None),
    ];
    for (incoming, end) in cases {
        assert_eq!(serve(&incoming), (end, vec![hello]), "{incoming:x?}");
    }
}

#[test]
fn nothing_is_awaited_where_only_the_map_size_is_offered() {
    let offer = Offer {
        shm_input: false,
        ..OFFER
    };
    assert_eq!(
        serve(offer, Dialect::Options, &[]),
        (
            Some(Action::Serve(agreement(Dialect::Options, None, false))),
            vec![0xc000_0001 | 1233 << 1]
        )
    );
}

#[test]
fn a_map_that_the_options_have_no_room_for_is_told_in_v1() {
    for (map_size, hello) in [
        (1, 0xc000_0001),
        (OldOptions::MAX_MAP_SIZE, 0xc0ff_ffff),
        (OldOptions::MAX_MAP_SIZE + 1, V1),
        (0, V1),
    ] {
        let offer = Offer {
            map_size,
            shm_input: false,
            control_page: false,
            cmplog: false,
        };
        let machine = RuntimeHandshake::new(offer, Dialect::Options);
        assert_eq!(machine.action(), Action::Send(hello), "{map_size}");
    }
}

#[test]
fn a_compare_log_is_told_in_the_options_only() {
    for (dialect, cmplog, hello) in [
        (Dialect::Options, false, 0xc100_09a3),
        (Dialect::Options, true, 0xc300_09a3),
        (Dialect::V1, true, V1),
    ] {
        let offer = Offer { cmplog, ..OFFER };
        let machine = RuntimeHandshake::new(offer, dialect);
        assert_eq!(
            machine.action(),
            Action::Send(hello),
            "{dialect:?} {cmplog}"
        );
        let read = OldOptions::decode(hello).is_some_and(OldOptions::cmplog);
        assert_eq!(read, cmplog && dialect == Dialect::Options);
    }
}

#[test]
fn the_environment_tells_what_the_controller_speaks() {
    let cases = [
        // Control page, input segment, its size.
        ((false, false, false), Dialect::V1), // AFL; LibAFL without an input segment
        ((false, true, false), Dialect::Options), // AFL++ 4.04c
        ((false, true, true), Dialect::V1),   // AFL++ 4.40c, LibAFL
        ((true, true, false), Dialect::V1),   // tine
    ];
    for ((page, input, size), dialect) in cases {
        assert_eq!(Dialect::of_controller(page, input, size), dialect);
    }
}

#[test]
fn the_two_halves_agree_on_every_offer() {
    for bits in 0..32u32 {
        let dialect = [Dialect::V1, Dialect::Options][(bits >> 4) as usize];
        let is_v1 = dialect == Dialect::V1;
        let offer = Offer {
            map_size: 77,
            shm_input: bits & 1 != 0,
            control_page: bits & 2 != 0 && is_v1,
            cmplog: bits & 8 != 0,
        };
        let offered = bits & 4 != 0;
        if !is_v1 && offer.shm_input && !offered {
            // The controller says nothing, and the first request declines.
            continue;
        }
        let mut runtime = RuntimeHandshake::new(offer, dialect);
        let mut controller = ControllerHandshake::new(offered);
        let served = loop {
            match (runtime.action(), controller.action()) {
                (Action::Send(word), controller::Action::Receive) => {
                    controller.received(word).unwrap();
                    runtime.sent();
                }
                (Action::Receive, controller::Action::Send(word)) => {
                    runtime.received(word);
                    controller.sent().unwrap();
                }
                (Action::Serve(served), controller::Action::Done(agreed)) => {
                    let spoken = match dialect {
                        Dialect::V1 => controller::Dialect::V1,
                        Dialect::Options => controller::Dialect::Options,
                    };
                    assert_eq!(agreed.dialect, spoken);
                    assert_eq!(agreed.map_size, Some(77));
                    assert_eq!(agreed.shm_input, offer.shm_input && offered);
                    assert_eq!(agreed.control_page, offer.control_page);
                    break served;
                }
                stuck => panic!("both wait: {stuck:?}"),
            }
        };
        assert_eq!(served.dialect, dialect);
        assert_eq!(served.control_page, offer.control_page);
        assert_eq!(served.first_request, None);
    }
}
