//! System V message queue: messages with a type, in an object of no process.
//!
//! `cargo run --example queue_sysv`

use std::io;

use tine_ipc::peer::Peer;
use tine_ipc::process;
use tine_ipc::sysv_queue::Queue;

fn main() -> io::Result<()> {
    // The key is the name that strangers find it by; here the pid, to be alone.
    let queue = Queue::create(process::id().get())?;
    let shown = show(queue);
    // Whatever happened, the kernel would keep it.
    queue.remove()?;
    shown?;
    match queue.send(1, b"x", false) {
        Ok(()) => println!("the queue is still there"),
        Err(error) => println!("removed; a send to it: {error}"),
    }
    Ok(())
}

fn show(queue: Queue) -> io::Result<()> {
    let mut child = Peer::start(&[], move || {
        queue.send(1, b"first", true)?;
        queue.send(2, b"second, of another type", true)?;
        queue.send(1, b"", true)?;
        queue.send(1, b"third", true)?;
        // Ends by a signal in the middle of its life.
        loop {
            nix::unistd::pause();
        }
    })?;
    let mut buffer = [0; 64];
    // A message of type 2 first, though it came second.
    let length = queue.receive(2, &mut buffer, true)?;
    println!("type 2 is asked for: \"{}\"", text(&buffer[..length]));
    let length = queue.receive(0, &mut buffer, true)?;
    println!("the oldest of all: \"{}\"", text(&buffer[..length]));
    let length = queue.receive(0, &mut buffer, true)?;
    println!("a message may be empty: {length} bytes; that is no end");

    // The third message may not be there yet: whoever waits for it takes it.
    let length = queue.receive(0, &mut buffer, true)?;
    queue.send(1, &buffer[..length], true)?;
    println!("the sender is {}", child.kill()?);
    match queue.receive(0, &mut buffer[..2], false) {
        Ok(_) => println!("taken"),
        Err(error) => println!("a buffer of 2 bytes: {error}; the message stays"),
    }
    let length = queue.receive(0, &mut buffer, false)?;
    println!(
        "the queue outlives its sender: \"{}\"",
        text(&buffer[..length])
    );
    match queue.receive(0, &mut buffer, false) {
        Ok(_) => println!("one more"),
        Err(error) => println!("empty, without waiting: {error}"),
    }

    let mut held = 0;
    let full = loop {
        match queue.send(1, &[0; 1024], false) {
            Ok(()) => held += 1024,
            Err(error) => break error,
        }
    };
    println!("{held} bytes fit; then: {full}");
    Ok(())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
