//! What a runtime answers to a run request.

use crate::LossReason;
use tine_ipc::pipe;
use tine_protocol::{
    WaitStatus,
    run::{PidWord, StatusWord},
    words::WORD_SIZE,
};

/// The words that answer a run request, as far as they have come.
pub(crate) struct Answer {
    bytes: [u8; 2 * WORD_SIZE],
    filled: usize,
    expected: usize,
}

impl Answer {
    /// An answer with the child's pid, or with the wait status alone.
    pub(crate) fn new(has_pid: bool) -> Self {
        let words = if has_pid { 2 } else { 1 };
        Self {
            bytes: [0; 2 * WORD_SIZE],
            filled: 0,
            expected: words * WORD_SIZE,
        }
    }

    /// Reads what there is; `true` when the answer is complete.
    pub(crate) fn receive(&mut self, fd: i32) -> Result<bool, LossReason> {
        let count = pipe::receive_some(fd, &mut self.bytes[self.filled..self.expected])
            .map_err(|_| LossReason::Ended)?;
        if count == 0 {
            return Err(LossReason::Ended);
        }
        self.filled += count;
        Ok(self.filled == self.expected)
    }

    fn word(&self, index: usize) -> u32 {
        let at = index * WORD_SIZE;
        let mut word = [0; WORD_SIZE];
        word.copy_from_slice(&self.bytes[at..at + WORD_SIZE]);
        u32::from_ne_bytes(word)
    }

    /// The pid, once it is there; `None` for a peer that sends none.
    pub(crate) fn child(&self) -> Result<Option<i32>, LossReason> {
        if self.expected == WORD_SIZE || self.filled < WORD_SIZE {
            return Ok(None);
        }
        match PidWord::decode(self.word(0)) {
            PidWord::Pid(pid) => Ok(Some(pid)),
            PidWord::Error(error) => Err(LossReason::Reported(error)),
            PidWord::Invalid(word) => Err(LossReason::Garbage(word)),
        }
    }

    pub(crate) fn status(&self) -> Result<WaitStatus, LossReason> {
        self.child()?;
        match StatusWord::decode(self.word(self.expected / WORD_SIZE - 1)) {
            StatusWord::Status(status) => Ok(status),
            StatusWord::Error(error) => Err(LossReason::Reported(error)),
        }
    }
}
