//! The runtime's side: says what the target offers and finds out, by the
//! answer, which dialect the controller speaks.

use crate::{
    hello::{V1, V1_ECHO},
    options::Options,
    run::RunRequest,
};

/// What the target offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// Size of the coverage map, in bytes.
    pub map_size: u32,
    /// The target reads inputs from the input segment, and the controller
    /// named one.
    pub shm_input: bool,
    /// The controller named a control page, and it was attached.
    pub control_page: bool,
}

/// What the owner of the state machine has to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Write this word to the status pipe.
    Send(u32),
    /// Read one word from the control pipe.
    Receive,
    /// Both sides agree; serve runs.
    Serve(Agreement),
    /// The controller answered the hello with nonsense: exit.
    Refuse(u32),
}

/// What the runtime knows after the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreement {
    /// The controller speaks v1. One that does not is older and took the hello
    /// for a classic one: its answer was the first run request.
    pub first_request: Option<RunRequest>,
    /// Inputs come through the input segment.
    pub shm_input: bool,
    /// The pid goes to the control page instead of the status pipe.
    pub control_page: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Hello,
    Echo,
    Options,
    MapSize,
    Final,
    Done(Agreement),
    Refused(u32),
}

/// The runtime's half of the handshake.
#[derive(Debug, Clone)]
pub struct RuntimeHandshake {
    state: State,
    offer: Offer,
}

impl RuntimeHandshake {
    /// A handshake that has not begun.
    #[must_use]
    pub const fn new(offer: Offer) -> Self {
        Self {
            state: State::Hello,
            offer,
        }
    }

    /// What to do next.
    #[must_use]
    pub const fn action(&self) -> Action {
        match self.state {
            State::Hello | State::Final => Action::Send(V1),
            State::Echo => Action::Receive,
            State::Options => Action::Send(self.options()),
            State::MapSize => Action::Send(self.offer.map_size),
            State::Done(agreement) => Action::Serve(agreement),
            State::Refused(word) => Action::Refuse(word),
        }
    }

    /// Reports that the word of [`Action::Send`] was written.
    pub const fn sent(&mut self) {
        self.state = match self.state {
            State::Hello => State::Echo,
            State::Options => State::MapSize,
            State::MapSize => State::Final,
            State::Final => State::Done(Agreement {
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
            (State::Echo, 0 | 1) => State::Done(Agreement {
                first_request: Some(RunRequest::decode(word)),
                shm_input: false,
                control_page: false,
            }),
            (State::Echo, other) => State::Refused(other),
            (state, _) => state,
        };
    }

    const fn options(&self) -> u32 {
        let mut options = Options::MAP_SIZE;
        if self.offer.shm_input {
            options |= Options::SHM_INPUT;
        }
        if self.offer.control_page {
            options |= Options::CONTROL_PAGE;
        }
        options
    }
}

#[cfg(test)]
mod tests;
