//! Figures by StatsD, as `afl-fuzz` sends them: one packet a second, with the same names
//! and tags.

use std::{
    fmt::Write,
    io,
    net::{SocketAddr, ToSocketAddrs, UdpSocket},
    time::{Duration, Instant},
};
use tine_output::stats::Snapshot;

/// How often a packet is sent.
const INTERVAL: Duration = Duration::from_secs(1);

/// Where StatsD listens if nothing else is said.
const HOST: &str = "127.0.0.1";
const PORT: u16 = 8125;

/// Why figures cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum StatsdError {
    /// The host is not known.
    #[error("AFL_STATSD_HOST={host} has no address: {source}; give a name or an address")]
    Host {
        /// What was given.
        host: String,
        /// What the system said.
        source: io::Error,
    },
    /// A way to write tags that nobody knows.
    #[error(
        "AFL_STATSD_TAGS_FLAVOR={0}: give dogstatsd, influxdb, librato or signalfx, or leave it out"
    )]
    Flavor(String),
    /// No socket is to be had.
    #[error("cannot make a socket for StatsD: {0}")]
    Socket(io::Error),
}

/// A packet that could not be sent. Fuzzing goes on.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot send figures to StatsD at {to}: {source}; it is tried again, and not told of again"
)]
pub struct SendError {
    to: SocketAddr,
    source: io::Error,
}

/// How tags are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flavor {
    Plain,
    DogStatsd,
    Influx,
    Librato,
    SignalFx,
}

impl Flavor {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "" => Self::Plain,
            "dogstatsd" => Self::DogStatsd,
            "influxdb" => Self::Influx,
            "librato" => Self::Librato,
            "signalfx" => Self::SignalFx,
            _ => return None,
        })
    }

    /// What stands behind the name of a figure, and behind its type.
    fn tags(self, banner: &str) -> (String, String) {
        let version = concat!("tine-", env!("CARGO_PKG_VERSION"));
        let pairs = format!("banner={banner},afl_version={version}");
        match self {
            Self::Plain => (String::new(), String::new()),
            Self::DogStatsd => (
                String::new(),
                format!("|#banner:{banner},afl_version:{version}"),
            ),
            Self::Influx => (format!(",{pairs}"), String::new()),
            Self::Librato => (format!("#{pairs}"), String::new()),
            Self::SignalFx => (format!("[{pairs}]"), String::new()),
        }
    }
}

/// Where figures are sent, and how; what is missing has AFL's default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatsdSettings {
    /// Name or address of the host.
    pub host: Option<String>,
    /// Port.
    pub port: Option<u16>,
    /// Kind of server, which decides how tags are written.
    pub flavor: Option<String>,
}

/// Sends figures.
#[derive(Debug)]
pub struct Statsd {
    socket: UdpSocket,
    to: SocketAddr,
    /// Behind a figure's name, and behind its type.
    tags: (String, String),
    next: Instant,
    /// A failure was told of.
    failed: bool,
}

impl Statsd {
    /// Finds the server and makes a socket. `instance` is the name of the instance.
    ///
    /// # Errors
    /// When a setting means nothing, or no socket is to be had.
    pub fn open(settings: StatsdSettings, instance: &str) -> Result<Self, StatsdError> {
        let flavor = settings.flavor.unwrap_or_default();
        let flavor = Flavor::of(&flavor).ok_or(StatsdError::Flavor(flavor))?;
        let host = settings.host.unwrap_or_else(|| HOST.into());
        let to = (host.as_str(), settings.port.unwrap_or(PORT))
            .to_socket_addrs()
            .and_then(|mut found| found.next().ok_or_else(|| io::ErrorKind::NotFound.into()))
            .map_err(|source| StatsdError::Host { host, source })?;
        Self::new(to, flavor, instance).map_err(StatsdError::Socket)
    }

