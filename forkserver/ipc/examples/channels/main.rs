//! Round trips between two processes over one mechanism, for `cargo xtask bench
//! channels`, which runs this program once a measurement, and under strace.
//!
//! A round trip is a payload there and a word of 4 bytes back. Both processes have
//! copied the payload when it is over. Prints a line of JSON.

mod channel;
mod memory;
mod queues;
mod streams;

use std::io;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;
use serde::Serialize;
use tine_ipc::peer::{End, Peer};
use tine_ipc::{process, signal_value};

use channel::{Channel, Made, WORD};

/// Measures one mechanism as a channel between two processes.
#[derive(Parser)]
struct Arguments {
    /// The mechanism
    mechanism: Mechanism,
    /// Bytes that go there in a round trip; a word comes back
    #[arg(long, default_value_t = WORD)]
    payload: usize,
    /// How long to measure, in milliseconds
    #[arg(long, default_value_t = 100)]
    milliseconds: u64,
    /// Make this many round trips instead
    #[arg(long)]
    rounds: Option<u64>,
    /// Core of the one process, core of the other
    #[arg(long, num_args = 2, value_names = ["CORE", "CORE"], default_values_t = [0, 0])]
    cores: Vec<usize>,
}

/// What carries the messages.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mechanism {
    Pipe,
    Fifo,
    UnixStream,
    UnixSeqpacket,
    Tcp,
    Udp,
    SysvQueue,
    PosixQueue,
    Signal,
    ShmPipe,
    ShmSysvSemaphore,
    ShmPosixSemaphore,
    ShmFutex,
    ShmSpin,
}

/// What has to be done before the second process exists.
fn prepare(mechanism: Mechanism) -> io::Result<()> {
    match mechanism {
        Mechanism::Signal => signal_value::block(&[signal_value::first()]),
        _ => Ok(()),
    }
}

/// Creates a channel for messages of at most `size` bytes.
fn create(mechanism: Mechanism, size: usize) -> io::Result<Made> {
    match mechanism {
        Mechanism::Pipe => streams::pipe(),
        Mechanism::Fifo => streams::fifo(),
        Mechanism::UnixStream => streams::unix_stream(),
        Mechanism::UnixSeqpacket => streams::unix_seqpacket(),
        Mechanism::Tcp => streams::tcp(),
        Mechanism::Udp => streams::udp(),
        Mechanism::SysvQueue => queues::sysv(),
        Mechanism::PosixQueue => queues::posix(),
        Mechanism::Signal => queues::signal(size),
        Mechanism::ShmPipe => memory::pipe(size),
        Mechanism::ShmSysvSemaphore => memory::sysv_semaphore(size),
        Mechanism::ShmPosixSemaphore => memory::posix_semaphore(size),
        Mechanism::ShmFutex => memory::futex(size),
        Mechanism::ShmSpin => memory::spin(size),
    }
}

#[derive(Serialize)]
struct Measured {
    rounds: u64,
    nanoseconds: u64,
}

fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let (near, far) = (arguments.cores[0], arguments.cores[1]);
    let payload = arguments.payload;
    if payload < WORD || arguments.rounds == Some(0) {
        let message = "a payload has 4 bytes at least, and a measurement one round";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    prepare(arguments.mechanism)?;
    // Whatever goes wrong, neither process waits for ever: SIGALRM ends both.
    let limit = arguments.milliseconds / 1000 + 60;
    nix::unistd::alarm::set(limit.try_into().unwrap_or(u32::MAX));

    let Made {
        near: mut ours,
        far: mut theirs,
        cleanup,
    } = create(arguments.mechanism, payload)?;
    let mut peer = Peer::start(&[], move || {
        // An alarm is not inherited.
        nix::unistd::alarm::set(limit.try_into().unwrap_or(u32::MAX));
        pin(far)?;
        theirs.meet(process::parent_id().ok_or(io::ErrorKind::NotConnected)?);
        answer(theirs, payload)
    })?;
    pin(near)?;
    ours.meet(peer.pid());
    let result = measure(ours, &arguments);
    let end = match result {
        Ok(_) => peer.wait()?,
        Err(_) => peer.kill()?,
    };
    drop(cleanup);
    let measured = result?;
    if end != End::Exited(0) {
        return Err(io::Error::other(format!("the other process {end}")));
    }
    println!("{}", serde_json::to_string(&measured)?);
    Ok(())
}

/// The last message: it is not answered.
const STOP: [u8; WORD] = [0xff; WORD];

fn measure(mut channel: Box<dyn Channel>, arguments: &Arguments) -> io::Result<Measured> {
    let mut message = vec![0x5a; arguments.payload];
    let mut number = 0u32;
    let mut trip = || {
        number = number.wrapping_add(1) & 0x7fff_ffff;
        message[..WORD].copy_from_slice(&number.to_ne_bytes());
        channel.send(&message)?;
        let mut word = [0; WORD];
        channel.receive(&mut word)?;
        if word != number.to_ne_bytes() {
            return Err(io::Error::other("the answer is to another message"));
        }
        io::Result::Ok(())
    };
    let mut rounds = 0;
    let start;
    match arguments.rounds {
        Some(count) => {
            start = Instant::now();
            while rounds < count {
                trip()?;
                rounds += 1;
            }
        }
        None => {
            // Until pages are there and caches are warm.
            let time = Duration::from_millis(arguments.milliseconds);
            let warm = Instant::now();
            while warm.elapsed() < time / 10 {
                trip()?;
            }
            // The clock is looked at once a batch, so that it is not what is measured.
            let mut batch = 1;
            start = Instant::now();
            while start.elapsed() < time {
                let begin = Instant::now();
                for _ in 0..batch {
                    trip()?;
                }
                rounds += batch;
                if begin.elapsed() < time / 50 {
                    batch *= 2;
                }
            }
        }
    }
    let nanoseconds = start.elapsed().as_nanos().try_into().unwrap_or(u64::MAX);
    message[..WORD].copy_from_slice(&STOP);
    channel.send(&message)?;
    Ok(Measured {
        rounds,
        nanoseconds,
    })
}

/// The other side.
fn answer(mut channel: Box<dyn Channel>, payload: usize) -> io::Result<()> {
    let mut message = vec![0; payload];
    loop {
        channel.receive(&mut message)?;
        let word: [u8; WORD] = message[..WORD].try_into().map_err(io::Error::other)?;
        if word == STOP {
            return Ok(());
        }
        if message[WORD..].last().is_some_and(|&last| last != 0x5a) {
            return Err(io::Error::other("the message is not whole"));
        }
        channel.send(&word)?;
    }
}

fn pin(core: usize) -> io::Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core)?;
    Ok(sched_setaffinity(Pid::from_raw(0), &cores)?)
}
