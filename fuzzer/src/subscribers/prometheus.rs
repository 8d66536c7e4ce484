//! Figures for Prometheus.

use crate::{
    engine::{Complaint, Event, Subscriber},
    report::metrics::{self, Metrics, MetricsAddress},
};

/// Serves the figures of all instances of an output folder, from when a session has it.
/// The server reads the files that the instances write; it needs no events.
#[derive(Debug)]
pub struct Prometheus {
    address: MetricsAddress,
    serving: Option<Metrics>,
}

impl Prometheus {
    /// At this address.
    #[must_use]
    pub const fn new(address: MetricsAddress) -> Self {
        Self {
            address,
            serving: None,
        }
    }
}

impl Subscriber for Prometheus {
    fn hear(&mut self, event: &Event<'_>) -> Result<(), Complaint> {
        // Before the session is bound to a core: the server's threads are not.
        if let Event::Opened { output } = event {
            let serving = metrics::serve(self.address, output).map_err(Complaint::end)?;
            say!("figures at {}", serving.url());
            self.serving = Some(serving);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Complaint, Event, Prometheus, Subscriber};
    use std::net::TcpListener;

    #[test]
    fn an_address_in_use_ends_the_session() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let mut prometheus = Prometheus::new(address.parse().unwrap());
        let output = std::path::Path::new("out");
        match prometheus.hear(&Event::Opened { output }) {
            Err(Complaint::End(error)) => {
                assert!(error.to_string().contains("in use"), "{error}");
            }
            other => panic!("{other:?}"),
        }
    }
}
