//! One connection: a request is read, an answer written, and the rest thrown away.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    os::fd::{AsFd, BorrowedFd},
    time::Instant,
};

/// A longer request is none that is answered.
const LONGEST_REQUEST: usize = 8 << 10;

/// More header lines are not read.
const MOST_HEADERS: usize = 64;

/// Kind of the texts that are no figures.
pub(super) const PLAIN: &str = "text/plain; charset=utf-8";

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    /// Code and words of the status line.
    pub(super) status: &'static str,
    /// Its kind of text.
    pub(super) kind: &'static str,
    pub(super) body: String,
}

/// What the connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interest {
    /// Something to read.
    Reading,
    /// Room for something to write.
    Writing,
}

#[derive(Debug)]
enum State {
    /// This much of the request has come.
    Asking(Vec<u8>),
    /// So many bytes of the answer are written.
    Answering(Vec<u8>, usize),
    /// What the peer still sends is thrown away: closing with bytes unread could take
    /// the answer from it.
    Closing,
    Over,
}

/// A peer.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    /// When it is closed.
    pub(super) deadline: Instant,
    state: State,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, deadline: Instant) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            deadline,
            state: State::Asking(Vec::new()),
        })
    }

    pub(super) const fn interest(&self) -> Interest {
        match self.state {
            State::Answering(..) => Interest::Writing,
            _ => Interest::Reading,
        }
    }

    /// Whether nothing is lost with it: it has not said yet what it wants, or all of its
    /// answer is on its way.
    pub(super) const fn may_go(&self) -> bool {
        matches!(self.state, State::Asking(_) | State::Closing)
    }

    /// Whether there is nothing left to do.
    pub(super) const fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Goes on as far as it can be done without waiting. `answer` is given a method and
    /// a path.
    pub(super) fn advance(
        &mut self,
        answer: &mut impl FnMut(&str, &str) -> Answer,
    ) -> io::Result<()> {
        match self.step(answer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            result => result,
        }
    }

    fn step(&mut self, answer: &mut impl FnMut(&str, &str) -> Answer) -> io::Result<()> {
        let mut block = [0; 4096];
        loop {
            self.state = match &mut self.state {
                State::Asking(request) => {
                    let count = self.stream.read(&mut block)?;
                    request.extend_from_slice(&block[..count]);
                    match reply(request, answer) {
                        Some(reply) => State::Answering(reply, 0),
                        None if count == 0 => State::Over,
                        None => continue,
                    }
                }
                State::Answering(text, written) if *written < text.len() => {
                    match self.stream.write(&text[*written..])? {
                        0 => State::Over,
                        count => {
                            *written += count;
                            continue;
                        }
                    }
                }
                State::Answering(..) => {
                    self.stream.shutdown(Shutdown::Write)?;
                    State::Closing
                }
                State::Closing => match self.stream.read(&mut block)? {
                    0 => State::Over,
                    // Others want their turn, too.
                    _ => return Ok(()),
                },
                State::Over => return Ok(()),
            };
        }
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// The answer to a request, if enough of it has come.
fn reply(request: &[u8], answer: &mut impl FnMut(&str, &str) -> Answer) -> Option<Vec<u8>> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let (answer, is_short) = match parsed.parse(request) {
        Ok(httparse::Status::Partial) if request.len() < LONGEST_REQUEST => return None,
        Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => {
            (refusal("431 Request Header Fields Too Large"), false)
        }
        Err(_) => (refusal("400 Bad Request"), false),
        Ok(httparse::Status::Complete(_)) => {
            let method = parsed.method.unwrap_or_default();
            let path = parsed.path.unwrap_or_default();
            (answer(method, path), method == "HEAD")
        }
    };
    let mut text = format!(
        "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        answer.status,
        answer.kind,
        answer.body.len()
    );
    if !is_short {
        text.push_str(&answer.body);
    }
    Some(text.into_bytes())
}

fn refusal(status: &'static str) -> Answer {
    Answer {
        status,
        kind: PLAIN,
        body: format!("{status}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, LONGEST_REQUEST, reply};

    fn status(request: &[u8]) -> Option<String> {
        let mut answer = |method: &str, path: &str| Answer {
            status: "200 OK",
            kind: "text/plain",
            body: format!("{method} {path}"),
        };
        let text = String::from_utf8(reply(request, &mut answer)?).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        Some(format!("{} | {body}", head.lines().next().unwrap()))
    }

    #[test]
    fn a_request_is_answered_when_its_head_is_there() {
        let whole = b"GET /metrics?x HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n";
        for length in 0..36 {
            assert_eq!(status(&whole[..length]), None, "{length}");
        }
        let answered = Some("HTTP/1.1 200 OK | GET /metrics?x".to_owned());
        assert_eq!(status(&whole[..37]), answered);
        assert_eq!(status(whole), answered, "once");
        let head = b"HEAD / HTTP/1.0\r\n\r\n";
        assert_eq!(status(head).unwrap(), "HTTP/1.1 200 OK | ");
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for (request, code) in [
            (b"\x16\x03\x01 hello".to_vec(), "400"),
            (vec![b'x'; LONGEST_REQUEST], "431"),
            (
                b"GET / HTTP/1.1\r\n"
                    .iter()
                    .copied()
                    .chain(b"a: b\r\n".repeat(65))
                    .chain(*b"\r\n")
                    .collect(),
                "431",
            ),
        ] {
            let status = status(&request).unwrap();
            assert!(status.starts_with(&format!("HTTP/1.1 {code}")), "{status}");
        }
    }
}
