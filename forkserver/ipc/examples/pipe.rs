//! Anonymous pipe: a stream of bytes, what is atomic, and who notices an end.
//!
//! `cargo run --example pipe`

use std::io;
use std::os::fd::OwnedFd;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use tine_ipc::peer::Peer;
use tine_ipc::pipe::{self, Received};

fn main() -> io::Result<()> {
    stream()?;
    writer_dies()?;
    reader_dies()?;
    atomic()
}

fn stream() -> io::Result<()> {
    let (read, write) = pipe::create()?;
    let mut child = Peer::start(&[&read], move || {
        pipe::send(&write, b"ping")?;
        Ok(pipe::send(&write, b"pong")?)
    })?;
    println!("the child {}", child.wait()?);
    let mut buffer = [0; 64];
    let count = pipe::receive_some(&read, &mut buffer)?;
    let text = String::from_utf8_lossy(&buffer[..count]);
    println!("two writes of 4 bytes, one read: {count} bytes, \"{text}\"");
    let count = pipe::receive_some(&read, &mut buffer)?;
    println!("no writer is left: the next read gives {count} bytes, the end");
    Ok(())
}

fn writer_dies() -> io::Result<()> {
    let (read, write) = pipe::create()?;
    let mut child = Peer::start(&[&read], move || {
        pipe::send(&write, &[1, 2])?;
        loop {
            nix::unistd::pause();
        }
    })?;
    let mut word = [0; 4];
    pipe::receive(&read, &mut word[..2])?;
    println!("half a word is there, then the writer is {}", child.kill()?);
    let end = pipe::receive(&read, &mut word[2..])?;
    assert_eq!(end, Received::End(0));
    println!("the rest of the word never comes: the read ends at once");
    Ok(())
}

fn reader_dies() -> io::Result<()> {
    let (read, write) = pipe::create()?;
    let mut child = Peer::start(&[&write], move || {
        let _read = read;
        Ok(())
    })?;
    child.wait()?;
    match pipe::send(&write, b"word") {
        Ok(()) => println!("written to nobody"),
        Err(error) => println!("a write with no reader left: {error}"),
    }
    Ok(())
}

/// A full pipe, and writes that have no room.
fn atomic() -> io::Result<()> {
    let (read, write) = pipe::create()?;
    fcntl(&write, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    let mut room = 0;
    while let Ok(count) = nix::unistd::write(&write, &[0; 4096]) {
        room += count;
    }
    println!("a pipe takes {room} bytes; then a write waits, or gives EAGAIN");
    let mut page = [0; 4096];
    pipe::receive(&read, &mut page)?;
    nix::unistd::write(&write, &[0; 1000])?;
    println!("4096 bytes are taken out, 1000 put in; room for 3096:");
    attempt(&write, 4096);
    attempt(&write, 5000);
    Ok(())
}

fn attempt(write: &OwnedFd, size: usize) {
    match nix::unistd::write(write, &vec![0; size]) {
        Ok(count) => println!("  a write of {size}: {count} bytes went in, a part"),
        Err(error) => println!("  a write of {size} (PIPE_BUF at most): {error}, nothing went in"),
    }
}
