//! FIFO: a pipe that has a name in the file system.
//!
//! `cargo run --example fifo`

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use tine_ipc::peer::Peer;

fn main() -> io::Result<()> {
    let folder = tempfile::Builder::new().prefix("tine-example-").tempdir()?;
    let path = folder.path().join("fifo");
    mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR)?;
    println!("mkfifo makes a name; nothing is open yet");

    let mut options = File::options();
    options.write(true).custom_flags(libc::O_NONBLOCK);
    match options.open(&path) {
        Ok(_) => println!("opened without a reader"),
        Err(error) => println!("open to write, O_NONBLOCK, no reader: {error}"),
    }

    // An open waits for the other side: two processes that know only the name meet.
    let (theirs, name) = (path.clone(), path.clone());
    let mut child = Peer::start(&[], move || {
        let mut writer = File::options().write(true).open(theirs)?;
        writer.write_all(b"hello")?;
        loop {
            nix::unistd::pause();
        }
    })?;
    let mut reader = File::open(&path)?;
    let mut word = [0; 5];
    reader.read_exact(&mut word)?;
    println!("the child opened it by name and wrote \"{}\"", text(&word));
    println!("the child is {}", child.kill()?);
    let count = reader.read(&mut word)?;
    println!("read gives {count} bytes: the end, as with any pipe");

    // The end is not for good: it holds while there is no writer.
    let mut child = Peer::start(&[&reader], move || {
        let mut writer = File::options().write(true).open(name)?;
        writer.write_all(b"again")
    })?;
    println!("another child {}", child.wait()?);
    reader.read_exact(&mut word)?;
    println!("the same reader goes on: \"{}\"", text(&word));
    drop(reader);

    let kind = fs::metadata(&path)?.file_type();
    let size = fs::metadata(&path)?.len();
    println!(
        "after everybody is gone: the name is {}, with {size} bytes in it",
        if kind.is_fifo() { "there" } else { "gone" }
    );
    fs::remove_file(&path)?;
    println!("unlink removes it; exists: {}", path.exists());
    Ok(())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
