//! Signals: a number and nothing else, unless they are real-time signals.
//!
//! `cargo run --example signal`

use std::io;
use std::time::Duration;

use nix::sys::signal::{SigHandler, Signal, signal};
use tine_ipc::peer::Peer;
use tine_ipc::{pipe, process, signal_value};

const LIMIT: Duration = Duration::from_secs(20);

fn main() -> io::Result<()> {
    let queued = signal_value::first();
    let both = [libc::SIGUSR1, queued];
    // Blocked, so that they wait here until they are taken, in children too.
    signal_value::block(&both)?;

    let parent = process::id();
    let mut child = Peer::start(&[], move || {
        for value in [10, 20, 30] {
            signal_value::send(parent, libc::SIGUSR1, value)?;
            signal_value::send(parent, queued, value)?;
        }
        Ok(())
    })?;
    println!(
        "the child sends SIGUSR1 and SIGRTMIN three times each, and {}",
        child.wait()?
    );
    while let Some(taken) = signal_value::take(&both, Duration::ZERO)? {
        let name = if taken.signal == queued {
            "SIGRTMIN"
        } else {
            "SIGUSR1"
        };
        let sender = if taken.sender == Some(child.pid()) {
            "the child"
        } else {
            "somebody"
        };
        println!("  taken: {name}, value {}, from {sender}", taken.value);
    }
    println!("of an old signal one at most is pending; real-time signals queue up");

    // What can be refused and what cannot.
    let (read, write) = pipe::create()?;
    let mut child = Peer::start(&[&read], move || {
        // SAFETY: no handler runs, the signal is ignored.
        #[allow(unsafe_code)]
        unsafe { signal(Signal::SIGTERM, SigHandler::SigIgn) }?;
        pipe::send(&write, b"ok")?;
        match signal_value::take(&[queued], LIMIT)? {
            Some(taken) => pipe::send(&write, &[taken.value as u8])?,
            None => return Err(io::ErrorKind::TimedOut.into()),
        }
        loop {
            nix::unistd::pause();
        }
    })?;
    pipe::receive(&read, &mut [0; 2])?;
    child.signal(Signal::SIGTERM)?;
    signal_value::send(child.pid(), queued, 7)?;
    let mut value = [0];
    pipe::receive(&read, &mut value)?;
    println!(
        "a child that ignores SIGTERM is still there, and answers {}",
        value[0]
    );
    child.signal(Signal::SIGSTOP)?;
    println!(
        "SIGSTOP cannot be ignored: the child is {}",
        child.wait_or_stop()?
    );
    child.signal(Signal::SIGKILL)?;
    println!("nor SIGKILL, not even while stopped: {}", child.wait()?);
    match nix::sys::signal::kill(nix::unistd::Pid::from_raw(child.pid().get()), None) {
        Ok(()) => println!("the pid is another process by now"),
        Err(error) => println!("a signal to a pid that is gone: {error}"),
    }
    Ok(())
}