    fn new(to: SocketAddr, flavor: Flavor, instance: &str) -> io::Result<Self> {
        let any: SocketAddr = if to.is_ipv4() {
            ([0; 4], 0).into()
        } else {
            ([0u16; 8], 0).into()
        };
        let socket = UdpSocket::bind(any)?;
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket,
            to,
            tags: flavor.tags(instance),
            next: Instant::now(),
            failed: false,
        })
    }

    /// Whether it is time for a packet.
    #[must_use]
    pub fn is_due(&self, now: Instant) -> bool {
        now >= self.next
    }

    /// Sends a packet, and does not wait for anybody.
    ///
    /// # Errors
    /// The first time that it cannot be sent.
    pub fn send(&mut self, snapshot: &Snapshot, now: Instant) -> Result<(), SendError> {
        self.next = now + INTERVAL;
        let packet = packet(snapshot, &self.tags);
        match self.socket.send_to(packet.as_bytes(), self.to) {
            Ok(_) => Ok(()),
            // The answer to an earlier packet: nobody listens there, or not yet.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(_) if std::mem::replace(&mut self.failed, true) => Ok(()),
            Err(source) => Err(SendError {
                to: self.to,
                source,
            }),
        }
    }
}

/// All figures, a line each, with `afl-fuzz`'s names and in its order.
fn packet(snapshot: &Snapshot, (before, behind): &(String, String)) -> String {
    let speed = format!("{:.2}", snapshot.runs_per_second());
    let slowest = snapshot.slowest.as_millis() as u64;
    let figures: [(&str, &dyn std::fmt::Display); 20] = [
        ("cycle_done", &snapshot.cycles_done),
        ("cycles_wo_finds", &snapshot.cycles_without_finds),
        ("execs_done", &snapshot.runs),
        ("execs_per_sec", &speed),
        ("corpus_count", &snapshot.corpus),
        ("corpus_favored", &snapshot.favored),
        ("corpus_found", &snapshot.found),
        ("corpus_imported", &snapshot.imported),
        ("max_depth", &snapshot.max_depth),
        ("cur_item", &snapshot.current),
        ("pending_favs", &snapshot.pending_favored),
        ("pending_total", &snapshot.pending),
        ("corpus_variable", &snapshot.variable),
        ("saved_crashes", &snapshot.saved_crashes),
        ("saved_hangs", &snapshot.saved_hangs),
        ("total_crashes", &snapshot.total_crashes),
        ("slowest_exec_ms", &slowest),
        ("edges_found", &snapshot.edges),
        ("var_byte_count", &snapshot.variable_edges),
        ("havoc_expansion", &snapshot.havoc_expansion),
    ];
    let mut text = String::with_capacity(2048);
    for (name, value) in figures {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "fuzzing.{name}{before}:{value}|g{behind}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Flavor, Snapshot, packet};

    #[test]
    fn tags_stand_where_each_kind_of_server_wants_them() {
        let snapshot = Snapshot {
            runs: 5,
            ..Snapshot::default()
        };
        let version = concat!("tine-", env!("CARGO_PKG_VERSION"));
        for (flavor, line) in [
            ("", "fuzzing.execs_done:5|g".to_owned()),
            (
                "dogstatsd",
                format!("fuzzing.execs_done:5|g|#banner:x,afl_version:{version}"),
            ),
            (
                "influxdb",
                format!("fuzzing.execs_done,banner=x,afl_version={version}:5|g"),
            ),
            (
                "librato",
                format!("fuzzing.execs_done#banner=x,afl_version={version}:5|g"),
            ),
            (
                "signalfx",
                format!("fuzzing.execs_done[banner=x,afl_version={version}]:5|g"),
            ),
        ] {
            let text = packet(&snapshot, &Flavor::of(flavor).unwrap().tags("x"));
            assert!(
                text.lines().any(|found| found == line),
                "{line} in:\n{text}"
            );
            assert_eq!(text.lines().count(), 20);
        }
        assert_eq!(Flavor::of("graphite"), None);
    }
}
