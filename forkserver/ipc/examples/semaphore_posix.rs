//! POSIX semaphore: a counter in shared memory; what a dead process took stays taken.
//!
//! `cargo run --example semaphore_posix`

use std::io;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use tine_ipc::mapping::Mapping;
use tine_ipc::peer::Peer;
use tine_ipc::pipe;
use tine_ipc::semaphore::{SIZE, Semaphore};

const SHORT: Duration = Duration::from_millis(20);

fn main() -> io::Result<()> {
    let memory = Mapping::anonymous(4096)?;
    println!("a semaphore is {SIZE} bytes of shared memory, no object of the kernel");
    let full = Semaphore::create(&memory, 0, 0)?;
    let free = Semaphore::create(&memory, 32, 1)?;
    let slot = memory.word(32);

    // One producer, one consumer, one slot.
    let mut child = Peer::start(&[], || {
        for number in 1..=3 {
            free.wait()?;
            slot.store(number * 11, SeqCst);
            full.post()?;
        }
        Ok(())
    })?;
    for _ in 0..3 {
        full.wait()?;
        println!("  from the slot: {}", slot.load(SeqCst));
        free.post()?;
    }
    println!("the producer {}", child.wait()?);

    // Posts are counted: nobody has to wait at that moment.
    free.post()?;
    free.post()?;
    println!(
        "two more posts, and three can be taken: {} {} {}, then {}",
        free.wait_for(SHORT)?,
        free.wait_for(SHORT)?,
        free.wait_for(SHORT)?,
        free.wait_for(SHORT)?
    );

    let lock = Semaphore::create(&memory, 64, 1)?;
    let (read, write) = pipe::create()?;
    let mut child = Peer::start(&[&read], || {
        lock.wait()?;
        pipe::send(&write, &[1])?;
        loop {
            nix::unistd::pause();
        }
    })?;
    pipe::receive(&read, &mut [0])?;
    println!("a child holds a lock and is {}", child.kill()?);
    println!("the parent gets the lock: {}", lock.wait_for(SHORT)?);
    println!("nobody knows who held it: a limit is the only way to notice");
    Ok(())
}
