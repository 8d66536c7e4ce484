//! Pipes and sockets.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, send, socketpair};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::channel::{Channel, Made};

/// Streams of bytes: one to read from, one to write to. They may be the same socket.
struct Stream<R, W> {
    read: R,
    write: W,
}

impl<R: Read, W: Write> Channel for Stream<R, W> {
    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        self.write.write_all(message)
    }

    fn receive(&mut self, message: &mut [u8]) -> io::Result<()> {
        self.read.read_exact(message)
    }
}

fn crossed<T: Read + Write + 'static>(there: (T, T), back: (T, T)) -> Made {
    let (near_write, far_read) = there;
    let (far_write, near_read) = back;
    let near = Stream {
        read: near_read,
        write: near_write,
    };
    let far = Stream {
        read: far_read,
        write: far_write,
    };
    Made::new(near, far)
}

/// Two anonymous pipes, one a direction.
pub fn pipe() -> io::Result<Made> {
    let pipe = || {
        let (read, write) = tine_ipc::pipe::create()?;
        io::Result::Ok((File::from(write), File::from(read)))
    };
    Ok(crossed(pipe()?, pipe()?))
}

/// Two FIFOs, one a direction. Their names are removed once they are open.
pub fn fifo() -> io::Result<Made> {
    let folder = tempfile::Builder::new()
        .prefix("tine-channels-")
        .tempdir()?;
    let fifo = |name: &str| {
        let path = folder.path().join(name);
        mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR)?;
        // Linux opens one for both without waiting for another process.
        let both = File::options().read(true).write(true).open(&path)?;
        let read = File::open(&path)?;
        let write = File::options().write(true).open(&path)?;
        drop(both);
        io::Result::Ok((write, read))
    };
    Ok(crossed(fifo("there")?, fifo("back")?))
}

/// A connected pair of Unix stream sockets.
pub fn unix_stream() -> io::Result<Made> {
    let (near, far) = UnixStream::pair()?;
    Ok(crossed((near.try_clone()?, far.try_clone()?), (far, near)))
}

/// TCP over the loopback device, without delay for small messages.
pub fn tcp() -> io::Result<Made> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let near = TcpStream::connect(listener.local_addr()?)?;
    let (far, _) = listener.accept()?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    Ok(crossed((near.try_clone()?, far.try_clone()?), (far, near)))
}

/// Sockets that keep messages apart, and the longest message that one takes.
struct Packets {
    socket: OwnedFd,
    longest: usize,
}

impl Channel for Packets {
    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        for piece in message.chunks(self.longest) {
            send(self.socket.as_raw_fd(), piece, MsgFlags::empty())?;
        }
        Ok(())
    }

    fn receive(&mut self, message: &mut [u8]) -> io::Result<()> {
        for piece in message.chunks_mut(self.longest) {
            let count = recv(self.socket.as_raw_fd(), piece, MsgFlags::empty())?;
            if count != piece.len() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }
}

/// A connected pair of Unix sockets that keep messages apart.
pub fn unix_seqpacket() -> io::Result<Made> {
    let flags = SockFlag::SOCK_CLOEXEC;
    let (near, far) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, flags)?;
    let end = |socket| Packets {
        socket,
        longest: 65536,
    };
    Ok(Made::new(end(near), end(far)))
}

/// UDP over the loopback device. A datagram has at most 65,507 bytes; half of 64 KiB
/// is the next piece down.
pub fn udp() -> io::Result<Made> {
    let near = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let far = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    near.connect(far.local_addr()?)?;
    far.connect(near.local_addr()?)?;
    let end = |socket: UdpSocket| Packets {
        socket: socket.into(),
        longest: 32768,
    };
    Ok(Made::new(end(near), end(far)))
}
