//! UDP: single messages between machines; they may be lost, and nobody says so.
//!
//! `cargo run --example socket_udp`

use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::RcvBuf;
use tine_ipc::peer::Peer;

const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(20);

fn main() -> io::Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_read_timeout(Some(LONG))?;
    let address = socket.local_addr()?;

    let mut child = Peer::start(&[&socket], move || {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.send_to(b"ping", address)?;
        socket.send_to(b"", address)?;
        socket.send_to(b"a longer message", address)?;
        Ok(())
    })?;
    println!("a child sends three messages and {}", child.wait()?);
    let mut buffer = [0; 8];
    let (count, sender) = socket.recv_from(&mut buffer)?;
    println!(
        "  {count} bytes: \"{}\"",
        String::from_utf8_lossy(&buffer[..count])
    );
    let (count, _) = socket.recv_from(&mut buffer)?;
    println!("  {count} bytes: an empty message is one, too");
    let (count, _) = socket.recv_from(&mut buffer)?;
    let text = String::from_utf8_lossy(&buffer[..count]);
    println!("  {count} bytes: \"{text}\"; what did not fit is gone");

    socket.set_read_timeout(Some(SHORT))?;
    match socket.recv_from(&mut buffer) {
        Ok((count, _)) => println!("{count} bytes"),
        Err(error) => println!("the sender is gone, and no end is seen: {:?}", error.kind()),
    }
    match socket.send_to(b"x", sender) {
        Ok(count) => println!("{count} byte sent to nobody: no error"),
        Err(error) => println!("to nobody: {error}"),
    }
    match socket.send_to(&[0; 65508], address) {
        Ok(count) => println!("{count} bytes in one message"),
        Err(error) => println!("65508 bytes in one message: {error}"),
    }

    // Nobody slows the sender down. The room is made small, for machines that give a lot.
    setsockopt(&socket, RcvBuf, &65536)?;
    let mut child = Peer::start(&[&socket], move || {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        for _ in 0..10_000 {
            socket.send_to(&[0; 1024], address)?;
        }
        Ok(())
    })?;
    println!(
        "a child sends 10000 messages that nobody reads and {}",
        child.wait()?
    );
    let mut count = 0;
    while socket.recv_from(&mut buffer).is_ok() {
        count += 1;
    }
    println!("all of them arrived: {}", count == 10_000);
    Ok(())
}
