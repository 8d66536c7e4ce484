//! Message queues, and signals that carry a word.

use std::io;
use std::time::Duration;

use nix::mqueue::{MQ_OFlag, MqAttr, MqdT, mq_open, mq_receive, mq_send, mq_unlink};
use nix::sys::stat::Mode;
use tine_ipc::sysv_queue::{LONGEST, Queue};
use tine_ipc::{Pid, process, signal_value};

use crate::channel::{Channel, Cleanup, Made, WORD};

/// The near end's messages and the far end's, told apart by their type.
struct SysvQueue {
    queue: Queue,
    out: i64,
    incoming: i64,
}

impl Channel for SysvQueue {
    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        for piece in message.chunks(LONGEST) {
            self.queue.send(self.out, piece, true)?;
        }
        Ok(())
    }

    fn receive(&mut self, message: &mut [u8]) -> io::Result<()> {
        for piece in message.chunks_mut(LONGEST) {
            if self.queue.receive(self.incoming, piece, true)? != piece.len() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }
}

/// One queue for both directions.
pub fn sysv() -> io::Result<Made> {
    let queue = Queue::create(libc::IPC_PRIVATE)?;
    Ok(Made {
        near: Box::new(SysvQueue {
            queue,
            out: 1,
            incoming: 2,
        }),
        far: Box::new(SysvQueue {
            queue,
            out: 2,
            incoming: 1,
        }),
        cleanup: Cleanup::new(move || drop(queue.remove())),
    })
}

/// Two queues, one a direction. Their names are removed once they are open.
struct PosixQueue {
    out: MqdT,
    incoming: MqdT,
    longest: usize,
}

impl Channel for PosixQueue {
    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        for piece in message.chunks(self.longest) {
            mq_send(&self.out, piece, 0)?;
        }
        Ok(())
    }

    fn receive(&mut self, message: &mut [u8]) -> io::Result<()> {
        let mut buffer = [0; LONGEST];
        for piece in message.chunks_mut(self.longest) {
            // It wants room for the longest message, whatever comes.
            let count = mq_receive(&self.incoming, &mut buffer, &mut 0)?;
            if count != piece.len() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            piece.copy_from_slice(&buffer[..count]);
        }
        Ok(())
    }
}

/// Queues as large as anybody may have by default: 10 messages of 8 KiB.
pub fn posix() -> io::Result<Made> {
    let attributes = MqAttr::new(0, 10, LONGEST as i64, 0);
    let mode = Mode::S_IRUSR | Mode::S_IWUSR;
    let open = |way: &str| {
        let name = format!("/tine-channels-{}-{way}", process::id());
        let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_EXCL | MQ_OFlag::O_RDWR;
        let near = mq_open(name.as_str(), flags, mode, Some(&attributes));
        let far = mq_open(name.as_str(), MQ_OFlag::O_RDWR, mode, None);
        mq_unlink(name.as_str())?;
        io::Result::Ok((near?, far?))
    };
    let (there, back) = (open("there")?, open("back")?);
    let near = PosixQueue {
        out: there.0,
        incoming: back.1,
        longest: LONGEST,
    };
    let far = PosixQueue {
        out: back.0,
        incoming: there.1,
        longest: LONGEST,
    };
    Ok(Made::new(near, far))
}

/// Real-time signals, with the word as their value.
struct Signals {
    signal: i32,
    other: Option<Pid>,
}

/// Longer than any measurement.
const LIMIT: Duration = Duration::from_secs(600);

impl Channel for Signals {
    fn meet(&mut self, pid: Pid) {
        self.other = Some(pid);
    }

    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        let word: [u8; WORD] = message.try_into().map_err(io::Error::other)?;
        let other = self.other.ok_or(io::ErrorKind::NotConnected)?;
        signal_value::send(other, self.signal, i32::from_ne_bytes(word))
    }

    fn receive(&mut self, message: &mut [u8]) -> io::Result<()> {
        let taken = signal_value::take(&[self.signal], LIMIT)?.ok_or(io::ErrorKind::TimedOut)?;
        message.copy_from_slice(&taken.value.to_ne_bytes());
        Ok(())
    }
}

/// A word fits into a signal; 64 KiB would be 16,384 signals, more than a user may
/// have pending.
pub fn signal(size: usize) -> io::Result<Made> {
    if size > WORD {
        let message = "a signal carries a word of 4 bytes, no more";
        return Err(io::Error::new(io::ErrorKind::Unsupported, message));
    }
    let signal = signal_value::first();
    let end = || Signals {
        signal,
        other: None,
    };
    Ok(Made::new(end(), end()))
}
