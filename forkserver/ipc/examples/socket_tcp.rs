//! TCP: a stream of bytes between machines, and what its ends look like.
//!
//! `cargo run --example socket_tcp`

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use tine_ipc::peer::Peer;

const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(20);

fn main() -> io::Result<()> {
    // Port 0: the system chooses a free one. Only this machine can reach it.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;

    let mut child = Peer::start(&[&listener], move || {
        let mut stream = TcpStream::connect(address)?;
        // Else small writes may be held back to be sent together.
        stream.set_nodelay(true)?;
        stream.write_all(b"ping")?;
        stream.write_all(b"pong")?;
        let mut answer = [0; 2];
        stream.read_exact(&mut answer)
    })?;
    let (mut stream, _) = listener.accept()?;
    stream.set_read_timeout(Some(LONG))?;
    let mut text = [0; 8];
    stream.read_exact(&mut text)?;
    println!(
        "two writes of 4 bytes are 8 bytes: \"{}\"",
        String::from_utf8_lossy(&text)
    );
    stream.write_all(b"ok")?;
    println!("the child {}", child.wait()?);
    println!(
        "it closed its end in order: a read gives {} bytes",
        stream.read(&mut text)?
    );

    let mut child = Peer::start(&[&listener], move || {
        let _stream = TcpStream::connect(address)?;
        loop {
            nix::unistd::pause();
        }
    })?;
    let (mut stream, _) = listener.accept()?;
    stream.set_read_timeout(Some(SHORT))?;
    match stream.read(&mut text) {
        Ok(count) => println!("read {count} bytes"),
        Err(error) => println!("nothing to read within the limit: {:?}", error.kind()),
    }
    // Bytes that the child will never read.
    stream.write_all(b"unread")?;
    println!("the child is {}", child.kill()?);
    stream.set_read_timeout(Some(LONG))?;
    match stream.read(&mut text) {
        Ok(count) => println!("read {count} bytes"),
        Err(error) => println!("it had not read everything: {}", error),
    }
    println!("its kernel tells us that; if the machine were off, nobody would");

    drop(listener);
    match TcpStream::connect(address) {
        Ok(_) => println!("connected to nobody"),
        Err(error) => println!("nobody listens: {error}"),
    }
    Ok(())
}
