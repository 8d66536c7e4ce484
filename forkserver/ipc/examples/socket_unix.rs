//! Unix sockets: both directions, boundaries if wanted, and descriptors as cargo.
//!
//! `cargo run --example socket_unix`

use std::io::{self, IoSlice, IoSliceMut, Read, Seek, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};

use nix::sys::socket::sockopt::PeerCredentials;
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, UnixAddr,
    getsockopt, recv, recvmsg, send, sendmsg, socketpair,
};
use tine_ipc::peer::Peer;

fn main() -> io::Result<()> {
    pair()?;
    descriptor()?;
    named()
}

fn pair() -> io::Result<()> {
    for (name, kind) in [
        ("stream", SockType::Stream),
        ("seqpacket", SockType::SeqPacket),
    ] {
        let (ours, theirs) = socketpair(AddressFamily::Unix, kind, None, SockFlag::SOCK_CLOEXEC)?;
        let mut child = Peer::start(&[&ours], move || {
            send(theirs.as_raw_fd(), b"ping", MsgFlags::empty())?;
            send(theirs.as_raw_fd(), b"pong", MsgFlags::empty())?;
            Ok(())
        })?;
        child.wait()?;
        let mut buffer = [0; 64];
        let count = recv(ours.as_raw_fd(), &mut buffer, MsgFlags::empty())?;
        println!("{name}: two sends of 4 bytes, one receive: {count} bytes");
    }
    Ok(())
}

/// A process gives another one a file that it could not open itself.
fn descriptor() -> io::Result<()> {
    let (ours, theirs) = UnixStream::pair()?;
    let mut child = Peer::start(&[&ours], move || {
        let mut file = tempfile::tempfile()?;
        file.write_all(b"from a file without a name")?;
        let fds = [file.as_raw_fd()];
        let cargo = [ControlMessage::ScmRights(&fds)];
        let bytes = [IoSlice::new(b"f")];
        sendmsg::<UnixAddr>(theirs.as_raw_fd(), &bytes, &cargo, MsgFlags::empty(), None)?;
        Ok(())
    })?;
    let mut byte = [0];
    let mut space = nix::cmsg_space!([i32; 1]);
    let mut bytes = [IoSliceMut::new(&mut byte)];
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let message = recvmsg::<UnixAddr>(ours.as_raw_fd(), &mut bytes, Some(&mut space), flags)?;
    let fd = message.cmsgs()?.find_map(|cargo| match cargo {
        ControlMessageOwned::ScmRights(fds) => fds.first().copied(),
        _ => None,
    });
    let fd = fd.ok_or(io::ErrorKind::InvalidData)?;
    // SAFETY: the kernel made this descriptor for us with that message.
    #[allow(unsafe_code)]
    let fd = unsafe { OwnedFd::from_raw_fd(fd) };
    let mut file = std::fs::File::from(fd);
    println!("a child sends a descriptor and {}", child.wait()?);
    let mut text = String::new();
    file.rewind()?;
    file.read_to_string(&mut text)?;
    println!("the parent reads \"{text}\"");
    Ok(())
}

/// With a name anybody can connect; the kernel says who it is.
fn named() -> io::Result<()> {
    let folder = tempfile::Builder::new().prefix("tine-example-").tempdir()?;
    let path = folder.path().join("socket");
    let listener = UnixListener::bind(&path)?;
    let address = path.clone();
    let mut child = Peer::start(&[&listener], move || {
        let mut stream = UnixStream::connect(address)?;
        stream.write_all(b"hello")?;
        loop {
            nix::unistd::pause();
        }
    })?;
    let (mut stream, _) = listener.accept()?;
    stream.read_exact(&mut [0; 5])?;
    let known = getsockopt(&stream, PeerCredentials)?.pid() == child.pid().get();
    println!("the kernel knows who connected: {known}");
    println!(
        "it is {}; a read gives {} bytes",
        child.kill()?,
        stream.read(&mut [0; 5])?
    );
    match stream.write(b"x") {
        Ok(_) => println!("written to nobody"),
        Err(error) => println!("a write: {error}"),
    }
    drop(listener);
    match UnixStream::connect(&path) {
        Ok(_) => println!("connected to nobody"),
        Err(error) => println!("the name outlives the listener; connect: {error}"),
    }
    match UnixListener::bind(&path) {
        Ok(_) => println!("bound again"),
        Err(error) => println!("bind: {error}; it has to be unlinked first"),
    }
    Ok(())
}
