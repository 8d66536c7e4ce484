//! The controller's side: reads what the runtime offers and agrees to it.
//!
//! The owner asks [`ControllerHandshake::action`] what to do, does it, and
//! reports it, until [`Action::Done`]:
//!
//! ```text
//! Receive      -> read exactly one word     -> received(word)
//! Send(word)   -> write it                  -> sent()
//! Drain(n)     -> read exactly n bytes      -> drained()
//! ```

use crate::{
    TargetError,
    hello::{Hello, V1, V1_ECHO},
    layout::coverage,
    options::{OldOptions, Options},
};

/// The longest dictionary that is read, in bytes (AFL++ has the same limit).
pub const MAX_AUTODICT: u32 = 0x00ff_ffff;

/// Next step of the owner of the state machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Read one word from the status pipe.
    Receive,
    /// Write this word to the control pipe.
    Send(u32),
    /// Read this many bytes from the status pipe: the target's dictionary.
    Drain(u32),
    /// Both sides agree; runs may begin.
    Done(Agreement),
}

/// Which word [`Action::Receive`] waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The first word, which tells the dialect.
    Hello,
    /// v1: one bit an option.
    Options,
    /// v1: the size of the coverage map in bytes.
    MapSize,
    /// Number of bytes of the dictionary that follows.
    DictionaryLength,
    /// v1: the hello again, which ends the handshake.
    Done,
}

/// Which of the three protocols the runtime speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// AFL up to 2.57b, and everything modelled on it.
    Classic,
    /// AFL++ up to 4.10c.
    Options,
    /// AFL++ from 4.20c on.
    V1,
}

/// Result of the handshake for both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreement {
    /// The protocol that the runtime speaks.
    pub dialect: Dialect,
    /// Bytes of the coverage segment in use, if the runtime said it.
    pub map_size: Option<u32>,
    /// Inputs go through the input segment.
    pub shm_input: bool,
    /// The pid lies in the control page and is not written to the status pipe.
    pub control_page: bool,
}

/// Reason why a handshake failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandshakeError {
    /// The runtime reported an error instead of a hello, options or the end.
    Target(TargetError),
    /// The hello is numbered, but with a version that is not spoken here.
    UnknownVersion(u8),
    /// The map size is 0 or absurdly large.
    MapSize(u32),
    /// The dictionary is too short or too long to be one.
    AutodictLength(u32),
    /// The options do not contain the map size, which v1 demands.
    NoMapSize(u32),
    /// Another word stands where v1 ends the handshake.
    NotDone(u32),
    /// The owner reported something that was not asked for.
    OutOfTurn,
}

impl core::fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Target(error) => write!(f, "the target's fork server gave up: {error}"),
            Self::UnknownVersion(version) => {
                write!(
                    f,
                    "the target's fork server speaks version {version} of the protocol"
                )
            }
            Self::MapSize(size) => write!(f, "the target announced a map of {size} bytes"),
            Self::AutodictLength(length) => {
                write!(f, "the target announced a dictionary of {length} bytes")
            }
            Self::NoMapSize(word) => {
                write!(f, "the target's options {word:#010x} lack the map size")
            }
            Self::NotDone(word) => write!(
                f,
                "the target sent {word:#010x} where the handshake ends with {V1:#010x}"
            ),
            Self::OutOfTurn => f.write_str("the handshake was driven out of turn"),
        }
    }
}

impl core::error::Error for HandshakeError {}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Waiting for the hello.
    Hello,
    /// v1: about to prove that we speak it.
    Echo,
    /// v1: waiting for the options word.
    Options,
    /// v1: waiting for the map size.
    MapSize(Options),
    /// Waiting for the dictionary's length.
    AutodictLength(Then),
    /// Waiting for the dictionary's bytes.
    Autodict(Then, u32),
    /// v1: waiting for the hello that ends it.
    Final,
    /// Old options: about to say which of them we take.
    Reply(u32),
    /// Agreed.
    Done,
}

/// State after a dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Final,
    Done,
}

/// The controller's half of the handshake.
#[derive(Debug, Clone)]
pub struct ControllerHandshake {
    state: State,
    offers_shm_input: bool,
    agreement: Agreement,
}

impl ControllerHandshake {
    /// A handshake that has not begun. `offers_shm_input` tells whether the
    /// input segment is named in the target's environment.
    #[must_use]
    pub const fn new(offers_shm_input: bool) -> Self {
        Self {
            state: State::Hello,
            offers_shm_input,
            agreement: Agreement {
                dialect: Dialect::Classic,
                map_size: None,
                shm_input: false,
                control_page: false,
            },
        }
    }

    /// The next step.
    #[must_use]
    pub const fn action(&self) -> Action {
        match self.state {
            State::Hello
            | State::Options
            | State::MapSize(_)
            | State::AutodictLength(_)
            | State::Final => Action::Receive,
            State::Echo => Action::Send(V1_ECHO),
            State::Reply(word) => Action::Send(word),
            State::Autodict(_, length) => Action::Drain(length),
            State::Done => Action::Done(self.agreement),
        }
    }

