//! The trait that all mechanisms have in common here.

use std::io;

use tine_ipc::Pid;

/// Bytes of a word.
pub const WORD: usize = 4;

/// One end of a channel in both directions. Both sides know how long the next message
/// is: all that is asked for is that it arrives whole.
pub trait Channel {
    /// Tells an end which process has the other one.
    fn meet(&mut self, _pid: Pid) {}
    /// Sends a message.
    fn send(&mut self, message: &[u8]) -> io::Result<()>;
    /// Receives a message that is as long as the buffer.
    fn receive(&mut self, message: &mut [u8]) -> io::Result<()>;
}

/// A channel with its two ends.
pub struct Made {
    /// The end of the process that made it.
    pub near: Box<dyn Channel>,
    /// The end of the other process.
    pub far: Box<dyn Channel>,
    /// What has to be removed when both are done.
    pub cleanup: Cleanup,
}

impl Made {
    /// A channel that goes with its processes.
    pub fn new(near: impl Channel + 'static, far: impl Channel + 'static) -> Made {
        Made {
            near: Box::new(near),
            far: Box::new(far),
            cleanup: Cleanup(None),
        }
    }
}

/// Something to do at the end.
pub struct Cleanup(Option<Box<dyn FnOnce()>>);

impl Cleanup {
    /// Calls `remove` when it is dropped.
    pub fn new(remove: impl FnOnce() + 'static) -> Cleanup {
        Cleanup(Some(Box::new(remove)))
    }
}

impl Drop for Cleanup {
    fn drop(&mut self) {
        if let Some(remove) = self.0.take() {
            remove();
        }
    }
}
