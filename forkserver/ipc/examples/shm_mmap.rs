//! Shared mappings of a file, and of nothing.
//!
//! `cargo run --example shm_mmap`

use std::fs::{self, File};
use std::io;
use std::sync::atomic::Ordering::SeqCst;

use tine_ipc::mapping::Mapping;
use tine_ipc::peer::Peer;

const SIZE: usize = 4096;

fn main() -> io::Result<()> {
    anonymous()?;
    of_a_file()
}

fn anonymous() -> io::Result<()> {
    let shared = Mapping::anonymous(SIZE)?;
    let mut private = Box::new(1);
    let mut child = Peer::start(&[], || {
        shared.word(0).store(2, SeqCst);
        *private = 2;
        Ok(())
    })?;
    println!(
        "a child writes 2 to a shared page and to an ordinary one, and {}",
        child.wait()?
    );
    println!(
        "the parent reads {} and {}",
        shared.word(0).load(SeqCst),
        private
    );

    let mut children = Vec::new();
    for _ in 0..2 {
        children.push(Peer::start(&[], || {
            for _ in 0..100_000 {
                shared.word(1).fetch_add(1, SeqCst);
                // Reading and writing are two steps: the other one comes between.
                let old = shared.word(2).load(SeqCst);
                std::thread::yield_now();
                shared.word(2).store(old + 1, SeqCst);
            }
            Ok(())
        })?);
    }
    for child in &mut children {
        child.wait()?;
    }
    let (added, torn) = (shared.word(1).load(SeqCst), shared.word(2).load(SeqCst));
    println!("two children count to 100000 each, by atomic addition: {added}");
    println!("by read and write some are lost: {}", torn < 200_000);
    println!("an anonymous mapping has no name: only children can share it");
    Ok(())
}

fn of_a_file() -> io::Result<()> {
    let folder = tempfile::Builder::new().prefix("tine-example-").tempdir()?;
    let path = folder.path().join("memory");
    let file = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(&path)?;
    file.set_len(SIZE as u64)?;
    let theirs = path.clone();
    let mut child = Peer::start(&[&file], move || {
        // By its name: this process need not be a child.
        let file = File::options().read(true).write(true).open(theirs)?;
        let mapping = Mapping::of(&file, SIZE)?;
        mapping.write(0, b"written to memory");
        // The end without any clean-up.
        nix::sys::signal::raise(nix::sys::signal::Signal::SIGKILL)?;
        Ok(())
    })?;
    println!("a child maps a file, writes, and is {}", child.wait()?);
    let content = fs::read(&path)?;
    println!(
        "the file says \"{}\"",
        String::from_utf8_lossy(&content[..17])
    );
    match Mapping::of(&file, SIZE + 1) {
        Ok(_) => println!("mapped behind the end"),
        Err(error) => println!("more than the file has: {error} (else SIGBUS at the first touch)"),
    }
    println!("the file is an ordinary one: it stays until it is removed");
    Ok(())
}
