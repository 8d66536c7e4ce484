//! The runtime's side: says what the target offers.
//!
//! The environment tells which dialect the controller speaks
//! ([`Dialect::of_controller`]). A controller of classic AFL names nothing there;
//! it takes either hello for its own, and its first answer, a run request, tells.

use crate::{
    hello::{V1, V1_ECHO},
    options::{OldOptions, Options},
    run::RunRequest,
};

/// The dialect that a runtime begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// AFL++ up to 4.10c. Later versions understand it too.
    Options,
    /// AFL++ from 4.20c on, LibAFL, tine.
    V1,
}

impl Dialect {
    /// The dialect that suits a controller, by which of these variables it set:
    /// [`CONTROL_PAGE_SHM_ID`](crate::env::CONTROL_PAGE_SHM_ID),
    /// [`INPUT_SHM_ID`](crate::env::INPUT_SHM_ID) and
    /// [`INPUT_SHM_SIZE`](crate::env::INPUT_SHM_SIZE).
    ///
    /// AFL++ always names an input segment and, since it speaks v1 only, its size
    /// too. Where an early version that speaks v1 does not, the options are right
    /// as well.
    #[must_use]
    pub const fn of_controller(control_page: bool, input: bool, input_size: bool) -> Self {
        if input && !input_size && !control_page {
            Self::Options
        } else {
            Self::V1
        }
    }
}

/// Offer of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// Size of the coverage map, in bytes.
    pub map_size: u32,
    /// The target reads inputs from the input segment, and the controller
    /// named one.
    pub shm_input: bool,
    /// The controller named a control page, and it was attached.
    pub control_page: bool,
    /// Bytes of the dictionary; 0 if there is none.
    pub dictionary: u32,
    /// The controller named a compare-log segment, and it was attached. v1 says
    /// nothing of it.
    pub cmplog: bool,
}

/// Next step of the owner of the state machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Write this word to the status pipe.
    Send(u32),
    /// Write the dictionary, all bytes of it, to the status pipe.
    SendDictionary,
    /// Read one word from the control pipe.
    Receive,
    /// Both sides agree; serve runs.
    Serve(Agreement),
    /// The controller answered the hello with nonsense: exit.
    Refuse(u32),
}

/// Result of the handshake for the runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreement {
    /// The dialect in which errors are told from here on.
    pub dialect: Dialect,
    /// The controller answered with its first run request: it took the hello for
    /// a classic one, or agrees to no option.
    pub first_request: Option<RunRequest>,
    /// Inputs come through the input segment.
    pub shm_input: bool,
    /// The pid goes to the control page instead of the status pipe.
    pub control_page: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Options: about to say them.
    Offer(OldOptions),
    /// Options: waiting for what the controller takes of them.
    Reply,
    /// Either: about to say how long the dictionary is, and to send it.
    DictionaryLength(Then),
    Dictionary(Then),
    /// v1, from here on.
    Hello,
    Echo,
    Options,
    MapSize,
    Final,
    Done(Agreement),
    Refused(u32),
}

/// State after a dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// v1's second hello.
    Final,
    /// Nothing: the controller took the options.
    Done(Agreement),
}

/// The runtime's half of the handshake.
#[derive(Debug, Clone)]
pub struct RuntimeHandshake {
    state: State,
    offer: Offer,
}

impl RuntimeHandshake {
    /// A handshake that has not begun. A map that is too large for the older
    /// dialect is told in v1, which an older controller takes for classic.
    #[must_use]
    pub const fn new(offer: Offer, dialect: Dialect) -> Self {
        let state = match (dialect, OldOptions::encode(offer.map_size, offer.shm_input)) {
            (Dialect::Options, Some(options)) => State::Offer(
                options
                    .with_cmplog(offer.cmplog)
                    .with_autodict(offer.dictionary > 0),
            ),
            _ => State::Hello,
        };
        Self { state, offer }
    }

    /// The next step.
    #[must_use]
    pub const fn action(&self) -> Action {
        match self.state {
            State::Offer(options) => Action::Send(options.to_word()),
            State::Hello | State::Final => Action::Send(V1),
            State::Reply | State::Echo => Action::Receive,
            State::Options => Action::Send(self.options()),
            State::MapSize => Action::Send(self.offer.map_size),
            State::DictionaryLength(_) => Action::Send(self.offer.dictionary),
            State::Dictionary(_) => Action::SendDictionary,
            State::Done(agreement) => Action::Serve(agreement),
            State::Refused(word) => Action::Refuse(word),
        }
    }

    /// Reports that what [`Action::Send`] or [`Action::SendDictionary`] asks for was
    /// written.
    pub const fn sent(&mut self) {
        self.state = match self.state {
            // A controller that is offered nothing says nothing.
            State::Offer(options) if options.shm_input() || options.autodict() => State::Reply,
            State::Offer(_) => State::Done(agreed_to_options(false, None)),
            State::Hello => State::Echo,
            State::Options => State::MapSize,
            State::MapSize if self.offer.dictionary > 0 => State::DictionaryLength(Then::Final),
            State::MapSize | State::Dictionary(Then::Final) => State::Final,
            State::DictionaryLength(then) => State::Dictionary(then),
            State::Dictionary(Then::Done(agreement)) => State::Done(agreement),
            State::Final => State::Done(Agreement {
                dialect: Dialect::V1,
                first_request: None,
                shm_input: self.offer.shm_input,
                control_page: self.offer.control_page,
            }),
            other => other,
        };
    }

    /// Reports the word that [`Action::Receive`] asked for.
    pub const fn received(&mut self, word: u32) {
        self.state = match (self.state, word) {
            (State::Echo, V1_ECHO) => State::Options,
            // The run requests that a classic controller can begin with.
            (State::Echo | State::Reply, 0 | 1) => {
                State::Done(agreed_to_options(false, Some(RunRequest::decode(word))))
            }
            (State::Reply, _) if self.is_reply(word) => {
                let shm_input = self.offer.shm_input && has(word, OldOptions::SHM_INPUT);
                let agreement = agreed_to_options(shm_input, None);
                if self.offer.dictionary > 0 && has(word, OldOptions::AUTODICT) {
                    State::DictionaryLength(Then::Done(agreement))
                } else {
                    State::Done(agreement)
                }
            }
            (State::Echo | State::Reply, other) => State::Refused(other),
            (state, _) => state,
        };
    }

    /// Returns whether a word answers the options. A controller that takes nothing of what is
    /// offered says so only if a dictionary is offered.
    const fn is_reply(&self, word: u32) -> bool {
        has(word, OldOptions::ENABLED)
            && (self.offer.dictionary > 0 || has(word, OldOptions::SHM_INPUT))
    }

    const fn options(&self) -> u32 {
        let mut options = Options::MAP_SIZE;
        if self.offer.dictionary > 0 {
            options |= Options::AUTODICT;
        }
        if self.offer.shm_input {
            options |= Options::SHM_INPUT;
        }
        if self.offer.control_page {
            options |= Options::CONTROL_PAGE;
        }
        options
    }
}

/// Agreement with a controller that does not speak v1.
const fn agreed_to_options(shm_input: bool, first_request: Option<RunRequest>) -> Agreement {
    Agreement {
        dialect: Dialect::Options,
        first_request,
        shm_input,
        control_page: false,
    }
}

const fn has(word: u32, bits: u32) -> bool {
    word & bits == bits
}

#[cfg(test)]
mod tests;