    /// Which word is to be received next; `None` where [`Self::action`] is another.
    #[must_use]
    pub const fn expected(&self) -> Option<Expected> {
        match self.state {
            State::Hello => Some(Expected::Hello),
            State::Options => Some(Expected::Options),
            State::MapSize(_) => Some(Expected::MapSize),
            State::AutodictLength(_) => Some(Expected::DictionaryLength),
            State::Final => Some(Expected::Done),
            State::Echo | State::Reply(_) | State::Autodict(..) | State::Done => None,
        }
    }

    /// Where the handshake stands, in words for a message.
    #[must_use]
    pub const fn stage(&self) -> &'static str {
        match self.state {
            State::Hello => "waiting for its hello",
            State::Echo | State::Reply(_) => "answering its hello",
            State::Options => "waiting for its options",
            State::MapSize(_) => "waiting for its map size",
            State::AutodictLength(_) | State::Autodict(..) => "waiting for its dictionary",
            State::Final => "waiting for the end of the handshake",
            State::Done => "after the handshake",
        }
    }

    /// Reports the word that [`Action::Receive`] asked for.
    ///
    /// # Errors
    /// Where the word is not one that may stand there; the handshake is over.
    pub fn received(&mut self, word: u32) -> Result<(), HandshakeError> {
        self.state = match self.state {
            State::Hello => self.hello(word)?,
            State::Options => self.options(word)?,
            State::MapSize(options) => {
                self.agreement.map_size = Some(checked_map_size(word)?);
                after_parameters(options)
            }
            State::AutodictLength(then) => {
                if !(2..=MAX_AUTODICT).contains(&word) {
                    return Err(HandshakeError::AutodictLength(word));
                }
                State::Autodict(then, word)
            }
            State::Final => match TargetError::decode(word) {
                _ if word == V1 => State::Done,
                Some(error) => return Err(HandshakeError::Target(error)),
                None => return Err(HandshakeError::NotDone(word)),
            },
            State::Echo | State::Reply(_) | State::Autodict(..) | State::Done => {
                return Err(HandshakeError::OutOfTurn);
            }
        };
        Ok(())
    }

    /// Reports that the word of [`Action::Send`] was written.
    ///
    /// # Errors
    /// [`HandshakeError::OutOfTurn`] if nothing was to be sent.
    pub fn sent(&mut self) -> Result<(), HandshakeError> {
        self.state = match self.state {
            State::Echo => State::Options,
            State::Reply(word) if word & OldOptions::AUTODICT != 0 => {
                State::AutodictLength(Then::Done)
            }
            State::Reply(_) => State::Done,
            _ => return Err(HandshakeError::OutOfTurn),
        };
        Ok(())
    }

    /// Reports that the bytes of [`Action::Drain`] were read.
    ///
    /// # Errors
    /// [`HandshakeError::OutOfTurn`] if none were asked for.
    pub fn drained(&mut self) -> Result<(), HandshakeError> {
        self.state = match self.state {
            State::Autodict(Then::Final, _) => State::Final,
            State::Autodict(Then::Done, _) => State::Done,
            _ => return Err(HandshakeError::OutOfTurn),
        };
        Ok(())
    }

    fn hello(&mut self, word: u32) -> Result<State, HandshakeError> {
        match Hello::decode(word) {
            Hello::Classic => Ok(State::Done),
            Hello::V1 => {
                self.agreement.dialect = Dialect::V1;
                Ok(State::Echo)
            }
            Hello::Unknown { version } => Err(HandshakeError::UnknownVersion(version)),
            Hello::Error(error) => Err(HandshakeError::Target(error)),
            Hello::Options(options) => {
                self.agreement.dialect = Dialect::Options;
                self.agreement.map_size = match options.map_size() {
                    Some(size) => Some(checked_map_size(size)?),
                    None => None,
                };
                self.agreement.shm_input = options.shm_input() && self.offers_shm_input;
                // A runtime that offered nothing reads no reply: it would take
                // one for its first run request.
                let mut reply = 0;
                if self.agreement.shm_input {
                    reply |= OldOptions::ENABLED | OldOptions::SHM_INPUT;
                }
                if options.autodict() {
                    reply |= OldOptions::ENABLED | OldOptions::AUTODICT;
                }
                Ok(if reply == 0 {
                    State::Done
                } else {
                    State::Reply(reply)
                })
            }
        }
    }

    fn options(&mut self, word: u32) -> Result<State, HandshakeError> {
        if let Some(error) = TargetError::decode(word) {
            return Err(HandshakeError::Target(error));
        }
        let options = Options(word);
        if !options.has(Options::MAP_SIZE) {
            return Err(HandshakeError::NoMapSize(word));
        }
        self.agreement.shm_input = options.has(Options::SHM_INPUT) && self.offers_shm_input;
        self.agreement.control_page = options.has(Options::CONTROL_PAGE);
        Ok(State::MapSize(options))
    }
}

const fn after_parameters(options: Options) -> State {
    if options.has(Options::AUTODICT) {
        State::AutodictLength(Then::Final)
    } else {
        State::Final
    }
}

const fn checked_map_size(size: u32) -> Result<u32, HandshakeError> {
    if size == 0 || size as usize > coverage::MAX_MAP_SIZE {
        return Err(HandshakeError::MapSize(size));
    }
    Ok(size)
}

#[cfg(test)]
mod tests;
