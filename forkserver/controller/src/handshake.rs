//! Drives the controller's half of the handshake over the pipes.

use std::{
    os::fd::BorrowedFd,
    time::{Duration, Instant},
};
use tine_ipc::{
    Errno, Pid, pipe,
    poll::{self, Ready},
    process,
};
use tine_protocol::{
    handshake::controller::{Action, Agreement, ControllerHandshake, HandshakeError},
    words::WORD_SIZE,
};

/// Reason why a handshake failed.
#[derive(Debug)]
pub(crate) enum HandshakeFailure {
    /// The status pipe was closed.
    Ended,
    /// The process ended, and another one holds the pipe.
    Left,
    /// The limit passed.
    TimedOut,
    /// The two sides did not agree.
    Disagreed(HandshakeError),
}

/// A failed handshake and where it stood.
#[derive(Debug)]
pub(crate) struct FailedHandshake {
    pub(crate) failure: HandshakeFailure,
    pub(crate) stage: &'static str,
    pub(crate) said_hello: bool,
}

/// Interval of checks that the process still lives: a process that it left behind may
/// hold the pipe open.
const LIVENESS_INTERVAL: Duration = Duration::from_millis(50);

/// The process at the other ends.
#[derive(Clone, Copy)]
pub(crate) struct Peer<'a> {
    pub(crate) pid: Pid,
    /// Write end of the control pipe.
    pub(crate) control: BorrowedFd<'a>,
    /// Read end of the status pipe.
    pub(crate) status: BorrowedFd<'a>,
}

/// Shakes hands. Returns the agreement and the target's dictionary, raw.
pub(crate) fn shake(
    peer: Peer<'_>,
    offers_shm_input: bool,
    limit: Duration,
) -> Result<(Agreement, Vec<u8>), FailedHandshake> {
    let deadline = Instant::now() + limit;
    let mut machine = ControllerHandshake::new(offers_shm_input);
    let mut said_hello = false;
    let mut dictionary = Vec::new();
    loop {
        let stage = machine.stage();
        let step = match machine.action() {
            Action::Done(agreement) => return Ok((agreement, dictionary)),
            Action::Receive => receive_word(peer, deadline)
                .and_then(|word| machine.received(word).map_err(HandshakeFailure::Disagreed)),
            Action::Send(word) => pipe::send(peer.control, &word.to_ne_bytes())
                .map_err(|_| HandshakeFailure::Ended)
                .and_then(|()| machine.sent().map_err(HandshakeFailure::Disagreed)),
            Action::Drain(length) => drain(peer, length as usize, deadline).and_then(|bytes| {
                dictionary = bytes;
                machine.drained().map_err(HandshakeFailure::Disagreed)
            }),
        };
        step.map_err(|failure| FailedHandshake {
            failure,
            stage,
            said_hello,
        })?;
        said_hello = true;
    }
}

fn receive_word(peer: Peer<'_>, deadline: Instant) -> Result<u32, HandshakeFailure> {
    let mut word = [0u8; WORD_SIZE];
    fill(peer, &mut word, deadline)?;
    Ok(u32::from_ne_bytes(word))
}

/// Reads in pieces, so that a peer that announces much and sends little costs
/// little.
fn drain(peer: Peer<'_>, length: usize, deadline: Instant) -> Result<Vec<u8>, HandshakeFailure> {
    const PIECE: usize = 64 * 1024;
    let mut bytes = Vec::new();
    while bytes.len() < length {
        let start = bytes.len();
        bytes.resize(length.min(start + PIECE), 0);
        fill(peer, &mut bytes[start..], deadline)?;
    }
    Ok(bytes)
}

fn fill(peer: Peer<'_>, buffer: &mut [u8], deadline: Instant) -> Result<(), HandshakeFailure> {
    let mut filled = 0;
    while filled < buffer.len() {
        await_bytes(peer, deadline)?;
        match pipe::receive_some(peer.status, &mut buffer[filled..]) {
            Ok(0) | Err(_) => return Err(HandshakeFailure::Ended),
            Ok(count) => filled += count,
        }
    }
    Ok(())
}

/// Waits until there is something to read, or the end.
fn await_bytes(peer: Peer<'_>, deadline: Instant) -> Result<(), HandshakeFailure> {
    let mut has_ended = false;
    loop {
        let rest = deadline.saturating_duration_since(Instant::now());
        match poll::readable(peer.status, rest.min(LIVENESS_INTERVAL)) {
            Ok(Ready::Yes) => return Ok(()),
            // It ended before this wait, so that all it wrote would be there.
            Ok(Ready::TimedOut) if has_ended => return Err(HandshakeFailure::Left),
            Ok(Ready::TimedOut) if rest.is_zero() => return Err(HandshakeFailure::TimedOut),
            Ok(Ready::TimedOut) => has_ended = process::has_ended(peer.pid) != Ok(false),
            Ok(Ready::Interrupted) => {}
            Err(Errno(_)) => return Err(HandshakeFailure::Ended),
        }
    }
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
