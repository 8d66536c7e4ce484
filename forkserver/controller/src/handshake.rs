//! Drives the controller's half of the handshake over the pipes.

use std::time::{Duration, Instant};
use tine_ipc::{
    Errno, pipe,
    poll::{self, Ready},
};
use tine_protocol::{
    handshake::controller::{Action, Agreement, ControllerHandshake, HandshakeError},
    words::WORD_SIZE,
};

/// How a handshake came to nothing.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The status pipe was closed.
    Ended,
    /// The limit passed.
    TimedOut,
    /// The two sides did not agree.
    Disagreed(HandshakeError),
}

/// A failed handshake and where it stood.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) failure: Failure,
    pub(crate) stage: &'static str,
    pub(crate) said_hello: bool,
}

/// Shakes hands. Returns the agreement and the target's dictionary, raw.
pub(crate) fn shake(
    control: i32,
    status: i32,
    offers_shm_input: bool,
    limit: Duration,
) -> Result<(Agreement, Vec<u8>), Failed> {
    let deadline = Instant::now() + limit;
    let mut machine = ControllerHandshake::new(offers_shm_input);
    let mut said_hello = false;
    let mut dictionary = Vec::new();
    loop {
        let stage = machine.stage();
        let step = match machine.action() {
            Action::Done(agreement) => return Ok((agreement, dictionary)),
            Action::Receive => receive_word(status, deadline)
                .and_then(|word| machine.received(word).map_err(Failure::Disagreed)),
            Action::Send(word) => pipe::send(control, &word.to_ne_bytes())
                .map_err(|_| Failure::Ended)
                .and_then(|()| machine.sent().map_err(Failure::Disagreed)),
            Action::Drain(length) => drain(status, length as usize, deadline).and_then(|bytes| {
                dictionary = bytes;
                machine.drained().map_err(Failure::Disagreed)
            }),
        };
        step.map_err(|failure| Failed {
            failure,
            stage,
            said_hello,
        })?;
        said_hello = true;
    }
}

fn receive_word(fd: i32, deadline: Instant) -> Result<u32, Failure> {
    let mut word = [0u8; WORD_SIZE];
    fill(fd, &mut word, deadline)?;
    Ok(u32::from_ne_bytes(word))
}

/// Reads in pieces, so that a peer that announces much and sends little costs
/// little.
fn drain(fd: i32, length: usize, deadline: Instant) -> Result<Vec<u8>, Failure> {
    const PIECE: usize = 64 * 1024;
    let mut bytes = Vec::new();
    while bytes.len() < length {
        let start = bytes.len();
        bytes.resize(length.min(start + PIECE), 0);
        fill(fd, &mut bytes[start..], deadline)?;
    }
    Ok(bytes)
}

fn fill(fd: i32, buffer: &mut [u8], deadline: Instant) -> Result<(), Failure> {
    let mut filled = 0;
    while filled < buffer.len() {
        match poll::readable(fd, deadline.saturating_duration_since(Instant::now())) {
            Ok(Ready::Yes) => {}
            Ok(Ready::TimedOut) => return Err(Failure::TimedOut),
            Ok(Ready::Interrupted) => continue,
            Err(Errno(_)) => return Err(Failure::Ended),
        }
        match pipe::receive_some(fd, &mut buffer[filled..]) {
            Ok(0) | Err(_) => return Err(Failure::Ended),
            Ok(count) => filled += count,
        }
    }
    Ok(())
}

/// Splits a dictionary as AFL++ sends it, `{ u8 n, n bytes }` again and again,
/// into tokens. A last token that is cut off is dropped.
pub(crate) fn tokens(mut dictionary: &[u8]) -> Vec<Vec<u8>> {
    let mut tokens = Vec::new();
    while let Some((&length, rest)) = dictionary.split_first() {
        let Some((token, rest)) = rest.split_at_checked(length.into()) else {
            break;
        };
        if !token.is_empty() {
            tokens.push(token.to_vec());
        }
        dictionary = rest;
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::tokens;

    #[test]
    fn a_dictionary_is_split_and_a_cut_token_dropped() {
        assert_eq!(
            tokens(b"\x02ab\x00\x01c\x05xy"),
            [b"ab".to_vec(), b"c".to_vec()]
        );
        assert!(tokens(b"").is_empty());
    }
}
