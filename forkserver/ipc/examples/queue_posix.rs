//! POSIX message queue: messages with a priority, behind a name.
//!
//! `cargo run --example queue_posix`

use std::io;

use nix::fcntl::OFlag;
use nix::mqueue::{MQ_OFlag, MqAttr, MqdT, mq_close, mq_open, mq_receive, mq_send, mq_unlink};
use nix::sys::stat::Mode;
use tine_ipc::peer::Peer;
use tine_ipc::process;

/// How long a message may be, and how many fit: said when the queue is created.
const LONGEST: i64 = 64;
const MOST: i64 = 4;

fn main() -> io::Result<()> {
    let name = format!("/tine-example-{}", process::id());
    let attributes = MqAttr::new(0, MOST, LONGEST, 0);
    let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_EXCL | MQ_OFlag::O_RDWR;
    let mode = Mode::S_IRUSR | Mode::S_IWUSR;
    let queue = mq_open(name.as_str(), flags, mode, Some(&attributes))?;
    let shown = show(&name, &queue);
    mq_close(queue)?;
    say("closed by everybody; open it by name", open(&name));
    // The name is what keeps it.
    mq_unlink(name.as_str())?;
    shown?;
    say("after mq_unlink", open(&name));
    Ok(())
}

fn open(name: &str) -> nix::Result<()> {
    mq_close(mq_open(name, MQ_OFlag::O_RDONLY, Mode::empty(), None)?)
}

fn show(name: &str, queue: &MqdT) -> io::Result<()> {
    let theirs = name.to_owned();
    let mut child = Peer::start(&[], move || {
        let none = Mode::empty();
        let queue = mq_open(theirs.as_str(), MQ_OFlag::O_WRONLY, none, None)?;
        mq_send(&queue, b"usual", 0)?;
        mq_send(&queue, b"urgent", 9)?;
        mq_send(&queue, b"usual, too", 0)?;
        Ok(())
    })?;
    println!(
        "another process opens it by name, sends three, and {}",
        child.wait()?
    );
    let mut buffer = [0; LONGEST as usize];
    for _ in 0..3 {
        let mut priority = 0;
        let length = mq_receive(queue, &mut buffer, &mut priority)?;
        let text = String::from_utf8_lossy(&buffer[..length]);
        println!("  priority {priority}: \"{text}\"");
    }
    println!("the sender is gone since; its messages were not");

    let flags = MQ_OFlag::from_bits_retain(OFlag::O_NONBLOCK.bits());
    let now = mq_open(name, MQ_OFlag::O_RDWR | flags, Mode::empty(), None)?;
    say(
        "empty, without waiting",
        mq_receive(&now, &mut buffer, &mut 0).map(drop),
    );
    for _ in 0..MOST {
        mq_send(&now, b"x", 0)?;
    }
    say("one more than fits", mq_send(&now, b"x", 0));
    say(
        "one byte longer than agreed",
        mq_send(&now, &[0; LONGEST as usize + 1], 0),
    );
    say(
        "a buffer that is too small",
        mq_receive(&now, &mut buffer[..8], &mut 0).map(drop),
    );
    Ok(mq_close(now)?)
}

fn say(what: &str, result: nix::Result<()>) {
    match result {
        Ok(()) => println!("{what}: done"),
        Err(error) => println!("{what}: {error}"),
    }
}
