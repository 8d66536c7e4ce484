//! The answer of a runtime to a run request.

use crate::LossReason;
use std::os::fd::BorrowedFd;
use tine_ipc::{Pid, pipe};
use tine_protocol::{
    WaitStatus,
    run::{PidWord, StatusWord},
    words::WORD_SIZE,
};

/// Linux gives no larger number to a process (`PID_MAX_LIMIT`).
const LARGEST_PID: i32 = 1 << 22;

/// A wait status has 16 bits.
const LARGEST_STATUS: u32 = 0xffff;

/// The words that answer a run request, as far as they have come.
pub(crate) struct Answer {
    /// With room for a word that must not come: it would be taken for an answer to
    /// the next request.
    bytes: [u8; 3 * WORD_SIZE],
    filled: usize,
    expected: usize,
}

impl Answer {
    /// An answer with the child's pid, or with the wait status alone.
    pub(crate) fn new(has_pid: bool) -> Self {
        let words = if has_pid { 2 } else { 1 };
        Self {
            bytes: [0; 3 * WORD_SIZE],
            filled: 0,
            expected: words * WORD_SIZE,
        }
    }

    /// Reads what there is; `true` when the answer is complete.
    pub(crate) fn receive(&mut self, fd: BorrowedFd<'_>) -> Result<bool, LossReason> {
        let count = pipe::receive_some(fd, &mut self.bytes[self.filled..self.expected + WORD_SIZE])
            .map_err(|_| LossReason::Ended)?;
        if count == 0 {
            return Err(if self.filled.is_multiple_of(WORD_SIZE) {
                LossReason::Ended
            } else {
                LossReason::HalfWord
            });
        }
        self.filled += count;
        if self.filled > self.expected {
            // A first word that is no answer says more, and does so however much of
            // what follows it has come by now.
            self.child()?;
            return Err(LossReason::Unasked(self.word(self.expected / WORD_SIZE)));
        }
        Ok(self.filled == self.expected)
    }

    fn word(&self, index: usize) -> u32 {
        let at = index * WORD_SIZE;
        let mut word = [0; WORD_SIZE];
        word.copy_from_slice(&self.bytes[at..at + WORD_SIZE]);
        u32::from_ne_bytes(word)
    }

    /// The pid, once it is there; `None` for a peer that sends none.
    pub(crate) fn child(&self) -> Result<Option<Pid>, LossReason> {
        if self.expected == WORD_SIZE || self.filled < WORD_SIZE {
            return Ok(None);
        }
        match PidWord::decode(self.word(0)) {
            PidWord::Pid(pid) if pid > LARGEST_PID => Err(LossReason::Garbage(pid as u32)),
            PidWord::Pid(pid) => Ok(Pid::new(pid)),
            PidWord::Error(error) => Err(LossReason::Reported(error)),
            PidWord::Invalid(word) => Err(LossReason::Garbage(word)),
        }
    }

    pub(crate) fn status(&self) -> Result<WaitStatus, LossReason> {
        self.child()?;
        match StatusWord::decode(self.word(self.expected / WORD_SIZE - 1)) {
            StatusWord::Status(status) if status.0 as u32 > LARGEST_STATUS => {
                Err(LossReason::Unasked(status.0 as u32))
            }
            StatusWord::Status(status) => Ok(status),
            StatusWord::Error(error) => Err(LossReason::Reported(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Answer;
    use crate::LossReason;
    use std::{
        io::{self, Write},
        os::fd::AsFd,
    };

    /// Reads until the answer is complete or wrong.
    fn read(words: &[&[u8; 4]]) -> Result<(), LossReason> {
        let (reader, mut writer) = io::pipe().unwrap();
        for word in words {
            writer.write_all(*word).unwrap();
        }
        drop(writer);
        let mut answer = Answer::new(true);
        while !answer.receive(reader.as_fd())? {}
        answer.status().map(|_| ())
    }

    #[test]
    fn the_reason_of_a_loss_does_not_depend_on_how_much_was_read_at_once() {
        let garbage = Err(LossReason::Garbage(u32::from_ne_bytes(*b"o, w")));
        assert_eq!(read(&[b"o, w", b"orld"]), garbage);
        assert_eq!(read(&[b"o, w", b"orld", b"FSRV"]), garbage);
        let pid = 1000u32.to_ne_bytes();
        let unasked = Err(LossReason::Unasked(u32::from_ne_bytes(*b"FSRV")));
        assert_eq!(read(&[&pid, &[0; 4], b"FSRV"]), unasked);
        assert_eq!(read(&[&pid, &[0; 4]]), Ok(()));
    }
}
