//! Shared memory for the message, and something else to say that it is there.

use std::fs::File;
use std::hint;
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::Duration;

use tine_ipc::futex::{self, Woken};
use tine_ipc::mapping::Mapping;
use tine_ipc::pipe;
use tine_ipc::semaphore::Semaphore;
use tine_ipc::sysv_semaphore::{AtEnd, Set};

use crate::channel::{Channel, Cleanup, Made};

/// The first page is for the wake-up, then come the two directions.
const PAGE: usize = 4096;

/// Where the counter of each direction is in the first page, in 4-byte words: a cache
/// line each.
const COUNTERS: [usize; 2] = [0, 16];

/// Longer than any measurement.
const LIMIT: Duration = Duration::from_secs(600);

/// How a process learns that there is a message in the memory.
trait WakeUp {
    fn wake(&mut self) -> io::Result<()>;
    fn wait(&mut self) -> io::Result<()>;
}

/// One end: where it writes, where it reads.
struct Memory<W> {
    mapping: Rc<Mapping>,
    out: usize,
    incoming: usize,
    wake_up: W,
}

impl<W: WakeUp> Channel for Memory<W> {
    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        self.mapping.write(self.out, message);
        self.wake_up.wake()
    }

    fn receive(&mut self, message: &mut [u8]) -> io::Result<()> {
        self.wake_up.wait()?;
        self.mapping.read(self.incoming, message);
        Ok(())
    }
}

/// Memory for messages of at most `size` bytes, mapped once for both processes.
fn map(size: usize) -> io::Result<Rc<Mapping>> {
    let area = size.next_multiple_of(PAGE);
    Ok(Rc::new(Mapping::anonymous(PAGE + 2 * area)?))
}

/// Both ends; `wake_up` makes the one of the near end (0) and of the far end (1).
fn made<W: WakeUp + 'static>(mapping: &Rc<Mapping>, mut wake_up: impl FnMut(usize) -> W) -> Made {
    let area = (mapping.size() - PAGE) / 2;
    let mut end = |side: usize| Memory {
        mapping: Rc::clone(mapping),
        out: PAGE + side * area,
        incoming: PAGE + (1 - side) * area,
        wake_up: wake_up(side),
    };
    Made::new(end(0), end(1))
}

/// A byte through a pipe.
struct Pipe {
    read: File,
    write: File,
}

impl WakeUp for Pipe {
    fn wake(&mut self) -> io::Result<()> {
        self.write.write_all(&[1])
    }

    fn wait(&mut self) -> io::Result<()> {
        self.read.read_exact(&mut [0])
    }
}

/// Woken by a pair of pipes.
pub fn pipe(size: usize) -> io::Result<Made> {
    let (there, back) = (pipe::create()?, pipe::create()?);
    let near = Pipe {
        read: back.0.into(),
        write: there.1.into(),
    };
    let far = Pipe {
        read: there.0.into(),
        write: back.1.into(),
    };
    let mut ends = [Some(near), Some(far)];
    let mapping = map(size)?;
    Ok(made(&mapping, |side| {
        ends[side].take().expect("each end is made once")
    }))
}

/// A counter of a System V set.
struct SysvSemaphore {
    set: Set,
    side: u16,
}

impl WakeUp for SysvSemaphore {
    fn wake(&mut self) -> io::Result<()> {
        self.set.change(self.side, 1, AtEnd::Keep)
    }

    fn wait(&mut self) -> io::Result<()> {
        self.set.change(1 - self.side, -1, AtEnd::Keep)
    }
}

/// Woken by System V semaphores.
pub fn sysv_semaphore(size: usize) -> io::Result<Made> {
    let mapping = map(size)?;
    let set = Set::create(libc::IPC_PRIVATE, 2)?;
    let mut made = made(&mapping, |side| SysvSemaphore {
        set,
        side: side as u16,
    });
    made.cleanup = Cleanup::new(move || drop(set.remove()));
    Ok(made)
}

/// A POSIX semaphore where the counter is.
struct PosixSemaphore {
    mapping: Rc<Mapping>,
    side: usize,
}

impl PosixSemaphore {
    fn at(&self, side: usize) -> Semaphore<'_> {
        Semaphore::existing(&self.mapping, COUNTERS[side] * 4)
    }
}

impl WakeUp for PosixSemaphore {
    fn wake(&mut self) -> io::Result<()> {
        self.at(self.side).post()
    }

    fn wait(&mut self) -> io::Result<()> {
        self.at(1 - self.side).wait()
    }
}

/// Woken by POSIX semaphores.
pub fn posix_semaphore(size: usize) -> io::Result<Made> {
    let mapping = map(size)?;
    for word in COUNTERS {
        Semaphore::create(&mapping, word * 4, 0)?;
    }
    Ok(made(&mapping, |side| PosixSemaphore {
        mapping: Rc::clone(&mapping),
        side,
    }))
}

/// A counter that the writer raises. `SLEEP`: by futex, or else by looking all the time.
struct Counter<const SLEEP: bool> {
    mapping: Rc<Mapping>,
    side: usize,
    seen: u32,
}

impl<const SLEEP: bool> WakeUp for Counter<SLEEP> {
    fn wake(&mut self) -> io::Result<()> {
        let word = self.mapping.word(COUNTERS[self.side]);
        word.fetch_add(1, Release);
        if SLEEP {
            futex::wake(word, 1)?;
        }
        Ok(())
    }

    fn wait(&mut self) -> io::Result<()> {
        let word = self.mapping.word(COUNTERS[1 - self.side]);
        while word.load(Acquire) == self.seen {
            if !SLEEP {
                hint::spin_loop();
            } else if futex::wait(word, self.seen, LIMIT)? == Woken::TimedOut {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
        self.seen = self.seen.wrapping_add(1);
        Ok(())
    }
}

fn counter<const SLEEP: bool>(size: usize) -> io::Result<Made> {
    let mapping = map(size)?;
    Ok(made(&mapping, |side| Counter::<SLEEP> {
        mapping: Rc::clone(&mapping),
        side,
        seen: 0,
    }))
}

/// Woken by a futex.
pub fn futex(size: usize) -> io::Result<Made> {
    counter::<true>(size)
}

/// Not woken: both look all the time.
pub fn spin(size: usize) -> io::Result<Made> {
    counter::<false>(size)
}
