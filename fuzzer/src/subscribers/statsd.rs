//! Figures for StatsD.

use crate::{
    engine::{Complaint, Event, Subscriber},
    report::statsd::Statsd,
};
use std::time::Instant;

/// Sends figures to StatsD.
#[derive(Debug)]
pub struct StatsdSender(pub Statsd);

impl Subscriber for StatsdSender {
    fn wants_figures(&self, now: Instant) -> bool {
        self.0.is_due(now)
    }

    fn hear(&mut self, event: &Event<'_>) -> Result<(), Complaint> {
        match event {
            Event::Figures { snapshot, now } if self.0.is_due(*now) => {
                self.0.send(snapshot, *now).map_err(Complaint::tell)
            }
            _ => Ok(()),
        }
    }
}
