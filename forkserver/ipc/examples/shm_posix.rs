//! POSIX shared memory: pages behind a name in /dev/shm, mapped by mmap.
//!
//! `cargo run --example shm_posix`

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::atomic::Ordering::SeqCst;

use nix::fcntl::OFlag;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{shm_open, shm_unlink};
use nix::sys::stat::Mode;
use nix::unistd::ftruncate;
use tine_ipc::mapping::Mapping;
use tine_ipc::peer::Peer;
use tine_ipc::{pipe, process};

const SIZE: usize = 4096;
const MODE: Mode = Mode::S_IRUSR.union(Mode::S_IWUSR);

fn main() -> io::Result<()> {
    let name = format!("/tine-example-{}", process::id());
    let file = PathBuf::from(format!("/dev/shm{name}"));
    let (read, write) = pipe::create()?;
    let theirs = name.clone();
    let mut child = Peer::start(&[&read], move || {
        let object = create(&theirs)?;
        let mapping = Mapping::of(&object, SIZE)?;
        mapping.word(0).store(42, SeqCst);
        pipe::send(&write, &[1])?;
        loop {
            nix::unistd::pause();
        }
    })?;
    pipe::receive(&read, &mut [0])?;
    println!(
        "a child creates an object, maps it, writes, and is {}",
        child.kill()?
    );
    println!("its name in /dev/shm is left: {}", file.exists());
    let object = shm_open(name.as_str(), OFlag::O_RDWR, Mode::empty())?;
    let mapping = Mapping::of(&object, SIZE)?;
    println!(
        "whoever opens it finds what it wrote: {}",
        mapping.word(0).load(SeqCst)
    );
    match create(&name) {
        Ok(_) => println!("created a second time"),
        Err(error) => println!("to create it again: {error}"),
    }
    shm_unlink(name.as_str())?;
    println!("shm_unlink: the name is there: {}", file.exists());
    println!(
        "the mapping works all the same: {}",
        mapping.word(0).load(SeqCst)
    );

    // Without a name there is nothing to leave behind: the descriptor is passed on.
    let memory = memfd_create(c"example", MFdFlags::MFD_CLOEXEC)?;
    ftruncate(&memory, SIZE as i64)?;
    let mapping = Mapping::of(&memory, SIZE)?;
    let mut child = Peer::start(&[], move || {
        let theirs = Mapping::of(&memory, SIZE)?;
        theirs.word(0).store(7, SeqCst);
        Ok(())
    })?;
    println!(
        "memfd_create: a child maps the descriptor, writes, and {}",
        child.wait()?
    );
    println!(
        "the parent reads {}; there never was a name",
        mapping.word(0).load(SeqCst)
    );
    Ok(())
}

fn create(name: &str) -> io::Result<OwnedFd> {
    let object = shm_open(name, OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_RDWR, MODE)?;
    // A new object has no bytes; to touch a page behind its end is SIGBUS.
    ftruncate(&object, SIZE as i64)?;
    Ok(object)
}
