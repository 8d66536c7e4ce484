//! Futex: two processes hand a word to each other in shared memory.
//!
//! `cargo run --example futex`

use std::io;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use tine_ipc::futex::{self, Woken};
use tine_ipc::mapping::Mapping;
use tine_ipc::peer::Peer;

const LIMIT: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(20);

const IDLE: u32 = 0;
const REQUEST: u32 = 1;
const ANSWER: u32 = 2;

fn main() -> io::Result<()> {
    let memory = Mapping::anonymous(4096)?;
    let (state, value) = (memory.word(0), memory.word(1));
    state.store(IDLE, SeqCst);
    let mut child = Peer::start(&[], || {
        for _ in 0..3 {
            until(state, REQUEST)?;
            value.fetch_add(100, SeqCst);
            state.store(ANSWER, SeqCst);
            futex::wake(state, 1)?;
        }
        Ok(())
    })?;
    for number in 1..=3 {
        value.store(number, SeqCst);
        state.store(REQUEST, SeqCst);
        futex::wake(state, 1)?;
        until(state, ANSWER)?;
        println!("request {number}, answer {}", value.load(SeqCst));
    }
    println!("the child {}", child.wait()?);

    // The value is compared in the kernel: a wake-up cannot fall between the look and
    // the sleep.
    println!(
        "wait for a word to leave 0, and it is 2: {:?}",
        futex::wait(state, IDLE, LIMIT)?
    );
    // A wake-up is not kept for later.
    println!("wake with nobody there: {} woken", futex::wake(state, 1)?);
    println!(
        "a wait after that: {:?}",
        futex::wait(state, ANSWER, SHORT)?
    );

    let mut child = Peer::start(&[], || until(state, REQUEST))?;
    println!("a child sleeps and is {}", child.kill()?);
    println!("sleepers on the word: {}", futex::wake(state, 1)?);
    println!("the memory has no idea who will write it: a wait needs a limit,");
    println!("and whoever waits looks whether the other process lives");
    Ok(())
}

/// Waits until `word` is `wanted`. Woken or not, the word decides.
fn until(word: &AtomicU32, wanted: u32) -> io::Result<()> {
    loop {
        let seen = word.load(SeqCst);
        if seen == wanted {
            return Ok(());
        }
        if futex::wait(word, seen, LIMIT)? == Woken::TimedOut {
            return Err(io::ErrorKind::TimedOut.into());
        }
    }
}
