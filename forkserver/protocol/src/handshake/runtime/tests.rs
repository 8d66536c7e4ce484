//! The runtime's half against scripted controllers, and against ours.

extern crate std;
use super::*;
use crate::handshake::controller::{self, ControllerHandshake, Dialect};
use std::{vec, vec::Vec};

const OFFER: Offer = Offer {
    map_size: 1234,
    shm_input: true,
    control_page: false,
};

fn serve(offer: Offer, incoming: &[u32]) -> (Option<Action>, Vec<u32>) {
    let mut machine = RuntimeHandshake::new(offer);
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

#[test]
fn the_first_answer_tells_what_the_controller_speaks() {
    let v1 = Agreement {
        first_request: None,
        shm_input: true,
        control_page: false,
    };
    let (end, sent) = serve(OFFER, &[V1_ECHO]);
    assert_eq!(end, Some(Action::Serve(v1)));
    assert_eq!(sent, vec![V1, 3, 1234, V1]);

    for (word, request) in [(0, RunRequest::Go), (1, RunRequest::WasKilled)] {
        let classic = Agreement {
            first_request: Some(request),
            shm_input: false,
            control_page: false,
        };
        assert_eq!(
            serve(OFFER, &[word]),
            (Some(Action::Serve(classic)), vec![V1])
        );
    }
    assert_eq!(serve(OFFER, &[2]), (Some(Action::Refuse(2)), vec![V1]));
    assert_eq!(serve(OFFER, &[]), (None, vec![V1]));
}

#[test]
fn the_two_halves_agree_on_every_offer() {
    for bits in 0..8u32 {
        let offer = Offer {
            map_size: 77,
            shm_input: bits & 1 != 0,
            control_page: bits & 2 != 0,
        };
        let offered = bits & 4 != 0;
        let mut runtime = RuntimeHandshake::new(offer);
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
                    assert_eq!(agreed.dialect, Dialect::V1);
                    assert_eq!(agreed.map_size, Some(77));
                    assert_eq!(agreed.shm_input, offer.shm_input && offered);
                    assert_eq!(agreed.control_page, offer.control_page);
                    break served;
                }
                stuck => panic!("both wait: {stuck:?}"),
            }
        };
        assert_eq!(served.control_page, offer.control_page);
        assert_eq!(served.first_request, None);
    }
}
