//! Figures for Prometheus: one place for a whole campaign. Each request reads the files
//! of all instances, whoever writes them, in a thread of its own: fuzzing is not
//! disturbed.

mod connection;
mod server;
mod text;

use super::campaign::Campaign;
use connection::{Answer, PLAIN};
use server::Server;
use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener, ToSocketAddrs},
    path::Path,
    str::FromStr,
};

/// Where figures are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricsAddress(SocketAddr);

/// An address that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("give a port, such as 9100, for this machine only, or HOST:PORT; 0 takes a free port")]
pub struct AddressError;

impl FromStr for MetricsAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        // Whoever wants others to see the figures has to say so.
        let port = text.strip_prefix(':').unwrap_or(text);
        if let Ok(port) = port.parse::<u16>() {
            return Ok(Self((Ipv4Addr::LOCALHOST, port).into()));
        }
        let mut addresses = text.to_socket_addrs().map_err(|_| AddressError)?;
        addresses.next().map(Self).ok_or(AddressError)
    }
}

/// Why figures cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// Another program listens there.
    #[error(
        "cannot serve figures at {0}: the port is in use; one instance of a campaign serves the \
         figures of all, so leave --metrics out for the others, or choose another port"
    )]
    InUse(SocketAddr),
    /// The system does not give the address.
    #[error("cannot serve figures at {address} (--metrics): {source}; choose another address")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// Kind of the figures.
const FIGURES: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Serves figures as long as it lives.
#[derive(Debug)]
pub struct Metrics {
    server: Server,
    address: SocketAddr,
}

impl Metrics {
    /// Where they are.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/metrics", self.address)
    }

    /// Serves them until the process ends.
    pub fn wait(self) {
        self.server.wait();
    }
}

/// Serves the figures of the campaign in `out`.
///
/// # Errors
/// When the address cannot be had.
pub fn serve(address: MetricsAddress, out: &Path) -> Result<Metrics, MetricsError> {
    let address = address.0;
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => MetricsError::InUse(address),
        _ => MetricsError::Listen { address, source },
    };
    let listener = TcpListener::bind(address).map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    // The target's folder may change; this process's may, too.
    let out = std::path::absolute(out).unwrap_or_else(|_| out.into());
    let server = Server::start(listener, move |method, path| answer(method, path, &out));
    Ok(Metrics {
        server: server.map_err(failed)?,
        address: bound,
    })
}

fn answer(method: &str, path: &str, out: &Path) -> Answer {
    let path = path.split('?').next().unwrap_or_default();
    let (status, kind, body) = match (method, path) {
        ("GET" | "HEAD", "/metrics" | "/") => match Campaign::read(out) {
            Ok(campaign) => ("200 OK", FIGURES, text::of(&campaign)),
            Err(error) => ("503 Service Unavailable", PLAIN, format!("{error}\n")),
        },
        ("GET" | "HEAD", _) => (
            "404 Not Found",
            PLAIN,
            "the figures are at /metrics\n".into(),
        ),
        _ => (
            "405 Method Not Allowed",
            PLAIN,
            "only GET is answered\n".into(),
        ),
    };
    Answer { status, kind, body }
}

#[cfg(test)]
mod tests {
    use super::{AddressError, MetricsAddress};

    #[test]
    fn without_a_host_only_this_machine_is_answered() {
        for (text, address) in [
            ("9100", "127.0.0.1:9100"),
            (":9100", "127.0.0.1:9100"),
            ("0.0.0.0:80", "0.0.0.0:80"),
            ("[::1]:0", "[::1]:0"),
        ] {
            let expected = MetricsAddress(address.parse().unwrap());
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        for text in ["", "x", "70000", "127.0.0.1", ":"] {
            assert_eq!(text.parse::<MetricsAddress>(), Err(AddressError), "{text}");
        }
    }
}
