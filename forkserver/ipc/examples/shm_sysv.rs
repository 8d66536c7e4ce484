//! System V shared memory: pages by number; when they go, and when they stay.
//!
//! `cargo run --example shm_sysv`

use std::io;

use tine_ipc::peer::Peer;
use tine_ipc::shm::{self, Segment};
use tine_ipc::{pipe, process};

fn main() -> io::Result<()> {
    // As the fork server does it: marked for removal as soon as it is attached.
    let segment = Segment::create(4096)?;
    let id = segment.id();
    println!("marked for removal: {}", state(id));
    let mut child = Peer::start(&[], move || {
        // Linux lets others attach a marked segment while somebody is attached.
        let theirs = Segment::attach(id)?;
        theirs.store_u32(0, 42);
        Ok(())
    })?;
    println!(
        "the child attaches it by its id, writes, and {}",
        child.wait()?
    );
    println!(
        "the parent reads {} without a system call",
        segment.load_u32(0)
    );

    let (read, write) = pipe::create()?;
    let mut child = Peer::start(&[&read], move || {
        let theirs = Segment::attach(id)?;
        theirs.store_u32(4, 7);
        pipe::send(&write, &[1])?;
        loop {
            nix::unistd::pause();
        }
    })?;
    pipe::receive(&read, &mut [0])?;
    println!(
        "another child writes {} and is {}",
        segment.load_u32(4),
        child.kill()?
    );
    println!("what it wrote is still there: {}", segment.load_u32(4));
    drop(segment);
    println!("the last process detaches: {}", state(id));

    // Not marked: it stays, whoever dies.
    let key = process::id().get();
    let (read, write) = pipe::create()?;
    let mut child = Peer::start(&[&read], move || {
        let id = shm::create_to_stay(key, 4096)?;
        let _attached = Segment::attach(id)?;
        pipe::send(&write, &id.to_ne_bytes())?;
        loop {
            nix::unistd::pause();
        }
    })?;
    let mut word = [0; 4];
    pipe::receive(&read, &mut word)?;
    let id = i32::from_ne_bytes(word);
    println!(
        "a third child creates one, does not mark it, and is {}",
        child.kill()?
    );
    println!("nobody is attached: {}", state(id));
    shm::mark_for_removal(id)?;
    println!("after ipcrm -m, or shmctl(IPC_RMID): {}", state(id));
    Ok(())
}

/// The segment's row in the kernel's table, in words.
fn state(id: i32) -> String {
    const MARKED: u32 = 0o1000;
    let table = std::fs::read_to_string("/proc/sysvipc/shm").unwrap_or_default();
    let row = table.lines().find_map(|line| {
        let row: Vec<&str> = line.split_whitespace().collect();
        (row.get(1)?.parse() == Ok(id)).then_some(row)
    });
    match row {
        None => "the segment is gone".into(),
        Some(row) => {
            let mode = u32::from_str_radix(row[2], 8).unwrap_or(0);
            let marked = if mode & MARKED == 0 { "" } else { "not " };
            format!("the segment is there, {} attached, {marked}to stay", row[6])
        }
    }
}
