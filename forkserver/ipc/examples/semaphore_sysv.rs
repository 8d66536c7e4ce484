//! System V semaphores: the kernel can take back what a dead process did.
//!
//! `cargo run --example semaphore_sysv`

use std::io;
use std::time::Duration;

use tine_ipc::peer::Peer;
use tine_ipc::sysv_semaphore::{AtEnd, Set};
use tine_ipc::{pipe, process};

const SHORT: Duration = Duration::from_millis(20);

fn main() -> io::Result<()> {
    // The key is the name that strangers find it by; here the pid, to be alone.
    let set = Set::create(process::id().get(), 1)?;
    let shown = show(set);
    // Whatever happened, the kernel would keep it.
    set.remove()?;
    shown?;
    match set.value(0) {
        Ok(_) => println!("the set is still there"),
        Err(error) => println!("removed; to look at it: {error}"),
    }
    Ok(())
}

fn show(set: Set) -> io::Result<()> {
    println!("a new counter is {}", set.value(0)?);
    let mut child = Peer::start(&[], move || {
        // Waits until there are two, and takes both in one step.
        set.change(0, -2, AtEnd::Keep)
    })?;
    set.change(0, 1, AtEnd::Keep)?;
    set.change(0, 1, AtEnd::Keep)?;
    println!("a child waits for 2, gets them, and {}", child.wait()?);
    println!("the counter is {}", set.value(0)?);

    set.change(0, 1, AtEnd::Keep)?;
    for at_end in [AtEnd::Undo, AtEnd::Keep] {
        println!(
            "a lock, free: {}; a child takes it ({at_end:?})",
            set.value(0)?
        );
        let (read, write) = pipe::create()?;
        let mut child = Peer::start(&[&read], move || {
            set.change(0, -1, at_end)?;
            pipe::send(&write, &[1])?;
            loop {
                nix::unistd::pause();
            }
        })?;
        pipe::receive(&read, &mut [0])?;
        println!("  held: {}; the holder is {}", set.value(0)?, child.kill()?);
        let mine = set.change_within(0, -1, AtEnd::Keep, SHORT)?;
        println!("  the parent gets the lock: {mine}");
        if mine {
            set.change(0, 1, AtEnd::Keep)?;
        }
    }
    println!("without undo the lock is lost for good");
    Ok(())
}
